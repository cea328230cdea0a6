"""The average of the weights: PyTorch's own averaging with the same schedule, and training that does not notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from test_resume import assert_resumes
from tiny import assert_same, trainer
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from supernet.training.config import TrainingConfig
from supernet.training.trainer import Trainer

DECAY = 0.9


def training(**options: Any) -> Trainer:
    return trainer(training={"epochs": 3, **options}, seed=1, network_seed=1)


def test_the_average_is_that_of_pytorchs_own_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """AveragedModel, told the schedule and updated after each step, buffers included."""
    running = training(ema=DECAY)
    steps = [0]

    def average(mean: Tensor, value: Tensor, count: Tensor | int) -> Tensor:
        decay = min(DECAY, (1 + steps[0]) / (10 + steps[0]))
        return decay * mean + (1 - decay) * value if mean.is_floating_point() else value

    reference = AveragedModel(running.model, avg_fn=average, use_buffers=True)
    update = running._update

    def updating() -> None:
        update()
        steps[0] += 1
        reference.update_parameters(running.model)

    monkeypatch.setattr(running, "_update", updating)
    assert running.run() == "finished"
    assert steps[0] == 12
    assert running.average is not None
    expected = reference.module.state_dict()
    weights = running.model.state_dict()
    moved = 0
    for name, tensor in running.average.tensors.items():
        torch.testing.assert_close(tensor, expected[name], msg=name)
        moved += not torch.equal(tensor, weights[name])
    assert moved > len(weights) / 4


def test_training_has_the_same_bits_with_an_average_as_without() -> None:
    with_average, without = training(ema=DECAY), training()
    assert with_average.run() == without.run() == "finished"
    assert_same(with_average.model.state_dict(), without.model.state_dict())


def test_the_network_has_the_average_only_meanwhile() -> None:
    running = training(ema=DECAY)
    running.run()
    assert running.average is not None
    before = {name: tensor.clone() for name, tensor in running.model.state_dict().items()}
    with running.average.applied():
        found = running.model.state_dict()
        assert_same({name: found[name] for name in running.average.tensors}, running.average.tensors)
    assert_same(running.model.state_dict(), before)


def test_a_resumed_training_has_the_same_average(tmp_path: Path) -> None:
    def make(seed: int) -> Trainer:
        return trainer(training={"epochs": 3, "ema": DECAY}, sampling={"kind": "fair"}, seed=seed)

    assert_resumes(make, tmp_path)


@pytest.mark.parametrize("ema", [-0.1, 1.0, float("nan")])
def test_a_decay_that_is_none_is_refused(ema: float) -> None:
    with pytest.raises(ValueError, match=r"ema: \S+ is not in \[0, 1\)"):
        TrainingConfig(epochs=1, ema=ema)
