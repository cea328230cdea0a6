"""What the policies' operations do to images: by torchvision's functions and, on a GPU, by tables.

On a GPU every image goes through the same calls, and tables say what they do to it.

A few tables hold what torchvision's functions do for each action of a policy: where a moved image takes its pixels
from, and what each of 256 levels becomes. They are made once, by these very functions. Colour, contrast and sharpness
blend an image with another one, by a ratio each; auto-contrast and equalisation are computed for all images and taken
by those that asked for them. So no call depends on the draws, nothing is asked of the device, and the whole can be
captured as a CUDA graph.

The results are those of torchvision's functions image by image; a blended level may differ by one where the product
and the sum are rounded together on one device and apart on another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from types import ModuleType
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

MOVES = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")
LEVELS = ("Brightness", "Posterize", "Solarize", "Invert")
BLENDS = ("Color", "Contrast", "Sharpness")


class Action(NamedTuple):
    """An operation and its magnitude, in the units that torchvision gives the operation."""

    operation: str
    magnitude: float = 0.0


@cache
def functional() -> ModuleType:
    """torchvision's functions. Their import takes a second, and trainings without a policy do not need them."""
    from torchvision.transforms.v2 import functional

    return functional


def operate(images: Tensor, action: Action) -> Tensor:
    """uint8 (B, 1 or 3, H, W) -> the same: the action on each image."""
    V = functional()
    name, level = action
    if name in ("ShearX", "ShearY", "TranslateX", "TranslateY"):
        shear, translate = [0.0, 0.0], [0, 0]
        if name.startswith("Shear"):
            shear["XY".index(name[-1])] = math.degrees(math.atan(level))
            return V.affine(images, angle=0.0, translate=translate, scale=1.0, shear=shear, center=[0, 0])
        translate["XY".index(name[-1])] = int(level)
        return V.affine(images, angle=0.0, translate=translate, scale=1.0, shear=shear)
    if name == "Identity":
        return images
    if name == "Rotate":
        return V.rotate(images, level)
    if name == "Brightness":
        return V.adjust_brightness(images, 1 + level)
    if name == "Color":
        return V.adjust_saturation(images, 1 + level)
    if name == "Contrast":
        return V.adjust_contrast(images, 1 + level)
    if name == "Sharpness":
        return V.adjust_sharpness(images, 1 + level)
    if name == "Posterize":
        return V.posterize(images, int(level))
    if name == "Solarize":
        return V.solarize(images, 255 * level)
    return {"AutoContrast": V.autocontrast, "Equalize": V.equalize, "Invert": V.invert}[name](images)


class Tables(NamedTuple):
    """For each of A actions. places (A, H * W): the pixel that each pixel comes from, counted from 1; 0 is black.
    levels (A, 256) uint8: what each level becomes. ratios (3, A): of the image in Color, Contrast and Sharpness,
    1 elsewhere. others: of each (Color, Contrast, Sharpness, AutoContrast, Equalize), whether there is such an action.
    wanted (5, A): whether the action is that one."""

    places: Tensor
    levels: Tensor
    ratios: Tensor
    others: tuple[bool, ...]
    wanted: Tensor


FUNCTIONS = (*BLENDS, "AutoContrast", "Equalize")


@lru_cache(maxsize=8)
def tables(actions: tuple[Action, ...], height: int, width: int, device: torch.device) -> Tables:
    """The tables of a policy's actions for images of that size, on `device`."""
    numbers = torch.arange(1, height * width + 1)
    # A pixel's number in base 256 as three grey images: nearest neighbour moves whole pixels.
    digits = torch.stack([numbers // 256**power % 256 for power in range(3)])
    digits = digits.to(torch.uint8).view(3, 1, height, width)
    weights = 256 ** torch.arange(3).view(3, 1)
    grey = torch.arange(256, dtype=torch.uint8).view(1, 1, 1, 256)
    places, levels = [], []
    for action in actions:
        moved = operate(digits, action) if action.operation in MOVES else digits
        places.append((moved.view(3, -1).long() * weights).sum(0))
        levels.append((operate(grey, action) if action.operation in LEVELS else grey).view(256))
    names = [action.operation for action in actions]
    ratios = [
        [1 + action.magnitude if action.operation == name else 1.0 for action in actions] for name in BLENDS
    ]
    wanted = torch.tensor([[name == function for name in names] for function in FUNCTIONS])
    return Tables(
        torch.stack(places).to(device),
        torch.stack(levels).to(device),
        torch.tensor(ratios, dtype=torch.float64).to(device),
        tuple(function in names for function in FUNCTIONS),
        wanted.to(device),
    )


def apply_tables(images: Tensor, actions: Sequence[Action], numbers: Tensor) -> Tensor:
    """uint8 (B, 1 or 3, H, W) -> the same: each image after the actions numbers (B, steps), one after the other."""
    V = functional()
    b, c, h, w = images.shape
    made = tables(tuple(actions), h, w, images.device)
    functions: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
        saturated,
        contrasted,
        sharpened,
        lambda x, ratio: stretched(x),
        lambda x, ratio: V.equalize(x),
    )
    pixels = images.permute(0, 2, 3, 1).reshape(b, h * w, c)
    for number in numbers.unbind(1):
        black = pixels.new_zeros(b, 1, c)
        places = made.places.index_select(0, number).unsqueeze(2).expand(b, h * w, c)
        pixels = torch.cat([black, pixels], 1).gather(1, places)
        levels = made.levels.index_select(0, number)
        pixels = levels.gather(1, pixels.view(b, -1).long()).view(b, h * w, c)
        before = pixels.view(b, h, w, c).permute(0, 3, 1, 2)
        x = before
        for index, function in enumerate(functions):
            if not made.others[index]:
                continue
            ratio = made.ratios[index].index_select(0, number) if index < len(BLENDS) else number
            wanted = made.wanted[index].index_select(0, number)
            x = torch.where(wanted.view(b, 1, 1, 1), function(before, ratio.view(b, 1, 1, 1)), x)
        pixels = x.permute(0, 2, 3, 1).reshape(b, h * w, c).contiguous()
    return pixels.view(b, h, w, c).permute(0, 3, 1, 2)


def blended(image: Tensor, other: Tensor, ratio: Tensor) -> Tensor:
    """ratio * image + (1 - ratio) * other, clamped and cut off to whole levels; ratio (B, 1, 1, 1) float64."""
    mixed = image.float() * ratio.float() + other * (1 - ratio).float()
    return mixed.clamp_(0, 255).to(torch.uint8)


def grey(image: Tensor) -> Tensor:
    """Luminance (B, 1, H, W), as torchvision weighs the channels, cut off to whole levels."""
    if image.shape[1] == 1:
        return image.float()
    r, g, b = image.unbind(1)
    return r.mul(0.2989).add_(g, alpha=0.587).add_(b, alpha=0.114).floor_().unsqueeze(1)


def saturated(image: Tensor, ratio: Tensor) -> Tensor:
    return image if image.shape[1] == 1 else blended(image, grey(image), ratio)


def contrasted(image: Tensor, ratio: Tensor) -> Tensor:
    return blended(image, grey(image).mean((1, 2, 3), keepdim=True), ratio)


def sharpened(image: Tensor, ratio: Tensor) -> Tensor:
    """Blended with its blurred self: weights 1, in the middle 5, over 13; the border stays as it is."""
    if min(image.shape[2:]) <= 2:
        return image
    whole = image.float()
    total = F.avg_pool2d(whole, 3, 1, divisor_override=1)
    blurred = (total / 13 + whole[..., 1:-1, 1:-1] * (4 / 13)).round_()
    inner = whole[..., 1:-1, 1:-1]
    inner.add_((blurred - inner) * (1 - ratio).float())
    return whole.clamp_(0, 255).to(torch.uint8)


def stretched(image: Tensor) -> Tensor:
    """Auto-contrast: the levels of each channel from 0 to 255."""
    x = image.float()
    low, high = x.amin((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
    flat = low == high
    low, scale = low.masked_fill(flat, 0.0), ((high - low) * (1 / 255)).masked_fill(flat, 1.0)
    return x.sub_(low).div_(scale).clamp_(0, 255).to(torch.uint8)
