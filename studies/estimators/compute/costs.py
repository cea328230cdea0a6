"""What a computation cost: multiply-accumulates of a network, seconds and steps, and how its records share them.

Multiply-accumulates are counted module by module while one image passes, as `supernet.spaces.Cost` counts them:
convolutions and linear layers, without bias. A closed form has no parts, and none of a network that was cut out of a
supernet with linear transformers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import torch
from torch import Tensor, nn

from supernet.network import StandAlone
from supernet.training.trainer import Epoch, Trainer


def count(network: StandAlone) -> Counter[nn.Module]:
    """Multiply-accumulates of one image's forward pass by convolution or linear layer."""
    macs: Counter[nn.Module] = Counter()

    def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module.weight, Tensor)
        macs[module] += output.numel() * module.weight[0].numel()

    layers = [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    size, training = network.config.size, network.training
    shape = (1, size.image_channels, size.image_size, size.image_size)
    network.eval()
    with torch.no_grad():
        network(torch.zeros(shape, device=next(network.parameters()).device))
    network.train(training)
    for hook in hooks:
        hook.remove()
    return macs


def inside(macs: Counter[nn.Module], part: nn.Module) -> int:
    """Those of a part of the network."""
    return sum(macs[module] for module in part.modules())


class Costs(TypedDict):
    """The costs of a `Record`."""

    seconds: float
    steps: float
    macs: float


@dataclass(frozen=True)
class Spent:
    """seconds: wall time. steps: optimizer steps. macs: multiply-accumulates; a backward pass is two forward ones."""

    seconds: float = 0.0
    steps: float = 0.0
    macs: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.steps + other.steps, self.macs + other.macs)

    def share(self, records: int) -> Costs:
        """What each of so many records that one computation gave is told to have cost."""
        return {"seconds": self.seconds / records, "steps": self.steps / records, "macs": self.macs / records}

    def named(self, what: str) -> dict[str, float]:
        """The whole of it as details of a record: `what`_seconds and so on."""
        return {f"{what}_seconds": self.seconds, f"{what}_steps": self.steps, f"{what}_macs": self.macs}


def of_epochs(epochs: Sequence[Epoch], image_macs: float) -> Spent:
    """The cost of a training's first epochs. image_macs: forward and backward of one image."""
    images = sum(epoch.images or 0 for epoch in epochs)
    steps = epochs[-1].updates if epochs else 0
    return Spent(sum(epoch.seconds for epoch in epochs), steps, image_macs * images)


def of_training(trainer: Trainer, seconds: float, image_macs: float) -> Spent:
    """The cost of all that a trainer did in `seconds`; the epoch that diverged, which is not in its history, too."""
    lost = len(trainer.data.train) if trainer.status == "diverged" else 0
    known = of_epochs(trainer.history, image_macs)
    return Spent(seconds, trainer.updates, known.macs + image_macs * lost)
