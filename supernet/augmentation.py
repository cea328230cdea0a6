"""Augmentation of whole batches at once, on the device of the images.

In this order, which is that of torchvision's reference trainings: shift and flip, policy, normalisation, cutout;
noise last. All draws come from the generator given, other for each image.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from supernet import policies
from supernet.data import DataSet


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is done to training images, freshly for each image each time.

    shift: pixels, uniform in [-shift, shift] both ways, black beyond the border. flip: mirrored left-right with
    probability 1/2. cutout: side of a square set to the mean, centre uniform, clipped at the border.
    noise: standard deviation of Gaussian noise, in standard deviations of the data. policy: 'autoaugment' (the
    one for CIFAR-10), 'randaugment' or 'none'; see policies.py. num_ops, magnitude (0..30): of RandAugment.
    """

    shift: int = 0
    flip: bool = False
    cutout: int = 0
    noise: float = 0.0
    policy: str = "none"
    num_ops: int = 2
    magnitude: int = 9

    def __post_init__(self) -> None:
        for field in ("shift", "cutout"):
            value = getattr(self, field)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"{field}: {value!r} is not an integer >= 0")
        if not 0 <= self.noise < float("inf"):
            raise ValueError(f"noise: {self.noise!r} is not a number >= 0")
        self._check_policy()

    def _check_policy(self) -> None:
        if self.policy not in policies.POLICIES:
            raise ValueError(f"policy: {self.policy!r} is not one of {', '.join(policies.POLICIES)}")
        highest = policies.BINS["randaugment"] - 1
        if not isinstance(self.num_ops, int) or self.num_ops < 1:
            raise ValueError(f"num_ops: {self.num_ops!r} is not a positive integer")
        if not isinstance(self.magnitude, int) or not 0 <= self.magnitude <= highest:
            raise ValueError(f"magnitude: {self.magnitude!r} is not an integer in 0..{highest}")
        if self.policy != "randaugment":
            for field in fields(self):
                value = getattr(self, field.name)
                if field.name in ("num_ops", "magnitude") and value != field.default:
                    raise ValueError(
                        f"{field.name}: {value} is of policy 'randaugment' and means nothing to {self.policy!r}"
                    )

    def __call__(self, data: DataSet, images: Tensor, generator: torch.Generator) -> Tensor:
        """uint8 (B, C, H, W), best channels last -> normalised float32 (B, C, H, W), channels last."""
        if self.shift or self.flip:
            images = shift_and_flip(images, self.shift, self.flip, generator)
        if self.policy != "none":
            images = self._after_policy(data, images, generator)
        x = data.normalise(images)
        if self.cutout:
            x = cut_out(x, self.cutout, generator)
        if self.noise:
            x = x + self.noise * torch.randn(x.shape, generator=generator, device=x.device)
        return x.contiguous(memory_format=torch.channels_last)

    def _after_policy(self, data: DataSet, images: Tensor, generator: torch.Generator) -> Tensor:
        """uint8 (B, C, H, W) -> the same. Raises ValueError for images that the policies were not made for."""
        if data.levels != 256 or images.shape[1] not in (1, 3):
            raise ValueError(
                f"policy: {self.policy!r} is for grey or RGB images of 256 levels; {data.name} has "
                f"{images.shape[1]} channels of {data.levels} levels"
            )
        if self.policy == "autoaugment":
            plan = policies.autoaugment(images, generator)
        else:
            plan = policies.randaugment(images, self.num_ops, self.magnitude, generator)
        return policies.apply(images, plan)


def draw(low: int, high: int, count: int, generator: torch.Generator) -> Tensor:
    """Integers (count,), uniform in [low, high)."""
    return torch.randint(low, high, (count,), generator=generator, device=generator.device)


def shift_and_flip(images: Tensor, shift: int, flip: bool, generator: torch.Generator) -> Tensor:
    """uint8 (B, C, H, W) -> the same, channels last, shifted by up to `shift` pixels, then mirrored or not.

    With channels last a row of the crop is one piece of memory, W * C bytes that may start anywhere: rows are
    copied whole. A gather of single pixels takes several times as long.
    """
    b, c, h, w = images.shape
    numbers = torch.arange(b, device=images.device)
    mirrored = draw(0, 2, b, generator) if flip else None
    rows = images.permute(0, 2, 3, 1).reshape(b, h, w * c)
    if shift:
        down, right = (draw(0, 2 * shift + 1, b, generator) for _ in range(2))
        padded = F.pad(rows, (shift * c, shift * c, shift, shift)).flatten()
        wide = (w + 2 * shift) * c
        first = (numbers * (h + 2 * shift) + down) * wide + right * c
        starts = first.view(b, 1) + torch.arange(0, h * wide, wide, device=images.device)
        at_every_byte = padded.as_strided((len(padded) - w * c + 1, w * c), (1, 1))
        rows = at_every_byte.index_select(0, starts.flatten())
    pixels = rows.view(b, h, w, c)
    if mirrored is not None:
        both = torch.cat([pixels, pixels.flip(2)]).flatten(1)
        pixels = both.index_select(0, mirrored * b + numbers).view(b, h, w, c)
    return pixels.permute(0, 3, 1, 2)


def cut_out(x: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """(B, C, H, W), channels last, with a square of zeros in each image, in place; zero is the mean.

    Source: T. DeVries and G. W. Taylor, "Improved regularization of convolutional neural networks with cutout"
    (2017).
    """
    b, c, h, w = x.shape
    half, odd = divmod(side, 2)

    def inside(places: Tensor, size: int) -> Tensor:
        distance = places.to(x.device) - draw(0, size, b, generator).view(b, 1)
        return (distance >= -half) & (distance < half + odd)

    rows = inside(torch.arange(h), h)
    columns = inside(torch.arange(w).repeat_interleave(c), w)
    hole = rows.view(b, h, 1) & columns.view(b, 1, w * c)
    x.permute(0, 2, 3, 1).view(b, h, w * c).masked_fill_(hole, 0.0)
    return x
