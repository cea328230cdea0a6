"""Checkpoints that are whole or absent, and that can hold nothing but data."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import torch

from supernet.files import write_atomic

FOLDER = 0x10  # among an entry's attributes in the archive


def save(state: dict[str, Any], path: Path) -> None:
    """Write `state` (tensors, numbers, strings, containers) atomically."""
    whole = io.BytesIO()  # torch.save turns a full disk into an error that does not say so
    torch.save(state, whole)
    write_atomic(path, lambda file: file.write(whole.getbuffer()))


def load(path: Path, device: torch.device | str = "cpu", run_id: str | None = None) -> dict[str, Any]:
    """Read a checkpoint with weights_only. run_id: of the run that it must be of, if it says so.

    ValueError, naming the file, if it is damaged, holds code or is of another run; OSError if it cannot be reached."""
    with path.open("rb"):  # an OSError here says nothing of damage; one while unpacking does
        pass
    try:
        with zipfile.ZipFile(path) as archive:  # torch.load does not look at the checksums that it wrote
            if damaged := archive.testzip():
                raise ValueError(f"{damaged} has a wrong checksum")
            for entry in archive.infolist():  # of a folder torch.load takes what happens to be in memory
                if entry.external_attr & FOLDER:
                    raise ValueError(f"{entry.filename} says that it is a folder")
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # damage shows as almost any: IndexError, TypeError, struct.error and more
        reason = str(error).split("\n")[0][:160]
        raise ValueError(f"checkpoint: {path} cannot be read ({reason}); delete it to start again") from error
    if not isinstance(state, dict):
        raise ValueError(
            f"checkpoint: {path} holds a {type(state).__name__}, not a state; delete it to start again"
        )
    owner = state.get("run_id")
    if run_id is not None and owner is not None and owner != run_id:
        raise ValueError(
            f"checkpoint: {path} is of the run {owner!r:.40}, not of {run_id}; delete it to start again"
        )
    return state
