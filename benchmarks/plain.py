"""Both spaces' supernets as public code writes them: the reference of every comparison.

NCHW, a module an operation, every edge of the path computed whether or not the output needs it, zeros computed for
'none', a ReLU in front of every convolution that has one. The tensors' names are those of
`supernet.network.Supernet`, so its state dict can be loaded (strictly). In training mode BN uses the batch's
statistics, in evaluation mode the running ones. Written from the papers' descriptions (Dong & Yang, ICLR 2020;
Chau et al., NeurIPS 2022).
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks import NB201
from supernet.network import NetworkConfig
from supernet.spaces import Cell, Path


class PlainSupernet(nn.Module):
    """logits (B, classes) = plain(x, path); x (B, C, H, W), path: one cell per searchable cell."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        size, nb201 = config.size, config.space.name == NB201
        c, stages = size.channels, size.stages
        self.stem = (conv_bn if nb201 else cbr)(size.image_channels, c, 3)
        cell = PlainNB201Cell if nb201 else PlainBloxCell
        self.per_stage, self.stages = size.cells_per_stage, stages
        self.cells = nn.ModuleList(
            cell(config, c * 2 ** (index // self.per_stage)) for index in range(stages * self.per_stage)
        )
        count = stages - 1 if nb201 else stages
        reduction = nb201_reduction if nb201 else blox_reduction
        self.reductions = nn.ModuleList(reduction(size.reduction, c * 2**i) for i in range(count))
        width = c * 2**count
        last = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, size.classes)]
        self.head = nn.Sequential(*([nn.BatchNorm2d(width), nn.ReLU()] if nb201 else []), *last)

    def forward(self, x: Tensor, path: Path) -> Tensor:
        x = self.stem(x)
        for index, cell in enumerate(self.cells):
            x = cell(x, path[index])
            stage, place = divmod(index, self.per_stage)
            if place == self.per_stage - 1 and stage < len(self.reductions):
                x = self.reductions[stage](x)
        return self.head(x)


def conv_bn(c_in: int, c_out: int, kernel: int, stride: int = 1, affine: bool = True) -> nn.Sequential:
    conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out, affine=affine))


def cbr(
    c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1, affine: bool = True
) -> nn.Sequential:
    padding = kernel // 2 if kernel != 2 else 0
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding, groups=groups)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out, affine=affine), nn.ReLU())


def total(terms: list[Tensor], mean: bool) -> Tensor:
    out = terms[0]
    for term in terms[1:]:
        out = out + term
    return out / len(terms) if mean else out


class Sum(nn.Module):
    """main(x) + shortcut(x)."""

    def __init__(self, main: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.main, self.shortcut = main, shortcut

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x) + self.shortcut(x)


# NAS-Bench-201


class Zero(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mul(0)


class ReLUConvBN(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.relu(x))


class AveragePool(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class PlainNB201Cell(nn.Module):
    """Four nodes, six edges, a dictionary of operations on each."""

    def __init__(self, config: NetworkConfig, c: int) -> None:
        super().__init__()
        self.names, self.mean = config.space.operations, config.node_reduction == "mean"
        transformers = config.linear_transformers

        def pointwise() -> nn.Conv2d:
            return nn.Conv2d(c, c, 1, bias=False)

        def operation(name: str) -> nn.Module:
            if name == "none":
                return Zero()
            if name == "skip_connect":
                return nn.Identity() if transformers == "none" else pointwise()
            if name == "avg_pool_3x3":
                pool = AveragePool()
                return nn.Sequential(pool, pointwise()) if transformers == "skip+pool" else pool
            return ReLUConvBN(
                *conv_bn(c, c, {"nor_conv_1x1": 1, "nor_conv_3x3": 3}[name], affine=config.affine)
            )

        allowed = [self.names[index] for index in config.space.allowed_operations]
        self.edges = nn.ModuleList(
            nn.ModuleDict({name: operation(name) for name in allowed}) for _ in range(6)
        )

    def forward(self, x: Tensor, cell: Cell) -> Tensor:
        nodes, edge = [x], 0
        for _ in range(3):
            terms = []
            for source in nodes:
                terms.append(self.edges[edge][self.names[cell[edge]]](source))  # type: ignore[index]
                edge += 1
            nodes.append(total(terms, self.mean))
        return nodes[-1]


def nb201_reduction(kind: str, c: int) -> nn.Module:
    halve = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(c, 2 * c, 1, bias=False))
    if kind == "light":
        return halve
    main = nn.Sequential(nn.ReLU(), conv_bn(c, 2 * c, 3, 2), nn.ReLU(), conv_bn(2 * c, 2 * c, 3))
    return Sum(main, halve)


# Blox


class Scale(nn.Module):
    """x times a gate computed from its mean."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, c, 1), nn.ReLU(), nn.Conv2d(c, c, 1), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


class Residuals(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        for unit in self:
            x = x + unit(x)
        return x


def blox_operation(name: str, n: int, affine: bool) -> nn.Module:
    if name == "conv":
        return nn.Sequential(*(cbr(n, n, 3, affine=affine) for _ in range(4)))
    if name == "mbconv":
        return Residuals(
            *(
                nn.Sequential(cbr(n, 2 * n, 3, affine=affine), Scale(2 * n), cbr(2 * n, n, 1, affine=affine))
                for _ in range(2)
            )
        )
    return Residuals(
        *(
            nn.Sequential(
                cbr(n, w, 1, affine=affine),
                cbr(w, w, 5, groups=w, affine=affine),
                cbr(w, n, 1, affine=affine),
            )
            for w in (n // 2, n, 2 * n, n // 2, n, 2 * n)
        )
    )


class PlainBloxCell(nn.Module):
    """z = O1(previous * y + input * x), block = z + skip * y with y = O0(x), both operations always computed."""

    def __init__(self, config: NetworkConfig, c: int) -> None:
        super().__init__()
        self.names, self.mean = config.space.operations, config.node_reduction == "mean"
        allowed = [self.names[index] for index in config.space.allowed_operations]
        self.first, self.second = (
            nn.ModuleDict({name: blox_operation(name, c, config.affine) for name in allowed})
            for _ in range(2)
        )
        searching = config.linear_transformers == "skip"
        self.input_edge, self.skip_edge = (
            nn.Conv2d(c, c, 1, bias=False) if searching else nn.Identity() for _ in range(2)
        )

    def forward(self, x: Tensor, choice: Cell) -> Tensor:
        o0, o1, previous, direct, skip = choice
        y = self.first[self.names[o0]](x)
        joined = y * previous + self.input_edge(x) * direct
        if self.mean and previous and direct:
            joined = joined / 2
        z = self.second[self.names[o1]](joined) * int(bool(previous or direct))
        out = z + self.skip_edge(y) * skip
        return out / 2 if self.mean and skip and (previous or direct) else out


def blox_reduction(kind: str, c: int) -> nn.Module:
    if kind == "light":
        return nn.Sequential(nn.AvgPool2d(2), cbr(c, 2 * c, 1))
    return Sum(nn.Sequential(cbr(c, 2 * c, 3, 2), cbr(2 * c, 2 * c, 3)), cbr(c, 2 * c, 2, 2))
