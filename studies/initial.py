"""The weights that a run starts from: its parent's at the end of the same seed's training, by name."""

from __future__ import annotations

from torch import nn

from studies.study import Run
from supernet import checkpoint


def start_from_parent(run: Run, network: nn.Module) -> None:
    """Copy weights and running statistics of all that the network has from the parent's last checkpoint, if the run has
    a parent. Nothing else is taken over: the optimizer and the learning rate start anew.

    Raises ValueError if the parent has not finished its training."""
    parent = run.parent
    if parent is None:
        return
    path = parent.folder / "checkpoint.pt"
    state = checkpoint.load(path) if path.exists() else {}
    if state.get("status") != "finished":
        why = (parent.result() or {}).get("reason")
        raise ValueError(
            f"parent: {parent.name} ({parent.folder.name}) has not finished its training"
            f"{f' ({why})' if why else ''}; run it first"
        )
    network.load_state_dict({name: state["model"][name] for name in network.state_dict()})
