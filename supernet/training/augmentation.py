"""Augmentation of whole batches at once, on the device of the images.

In this order, which is that of torchvision's reference trainings: shift and flip, policy, normalisation, cutout;
noise last. With `policy_first`, as in Blox's recipe, the policy comes before shift and flip. All draws come from the
generator given, which is the host's, other for each image: first they are drawn, as integers, then applied, which no
value of the device's is needed for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from supernet.data import DataSet
from supernet.data.config import ABSENT_BY_DEFAULT
from supernet.fast.device import gaussian, sent
from supernet.training import policies


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is done to training images, freshly for each image each time.

    shift: pixels, uniform in [-shift, shift] both ways, black beyond the border. flip: mirrored left-right with
    probability 1/2. cutout: side of a square set to the mean, centre uniform, clipped at the border.
    noise: standard deviation of Gaussian noise, in standard deviations of the data. policy: 'autoaugment' (the
    one for CIFAR-10), 'randaugment' or 'none'; see policies.py. num_ops, magnitude (0..30): of RandAugment.
    policy_first: the policy comes before shift and flip, not after.
    """

    shift: int = 0
    flip: bool = False
    cutout: int = 0
    noise: float = 0.0
    policy: str = "none"
    num_ops: int = 2
    magnitude: int = 9
    policy_first: bool = field(default=False, metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        for name in ("shift", "cutout"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"{name}: {value!r} is not an integer >= 0")
        if not 0 <= self.noise < float("inf"):
            raise ValueError(f"noise: {self.noise!r} is not a number >= 0")
        self._check_policy()

    def _check_policy(self) -> None:
        if self.policy not in policies.POLICIES:
            raise ValueError(f"policy: {self.policy!r} is not one of {', '.join(policies.POLICIES)}")
        highest = policies.BINS["randaugment"] - 1
        if not isinstance(self.num_ops, int) or self.num_ops < 1:
            raise ValueError(f"num_ops: {self.num_ops!r} is not a positive integer")
        if not isinstance(self.policy_first, bool):
            raise ValueError(f"policy_first: {self.policy_first!r} is not true or false")
        if self.policy_first and self.policy == "none":
            raise ValueError("policy_first: there is no policy that could come first; policy is 'none'")
        if not isinstance(self.magnitude, int) or not 0 <= self.magnitude <= highest:
            raise ValueError(f"magnitude: {self.magnitude!r} is not an integer in 0..{highest}")
        if self.policy != "randaugment":
            for each in fields(self):
                value = getattr(self, each.name)
                if each.name in ("num_ops", "magnitude") and value != each.default:
                    raise ValueError(
                        f"{each.name}: {value} is of policy 'randaugment' and means nothing to {self.policy!r}"
                    )

    def __call__(self, data: DataSet, images: Tensor, generator: torch.Generator) -> Tensor:
        """uint8 (B, C, H, W), best channels last -> normalised float32 (B, C, H, W), channels last.

        Raises ValueError for images that the policies were not made for."""
        x = self.apply(data, images, sent(self.draw(images.shape, generator), images.device))
        return self.with_noise(x, generator)

    def with_noise(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """The last step: float32 (B, C, H, W) -> the same with noise, channels last."""
        if self.noise:
            x = x + self.noise * gaussian(x.shape, generator, x.device)
        return x.contiguous(memory_format=torch.channels_last)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """All draws but the noise for images (B, C, H, W), as `apply` takes them: int64 (draws, B)."""
        b, _, h, w = shape
        rows: list[Tensor] = []
        if self.flip:
            rows.append(uniform(2, b, generator))
        if self.shift:
            rows += [uniform(2 * self.shift + 1, b, generator) for _ in range(2)]
        if self.policy != "none":
            rows += self._plan(shape, generator).numbers.unbind(1)
        if self.cutout:
            rows += [uniform(side, b, generator) for side in (h, w)]
        return torch.stack(rows) if rows else torch.empty(0, b, dtype=torch.long)

    def apply(self, data: DataSet, images: Tensor, draws: Tensor) -> Tensor:
        """What `__call__` gives, without noise, for given draws on the device of the images."""
        row = iter(draws)
        mirrored = next(row) if self.flip else None
        offsets = (next(row), next(row)) if self.shift else None
        if self.policy_first:
            images = self._after_policy(data, images, row)
        if mirrored is not None or offsets is not None:
            images = shift_and_flip(images, self.shift, mirrored, offsets)
        if self.policy != "none" and not self.policy_first:
            images = self._after_policy(data, images, row)
        x = data.normalise(images)
        if self.cutout:
            x = cut_out(x, self.cutout, next(row), next(row))
        return x

    def _plan(self, shape: tuple[int, ...], generator: torch.Generator) -> policies.Plan:
        if self.policy == "autoaugment":
            return policies.autoaugment(shape, generator)
        return policies.randaugment(shape, self.num_ops, self.magnitude, generator)

    def _after_policy(self, data: DataSet, images: Tensor, draws: Iterator[Tensor]) -> Tensor:
        """uint8 (B, C, H, W) -> the same. Raises ValueError for images that the policies were not made for."""
        if data.levels != 256 or images.shape[1] not in (1, 3):
            raise ValueError(
                f"policy: {self.policy!r} is for grey or RGB images of 256 levels; {data.name} has "
                f"{images.shape[1]} channels of {data.levels} levels"
            )
        steps = 2 if self.policy == "autoaugment" else self.num_ops
        numbers = torch.stack([next(draws) for _ in range(steps)], 1)
        actions = policies.actions(self.policy, self.magnitude, *images.shape[2:])
        return policies.apply(images, policies.Plan(actions, numbers))


def uniform(high: int, count: int, generator: torch.Generator) -> Tensor:
    """Integers (count,), uniform in [0, high)."""
    return torch.randint(0, high, (count,), generator=generator)


def shift_and_flip(
    images: Tensor, shift: int, mirrored: Tensor | None, offsets: tuple[Tensor, Tensor] | None
) -> Tensor:
    """uint8 (B, C, H, W) -> the same, channels last, shifted by up to `shift` pixels, then mirrored or not.

    mirrored (B,): 0 or 1. offsets: of the crop's first row and column in the padded image, (B,) each.
    With channels last a row of the crop is one piece of memory, W * C bytes that may start anywhere: rows are
    copied whole. A gather of single pixels takes several times as long.
    """
    b, c, h, w = images.shape
    numbers = torch.arange(b, device=images.device)
    rows = images.permute(0, 2, 3, 1).reshape(b, h, w * c)
    if offsets is not None:
        down, right = offsets
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


def cut_out(x: Tensor, side: int, row: Tensor, column: Tensor) -> Tensor:
    """(B, C, H, W), channels last, with a square of zeros in each image, in place; zero is the mean.

    row, column (B,): the square's centre. Source: T. DeVries and G. W. Taylor, "Improved regularization of
    convolutional neural networks with cutout" (2017).
    """
    b, c, h, w = x.shape
    half, odd = divmod(side, 2)

    def inside(places: Tensor, centre: Tensor) -> Tensor:
        distance = places - centre.view(b, 1)
        return (distance >= -half) & (distance < half + odd)

    rows = inside(torch.arange(h, device=x.device), row)
    columns = inside(torch.arange(w * c, device=x.device) // c, column)
    hole = rows.view(b, h, 1) & columns.view(b, 1, w * c)
    x.permute(0, 2, 3, 1).view(b, h, w * c).masked_fill_(hole, 0.0)
    return x
