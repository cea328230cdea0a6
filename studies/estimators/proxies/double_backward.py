"""Convolution and batch normalisation with a fast second derivative, for grasp.

PyTorch differentiates its own backward passes of both by general rules: for batch normalisation dozens of element-wise
operations, for the weights of a convolution another one with a kernel as large as the image. Here both second
derivatives are written out and use the kernels of the first. Those in the affine parameters of BN are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from supernet.operations import BatchNorm, without_stride

ATEN = torch.ops.aten


@contextmanager
def twice_differentiable(network: nn.Module) -> Iterator[None]:
    """Inside, the network's convolutions and its BN (of the batch's statistics) are those of this file. They compute
    the same; running statistics do not move."""
    changed: list[nn.Module] = []
    try:
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.forward = partial(convolution, module)  # type: ignore[method-assign]
            elif isinstance(module, BatchNorm):
                module.forward = partial(batch_norm, module)  # type: ignore[method-assign]
            else:
                continue
            changed.append(module)
        yield
    finally:
        for module in changed:
            del module.forward


def convolution(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """The layer's output; zero padding, no dilation."""
    x, stride = without_stride(layer, x)
    geometry = (list(stride), list(layer.padding), layer.groups)
    out: Tensor = Convolution.apply(x, layer.weight, layer.bias, geometry)
    return out


def batch_norm(layer: BatchNorm, x: Tensor) -> Tensor:
    """The layer's output in training mode."""
    out: Tensor = Normalisation.apply(x, layer.weight, layer.bias, layer.eps)
    return out


class Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, bias: Tensor | None, geometry: tuple[Any, ...]) -> Tensor:
        ctx.save_for_backward(x, w)
        ctx.geometry, ctx.bias = geometry, bias is not None
        return F.conv2d(x, w, bias, geometry[0], geometry[1], 1, geometry[2])

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        x, w = ctx.saved_tensors
        dx, dw = ConvolutionBackward.apply(g, x, w, ctx.geometry)
        return dx, dw, g.sum((0, 2, 3)) if ctx.bias else None, None


class ConvolutionBackward(torch.autograd.Function):
    """g -> (dx, dw). Bilinear in g and (w, x), so its own derivatives are convolutions and their derivatives."""

    @staticmethod
    def forward(
        ctx: Any, g: Tensor, x: Tensor, w: Tensor, geometry: tuple[Any, ...]
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(g, x, w)
        ctx.geometry = geometry
        return backward_of_convolution(g, x, w, geometry, (True, True))  # type: ignore[return-value]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, vx: Tensor, vw: Tensor) -> tuple[Tensor | None, ...]:
        g, x, w = ctx.saved_tensors
        stride, padding, groups = ctx.geometry
        of_g = F.conv2d(vx, w, None, stride, padding, 1, groups)
        of_g += F.conv2d(x, vw, None, stride, padding, 1, groups)
        of_x = backward_of_convolution(g, x, vw, ctx.geometry, (True, False))[0]
        of_w = backward_of_convolution(g, vx, w, ctx.geometry, (False, True))[1]
        return of_g, of_x, of_w, None


def backward_of_convolution(
    g: Tensor, x: Tensor, w: Tensor, geometry: tuple[Any, ...], wanted: tuple[bool, bool]
) -> tuple[Tensor | None, Tensor | None]:
    """(dx, dw) of a convolution of x (B, C, H, W) with w, given the gradient g of its output."""
    stride, padding, groups = geometry
    mask = [*wanted, False]
    dx, dw, _ = ATEN.convolution_backward(g, x, w, None, stride, padding, [1, 1], False, [0, 0], groups, mask)
    return dx, dw


class Normalisation(torch.autograd.Function):
    """y = weight * (x - mean) * r + bias per channel, r = 1 / sqrt(variance + eps)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
        y, mean, r = torch.native_batch_norm(x, weight, bias, None, None, True, 0.0, eps)
        ctx.save_for_backward(x, weight, mean, r)
        ctx.eps = eps
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        dx, dweight, dbias = NormalisationBackward.apply(g, *ctx.saved_tensors, ctx.eps)
        affine = ctx.saved_tensors[1] is not None
        return dx, dweight if affine else None, dbias if affine else None, None


class NormalisationBackward(torch.autograd.Function):
    """g -> dx = weight r (g - mean(g) - z mean(g z)), z = (x - mean) r; and the gradients of weight and bias.

    With v given for dx, v . dx = weight r M S, S = mean(v g) - mean(v) mean(g) - a b, a = mean(v z), b = mean(g z),
    over the M values of a channel. Its derivative in g is dx with v for g, dx being symmetric in them; that in x is
    -weight r^2 (b v + a g - mean(b v + a g) + z (S - 2 a b)), from dr = -r^2 z / M and dz = r (1 - 1/M - z z' / M).
    """

    @staticmethod
    def forward(
        ctx: Any, g: Tensor, x: Tensor, weight: Tensor | None, mean: Tensor, r: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        out = ATEN.native_batch_norm_backward(
            g, x, weight, None, None, mean, r, True, eps, [True, True, True]
        )
        ctx.save_for_backward(g, x, weight, mean, r, *out[1:])
        ctx.eps = eps
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*out[1:])
        dx, dweight, dbias = out
        return dx, dweight, dbias

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, v: Tensor | None, *others: None) -> tuple[Tensor | None, ...]:
        g, x, weight, mean, r, sum_gz, sum_g = ctx.saved_tensors
        if v is None:
            return (None,) * 6
        of_g, sum_vz, sum_v = ATEN.native_batch_norm_backward(
            v, x, weight, None, None, mean, r, True, ctx.eps, [True, True, True]
        )
        count = x.numel() // x.shape[1]
        a, b, mean_v, mean_g = (total / count for total in (sum_vz, sum_gz, sum_v, sum_g))
        s = (v * g).sum((0, 2, 3)) / count - mean_v * mean_g - a * b
        factor = -(r**2) if weight is None else -weight * r**2
        of_z = factor * (s - 2 * a * b) * r  # on x, as z = (x - mean) r
        constant = -factor * (b * mean_v + a * mean_g) - of_z * mean

        def wide(values: Tensor) -> Tensor:
            return values.view(1, -1, 1, 1)

        of_x = torch.addcmul(wide(constant), x, wide(of_z))
        of_x.addcmul_(v, wide(factor * b)).addcmul_(g, wide(factor * a))
        return of_g, of_x, None, None, None, None
