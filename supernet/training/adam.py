"""Adam: PyTorch's update, without the compiler that its class imports (see supernet/fast/sgd.py)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class Adam:
    """torch.optim.Adam with its multi-tensor update; weight decay is added to the gradient. `lr` may be changed between
    steps. A parameter without a gradient rests.

    Elementwise, so what several networks' parameters become does not depend on who is trained beside them.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], *, lr: float, weight_decay: float = 0.0) -> None:
        self.parameters, self.lr, self.weight_decay = list(parameters), lr, weight_decay
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.steps = [torch.zeros((), dtype=torch.float32) for _ in self.parameters]

    @torch.no_grad()
    def step(self) -> None:
        used = [index for index, parameter in enumerate(self.parameters) if parameter.grad is not None]
        if not used:
            return

        def of(values: list[Any]) -> list[Any]:
            return [values[index] for index in used]

        adam(
            of(self.parameters),
            [parameter.grad for parameter in of(self.parameters)],
            of(self.means),
            of(self.squares),
            [],
            of(self.steps),
            foreach=True,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=self.lr,
            weight_decay=self.weight_decay,
            eps=EPSILON,
            maximize=False,
        )

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, list[Tensor]]:
        """By position of the parameter."""
        return {"means": self.means, "squares": self.squares, "steps": self.steps}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        for name, tensors in self.state_dict().items():
            for own, saved in zip(tensors, state[name], strict=True):
                own.copy_(saved)
