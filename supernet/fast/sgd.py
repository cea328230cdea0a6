"""Stochastic gradient descent with momentum: PyTorch's update, without the compiler that its class imports.

`torch.optim.SGD` imports all of torch._dynamo when it is first made: 150 MB and two seconds of every process, more
than training a small network takes. The update itself is PyTorch's own, `torch.optim.sgd.sgd`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd

from supernet.training.config import TrainingConfig

Group = dict[str, Any]


class SGD:
    """torch.optim.SGD with its multi-tensor update, without dampening; same bits.

    On a CUDA device it is one kernel a group, for which every momentum is there from the start, as zeros: the first
    step then gives what it gives without.

    param_groups: dicts with 'params', 'weight_decay' and 'lr', which may be changed between steps. A parameter
    without a gradient rests: neither it nor its momentum changes.
    """

    def __init__(
        self, param_groups: Iterable[Group], *, lr: float, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        self.param_groups: list[Group] = [{"lr": lr, **group} for group in param_groups]
        self.momentum, self.nesterov = momentum, nesterov
        self.fused = any(p.is_cuda for group in self.param_groups for p in group["params"])
        self.buffers: dict[nn.Parameter, Tensor] = {}
        if self.fused and momentum:
            self.buffers = {p: torch.zeros_like(p) for group in self.param_groups for p in group["params"]}

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            used = [parameter for parameter in group["params"] if parameter.grad is not None]
            if not used:
                continue
            buffers = [self.buffers.get(parameter) for parameter in used]
            sgd(
                used,
                [self._gradient(parameter) for parameter in used],
                buffers,
                foreach=not self.fused,
                fused=self.fused,
                weight_decay=group["weight_decay"],
                momentum=self.momentum,
                lr=group["lr"],
                dampening=0.0,
                nesterov=self.nesterov,
                maximize=False,
            )
            if self.momentum:
                self.buffers.update(zip(used, buffers, strict=True))  # type: ignore[arg-type]

    def _gradient(self, parameter: nn.Parameter) -> Tensor:
        """In the parameter's own layout, which the fused kernel takes for granted."""
        gradient = parameter.grad
        assert gradient is not None
        if self.fused and gradient.stride() != parameter.stride():
            return torch.empty_like(parameter).copy_(gradient)
        return gradient

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Momentum by position of the parameter; learning rates are set anew every epoch."""
        return {"momentum": [self.buffers.get(parameter) for parameter in self.parameters]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pairs = zip(self.parameters, state["momentum"], strict=True)
        for parameter, buffer in pairs:
            if buffer is not None:
                self.buffers[parameter] = torch.empty_like(parameter).copy_(buffer)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All of them, group after group."""
        return [parameter for group in self.param_groups for parameter in group["params"]]


def optimizer_of(model: nn.Module, config: TrainingConfig) -> SGD:
    """The optimizer of a training: weight decay on all parameters but BN's and biases, or on all."""
    everything = config.decayed == "all"
    decayed = [p for p in model.parameters() if everything or p.ndim > 1]
    rest = [p for p in model.parameters() if not everything and p.ndim <= 1]
    return SGD(
        [{"params": decayed, "weight_decay": config.weight_decay}, {"params": rest, "weight_decay": 0.0}],
        lr=config.lr,
        momentum=config.momentum,
        nesterov=config.nesterov,
    )
