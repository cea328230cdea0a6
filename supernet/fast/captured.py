"""Path after path on a GPU without waiting for the host: the parts of a supernet as CUDA graphs.

A small network leaves a GPU idle: launching a convolution with its BN and going back through them takes a host several
times as long as computing them. No graph of a whole step would do, as each path is another one. So each part that a
path takes or leaves as a whole (stem, each operation of each edge, reductions, head) is recorded once as two graphs,
forward and backward, and replayed wherever the path uses it. What lies between (ReLU, sums) stays as it is.

A part's gradients add up in buffers of its own, which become the parameters' gradients when it is used and are set to
zero after an update; a parameter that no path used has none, as without graphs. Kernels, and so results, are the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from supernet.fast.device import Recorder, places
from supernet.fast.stacking import largest
from supernet.network import Network, StandAlone, Supernet
from supernet.training.precision import MixedPrecision

# Values of a path's largest tensor (batch x channels x pixels) up to which parts are captured: beyond it the GPU and
# not the host takes the time. `python -m benchmarks gpu` measures it: rows 'captured'.
MOST_VALUES = 256 * 32 * 32 * 32


def worth_capturing(network: nn.Module, batch_size: int) -> bool:
    """By size alone, so that how a run is computed never depends on how busy the machine was."""
    return isinstance(network, Supernet) and largest(network, batch_size) <= MOST_VALUES


class CapturedParts:
    """The parts of `network` replayed while training on batches of `batch_size`; anything else is computed as ever.

    attach(): from now on, until release(), which also lets go of the recordings and their memory. clear(): after each
    update. check(): before an epoch; parts are recorded anew if their tensors were moved.
    """

    def __init__(self, network: Network, precision: MixedPrecision, batch_size: int) -> None:
        self.batch_size = batch_size
        modules = [network] if isinstance(network, StandAlone) else network.parts()
        first = modules[0]  # its input are images, which need no gradient
        self.parts = [Part(module, precision, self, module is not first) for module in modules]
        self.anchor = torch.zeros((), device=next(network.parameters()).device, requires_grad=True)
        self.used: list[Part] = []  # since the last update

    def attach(self) -> None:
        for part in self.parts:
            part.module.forward = part

    def release(self) -> None:
        for part in self.parts:
            part.module.__dict__.pop("forward", None)
            part.forget()

    def clear(self) -> None:
        """The next gradients start from zero."""
        buffers = [buffer for part in self.used for buffer in part.gradients]
        if buffers:
            torch._foreach_zero_(buffers)
        self.used.clear()

    def check(self) -> None:
        for part in self.parts:
            part.check()


class Part:
    """A module and the recordings of its passes, made when it is first used on a batch of the right size."""

    def __init__(
        self, module: nn.Module, precision: MixedPrecision, owner: CapturedParts, needs_input_grad: bool
    ) -> None:
        self.module, self.precision, self.owner = module, precision, owner
        self.forward, self.needs_input_grad = module.forward, needs_input_grad
        self.parameters = list(module.parameters())
        self.gradients = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.graphs: tuple[torch.cuda.CUDAGraph, torch.cuda.CUDAGraph] | None = None
        self.places: tuple[int, ...] = ()
        # Static tensors: input, output and their gradients.
        self.x: Tensor | None = None
        self.y: Tensor | None = None
        self.gradient: Tensor | None = None
        self.input_gradient: Tensor | None = None

    def __call__(self, x: Tensor, *more: object) -> Tensor:
        if not (self.module.training and torch.is_grad_enabled() and len(x) == self.owner.batch_size):
            out: Tensor = self.forward(x, *more)
            return out
        if self.x is None or (self.x.shape, self.x.dtype) != (x.shape, x.dtype):
            self.capture(x)
        replayed: Tensor = Replay.apply(x, self.owner.anchor, self)
        return replayed

    def tensors(self) -> list[Tensor]:
        return [*self.parameters, *self.module.buffers()]

    def check(self) -> None:
        """Forget the recordings if the module's tensors are elsewhere now."""
        if self.x is not None and self.places != places(self.tensors()):
            self.forget()

    def forget(self) -> None:
        self.x = self.graphs = None
        self.y = self.gradient = self.input_gradient = None

    def capture(self, x: Tensor) -> None:
        """Record both passes on copies; the module is as before."""
        self.x = x.detach().clone(memory_format=torch.preserve_format).requires_grad_(self.needs_input_grad)
        self.places = places(self.tensors())
        if not x.is_cuda:
            return
        recorder = Recorder()

        def both() -> None:
            y = self._forward()
            self._backward(y, torch.zeros_like(y))

        recorder.warm_up(both, (*self.module.buffers(), *self.gradients))
        forward, y = recorder.record(self._forward)
        gradient = torch.zeros_like(y)
        backward, self.input_gradient = recorder.record(lambda: self._backward(y, gradient))
        self.graphs, self.gradient = (forward, backward), gradient
        self.y = y.detach()  # without the autograd graph, whose nodes belong to the recording's stream

    @torch.enable_grad()
    def _forward(self) -> Tensor:
        assert self.x is not None
        with self.precision.autocast(cached=False):
            out: Tensor = self.forward(self.x)
        return out

    def _backward(self, y: Tensor, gradient: Tensor) -> Tensor | None:
        """Adds the parameters' gradients to the buffers; returns the input's."""
        assert self.x is not None
        inputs = [self.x] * self.needs_input_grad + self.parameters
        found = torch.autograd.grad(y, inputs, gradient)
        if self.parameters:
            torch._foreach_add_(self.gradients, list(found[len(found) - len(self.parameters) :]))
        return found[0] if self.needs_input_grad else None

    def replay_forward(self, x: Tensor) -> Tensor:
        assert self.x is not None
        self.x.detach().copy_(x)
        if self.graphs is None:
            self.y = self._forward()
        else:
            self.graphs[0].replay()
        assert self.y is not None
        return self.y.detach()

    def replay_backward(self, gradient: Tensor) -> Tensor | None:
        if self.graphs is None:
            assert self.y is not None
            self.input_gradient = self._backward(self.y, gradient)
        else:
            assert self.gradient is not None
            self.gradient.copy_(gradient)
            self.graphs[1].replay()
        self.owner.used.append(self)
        for parameter, own in zip(self.parameters, self.gradients, strict=True):
            if parameter.grad is not own:
                if parameter.grad is not None:  # of a pass without graphs, or of a checkpoint
                    own.add_(parameter.grad)
                parameter.grad = own
        return None if self.input_gradient is None else self.input_gradient.detach()


class Replay(torch.autograd.Function):
    """y = part(x), backward too. anchor: something that needs a gradient, so that there is a backward pass where the
    input needs none."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, anchor: Tensor, part: Part) -> Tensor:
        ctx.part = part
        return part.replay_forward(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, None, None]:
        return ctx.part.replay_backward(gradient), None, None
