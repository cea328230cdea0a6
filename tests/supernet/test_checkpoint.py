"""Checkpoints and files: whole or absent, whatever happens while they are written; data, never code."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import assert_same

from supernet.files import write_atomic, write_text
from supernet.training import checkpoint

STATE = {
    "tensor": torch.arange(12.0).view(3, 4),
    "none": None,
    "rng": (3, tuple(range(50)), None),
    "nested": [{"text": "a", "number": 1.5, "flag": True}, []],
}


@pytest.fixture(scope="module")
def saved() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.save(STATE, Path(folder) / "state.pt")
        return (Path(folder) / "state.pt").read_bytes()


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "state.pt"
    checkpoint.save(STATE, path)
    state = checkpoint.load(path)
    assert torch.equal(state.pop("tensor"), STATE["tensor"])
    assert state == {key: value for key, value in STATE.items() if key != "tensor"}
    assert os.listdir(path.parent) == ["state.pt"]


def test_a_missing_file_is_missing_and_not_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        checkpoint.load(tmp_path / "state.pt")


# Failing writes


class Full:
    """Stands for a state that cannot be written to the end."""

    def __reduce__(self) -> tuple[object, ...]:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), SystemExit()])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_failing_write_leaves_the_old_file_and_no_temporary(
    tmp_path: Path, error: BaseException, old: bytes | None
) -> None:
    path = tmp_path / "file"
    if old is not None:
        path.write_bytes(old)

    def half(file: IO[bytes]) -> None:
        file.write(b"half of the new")
        raise error

    with pytest.raises(type(error)):
        write_atomic(path, half)
    assert os.listdir(tmp_path) == (["file"] if old is not None else [])
    assert old is None or path.read_bytes() == old


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_old_file_and_no_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    write_text(path, "old")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="Input/output error"):
        write_text(path, "new")
    assert os.listdir(tmp_path) == ["file"]
    assert path.read_text() == "old"


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    checkpoint.save({"epoch": 1}, path)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save({"epoch": 2, "full": Full()}, path)
    assert checkpoint.load(path) == {"epoch": 1}
    assert os.listdir(tmp_path) == ["state.pt"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "old")
    seen = []

    def write(file: IO[bytes]) -> None:
        for part in (b"new ", b"text"):
            file.write(part)
            file.flush()
            seen.append(path.read_bytes())

    write_atomic(path, write)
    assert seen == [b"old", b"old"]
    assert path.read_bytes() == b"new text"


def test_text_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    write_text(tmp_path / "file", "τ = ½\n")
    assert (tmp_path / "file").read_bytes() == "τ = ½\n".encode()


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Root may write everywhere: be somebody else for a while."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_folder_is_an_error_that_names_it_and_changes_nothing() -> None:
    # Not in tmp_path, which nobody but its owner may enter.
    folder = Path(tempfile.mkdtemp())
    try:
        checkpoint.save({"epoch": 1}, folder / "state.pt")
        folder.chmod(0o555)
        with as_ordinary_user():
            with pytest.raises(PermissionError, match=str(folder)):
                checkpoint.save({"epoch": 2}, folder / "state.pt")
            assert checkpoint.load(folder / "state.pt") == {"epoch": 1}
        assert os.listdir(folder) == ["state.pt"]
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


# Damaged files


def refused(content: bytes, folder: Path) -> str:
    """What loading a file of that content says."""
    path = folder / "state.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot be read|not a state") as error:
        checkpoint.load(path)
    message = str(error.value)
    assert message.startswith(f"checkpoint: {path} ")
    assert message.endswith("; delete it to start again")
    assert "\n" not in message
    return message


@given(part=st.floats(0, 1, exclude_max=True))
@settings(max_examples=60)
def test_a_truncated_file_is_refused(saved: bytes, part: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        refused(saved[: int(part * len(saved))], Path(folder))


@given(content=st.binary(max_size=200))
@settings(max_examples=60)
def test_garbage_is_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        refused(content, Path(folder))


@given(prefix=st.sampled_from([b"\x80\x02", b"\x80\x04", b"PK\x03\x04", b"\x80\x02}q\x00"]), tail=st.binary())
@settings(max_examples=150)
def test_what_only_begins_like_a_checkpoint_is_refused(prefix: bytes, tail: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        refused(prefix + tail, Path(folder))


def test_data_that_say_they_are_a_folder_are_refused(saved: bytes, tmp_path: Path) -> None:
    """One bit of the archive's directory, in no checksum: PyTorch would take memory as it is for the tensor."""
    content = bytearray(saved)
    entry = content.rindex(b"archive/data/0") - 46  # in the directory, behind all contents
    assert content[entry : entry + 4] == b"PK\x01\x02"
    content[entry + 38] ^= 0x10
    assert "archive/data/0 says that it is a folder" in refused(bytes(content), tmp_path)


@given(position=st.integers(0, 10**6), value=st.integers(1, 255))
@settings(max_examples=150)
def test_a_flipped_byte_gives_the_same_state_or_the_one_clear_error(
    saved: bytes, position: int, value: int
) -> None:
    """Not every byte of the container matters; one that does never gives another state or another error."""
    content = bytearray(saved)
    content[position % len(saved)] ^= value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.pt"
        path.write_bytes(content)
        message = ""
        try:
            assert_same(checkpoint.load(path), STATE)
        except ValueError as error:
            message = str(error)
        assert not message or str(path) in message


class Code:
    """Unpickling this would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("writer", ["pickle", "torch"])
def test_a_file_with_code_is_refused_and_the_code_not_run(tmp_path: Path, writer: str) -> None:
    path, trace = tmp_path / "code.pt", tmp_path / "trace"
    with path.open("wb") as file:
        (pickle.dump if writer == "pickle" else torch.save)({"model": Code(trace)}, file)
    refused(path.read_bytes(), tmp_path)
    assert not trace.exists()


def test_a_file_that_holds_no_state_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pt")
    assert "holds a list, not a state" in refused((tmp_path / "list.pt").read_bytes(), tmp_path)


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    """Not called damaged, so that nobody is told to delete it."""
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        checkpoint.load(tmp_path)
