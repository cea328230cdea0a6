"""What spaces build their operations from: batch normalisation with a choice of statistics, convolutions,
pooling, linear transformers.

Shapes: every module here maps (B, C, H, W) to (B, C', H', W').
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from supernet.fast.pooling import average_3x3, halve

FEW_CHANNELS = 4


class BatchNorm(nn.BatchNorm2d):
    """BatchNorm2d that can also normalise by the batch while evaluating, without touching its running statistics.

    training: batch statistics, running statistics updated. Otherwise `batch_statistics` chooses between the
    batch's own statistics and the running ones. groups: while training, the batch is so many batches one after
    the other, each normalised by itself; the running statistics see them in that order.
    """

    def __init__(self, channels: int, affine: bool = True) -> None:
        super().__init__(channels, affine=affine)
        self.batch_statistics = False
        self.groups = 1

    @property
    def keeps_zero(self) -> bool:
        """Whether an all-zero input gives an all-zero output, whatever the running statistics are."""
        return not self.affine and (self.training or self.batch_statistics)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            if self.groups > 1:
                return torch.cat([self._normalised(part) for part in x.chunk(self.groups)])
            if self.momentum is None:  # cumulative average, which counts the batches
                return super().forward(x)
            return self._normalised(x)
        if self.batch_statistics:
            return F.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, self.eps)
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
        )

    def _normalised(self, x: Tensor) -> Tensor:
        """As the parent in training, without counting batches: that is used by nothing when momentum is set."""
        assert self.momentum is not None
        mean, var = self.running_mean, self.running_var
        return F.batch_norm(x, mean, var, self.weight, self.bias, True, self.momentum, self.eps)


def batch_norms(model: nn.Module) -> list[BatchNorm]:
    """All batch normalisations of a model."""
    return [module for module in model.modules() if isinstance(module, BatchNorm)]


class Conv2d(nn.Conv2d):
    """nn.Conv2d; of channels-last images on a GPU some are matrix products, forward and backward, which take a half to
    a twentieth of the time of cuDNN's own in float32 (`python -m benchmarks gpu`): 1x1, and 3x3 of few channels, as in
    a stem."""

    def forward(self, x: Tensor) -> Tensor:
        out = self.as_product(x) if x.is_cuda else None
        if out is not None:
            return out
        seen, stride = without_stride(self, x)
        if stride == self.stride:
            return super().forward(x)
        return F.conv2d(seen, self.weight, self.bias, stride, groups=self.groups)

    def as_product(self, x: Tensor) -> Tensor | None:
        """The convolution as a matrix product; None if it is not one of those."""
        pixels = x.permute(0, 2, 3, 1)
        if self.groups != 1 or not pixels.is_contiguous():
            return None
        if self.kernel_size == (1, 1):
            down, across = self.stride
            seen = pixels[:, ::down, ::across]
            return F.linear(seen, self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)
        same = self.kernel_size == (3, 3) and self.padding == (1, 1) and self.stride == (1, 1)
        if same and self.in_channels <= FEW_CHANNELS:
            weight = self.weight.permute(0, 2, 3, 1).flatten(1)
            return F.linear(neighbourhoods(pixels), weight, self.bias).permute(0, 3, 1, 2)
        return None


def without_stride(layer: nn.Conv2d, x: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """Input and stride with which a convolution is computed. A 1x1 convolution with a stride is one without it on the
    pixels that it looks at: the gradient of PyTorch 2.14 on a CPU writes beyond its memory for few channels."""
    if layer.kernel_size != (1, 1) or layer.stride == (1, 1):
        return x, layer.stride
    down, across = layer.stride
    return x[:, :, ::down, ::across].contiguous(memory_format=torch.channels_last), (1, 1)


def neighbourhoods(pixels: Tensor) -> Tensor:
    """(B, H, W, C) -> (B, H, W, 9 * C): of each pixel the 3x3 around it, row by row, zeros beyond the border."""
    h, w = pixels.shape[1:3]
    padded = F.pad(pixels, (0, 0, 1, 1, 1, 1))
    shifted = [padded[:, i : i + h, j : j + w] for i in range(3) for j in range(3)]
    return torch.cat(shifted, 3)


class ConvBN(nn.Sequential):
    """Convolution without bias, then BN ("same" padding). NAS-Bench-201 puts a ReLU in front of it."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1, affine: bool = True) -> None:
        super().__init__(
            Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False), BatchNorm(c_out, affine)
        )


class ConvBNReLU(nn.Sequential):
    """Convolution with bias, BN, ReLU: "CBR", what all of Blox is made of. padding None means "same"."""

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: int,
        stride: int = 1,
        padding: int | None = None,
        groups: int = 1,
        affine: bool = True,
    ) -> None:
        pad = kernel // 2 if padding is None else padding
        conv = Conv2d(c_in, c_out, kernel, stride, pad, groups=groups)
        super().__init__(conv, BatchNorm(c_out, affine), nn.ReLU(inplace=True))


class AveragePool3x3(nn.Module):
    """Average of the 3x3 neighbours inside the image (stride 1): padding is not counted, as in NAS-Bench-201."""

    def forward(self, x: Tensor) -> Tensor:
        return average_3x3(x)


class Halving(nn.Module):
    """Average of 2x2 squares: (B, C, H, W) -> (B, C, H/2, W/2)."""

    def forward(self, x: Tensor) -> Tensor:
        return halve(x)


class LightReduction(nn.Sequential):
    """Average pooling 2x2 with stride 2, then the given 1x1 convolution: (B, C, H, W) -> (B, 2C, H/2, W/2)."""

    def __init__(self, pointwise: nn.Module) -> None:
        super().__init__(Halving(), pointwise)


def linear_transformer(channels: int) -> Conv2d:
    """A 1x1 convolution with no bias, BN or activation (single-path ranking study, section 3.3)."""
    return Conv2d(channels, channels, 1, bias=False)


def zeros_like_input(x: Tensor) -> Tensor:
    """What a node without live inputs holds."""
    return torch.zeros_like(x)
