"""Values that are expensive to compute, kept in a file beside the study that they are of.

A value is kept by a digest of all that it depends on, the code and the libraries that computed it among it, and comes
back from its text, computed or kept: the two do not differ by a bit. A file that is damaged, or cannot be written, is
as good as none. Whoever writes replaces the whole file at once; of two writers the last one's values stay.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from supernet.files import write_atomic

FOLDER = "cache"  # in the folder of a study
ROOT = Path(__file__).parents[2]
CODE = (
    "analysis/statistics",
    "analysis/store",
    "analysis/measures",
    "supernet/spaces",
)  # what values depend on
LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow")


class Cache:
    """Values by their digests. What was not asked for since the file was read is not written again.

    Args:
        path: the file. It need not exist, and nothing but a second computation is lost with it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept = _read(path)
        self._used: dict[str, bytes] = {}
        self._changed = False

    def value(
        self, key: str | None, compute: Callable[[], Any], keep: Callable[[Any], bool] | None = None
    ) -> Any:
        """What `compute` returns, of what JSON has: lists, dictionaries with texts as keys, numbers, texts.

        Args:
            key: of `key_of`; None: the value is not to be kept.
            keep: whether a value that was computed is to be kept; None: any is.
        """
        text = None if key is None else self._used.get(key) or self._kept.get(key)
        if text is None:
            value = compute()
            text = _text(value).encode()
            if key is None or (keep is not None and not keep(value)):
                return json.loads(text)
            self._changed = True
        assert key is not None
        self._used[key] = text
        return json.loads(text)

    def save(self) -> None:
        """Write the file if it lacks a value that was asked for."""
        if not self._changed:
            return
        content = b"".join(key.encode() + b" " + text + b"\n" for key, text in self._used.items())
        seal = hashlib.sha256(content).hexdigest().encode()
        with suppress(OSError):  # a read-only folder, a full disk
            write_atomic(self.path, lambda file: file.write(seal + b"\n" + content))
        self._changed = False


def key_of(depends: Any) -> str:
    """Of all that a value depends on but for the code, of what JSON has."""
    return hashlib.sha256(_text([code_digest(), depends]).encode()).hexdigest()


def _text(value: Any) -> str:
    """JSON; NumPy's scalars as the numbers that they are."""
    return json.dumps(value, sort_keys=False, separators=(",", ":"), default=lambda scalar: scalar.item())


def _read(path: Path) -> dict[str, bytes]:
    """The values by key; none if the file is not there or not as it was written."""
    try:
        seal, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return {}
    if hashlib.sha256(content).hexdigest().encode() != seal:
        return {}
    return {key.decode(): text for key, _, text in (line.partition(b" ") for line in content.splitlines())}


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Of the source files in CODE and of the versions of Python and LIBRARIES."""
    total = hashlib.sha256()
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            total.update(f"{path.relative_to(ROOT)} {len(raw := path.read_bytes())}\n".encode())
            total.update(raw)
    versions = [platform.python_version(), platform.machine(), *(version(name) for name in LIBRARIES)]
    return hashlib.sha256(f"{total.hexdigest()} {versions}".encode()).hexdigest()
