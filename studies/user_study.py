"""A study of a user's own file, anywhere on disk: `my_study.py` with a function `study()`, as in the catalogue.

The file is read once and run from what was read, so that an edit changes nothing of what has begun. Its folder is
searched for what it imports, after everything else. Worker processes run it too, so that it may define classes, a kind
of sampling or an estimator, of its own.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from studies import catalog
from studies.model.smoke import SUFFIX as SMOKE
from studies.model.study import Study
from studies.model.study_function import Broken, study_of
from supernet.files import write_atomic

SUFFIX = ".py"
FOLDER = "source"  # in the folder of the study: the files that it was run from
TAKEN = ("trainings", "truth", "search", "figures")  # what else a folder of results has

_loaded: list[UserStudy] = []


@dataclass(frozen=True)
class UserStudy:
    """A study file as it was read. path: absolute. imports: the folder of what it imports."""

    path: Path
    content: bytes
    imports: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def digest(self) -> str:
        """SHA-256 of the file, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    def kept(self, study_folder: Path) -> Path:
        """Where `keep` puts the file."""
        return study_folder / FOLDER / self.digest[:12] / self.path.name

    def keep(self, study_folder: Path) -> None:
        """Keep the file as it was read with the study's results: a job on a cluster starts from it, whatever becomes
        of the original."""
        path = self.kept(study_folder)
        if not path.is_file() or path.read_bytes() != self.content:
            write_atomic(path, lambda file: file.write(self.content))

    def load(self) -> ModuleType:
        """The module, which is run the first time."""
        name = f"study_file_{self.name}"
        known = sys.modules.get(name)
        if known is not None and self in _loaded:
            return known
        module = ModuleType(name)
        module.__file__ = str(self.path)
        sys.modules[name] = module  # dataclasses and pickles look there
        if str(self.imports) not in sys.path:
            sys.path.append(str(self.imports))
        try:
            exec(compile(self.content, self.path, "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
        _loaded[:] = [one for one in _loaded if one.name != self.name] + [self]
        return module

    def study(self) -> Study:
        """The study. Broken, which names the file, the line and what is wrong, if it gives none."""
        study = study_of(self.load, self.path)
        if study.name != self.name:
            raise Broken(
                f"study: {self.path}: name: {study.name!r} is not {self.name!r}, the name of the file, under which its "
                "results are kept"
            )
        return study


def is_file(name: str) -> bool:
    """Whether what names a study names a file, not a study of the catalogue."""
    return name.endswith(SUFFIX) or "/" in name


def read(name: str, imports: Path | None = None) -> UserStudy:
    """The study file of that path. imports: the folder of what it imports; None: its own.

    Raises:
        ValueError: for a name that no study can have.
        OSError: if it cannot be read.
    """
    path = Path(name).absolute()
    if not path.is_file():
        known = f"; the catalogue has the study {path.stem}" if path.stem in catalog.names() else ""
        raise ValueError(f"study: {name}: {'is a folder' if path.is_dir() else 'no such file'}{known}")
    path = check_name(name)
    return UserStudy(path, path.read_bytes(), imports or path.parent)


def check_name(name: str) -> Path:
    """The absolute path of a study file. ValueError for a name that no study can have."""
    path = Path(name).absolute()
    if not re.fullmatch(r"[A-Za-z0-9_][\w.-]*", path.stem, re.ASCII) or path.suffix != SUFFIX:
        raise ValueError(
            f"study: {name}: the name of a study file has letters, digits, '_', '-', '.' and ends in .py"
        )
    if path.stem in catalog.names():
        raise ValueError(f"study: {name}: the catalogue has a study {path.stem}; give the file another name")
    if path.stem in TAKEN or path.stem.endswith(SMOKE):
        raise ValueError(
            f"study: {name}: {path.stem!r} is taken: results have folders {', '.join(TAKEN)}, and those of smoke sizes "
            f"end in {SMOKE}; give the file another name"
        )
    return path


def loaded() -> tuple[UserStudy, ...]:
    """Those that this process has run."""
    return tuple(_loaded)


def load_all(files: tuple[UserStudy, ...]) -> None:
    """Run them in this process as well."""
    for file in files:
        file.load()
