"""The networks of every space once more, plainly: NCHW, every edge computed, zeros computed, BN by its definition.

Written from the papers' descriptions, sharing no code with `supernet`. It is a function of a state dict (tensors by
the names that the networks give them), so gradients reach the very same tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

NB201_OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
BLOX_OPERATIONS = ("conv", "mbconv", "bconv")
KNOWN = ("nasbench201", "blox", "macro")  # a space that is not among them is tested by all else


@dataclass
class Naive:
    """logits = Naive(weights, ...)(x, path). statistics: 'batch' or 'running' of BatchNorm.

    observed: for every BN computed, mean and unbiased variance of its input (where it has more than one value).
    """

    weights: Mapping[str, Tensor]
    space: str
    stages: int
    cells_per_stage: int
    reduction: str = "official"
    linear_transformers: str = "none"
    node_reduction: str = "sum"
    statistics: str = "batch"
    observed: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def __call__(self, x: Tensor, path: tuple[tuple[int, ...], ...]) -> Tensor:
        if self.space == "macro":
            return self.macro(x, path)
        cell, reduce, head = {
            "nasbench201": (self.nb201_cell, self.nb201_reduction, self.nb201_head),
            "blox": (self.blox_cell, self.blox_reduction, self.blox_head),
        }[self.space]
        x = (
            self.conv_bn("stem", x, padding=1)
            if self.space == "nasbench201"
            else self.cbr("stem", x, padding=1)
        )
        for stage in range(self.stages):
            for index in range(stage * self.cells_per_stage, (stage + 1) * self.cells_per_stage):
                x = cell(f"cells.{index}", x, path[index])
            if self.space == "blox" or stage < self.stages - 1:
                x = reduce(f"reductions.{stage}", x)
        return head(x)

    # Layers

    def conv(self, name: str, x: Tensor, **options: int) -> Tensor:
        return F.conv2d(x, self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias"), **options)

    def norm(self, name: str, x: Tensor) -> Tensor:
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        values = x.numel() // x.shape[1]
        self.observed[name] = (mean.detach(), variance.detach() * values / (values - 1))
        if self.statistics == "running":
            mean, variance = self.weights[f"{name}.running_mean"], self.weights[f"{name}.running_var"]
        x = (x - mean.view(1, -1, 1, 1)) / (variance.view(1, -1, 1, 1) + 1e-5).sqrt()
        if f"{name}.weight" not in self.weights:
            return x
        return x * self.weights[f"{name}.weight"].view(1, -1, 1, 1) + self.weights[f"{name}.bias"].view(
            1, -1, 1, 1
        )

    def conv_bn(self, name: str, x: Tensor, **options: int) -> Tensor:
        return self.norm(f"{name}.1", self.conv(f"{name}.0", x, **options))

    def cbr(self, name: str, x: Tensor, **options: int) -> Tensor:
        return self.conv_bn(name, x, **options).clamp(min=0)

    def combine(self, terms: list[Tensor]) -> Tensor:
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total / len(terms) if self.node_reduction == "mean" else total

    # NAS-Bench-201

    def nb201_edge(self, name: str, operation: str, x: Tensor) -> Tensor:
        if operation == "none":
            return x * 0
        if operation == "skip_connect":
            return x if self.linear_transformers == "none" else self.conv(f"{name}.{operation}", x)
        if operation == "avg_pool_3x3":
            x = sum_of_neighbours(x) / sum_of_neighbours(torch.ones_like(x))
            return self.conv(f"{name}.{operation}.1", x) if self.linear_transformers == "skip+pool" else x
        padding = {"nor_conv_1x1": 0, "nor_conv_3x3": 1}[operation]
        return self.conv_bn(f"{name}.{operation}", x.clamp(min=0), padding=padding)

    def nb201_cell(self, name: str, x: Tensor, cell: tuple[int, ...]) -> Tensor:
        nodes, edge = [x], 0
        for _ in range(3):
            incoming = []
            for source in nodes:
                operation = NB201_OPERATIONS[cell[edge]]
                incoming.append(self.nb201_edge(f"{name}.edges.{edge}", operation, source))
                edge += 1
            nodes.append(self.combine(incoming))
        return nodes[3]

    def nb201_reduction(self, name: str, x: Tensor) -> Tensor:
        if self.reduction == "light":
            return self.conv(f"{name}.1", halved(x))
        main = self.conv_bn(f"{name}.main.1", x.clamp(min=0), stride=2, padding=1)
        main = self.conv_bn(f"{name}.main.3", main.clamp(min=0), padding=1)
        return main + self.conv(f"{name}.shortcut.1", halved(x))

    def nb201_head(self, x: Tensor) -> Tensor:
        x = self.norm("head.0", x).clamp(min=0).mean((2, 3))
        return x @ self.weights["head.4.weight"].T + self.weights["head.4.bias"]

    # Blox

    def blox_conv(self, name: str, x: Tensor) -> Tensor:
        for layer in range(4):
            x = self.cbr(f"{name}.{layer}", x, padding=1)
        return x

    def squeeze_excite(self, name: str, x: Tensor) -> Tensor:
        scale = self.conv(f"{name}.gate.1", x.mean((2, 3), keepdim=True)).clamp(min=0)
        return x / (1 + (-self.conv(f"{name}.gate.3", scale)).exp())

    def blox_mbconv(self, name: str, x: Tensor) -> Tensor:
        for unit in range(2):
            wide = self.squeeze_excite(f"{name}.{unit}.1", self.cbr(f"{name}.{unit}.0", x, padding=1))
            x = self.cbr(f"{name}.{unit}.2", wide) + x
        return x

    def blox_bconv(self, name: str, x: Tensor) -> Tensor:
        for unit in range(6):
            inner = self.cbr(f"{name}.{unit}.0", x)
            inner = self.cbr(f"{name}.{unit}.1", inner, padding=2, groups=inner.shape[1])
            x = self.cbr(f"{name}.{unit}.2", inner) + x
        return x

    def blox_cell(self, name: str, x: Tensor, block: tuple[int, ...]) -> Tensor:
        o0, o1, previous, direct, skip = block
        functions: dict[str, Callable[[str, Tensor], Tensor]] = {
            "conv": self.blox_conv,
            "mbconv": self.blox_mbconv,
            "bconv": self.blox_bconv,
        }

        def edge(which: str, value: Tensor) -> Tensor:
            return value if self.linear_transformers == "none" else self.conv(f"{name}.{which}", value)

        # An operation whose result nothing takes is not even built in a stand-alone network: do not look for it.
        out = []
        if previous or skip:
            y = functions[BLOX_OPERATIONS[o0]](f"{name}.first.{BLOX_OPERATIONS[o0]}", x)
        if previous or direct:
            terms = ([y] if previous else []) + ([edge("input_edge", x)] if direct else [])
            out.append(
                functions[BLOX_OPERATIONS[o1]](f"{name}.second.{BLOX_OPERATIONS[o1]}", self.combine(terms))
            )
        if skip:
            out.append(edge("skip_edge", y))
        return self.combine(out) if out else x * 0

    def blox_reduction(self, name: str, x: Tensor) -> Tensor:
        if self.reduction == "light":
            return self.cbr(f"{name}.1", halved(x))
        main = self.cbr(f"{name}.main.1", self.cbr(f"{name}.main.0", x, stride=2, padding=1), padding=1)
        return main + self.cbr(f"{name}.shortcut", x, stride=2)

    def blox_head(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)) @ self.weights["head.2.weight"].T + self.weights["head.2.bias"]

    # NAS-Bench-Macro

    def macro(self, x: Tensor, path: tuple[tuple[int, ...], ...]) -> Tensor:
        x = self.cbr("stem", x, padding=1)
        for layer, (choice,) in enumerate(path):
            x = self.macro_layer(f"cells.{layer}.choices", x, choice, 2 if layer in (0, 2, 5) else 1)
        x = self.cbr("head", x).mean((2, 3))
        return x @ self.weights["head.5.weight"].T + self.weights["head.5.bias"]

    def macro_layer(self, name: str, x: Tensor, choice: int, stride: int) -> Tensor:
        if choice == 0:
            if stride == 2:
                return self.conv_bn(f"{name}.identity", x, stride=2)
            return x if self.linear_transformers == "none" else self.conv(f"{name}.identity", x)
        kernel, name = (3, f"{name}.mb3_k3") if choice == 1 else (5, f"{name}.mb6_k5")
        wide = self.cbr(f"{name}.expand", x)
        assert wide.shape[1] == {3: 3, 5: 6}[kernel] * x.shape[1]
        padding, groups = (kernel - 1) // 2, wide.shape[1]
        wide = self.cbr(f"{name}.depthwise", wide, stride=stride, padding=padding, groups=groups)
        out = self.conv_bn(f"{name}.project", wide)
        return out if stride == 2 else self.combine([out, x])


def sum_of_neighbours(x: Tensor) -> Tensor:
    """Sum over the 3x3 neighbourhood, as far as it lies inside the image."""
    h, w = x.shape[2:]
    x = F.pad(x, (1, 1, 1, 1))
    return sum(x[:, :, i : i + h, j : j + w] for i in range(3) for j in range(3))  # type: ignore[return-value]


def halved(x: Tensor) -> Tensor:
    """Mean of each 2x2 square."""
    return (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4
