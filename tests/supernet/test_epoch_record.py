"""What an epoch says of itself beside loss and accuracy: gradient norm, samples of each operation, images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import assert_same, comparable, stand_alone, trainer

import supernet.training.trainer as training_module
from supernet.spaces import get_space
from supernet.training import checkpoint
from supernet.training.sampling import tally


def test_samples_are_counted_at_each_choice_point_over_all_cells() -> None:
    space = get_space("nasbench201", ("avg_pool_3x3",))
    one, other = (0, 1, 2, 3, 0, 0), (3, 3, 3, 3, 3, 3)
    found = tally(space, {(one, one): 2, (one, other): 1})
    assert found["0-1/none"] == 5
    assert found["0-2/skip_connect"] == 5
    assert found["2-3/nor_conv_3x3"] == 1
    assert found["2-3/nor_conv_1x1"] == 0  # allowed, never drawn
    assert len(found) == 6 * 4
    assert sum(found.values()) == 6 * 6
    blox = tally(get_space("blox"), {((0, 1, 1, 0, 0), (2, 1, 1, 0, 0), (2, 2, 1, 0, 0)): 3})
    points = {
        point: [blox[f"{point}/{name}"] for name in get_space("blox").operations] for point in ("O0", "O1")
    }
    assert points == {"O0": [3, 0, 6], "O1": [0, 6, 3]}


def test_strict_fairness_shows_in_the_samples() -> None:
    fair = trainer(sampling={"kind": "fair"}, training={"epochs": 5})
    fair.run()
    whole: dict[str, int] = {}
    for epoch in fair.history:
        for name, count in epoch.samples.items():
            whole[name] = whole.get(name, 0) + count
    assert set(whole.values()) == {8}  # 5 epochs of 4 batches: 4 groups of 5 paths; 2 cells
    uniform = trainer(training={"epochs": 5})
    uniform.run()
    assert len(set(uniform.history[0].samples.values())) > 1
    assert sum(uniform.history[0].samples.values()) == 4 * 2 * 6


@pytest.mark.parametrize("clip_norm", [0.0, 0.01])
def test_the_gradient_norm_is_the_mean_over_the_measured_updates_before_clipping(
    clip_norm: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_module, "NORM_EVERY", 3)
    running = trainer(training={"epochs": 2, "clip_norm": clip_norm})
    norms: list[float] = []
    unscale = running.precision.unscale

    def measure(optimizer: Any) -> None:
        unscale(optimizer)
        squares = [float(p.grad.square().sum()) for p in running.parameters if p.grad is not None]
        norms.append(sum(squares) ** 0.5)

    monkeypatch.setattr(running.precision, "unscale", measure)
    running.run()
    # Four updates an epoch, numbered from 0: 0 and 3 in the first; 4, as the epoch's first, and 6 in the second.
    expected = [(norms[0] + norms[3]) / 2, (norms[4] + norms[6]) / 2]
    assert [epoch.gradient_norm for epoch in running.history] == pytest.approx(expected, rel=1e-5)


def test_measuring_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    measured, other = (trainer(sampling={"kind": "fair"}, training={"epochs": 3}) for _ in range(2))
    measured.run()
    monkeypatch.setattr(training_module.nn.utils, "get_total_norm", lambda gradients: torch.zeros(()))
    other.run()
    assert_same(measured.model.state_dict(), other.model.state_dict())
    assert_same(measured.optimizer.state_dict(), other.optimizer.state_dict())
    assert [e.loss for e in measured.history] == [e.loss for e in other.history]


def test_an_epoch_without_an_update_has_no_norm() -> None:
    running = trainer(sampling={"kind": "fair"}, training={"epochs": 2})
    running.run()
    assert [epoch.updates for epoch in running.history] == [0, 1]
    assert running.history[0].gradient_norm is None
    assert running.history[1].gradient_norm is not None
    assert [epoch.images for epoch in running.history] == [60, 60]
    alone = stand_alone(1)
    alone.run()
    assert alone.history[0].samples == {}
    assert alone.history[0].gradient_norm is not None


def test_a_checkpoint_of_before_these_were_known_goes_on(tmp_path: Path) -> None:
    path, whole = tmp_path / "checkpoint.pt", stand_alone(3)
    whole.run()
    first = stand_alone(3)
    first.history = [first._epoch(0)]
    state = first.state_dict()
    state["history"] = [epoch[:6] for epoch in state["history"]]
    checkpoint.save(state, path)
    resumed = stand_alone(3)
    assert resumed.run(path) == "finished"
    assert_same(resumed.model.state_dict(), whole.model.state_dict())
    assert resumed.history[0].gradient_norm is None
    assert_same(
        comparable(resumed.state_dict())["history"][1:], comparable(whole.state_dict())["history"][1:]
    )
