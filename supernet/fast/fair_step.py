"""A strictly fair group as one static graph, in which only permutations change.

In a strictly fair group every choice point (of NAS-Bench-201 an edge) uses every operation exactly once. So all
groups are the same computation: at each edge the paths' inputs, stacked as (P * B, C, H, W), are put in the order of
the operations, each operation takes one path's share, and the results are put back in the order of the paths. Both
orders are tensors. Nothing depends on a value that the host would have to wait for, and no shape changes, so the
forward and backward pass can be recorded once as a CUDA graph and replayed for every group (`capture`). That spares a
GPU the launch of thousands of small kernels. It computes dead edges, too, and moves every tensor twice an edge, so it
is for GPUs and small tensors: on a CPU `supernet/fast/stacking.py` is faster, and where tensors are large, path by
path.

The results are those of path by path up to rounding: statistics of operations on dead edges are put back as they
were, and parameters that no path used get no gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from supernet.fast.device import Recorder, places
from supernet.fast.stacking import normalised_apart, repeated
from supernet.network import Supernet, first_reached, reaches_stem
from supernet.operations import batch_norms
from supernet.spaces import SPACES, Path
from supernet.spaces.network_part import network_part
from supernet.training.precision import MixedPrecision


class Orders(NamedTuple):
    """to_operations (cells, edges, P): the path that each allowed operation takes. to_paths (cells, edges, P): the
    operation of each path, as a position among the allowed. live (cells, edges, P): 1 where path by path the
    operation would be computed for its path, else 0."""

    to_operations: Tensor
    to_paths: Tensor
    live: Tensor


class FairStep:
    """losses (P,), logits (P * B, classes) = step(images, labels, paths): forward and backward of a group.

    images, labels: one batch (B, C, H, W), (B,) for all paths (`same_batch`) or one for each, all of `batch_size`.
    The sum of the losses (scaled, with float16) is what the gradients are of; they replace those that were there.
    capture: as a CUDA graph, recorded at the first call. Raises ValueError where `unsuitable` says why, and for a
    capture elsewhere than on a CUDA device.
    """

    def __init__(
        self,
        network: Supernet,
        *,
        same_batch: bool,
        label_smoothing: float = 0.0,
        precision: MixedPrecision | None = None,
        capture: bool = False,
    ) -> None:
        if reason := unsuitable(network):
            raise ValueError(f"stacking: 'graph' {reason}; use 'auto'")
        space = network.config.space
        self.network, self.same_batch, self.label_smoothing = network, same_batch, label_smoothing
        self.allowed, self.edges = space.allowed_operations, len(space.choice_points)
        self.device = next(network.parameters()).device
        if capture and self.device.type != "cuda":
            raise ValueError(f"capture: True needs a CUDA device, not {self.device.type}")
        self.precision = precision or MixedPrecision("none", self.device)
        self.capture = capture
        self.graph: torch.cuda.CUDAGraph | None = None
        self.inputs: list[Tensor] = []
        self.outputs: Any = None
        self.cells: list[Any] = list(network.cells)
        self.parameters = list(network.parameters())
        self.places: tuple[int, ...] = ()
        operations = [
            (number, edge, self.allowed.index(choice), operation)
            for number, cell in enumerate(self.cells)
            for edge in range(self.edges)
            for choice, (operation, _) in cell.operations_at(edge).items()
        ]
        self.owned = {
            (number, edge, self.allowed[position]): list(operation.parameters())
            for number, edge, position, operation in operations
        }
        # Running statistics of the operations, and for each of their numbers the place in `live` that it goes by.
        self.statistics: list[Tensor] = []
        owners: list[Tensor] = []
        for number, edge, position, operation in operations:
            place = (number * self.edges + edge) * len(self.allowed) + position
            for norm in batch_norms(operation):
                for buffer in (norm.running_mean, norm.running_var):
                    assert buffer is not None
                    self.statistics.append(buffer)
                    owners.append(torch.full((len(buffer),), place))
        self.before = [buffer.clone() for buffer in self.statistics]
        self.owners = torch.cat(owners).to(self.device) if owners else torch.empty(0, dtype=torch.long)

    def __call__(
        self, images: Sequence[Tensor], labels: Sequence[Tensor], paths: Sequence[Path]
    ) -> tuple[Tensor, Tensor]:
        stacked = images[0] if self.same_batch else torch.cat(list(images))
        truth = labels[0].repeat(len(paths)) if self.same_batch else torch.cat(list(labels))
        orders = torch.stack(self.orders(paths))
        if not self.capture:
            losses, logits, gradients = self._pass(stacked, truth, orders.to(self.device))
        else:
            if self.graph is None or self.places != self._places():
                self._record(stacked, truth, orders)
            assert self.graph is not None
            self.inputs[0].copy_(stacked)
            self.inputs[1].copy_(truth)
            self.inputs[2].copy_(orders.pin_memory(), non_blocking=True)
            self.graph.replay()
            losses, logits, gradients = self.outputs
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        for parameter in self._unused(paths):
            parameter.grad = None
        return losses, logits

    def orders(self, paths: Sequence[Path]) -> Orders:
        """The permutations of a group, on the host. ValueError if it is not strictly fair."""
        to_paths, to_operations, live = [], [], []
        for number, cell in enumerate(self.cells):
            choices = [path[number] for path in paths]
            computed = [cell.live(choice) for choice in choices]
            for edge in range(self.edges):
                column = [choice[edge] for choice in choices]
                if sorted(column) != sorted(self.allowed):
                    raise ValueError(
                        f"paths: edge {edge} of cell {number} has the operations {column}, not each allowed one once"
                    )
                takers = [column.index(operation) for operation in self.allowed]
                to_operations.append(takers)
                to_paths.append([self.allowed.index(operation) for operation in column])
                live.append([int(edge in computed[taker]) for taker in takers])
        shape = (len(self.cells), self.edges, len(paths))
        return Orders(*(torch.tensor(rows).view(shape) for rows in (to_operations, to_paths, live)))

    def _unused(self, paths: Sequence[Path]) -> list[nn.Parameter]:
        """The parameters that no path's loss reaches (`supernet.network.used_modules`, for a group)."""
        network = self.network
        first = [first_reached(network, path) for path in paths]
        used = {
            (number, edge, path[number][edge])
            for path, begin in zip(paths, first, strict=True)
            for number in range(begin, len(self.cells))
            for edge in self.cells[number].live(path[number])
        }
        unused = [p for place, own in self.owned.items() if place not in used for p in own]
        for number in network.config.reduction_after[: min(first)]:
            if number is not None:
                unused += network.reductions[number].parameters()
        if not any(reaches_stem(network, path) for path in paths):
            unused += network.stem.parameters()
        return unused

    # The static graph

    def _pass(
        self, images: Tensor, labels: Tensor, orders: Tensor
    ) -> tuple[Tensor, Tensor, tuple[Tensor | None, ...]]:
        """Losses, logits and gradients, statistics of dead edges put back. No value goes to the host."""
        to_operations, to_paths, live = orders
        if self.statistics:
            torch._foreach_copy_(self.before, self.statistics)
        with self.precision.autocast(cached=False):
            logits = self._logits(images, to_operations, to_paths)
            losses = F.cross_entropy(logits, labels, reduction="none", label_smoothing=self.label_smoothing)
            losses = losses.view(len(self.allowed), -1).mean(1)
        total = self.precision.scaled(losses.sum())
        gradients = torch.autograd.grad(total, self.parameters, allow_unused=True)
        if self.statistics:
            with torch.no_grad():
                computed = live.flatten().to(self.before[0].dtype).index_select(0, self.owners)
                weights = computed.split([len(buffer) for buffer in self.statistics])
                torch._foreach_lerp_(self.before, self.statistics, weights)  # exact at 0 and at 1
                torch._foreach_copy_(self.statistics, self.before)
        return losses.detach(), logits.detach(), gradients

    def _logits(self, images: Tensor, to_operations: Tensor, to_paths: Tensor) -> Tensor:
        network, count = self.network, len(self.allowed)
        if self.same_batch:
            with repeated(network.stem, count):
                x = torch.cat([network.stem(images)] * count)
        else:
            with normalised_apart(network.stem, count):
                x = network.stem(images)
        for number, after in enumerate(network.config.reduction_after):
            x = self._cell(number, x, to_operations[number], to_paths[number])
            if after is not None:
                with normalised_apart(network.reductions[after], count):
                    x = network.reductions[after](x)
        with normalised_apart(network.head, count):
            logits: Tensor = network.head(x)
        return logits

    def _cell(self, number: int, x: Tensor, to_operations: Tensor, to_paths: Tensor) -> Tensor:
        """A searchable cell for all paths at once: (P * B, C, H, W) -> (P * B, C, H, W)."""
        cell = self.cells[number]

        def at_edge(edge: int, value: Tensor) -> Tensor:
            parts = Reordered.apply(value, to_operations[edge], to_paths[edge]).chunk(len(self.allowed))
            outputs: list[Tensor | None] = [None] * len(parts)
            for choice, (operation, after_relu) in cell.operations_at(edge).items():
                part = parts[position := self.allowed.index(choice)]
                outputs[position] = operation(part.relu() if after_relu else part)
            joined: Tensor = Joined.apply(value, to_operations[edge], *outputs)
            return joined

        out: Tensor = cell.forward_group(x, at_edge)
        return out

    def _places(self) -> tuple[int, ...]:
        return places((*self.parameters, *self.network.buffers()))

    def release(self) -> None:
        """Let go of the recording and its memory."""
        self.graph, self.inputs, self.outputs = None, [], None

    def _record(self, images: Tensor, labels: Tensor, orders: Tensor) -> None:
        """Record the pass on copies of the inputs; the network is as before."""
        self.inputs = [
            value.to(self.device, copy=True, memory_format=torch.preserve_format)
            for value in (images, labels, orders)
        ]
        self.places = self._places()
        recorder = Recorder()
        recorder.warm_up(lambda: self._pass(*self.inputs), self.network.buffers())
        self.graph, self.outputs = recorder.record(lambda: self._pass(*self.inputs))


def unsuitable(network: nn.Module) -> str | None:
    """Why groups of a supernet are not one static graph; None if they are."""
    if not isinstance(network, Supernet):
        return "is for supernets only, not a stand-alone network"
    space = network.config.space
    if not network_part(space).one_graph:
        able = ", ".join(name for name, other in SPACES.items() if network_part(other).one_graph)
        return f"is for {able} only, not {space.name}, where the edges of a group differ"
    if set(space.allowed_by_point) != {space.allowed_operations}:
        return (
            f"needs the same operations on every edge, which the mask {', '.join(space.mask)} does not leave"
        )
    return None


def rows_of(x: Tensor, count: int) -> Tensor:
    """(P * B, C, H, W) as (P, B * H * W * C): a view with channels last."""
    return x.permute(0, 2, 3, 1).reshape(count, -1)


def images_of(rows: Tensor, shape: torch.Size) -> Tensor:
    """The other way round, channels last; shape: (P * B, C, H, W) or (B, C, H, W)."""
    b, c, h, w = shape
    return rows.view(b, h, w, c).permute(0, 3, 1, 2)


class Reordered(torch.autograd.Function):
    """(P * B, C, H, W) with its P shares in the given order (P,). The gradient goes back in the inverse order: a copy,
    where autograd's own would add up."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(inverse)
        return images_of(rows_of(x, len(order)).index_select(0, order), x.shape)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (inverse,) = ctx.saved_tensors
        rows = rows_of(gradient, len(inverse)).index_select(0, inverse)
        return images_of(rows, gradient.shape), None, None


class Joined(torch.autograd.Function):
    """What P operations put out, each (B, C, H, W) or None for zeros, as (P * B, C, H, W) like `like`: operation i's
    at the place takers[i]."""

    @staticmethod
    def forward(ctx: Any, like: Tensor, takers: Tensor, *outputs: Tensor | None) -> Tensor:
        ctx.save_for_backward(takers)
        ctx.present = [output is not None for output in outputs]
        rows = rows_of(torch.empty_like(like, memory_format=torch.channels_last), len(outputs))
        for taker, output in zip(takers.split(1), outputs, strict=True):
            if output is None:
                rows.index_fill_(0, taker, 0.0)
            else:
                rows.index_copy_(0, taker, rows_of(output, 1))
        return images_of(rows, like.shape)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (takers,) = ctx.saved_tensors
        rows = rows_of(gradient, len(takers)).index_select(0, takers)
        parts = images_of(rows, gradient.shape).chunk(len(takers))
        return None, None, *(part if there else None for part, there in zip(parts, ctx.present, strict=True))
