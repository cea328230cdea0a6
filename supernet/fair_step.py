"""A strictly fair group of NAS-Bench-201 as one static graph, in which only permutations change.

In a strictly fair group every edge uses every operation exactly once. So all groups are the same computation: at
each edge the paths' inputs, stacked as (P * B, C, H, W), are put in the order of the operations, each operation
takes one path's share, and the results are put back in the order of the paths. Both orders are tensors. Nothing
depends on a value that the host would have to wait for, and no shape changes, so the forward and backward pass can be
captured once as a CUDA graph and replayed for every group (`capture`). That spares a GPU the launch of thousands of
small kernels. It computes dead edges, too, so it is for GPUs: on a CPU `supernet/stacking.py` is faster.

The capture was never tried: there was no GPU. What is tested is the arithmetic, on a CPU.

The results are those of path by path up to rounding: statistics of operations on dead edges are put back as they
were, and parameters that no path used get no gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from supernet.cells import nasbench201
from supernet.network import Supernet
from supernet.operations import batch_norms, zeros_like_input
from supernet.spaces import NasBench201, Path
from supernet.spaces.nasbench201 import EDGES
from supernet.stacking import normalised_apart, repeated
from supernet.usage import used_modules


class Orders(NamedTuple):
    """to_operations (cells, edges, P): the path that each allowed operation takes. to_paths (cells, edges, P): the
    operation of each path, as a position among the allowed. live (cells, edges, P): whether path by path the
    operation would be computed for its path."""

    to_operations: Tensor
    to_paths: Tensor
    live: Tensor


class FairStep:
    """losses (P,), logits (P * B, classes) = step(images, labels, paths): forward and backward of a group.

    images, labels: one batch (B, C, H, W), (B,) for all paths (`same_batch`) or one for each, all of `batch_size`.
    The sum of the losses is what the gradients are of; they replace those that were there. capture: as a CUDA
    graph, at the first call. Raises ValueError for another space than NAS-Bench-201, for a mask by edge, and for a
    capture elsewhere than on a CUDA device.
    """

    def __init__(
        self, network: Supernet, *, same_batch: bool, label_smoothing: float = 0.0, capture: bool = False
    ) -> None:
        space = network.config.space
        if space.name != "nasbench201":
            raise ValueError(
                f"stacking: 'graph' is for nasbench201 only, not {space.name}, where the edges of a group differ; "
                "use 'auto'"
            )
        assert isinstance(space, NasBench201)
        if set(space.allowed_by_edge) != {space.allowed_operations}:
            raise ValueError(
                "stacking: 'graph' needs the same operations on every edge, which the mask "
                f"{', '.join(space.mask)} does not leave; use 'auto'"
            )
        self.network, self.same_batch, self.label_smoothing = network, same_batch, label_smoothing
        self.allowed = space.allowed_operations
        self.device = next(network.parameters()).device
        if capture and self.device.type != "cuda":
            raise ValueError(f"capture: True needs a CUDA device, not {self.device.type}")
        self.capture = capture
        self.graph: torch.cuda.CUDAGraph | None = None
        self.cells = [cast(nasbench201.SearchCell, cell) for cell in network.cells]

    def __call__(
        self, images: Sequence[Tensor], labels: Sequence[Tensor], paths: Sequence[Path]
    ) -> tuple[Tensor, Tensor]:
        count = len(paths)
        stacked = images[0] if self.same_batch else torch.cat(list(images))
        truth = torch.cat(list(labels) * (count if self.same_batch else 1))
        inputs = (stacked, truth, *self.orders(paths))
        parameters = list(self.network.parameters())
        if not self.capture:
            for parameter in parameters:
                parameter.grad = None
            losses, logits = self._pass(*inputs)
        else:
            if self.graph is None:
                self._capture(inputs)
            for static, value in zip(self.inputs, inputs, strict=True):
                static.copy_(value)
            assert self.graph is not None
            self.graph.replay()
            losses, logits = self.outputs
            for parameter, gradient in zip(parameters, self.gradients, strict=True):
                parameter.grad = gradient
        used = {p for path in paths for part in used_modules(self.network, path) for p in part.parameters()}
        for parameter in parameters:
            if parameter not in used:
                parameter.grad = None
        return losses, logits

    def orders(self, paths: Sequence[Path]) -> Orders:
        """The permutations of a group. ValueError if it is not strictly fair."""
        to_paths, to_operations, live = [], [], []
        for number, cell in enumerate(self.cells):
            choices = [path[number] for path in paths]
            computed = [cell.live(choice) for choice in choices]
            for edge in range(len(EDGES)):
                column = [choice[edge] for choice in choices]
                if sorted(column) != sorted(self.allowed):
                    raise ValueError(
                        f"paths: edge {edge} of cell {number} has the operations {column}, not each allowed one once"
                    )
                takers = [column.index(operation) for operation in self.allowed]
                to_operations.append(takers)
                to_paths.append([self.allowed.index(operation) for operation in column])
                live.append([edge in computed[taker] for taker in takers])
        shape = (len(self.cells), len(EDGES), len(paths))
        return Orders(
            *(torch.tensor(rows).view(shape).to(self.device) for rows in (to_operations, to_paths, live))
        )

    # The static graph

    def _pass(
        self, images: Tensor, labels: Tensor, to_operations: Tensor, to_paths: Tensor, live: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Forward, backward, and the statistics of dead edges put back. No value goes to the host."""
        network, count = self.network, len(self.allowed)
        kept = [
            (buffer, buffer.clone(), live[number, edge, position])
            for number, cell in enumerate(self.cells)
            for edge in range(len(EDGES))
            for position, operation in self._operations(cell, edge)
            for norm in batch_norms(operation)
            for buffer in (norm.running_mean, norm.running_var)
            if buffer is not None
        ]
        if self.same_batch:
            with repeated(network.stem, count):
                x = torch.cat([network.stem(images)] * count)
        else:
            with normalised_apart(network.stem, count):
                x = network.stem(images)
        per_stage = network.config.size.cells_per_stage
        for number, cell in enumerate(self.cells):
            x = self._cell(cell, x, to_operations[number], to_paths[number])
            stage, place = divmod(number + 1, per_stage)
            if place == 0 and stage <= len(network.reductions):
                with normalised_apart(network.reductions[stage - 1], count):
                    x = network.reductions[stage - 1](x)
        with normalised_apart(network.head, count):
            logits = network.head(x)
        losses = F.cross_entropy(logits, labels, reduction="none", label_smoothing=self.label_smoothing)
        losses = losses.view(count, -1).mean(1)
        losses.sum().backward()
        with torch.no_grad():
            for buffer, old, computed in kept:
                buffer.copy_(torch.where(computed, buffer, old))
        return losses.detach(), logits.detach()

    def _operations(self, cell: nasbench201.SearchCell, edge: int) -> list[tuple[int, nn.Module]]:
        """(position among the allowed, operation) of an edge, without 'none'."""
        modules = cast(nn.ModuleDict, cell.edges[edge])
        names = [cell.names[operation] for operation in self.allowed]
        return [(position, modules[name]) for position, name in enumerate(names) if name != "none"]

    def _cell(
        self, cell: nasbench201.SearchCell, x: Tensor, to_operations: Tensor, to_paths: Tensor
    ) -> Tensor:
        """A searchable cell for all paths at once: (P * B, C, H, W) -> (P * B, C, H, W)."""
        nodes: list[Tensor | None] = [x, None, None, None]
        for edge, (source, target) in enumerate(EDGES):
            value = nodes[source]
            assert value is not None
            parts = list(reordered(value, to_operations[edge]).chunk(len(self.allowed)))
            outputs = [zeros_like_input(part) for part in parts]
            for position, operation in self._operations(cell, edge):
                convolution = cell.names[self.allowed[position]] in nasbench201.KERNELS
                part = parts[position]
                outputs[position] = operation(part.relu() if convolution else part)
            out = reordered(torch.cat(outputs), to_paths[edge])
            if cell.mean:
                out = out / target
            held = nodes[target]
            nodes[target] = out if held is None else held + out
        assert nodes[3] is not None
        return nodes[3]

    def _capture(self, inputs: tuple[Tensor, ...]) -> None:
        """Record the pass on copies of the inputs; the network is as before."""
        self.inputs = [value.clone(memory_format=torch.preserve_format) for value in inputs]
        kept = {name: buffer.clone() for name, buffer in self.network.named_buffers()}
        parameters = list(self.network.parameters())
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # libraries choose their kernels before they are recorded
            for _ in range(3):
                self.network.zero_grad(set_to_none=True)
                self._pass(*self.inputs)
        torch.cuda.current_stream().wait_stream(stream)
        self.network.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.outputs = self._pass(*self.inputs)
        self.gradients = [parameter.grad for parameter in parameters]
        for name, buffer in self.network.named_buffers():
            buffer.copy_(kept[name])


def reordered(x: Tensor, order: Tensor) -> Tensor:
    """(P * B, C, H, W) with its P shares in the given order (P,); channels last stays so."""
    b, c, h, w = x.shape
    count = len(order)
    rows = x.permute(0, 2, 3, 1).reshape(count, -1).index_select(0, order)
    return rows.view(b, h, w, c).permute(0, 3, 1, 2)
