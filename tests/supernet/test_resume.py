"""A training stopped after any epoch and started again ends with the bits of one that was never stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import SPACES, assert_same, comparable, stand_alone, trainer

from supernet.spaces import get_space
from supernet.training import checkpoint
from supernet.training.config import Augmentation
from supernet.training.trainer import Epoch, Trainer

FAIR = {"kind": "fair"}
VARIANTS = {
    "uniform": {},
    "fair": FAIR,
    "fair, per-parameter mean": {**FAIR, "gradients": "parameter_mean"},
    "fair, same batch": {**FAIR, "batches": "same", "gradients": "mean"},
    "balanced, unshared": {"kind": "balanced", "share_topology": False},
}
AUGMENTATION = Augmentation(shift=1, flip=True, cutout=3, noise=0.1)


class Halt(Exception):
    """Stands for a process that ends."""


def halt_after(stop: int) -> Callable[[Epoch, int], None]:
    """A report that ends the run after epoch `stop`, whose checkpoint is written by then."""

    def report(epoch: Epoch, _: int) -> None:
        if epoch.epoch == stop:
            raise Halt

    return report


def assert_resumes(make: Callable[[int], Trainer], folder: Path) -> None:
    """Stopped after any epoch, and after every epoch, a run ends as one that was never stopped.

    make(seed): only the first process has seed 0. Whatever a later one begins with, the checkpoint replaces it.
    """
    whole = make(0)
    assert whole.run() == "finished"
    expected = comparable(whole.state_dict())

    epochs = whole.epochs
    for stops in (*[(epoch,) for epoch in range(1, epochs)], tuple(range(1, epochs))):
        path = folder / f"{stops}.pt"
        for seed, stop in enumerate(stops):
            with pytest.raises(Halt):
                make(seed).run(path, halt_after(stop))
        resumed = make(len(stops))
        assert resumed.run(path) == "finished"
        assert_same(comparable(resumed.state_dict()), expected)
        assert_same(comparable(checkpoint.load(path)), expected)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", SPACES)
def test_a_resumed_supernet_training_is_the_same_to_the_last_bit(
    name: str, variant: str, tmp_path: Path
) -> None:
    def make(seed: int) -> Trainer:
        return trainer(
            name,
            training={"epochs": 3, "augmentation": AUGMENTATION, "clip_norm": 5.0, "warmup_epochs": 1},
            sampling=VARIANTS[variant],
            seed=seed,
            network_seed=seed,
        )

    # Four batches an epoch: a strictly fair group of successive batches is cut by the end of an epoch.
    assert ("fair" in variant and "same" not in variant) == (
        4 % make(0).group != 0 and not make(0).same_batch
    )
    assert_resumes(make, tmp_path)


@pytest.mark.parametrize("batches", ["consecutive", "same"])
def test_a_resumed_stacked_training_is_the_same_to_the_last_bit(batches: str, tmp_path: Path) -> None:
    """Three paths a group and four batches an epoch, the last a smaller one: an epoch stacks one group, and most
    begin or end within another."""
    space = get_space("nasbench201", ("avg_pool_3x3", "nor_conv_1x1"))

    def make(seed: int) -> Trainer:
        return trainer(
            space,
            training={"epochs": 4, "augmentation": AUGMENTATION, "stacking": "always", "unused": "move"},
            sampling={**FAIR, "batches": batches, "gradients": "parameter_mean"},
            seed=seed,
            network_seed=seed,
        )

    assert_resumes(make, tmp_path)


def test_a_resumed_budget_in_updates_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    def make(seed: int) -> Trainer:
        return trainer(training={"updates": 3}, sampling=VARIANTS["fair, per-parameter mean"], seed=seed)

    assert make(0).epochs == 4
    assert_resumes(make, tmp_path)


def test_a_resumed_stand_alone_training_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    assert_resumes(lambda seed: stand_alone(4, seed, augmentation=AUGMENTATION), tmp_path)


def test_a_finished_training_is_not_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    stand_alone(2).run(path)
    again = stand_alone(2, seed=5)
    seen: list[Epoch] = []
    assert again.run(path, lambda epoch, _: seen.append(epoch)) == "finished"
    assert not seen
    assert [epoch.epoch for epoch in again.history] == [1, 2]


@pytest.mark.parametrize("epochs", [2, 3])
def test_a_checkpoint_of_a_longer_training_is_refused(tmp_path: Path, epochs: int) -> None:
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(Halt):
        stand_alone(5).run(path, halt_after(3))
    with pytest.raises(ValueError, match=rf"{path} is of .* \(3 epochs done, {epochs} wanted\)"):
        stand_alone(epochs).run(path)
