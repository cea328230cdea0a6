"""Checkpoints that are whole or absent, and that can hold nothing but data."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from supernet.files import write_atomic


def save(state: dict[str, Any], path: Path) -> None:
    """Write `state` (tensors, numbers, strings, containers) atomically."""
    write_atomic(path, lambda file: torch.save(state, file))


def load(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read a checkpoint with weights_only. ValueError, naming the file, if it is damaged or holds code."""
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError, OSError) as error:
        reason = str(error).split("\n")[0][:160]
        raise ValueError(f"checkpoint: {path} cannot be read ({reason}); delete it to start again") from error
    if not isinstance(state, dict):
        raise ValueError(f"checkpoint: {path} holds a {type(state).__name__}, not a state; delete it to start again")
    return state
