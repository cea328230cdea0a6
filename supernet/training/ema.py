"""An exponential moving average of a network's weights, kept beside them while they train.

The average a of a tensor w moves after every optimizer step: a <- d a + (1 - d) w. While there have been n steps
d = min(decay, (1 + n) / (10 + n)), so that the first weights are soon forgotten. Running statistics of BatchNorm are
averaged as weights are. Training never reads the average: a run with it has the bits of one without.
Source of the schedule of d: TensorFlow's ExponentialMovingAverage with `num_updates`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """The average of all floating-point tensors of a network's state; it begins with the weights after the first
    step."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network, self.decay = network, decay
        self.tensors: dict[str, Tensor] = {}

    def _current(self) -> dict[str, Tensor]:
        return {n: t.detach() for n, t in self.network.state_dict().items() if t.is_floating_point()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step 1, 2, ..."""
        current = self._current()
        if not self.tensors:
            self.tensors = {name: tensor.clone() for name, tensor in current.items()}
            return
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.tensors.values()), list(current.values()), 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The network has the averaged weights meanwhile."""
        own = {name: tensor.clone() for name, tensor in self._current().items()}
        try:
            self._copy(self.tensors)
            yield
        finally:
            self._copy(own)

    @torch.no_grad()
    def _copy(self, tensors: dict[str, Tensor]) -> None:
        state = self.network.state_dict()
        for name, tensor in tensors.items():
            state[name].copy_(tensor)

    def state_dict(self) -> dict[str, Tensor]:
        return dict(self.tensors)

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """ValueError if it is of another network."""
        if state and state.keys() != self._current().keys():
            raise ValueError(
                "checkpoint: its average of the weights is of another network; delete it to start again"
            )
        self.tensors = dict(state)
