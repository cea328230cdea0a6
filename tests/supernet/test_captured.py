"""Parts that are replayed, against the network as it is: on the CPU, where a replay computes anew on the same static
tensors. Graphs themselves: test_gpu.py."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tiny import SIZES, images, supernet, trainer

from supernet.fast.captured import CapturedParts, Part
from supernet.spaces import get_space
from supernet.training.precision import MixedPrecision

SAMPLINGS: list[dict[str, Any]] = [
    {"kind": "uniform"},
    {"kind": "balanced", "share_topology": False},
    {"kind": "fair", "batches": "consecutive", "gradients": "mean"},
    {"kind": "fair", "batches": "same", "gradients": "parameter_mean"},
]


@pytest.mark.parametrize(
    ("space", "sampling"),
    [*(("nasbench201", one) for one in SAMPLINGS), *(("blox", one) for one in SAMPLINGS[1:3])],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else value,
)
def test_a_training_with_captured_parts_is_the_training_without(space: str, sampling: dict[str, Any]) -> None:
    """Up to rounding; last batches that are smaller, disconnected paths and groups cut by an epoch's end included."""
    runs = []
    for capture in ("never", "always"):
        run = trainer(
            get_space(space),
            training={"epochs": 1, "lr": 0.02, "stacking": "never", "capture": capture},
            sampling=sampling,
            precise=True,
        )
        run.run()
        runs.append(run)
    assert runs[1].captured is not None
    assert sum(bool(part.places) for part in runs[1].captured.parts) > 5
    assert "forward" not in vars(runs[1].model.head)  # released
    torch.testing.assert_close(*(run.model.state_dict() for run in runs), rtol=1e-7, atol=1e-9)


def test_groups_that_are_stacked_are_not_captured() -> None:
    """There BN takes its batch otherwise than path by path, which a recording would not see."""
    sampling = {"kind": "fair", "batches": "same"}
    run = trainer(training={"epochs": 1, "stacking": "always", "capture": "always"}, sampling=sampling)
    assert run.stacked
    assert run.captured is None


def test_a_part_is_only_replayed_in_training_on_whole_batches_and_recorded_anew_when_moved() -> None:
    network = supernet("nasbench201").double().train()
    size = SIZES["nasbench201"]
    parts = CapturedParts(network, MixedPrecision("none", torch.device("cpu")), batch_size=6)
    parts.attach()
    path = ((3, 3, 3, 3, 3, 3),) * len(network.cells)
    stem = parts.parts[0]
    network(images(size, 5), path)
    with torch.no_grad():
        network(images(size, 6), path)
    network.eval()
    network(images(size, 6), path)
    assert stem.x is None
    network.train()
    network(images(size, 6), path)
    assert stem.x is not None
    parts.check()
    assert stem.x is not None
    weight = next(network.stem.parameters())
    weight.data = weight.data.clone()
    parts.check()
    assert stem.x is None


def test_gradients_of_passes_with_and_without_replay_add_up() -> None:
    network, other = (supernet("nasbench201").double().train() for _ in range(2))
    other.load_state_dict(network.state_dict())
    size = SIZES["nasbench201"]
    parts = CapturedParts(network, MixedPrecision("none", torch.device("cpu")), batch_size=6)
    parts.attach()
    path = ((3, 3, 3, 3, 3, 3),) * len(network.cells)
    for count in (4, 6, 6, 4):
        for net in (network, other):
            labels = torch.arange(count) % 3
            F.cross_entropy(net(images(size, count).double(), path), labels).backward()
    pairs = [(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True)]
    assert all((a.grad is None) == (b.grad is None) for a, b in pairs)
    for a, b in pairs:
        if a.grad is not None:
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-10, atol=1e-12)
    for parameter in network.parameters():
        parameter.grad = None
    parts.clear()
    assert not any(buffer.any() for part in parts.parts for buffer in part.gradients)
    assert all(isinstance(module.forward, Part) for module in network.parts())
    parts.release()
    assert not any("forward" in vars(module) for module in network.parts())
