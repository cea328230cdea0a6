"""Average pooling of channels-last images in faster forms: on a CPU of 3x3 a depthwise convolution and a map of
divisors, of 2x2 sums of whole rows; on a GPU of 3x3 two matrix products.

PyTorch's average pooling visits nine neighbours of every value in a loop; the others are vectorised kernels. On a GPU
its gradient of overlapping squares is wrong in channels-last layout (PyTorch 2.11: relative error 1 for 3x3, stride 1;
`python -m benchmarks gpu` compares all gradients with the CPU's), so it is not used there.
The average over the neighbours that lie inside the image is their sum divided by their number: 9, 6 at a border,
4 in a corner.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

# Where the convolution is the faster one in channels-last layout, or, at 8x8 pixels, about as fast in a training step
# (`python -m benchmarks step`, its rows 'pooling').
LEAST_SIDE, MOST_CHANNELS = 8, 64


def average_3x3(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C, H, W): mean of the 3x3 neighbours inside the image, stride 1."""
    out: Tensor
    if x.is_cuda and x.requires_grad:
        out = BandedAverage.apply(x)
    elif faster_as_convolution(x):
        out = DepthwiseAverage.apply(x, *constants(x.shape[1], x.shape[2], x.shape[3], x.dtype))
    else:
        out = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    return out


def faster_as_convolution(x: Tensor) -> bool:
    """Decided by the shape of one image, never by the batch: an image's result is the same in any batch."""
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and x.shape[1] <= MOST_CHANNELS
        and min(x.shape[2:]) >= LEAST_SIDE
        and x.is_contiguous(memory_format=torch.channels_last)
    )


def halve(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C, H/2, W/2): mean of each 2x2 square. An odd last row or column is left out."""
    even = x.shape[2] % 2 == x.shape[3] % 2 == 0
    if even and x.device.type == "cpu" and x.is_contiguous(memory_format=torch.channels_last):
        out: Tensor = Halved.apply(x)
        return out
    return F.avg_pool2d(x, 2)


@lru_cache(maxsize=32)
def constants(channels: int, height: int, width: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Weights of ones (C, 1, 3, 3), and 1 / number of neighbours (1, 1, H, W)."""
    with torch.inference_mode(False), torch.no_grad():
        ones = torch.ones(channels, 1, 3, 3, dtype=dtype)
        image = torch.ones(1, 1, height, width, dtype=dtype)
        return ones, 1 / F.conv2d(image, ones[:1], padding=1)


class DepthwiseAverage(torch.autograd.Function):
    """divided * (x convolved with ones). It keeps nothing of x, as autograd would for the gradient of the ones."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, ones: Tensor, divided: Tensor) -> Tensor:
        ctx.save_for_backward(ones, divided)
        return F.conv2d(x, ones, padding=1, groups=len(ones)).mul_(divided)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        ones, divided = ctx.saved_tensors
        return F.conv2d(gradient * divided, ones, padding=1, groups=len(ones)), None, None


class BandedAverage(torch.autograd.Function):
    """divided * (band_H . x . band_W), where a band has ones on its three middle diagonals: sums over the rows above
    and below and over the columns beside, as matrix products. Channels last; the bands are their own transposes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return neighbours(x).mul_(divisors(x))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return neighbours(gradient * divisors(gradient))


def neighbours(x: Tensor) -> Tensor:
    """(B, C, H, W) -> the same, channels last: sums of the 3x3 neighbours inside the image."""
    b, c, h, w = x.shape
    pixels = x.permute(0, 2, 3, 1).reshape(b * h, w, c)
    rows = torch.bmm(band(w, x.dtype, x.device).expand(b * h, w, w), pixels).view(b, h, w * c)
    return torch.bmm(band(h, x.dtype, x.device).expand(b, h, h), rows).view(b, h, w, c).permute(0, 3, 1, 2)


@lru_cache(maxsize=64)
def band(size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(size, size) with ones on the diagonal and beside it."""
    with torch.inference_mode(False), torch.no_grad():
        places = torch.arange(size)
        near = (places.unsqueeze(0) - places.unsqueeze(1)).abs() <= 1
        return near.to(dtype).to(device)


def divisors(x: Tensor) -> Tensor:
    """1 / number of neighbours inside the image (1, 1, H, W), of the type and on the device of x."""
    return _divisors(x.shape[2], x.shape[3], x.dtype, x.device)


@lru_cache(maxsize=64)
def _divisors(height: int, width: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False), torch.no_grad():
        down, right = (band(size, torch.float64, torch.device("cpu")).sum(1) for size in (height, width))
        return (1 / torch.outer(down, right)).to(dtype).to(device).view(1, 1, height, width)


class Halved(torch.autograd.Function):
    """Means of 2x2 squares in channels-last layout: two rows at a time, then two pixels, each a run of memory.

    A third of the time of PyTorch's pooling on a large batch of small images, half of it at 32x32 pixels."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(b, h // 2, 2, w // 2, 2 * c)
        pairs = rows[:, :, 0] + rows[:, :, 1]
        return (pairs[..., :c] + pairs[..., c:]).mul_(0.25).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        b, c, h, w = gradient.shape
        quarter = (gradient * 0.25).permute(0, 2, 3, 1).reshape(b, h, 1, w, 1, c)
        return quarter.expand(b, h, 2, w, 2, c).reshape(b, 2 * h, 2 * w, c).permute(0, 3, 1, 2)
