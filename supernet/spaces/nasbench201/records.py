"""The records of NATS-Bench's topology release and of NAS-Bench-201, one after the other, whatever file holds them.

    NATS-tss-*-simple/      meta.pickle.pbz2 and NNNNNN.pickle.pbz2, one an architecture: {'12': state, '200': state}
    NATS-tss-*.pickle.pbz2  {'meta_archs', 'arch2infos': {index: {'12': state, '200': state}}, 'evaluated_indexes'}
    NAS-Bench-201-*.pth     the same with 'less' and 'full', saved by PyTorch, in its format of before or after 1.6

A state is what the benchmark's ArchResults.state_dict() returns: all trainings of an architecture under one schedule.
Sources: the package nats_bench 1.8 (api_topology.py, api_utils.py). The package itself is not used: it unpickles with
Python's own reader, which runs what a file says, and builds the single files whole.
"""

from __future__ import annotations

import bz2
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from supernet.files import digest, pickles

State = dict[str, Any]
EXPECTED = (
    "the folder NATS-tss-v1_0-3ffb9-simple, the file NATS-tss-v1_0-3ffb9.pickle.pbz2 or "
    "NAS-Bench-201-v1_1-096897.pth"
)
LARGEST = 1 << 27  # bytes of one expanded file of the folder
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C  # first pickle of a file of PyTorch before 1.6


@dataclass
class Source:
    """Where records come from. archs: the benchmark's list of architectures, known once the records were read.
    kind: in words. expected: what is looked for, in words. checksums: file name -> sha256; of a folder one sum over
    those of its files in order."""

    path: Path
    kind: str
    files: int
    records: Callable[[], Iterator[State]]
    expected: str
    archs: list[str] = field(default_factory=list)
    checksums: dict[str, str] = field(default_factory=dict)


def open_source(path: Path, expected: str = EXPECTED) -> Source:
    """The source at `path`, recognised by content. ValueError if it is none of what is expected."""
    if path.is_dir():
        return _folder(path, expected)
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(b"BZh"):
        return _single(path, "NATS-Bench topology release, single file", _bz2, expected)
    if head.startswith(b"PK\x03\x04"):
        return _single(path, "NAS-Bench-201", _zipped, expected)
    if head.startswith(b"\x80\x02"):
        return _single(path, "NAS-Bench-201", _legacy, expected)
    hint = "; it is a tar archive: unpack it first" if head[257:262] == b"ustar" else ""
    raise ValueError(f"source: {path} is not {expected}{hint}")


# The folder


def _folder(path: Path, expected: str) -> Source:
    files = sorted(p for p in path.glob("*.pickle.pbz2") if p.name.split(".")[0].isdigit())
    meta = path / "meta.pickle.pbz2"
    if not files or not meta.is_file():
        lacks = "no NNNNNN.pickle.pbz2" if not files else f"no {meta.name}"
        raise ValueError(f"source: {path} has {lacks}: it is not {expected}")

    def records() -> Iterator[State]:
        total = hashlib.sha256()
        for file in (meta, *files):
            content = file.read_bytes()
            total.update(hashlib.sha256(content).digest())
            value = _loaded(file, content)
            if file == meta:
                source.archs = _meta_archs(value, file, expected)
                continue
            if not isinstance(value, dict) or not all(_is_state(state) for state in value.values()):
                raise ValueError(f"source: {file} is not a record of NATS-Bench")
            for state in value.values():
                if int(file.name.split(".")[0]) != state["arch_index"]:
                    raise ValueError(f"source: {file} holds architecture {state['arch_index']!r:.20}")
                yield state
        source.checksums[path.name] = total.hexdigest()

    kind = "NATS-Bench topology release, folder; checksum: sha256 of the files' sha256 sums, meta first"
    source = Source(path, kind, len(files), records, expected)
    return source


def _loaded(file: Path, content: bytes) -> Any:
    try:
        raw = bz2.BZ2File(io.BytesIO(content)).read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise ValueError(
                f"it expands to more than {LARGEST >> 20} MiB, which no record of the benchmark does"
            )
        return pickles.load(io.BytesIO(raw))
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"source: {file}: {_reason(error)}") from None


# A single file


def _single(path: Path, kind: str, opened: Callable[[Path], Iterator[IO[bytes]]], expected: str) -> Source:
    def records() -> Iterator[State]:
        source.checksums[path.name] = digest(path)
        try:
            for content in opened(path):
                reader = pickles.Reader(content)
                yield from reader.pieces(_is_state)
                if (
                    reader.value == _TORCH_MAGIC
                ):  # then come its version, a description of the machine, the value
                    for _ in range(3):
                        yield from reader.pieces(_is_state)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"source: {path}: {_reason(error)}") from None
        source.archs = _meta_archs(reader.value, path, expected)

    source = Source(path, kind, 1, records, expected)
    return source


def _bz2(path: Path) -> Iterator[IO[bytes]]:
    with bz2.open(path) as file:
        yield file


def _legacy(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        yield file


def _zipped(path: Path) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if not names:
            raise ValueError(f"not a file of PyTorch, and not {EXPECTED}")
        with archive.open(names[0]) as file:
            yield file


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError):
        return str(error)
    return f"truncated or damaged ({error})" if str(error) else "truncated"


def _is_state(value: Any) -> bool:
    return isinstance(value, dict) and "all_results" in value and "arch_str" in value


def _meta_archs(value: Any, file: Path, expected: str) -> list[str]:
    archs = value.get("meta_archs") if isinstance(value, dict) else None
    if not isinstance(archs, list) or not archs or not all(isinstance(text, str) for text in archs):
        raise ValueError(f"source: {file} has no list of architectures (meta_archs): it is not {expected}")
    return archs
