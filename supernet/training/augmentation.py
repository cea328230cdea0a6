"""Augmentation of whole batches at once, on the device of the images.

In this order, which is that of torchvision's reference trainings: shift and flip, policy, normalisation, cutout;
noise last. With `policy_first`, as in Blox's recipe, the policy comes before shift and flip. All draws come from the
generator given, which is the host's, other for each image: first they are drawn, as integers, then applied, which no
value of the device's is needed for.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from supernet.data.dataset import DataSet
from supernet.fast.device import gaussian, sent
from supernet.training import policies
from supernet.training.config import Augmentation


def augment(settings: Augmentation, data: DataSet, images: Tensor, generator: torch.Generator) -> Tensor:
    """uint8 (B, C, H, W), best channels last -> normalised float32 (B, C, H, W), channels last.

    Raises ValueError for images that the policies were not made for."""
    x = apply(settings, data, images, sent(draw(settings, images.shape, generator), images.device))
    return with_noise(settings, x, generator)


def with_noise(settings: Augmentation, x: Tensor, generator: torch.Generator) -> Tensor:
    """The last step: float32 (B, C, H, W) -> the same with noise, channels last."""
    if settings.noise:
        x = x + settings.noise * gaussian(x.shape, generator, x.device)
    return x.contiguous(memory_format=torch.channels_last)


def draw(settings: Augmentation, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """All draws but the noise for images (B, C, H, W), as `apply` takes them: int64 (draws, B)."""
    b, _, h, w = shape
    rows: list[Tensor] = []
    if settings.flip:
        rows.append(uniform(2, b, generator))
    if settings.shift:
        rows += [uniform(2 * settings.shift + 1, b, generator) for _ in range(2)]
    if settings.policy != "none":
        rows += _plan(settings, shape, generator).numbers.unbind(1)
    if settings.cutout:
        rows += [uniform(side, b, generator) for side in (h, w)]
    return torch.stack(rows) if rows else torch.empty(0, b, dtype=torch.long)


def apply(settings: Augmentation, data: DataSet, images: Tensor, draws: Tensor) -> Tensor:
    """What `augment` gives, without noise, for given draws on the device of the images."""
    row = iter(draws)
    mirrored = next(row) if settings.flip else None
    offsets = (next(row), next(row)) if settings.shift else None
    if settings.policy_first:
        images = _after_policy(settings, data, images, row)
    if mirrored is not None or offsets is not None:
        images = shift_and_flip(images, settings.shift, mirrored, offsets)
    if settings.policy != "none" and not settings.policy_first:
        images = _after_policy(settings, data, images, row)
    x = data.normalise(images)
    if settings.cutout:
        x = cut_out(x, settings.cutout, next(row), next(row))
    return x


def _plan(settings: Augmentation, shape: tuple[int, ...], generator: torch.Generator) -> policies.Plan:
    if settings.policy == "autoaugment":
        return policies.autoaugment(shape, generator)
    return policies.randaugment(shape, settings.num_ops, settings.magnitude, generator)


def _after_policy(settings: Augmentation, data: DataSet, images: Tensor, draws: Iterator[Tensor]) -> Tensor:
    """uint8 (B, C, H, W) -> the same. Raises ValueError for images that the policies were not made for."""
    if data.levels != 256 or images.shape[1] not in (1, 3):
        raise ValueError(
            f"policy: {settings.policy!r} is for grey or RGB images of 256 levels; {data.name} has "
            f"{images.shape[1]} channels of {data.levels} levels"
        )
    steps = 2 if settings.policy == "autoaugment" else settings.num_ops
    numbers = torch.stack([next(draws) for _ in range(steps)], 1)
    actions = policies.actions(settings.policy, settings.magnitude, *images.shape[2:])
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
