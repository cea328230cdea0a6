"""What a file holds, unpacked: gz, bz2, xz and zip are known by their first bytes, whatever the name says."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

LARGEST = 1 << 30  # bytes of a table, unpacked
CHUNK = 1 << 20

_PACKED: dict[bytes, tuple[str, Callable[[IO[bytes]], Any]]] = {
    b"\x1f\x8b": ("gz", lambda file: gzip.GzipFile(fileobj=file)),
    b"BZh": ("bz2", bz2.BZ2File),
    b"\xfd7zXZ\x00": ("xz", lzma.LZMAFile),
}
SUFFIXES = (".gz", ".bz2", ".xz", ".zip")


def read_content(path: Path) -> tuple[str, bytes]:
    """The name of what is in the file, without a suffix of packing, and its bytes.

    A zip archive has one file in it, or arrays alone (.npz, which stays as it is). Raises OSError for a file that
    cannot be opened, ValueError with its name for one that is damaged or larger than LARGEST."""
    with path.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        for magic, (kind, opened) in _PACKED.items():
            if start.startswith(magic):
                return _stripped(path.name), _unpacked(path, kind, partial(opened, file))
        if start.startswith(b"PK\x03\x04"):
            return _of_zip(path, file)
        return path.name, _bounded(path, file)


def members(path: Path, data: bytes) -> dict[str, bytes]:
    """The files of a zip archive (.npz) by name, unpacked."""
    with _archive(path, io.BytesIO(data)) as archive:
        found, total = {}, 0
        for name in _names(archive):
            found[name] = _unpacked(path, "zip", partial(archive.open, name))
            total += len(found[name])
            if total > LARGEST:
                raise ValueError(f"{path}: unpacks to more than {LARGEST >> 20} MiB")
        return found


def _of_zip(path: Path, file: IO[bytes]) -> tuple[str, bytes]:
    with _archive(path, file) as archive:
        names = _names(archive)
        if names and all(name.endswith(".npy") for name in names):
            file.seek(0)
            return f"{path.name.removesuffix('.npz')}.npz", _bounded(path, file)
        if len(names) != 1:
            shown = ", ".join(names[:4])
            raise ValueError(f"{path}: the archive holds {len(names)} files ({shown}), not one table")
        return Path(names[0]).name, _unpacked(path, "zip", lambda: archive.open(names[0]))


def _archive(path: Path, file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise ValueError(f"{path}: damaged or cut short (zip): {error}") from None


def _names(archive: zipfile.ZipFile) -> list[str]:
    """The files in it, without folders and what macOS adds."""
    return [
        entry.filename
        for entry in archive.infolist()
        if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")
    ]


def _unpacked(path: Path, kind: str, opened: Callable[[], IO[bytes]]) -> bytes:
    try:
        with opened() as file:
            return _bounded(path, file)
    except (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: damaged or cut short ({kind}): {error}") from None
    except (
        RuntimeError,
        NotImplementedError,
    ) as error:  # zipfile, of a password or a method that it does not know
        raise ValueError(f"{path}: cannot be unpacked ({kind}): {error}") from None


def _bounded(path: Path, file: IO[bytes]) -> bytes:
    parts, total = [], 0
    while part := file.read(CHUNK):
        parts.append(part)
        total += len(part)
        if total > LARGEST:
            raise ValueError(f"{path}: holds more than {LARGEST >> 20} MiB")
    return b"".join(parts)


def _stripped(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name
