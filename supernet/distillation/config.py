"""The settings of distillation and of fine-tuning. Imports no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from supernet.data.config import ABSENT_BY_DEFAULT
from supernet.training.config import Augmentation

LOSSES = ("mse", "nsr")
KEEPS = ("best", "last")
STUDENTS = ("block", "stage")
PATHS = ("uniform", "fair")


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """How a block learns a stage of the teacher: Adam, cosine schedule stepped once an epoch, no augmentation.

    Defaults: Chau et al., Blox (NeurIPS 2022), supplement, table 4. There all parameters decay.

    Args:
        epochs: of the training images, for each block.
        lr: the first learning rate; the last would be 0.
        weight_decay: of all parameters, added to the gradient.
        loss: 'mse', or 'nsr', the mean over channels of MSE / variance of the teacher's output (DONNA). The variance is
            that of the whole training set; a channel that is constant there does not count.
        keep: the weights of the 'best' epoch by validation loss, as the paper has it, or of the 'last'.
        copies: fixed copies of each image, each with its own noise. An epoch shows each image once, in one of its
            copies, drawn at random; validation is on all copies.
        noise: Gaussian, of the training images, in standard deviations of the data.
        together: blocks of a stage that are trained side by side. Fewer need less memory; it changes rounding only.
        students: one for each 'block', or one weight-sharing student a 'stage', of which blocks are paths (DNA).
        paths: of such a student, 'uniform', or 'fair', strictly fair groups, one optimizer step each.
    """

    epochs: int = 10
    batch_size: int = 256
    lr: float = 0.005
    weight_decay: float = 5e-4
    loss: str = "mse"
    keep: str = "best"
    copies: int = 1
    noise: float = 0.0
    together: int = 45
    students: str = field(default="block", metadata=ABSENT_BY_DEFAULT)
    paths: str = field(default="uniform", metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        _check_counts(self, epochs=1, batch_size=2, copies=1, together=1)
        _check_numbers(self, "lr", "weight_decay", "noise")
        for name, allowed in (
            ("loss", LOSSES),
            ("keep", KEEPS),
            ("students", STUDENTS),
            ("paths", PATHS),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: {getattr(self, name)!r} is not one of {', '.join(allowed)}")

        if self.students == "block" and self.paths != "uniform":
            raise ValueError(f"paths: {self.paths!r} is of one student a 'stage'")

    def learning_rate(self, epoch: int) -> float:
        """Of epoch 0..epochs-1."""
        return cosine(self.lr, epoch, self.epochs)

    def trainings(self, blocks: int, stages: int) -> int:
        """Students that are trained for so many blocks in so many stages."""
        return blocks if self.students == "block" else stages


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How an assembled student is trained: knowledge distillation from the teacher's logits, Adam, cosine schedule
    stepped once an epoch; all parameters train.

    Defaults: Chau et al., Blox (NeurIPS 2022), supplement, table 4, and the released code's loss, which has no T^2.

    Args:
        lr: the first learning rate; the last would be 0. 5e-5 is for thousands of steps.
        weight_decay: of all parameters, added to the gradient.
        alpha: weight of the Kullback-Leibler divergence; 1 - alpha is that of the cross-entropy with the labels.
        temperature: T; both networks' logits are divided by it.
        t_squared: whether the divergence is multiplied by T^2, which gives its gradient the size that it has at T = 1
            (Hinton et al., "Distilling the knowledge in a neural network", 2015).
    """

    epochs: int = 10
    batch_size: int = 256
    lr: float = 5e-5
    weight_decay: float = 5e-4
    alpha: float = 0.9
    temperature: float = 4.0
    t_squared: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        _check_counts(self, epochs=1, batch_size=2)
        _check_numbers(self, "lr", "weight_decay", "temperature")
        if not 0 <= self.alpha <= 1:
            raise ValueError(f"alpha: {self.alpha!r} is not in [0, 1]")
        if not self.temperature:
            raise ValueError(f"temperature: {self.temperature!r} is not a number above 0")

    def learning_rate(self, epoch: int) -> float:
        """Of epoch 0..epochs-1."""
        return cosine(self.lr, epoch, self.epochs)


def cosine(lr: float, epoch: int, epochs: int) -> float:
    """From `lr` in epoch 0 to what would be 0 in epoch `epochs`."""
    return 0.5 * lr * (1 + math.cos(math.pi * epoch / epochs))


def _check_counts(settings: object, **least: int) -> None:
    for name, low in least.items():
        value = getattr(settings, name)
        if type(value) is not int or value < low:
            raise ValueError(f"{name}: {value!r} is not an integer of at least {low}")


def _check_numbers(settings: object, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if isinstance(value, bool) or not (isinstance(value, int | float) and 0 <= value < math.inf):
            raise ValueError(f"{name}: {value!r} is not a number >= 0")
