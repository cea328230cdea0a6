"""The weights that a run starts from: its parent's at the end of the same seed's training, by name."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from analysis.store.result import CHECKPOINT
from studies.model.study import Run
from supernet.training import checkpoint


def start_from_parent(run: Run, network: nn.Module) -> None:
    """Copy weights and running statistics of all that the network has from the parent's last checkpoint, if the run has
    a parent. Nothing else is taken over: the optimizer and the learning rate start anew.

    Raises ValueError if the parent has not finished its training."""
    path = parent_checkpoint(run)
    if path is not None:
        own = checkpoint.load(path)["model"]
        try:
            network.load_state_dict({name: own[name] for name in network.state_dict()})
        except (KeyError, RuntimeError, TypeError) as error:
            raise ValueError(f"parent: {path} holds the weights of another network ({error})") from error


def parent_checkpoint(run: Run) -> Path | None:
    """The last checkpoint of the parent, if the run has one. Raises ValueError if its training has not finished."""
    parent = run.parent
    if parent is None:
        return None
    path = parent.folder / CHECKPOINT
    state = checkpoint.load(path, run_id=parent.run_id) if path.exists() else {}
    if state.get("status") != "finished":
        why = (parent.result() or {}).get("reason")
        raise ValueError(
            f"parent: {parent.name} ({parent.folder.name}) has not finished its training"
            f"{f' ({why})' if why else ''}; run it first"
        )
    return path
