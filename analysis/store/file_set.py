"""Several files of one folder that are replaced together: after a crash at any moment all are old or all are new.

A rename replaces one file at once, but not three. So the new files are written to a folder of their own beside the
old ones, and the rename of that folder to its final name is the moment at which they count. Moving them to their
places comes after; whoever next reads or writes finishes what a crash interrupted.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

REMOVED = ".removed"  # ending of an empty file in the folder: the file of that name is to go


def _pending(folder: Path, name: str) -> Path:
    return folder / f".{name}.pending"


def replace(folder: Path, name: str, files: Mapping[str, Callable[[IO[bytes]], object] | None]) -> None:
    """Write `files` (file name -> writer; None: the file is to be absent) to `folder`, all or none of them.

    name: of the set; one process at a time may write it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file_name in files:
        if (folder / file_name).is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder, not a file", str(folder / file_name))
    _remove_stale(folder)
    temporary = Path(tempfile.mkdtemp(dir=folder, prefix=f".{name}.", suffix=".tmp"))
    try:
        for file_name, write in files.items():
            with (temporary / (file_name if write else file_name + REMOVED)).open("wb") as file:
                if write:
                    write(file)
                file.flush()
                os.fsync(file.fileno())
        os.chmod(temporary, 0o755)
        complete(folder, name)
        os.rename(temporary, _pending(folder, name))
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    complete(folder, name)


def complete(folder: Path, name: str) -> None:
    """Move the files of a set that counts to their places; nothing to do, but for a crash."""
    pending = _pending(folder, name)
    if not pending.is_dir():
        return
    for file in pending.iterdir():
        with suppress(FileNotFoundError):  # another reader was faster
            if file.suffix == REMOVED:
                (folder / file.stem).unlink(missing_ok=True)
                file.unlink()
            else:
                os.replace(file, folder / file.name)
    with suppress(OSError):
        pending.rmdir()


def _remove_stale(folder: Path, age: float = 3600.0) -> None:
    """Remove what killed writers left: unfinished folders older than `age` seconds."""
    for temporary in folder.glob(".*.tmp"):
        with suppress(OSError):
            if temporary.is_dir() and time.time() - temporary.stat().st_mtime > age:
                shutil.rmtree(temporary, ignore_errors=True)
