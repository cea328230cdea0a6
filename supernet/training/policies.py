"""AutoAugment and RandAugment for batches of uint8 images, every image with draws of its own.

torchvision's transforms of these names draw once for whatever they are given, a batch included. Here the draws are
per image; then the images that share an operation and a magnitude go through torchvision's function together.
Operations, magnitudes and what is drawn are torchvision's, and so are its defaults: nearest neighbour, black where
an image was moved away.

Source: E. D. Cubuk et al., "AutoAugment: Learning augmentation strategies from data" (CVPR 2019), appendix A: the
policy found on reduced CIFAR-10; E. D. Cubuk et al., "RandAugment: Practical automated data augmentation with a
reduced search space" (NeurIPS 2020).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from supernet.training.config import BINS
from supernet.training.policy_operations import Action, apply_tables, operate

# One line a sub-policy: two operations, each with its probability and the number of its magnitude.
CIFAR10 = """
    Invert 0.1 0, Contrast 0.2 6
    Rotate 0.7 2, TranslateX 0.3 9
    Sharpness 0.8 1, Sharpness 0.9 3
    ShearY 0.5 8, TranslateY 0.7 9
    AutoContrast 0.5 0, Equalize 0.9 0
    ShearY 0.2 7, Posterize 0.3 7
    Color 0.4 3, Brightness 0.6 7
    Sharpness 0.3 9, Brightness 0.7 9
    Equalize 0.6 0, Equalize 0.5 0
    Contrast 0.6 7, Sharpness 0.6 5
    Color 0.7 7, TranslateX 0.5 8
    Equalize 0.3 0, AutoContrast 0.4 0
    TranslateY 0.4 3, Sharpness 0.2 6
    Brightness 0.9 6, Color 0.2 8
    Solarize 0.5 2, Invert 0.0 0
    Equalize 0.2 0, AutoContrast 0.6 0
    Equalize 0.2 0, Equalize 0.6 0
    Color 0.9 9, Equalize 0.6 0
    AutoContrast 0.8 0, Solarize 0.2 8
    Brightness 0.1 3, Color 0.7 0
    Solarize 0.4 5, AutoContrast 0.9 0
    TranslateY 0.9 9, TranslateY 0.7 9
    AutoContrast 0.9 0, Solarize 0.8 3
    Equalize 0.8 0, Invert 0.1 0
    TranslateY 0.7 9, AutoContrast 0.9 0
"""
SIGNED = (
    "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast", "Sharpness",
)  # fmt: skip
RANDAUGMENT = ("Identity", *SIGNED, "Posterize", "Solarize", "AutoContrast", "Equalize")


def magnitude(operation: str, number: int, bins: int, height: int, width: int) -> float:
    """The magnitude with that number in 0..bins-1, before its sign; 0 for operations that have none."""
    ends = {
        "ShearX": (0.0, 0.3),
        "ShearY": (0.0, 0.3),
        "TranslateX": (0.0, 150 / 331 * width),
        "TranslateY": (0.0, 150 / 331 * height),
        "Rotate": (0.0, 30.0),
        **dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), (0.0, 0.9)),
        "Solarize": (1.0, 0.0),
    }
    if operation == "Posterize":  # bits that are kept
        return float(8 - torch.tensor(number / ((bins - 1) / 4)).round())
    if operation in ends:
        return float(torch.linspace(*ends[operation], bins)[number])
    return 0.0


class Plan(NamedTuple):
    """The actions of a batch: actions holds each different one once; numbers (B, steps): which, in which order."""

    actions: tuple[Action, ...]
    numbers: Tensor


def apply(images: Tensor, plan: Plan) -> Tensor:
    """uint8 (B, C, H, W) -> the same: each image after its own actions, one step after the other."""
    if images.is_cuda:
        return apply_tables(images, plan.actions, plan.numbers)
    return apply_sorted(images, plan)


def apply_sorted(images: Tensor, plan: Plan) -> Tensor:
    """Images are sorted by action, so that each action is one call for all of them."""
    images = images.contiguous()
    for numbers in plan.numbers.unbind(1):
        order = numbers.argsort()
        counts = numbers.bincount(minlength=len(plan.actions)).tolist()
        parts = zip(images.index_select(0, order).split(counts), plan.actions, strict=True)
        done = torch.cat([operate(part, action) for part, action in parts if len(part)])
        images = done.index_select(0, order.argsort())
    return images


def actions(policy: str, number: int, height: int, width: int) -> tuple[Action, ...]:
    """What the numbers of a policy's plans mean for images of that size; number: RandAugment's magnitude."""
    return _cifar10(height, width)[0] if policy == "autoaugment" else _randaugment(number, height, width)[0]


def autoaugment(shape: tuple[int, ...], generator: torch.Generator) -> Plan:
    """For images (B, C, H, W): one of the 25 sub-policies for each, its two operations each with their probability and
    a sign. The plan is on the generator's device, the host."""
    b = shape[0]
    actions, table, chances = _cifar10(*shape[2:])
    chosen = torch.randint(0, len(table), (b,), generator=generator)
    happens = torch.rand(b, 2, generator=generator) <= chances[chosen]
    positive = torch.randint(0, 2, (b, 2), generator=generator)
    numbers = table[chosen].gather(2, positive.unsqueeze(2)).squeeze(2)
    return Plan(actions, torch.where(happens, numbers, 0))


def randaugment(shape: tuple[int, ...], num_ops: int, number: int, generator: torch.Generator) -> Plan:
    """For images (B, C, H, W): num_ops of the 14 operations for each, with replacement, each with a sign; one
    magnitude for all."""
    b = shape[0]
    actions, table = _randaugment(number, *shape[2:])
    chosen = torch.randint(0, len(table), (b, num_ops), generator=generator)
    positive = torch.randint(0, 2, (b, num_ops), generator=generator)
    return Plan(actions, table[chosen, positive])


@lru_cache
def _cifar10(height: int, width: int) -> tuple[tuple[Action, ...], Tensor, Tensor]:
    """The actions (the first is Identity); their numbers (25, 2, sign); the probabilities (25, 2)."""
    rows = [[part.split() for part in line.split(",")] for line in CIFAR10.strip().splitlines()]
    bins = BINS["autoaugment"]
    pairs = [
        [_both_signs(name, magnitude(name, int(number), bins, height, width)) for name, _, number in row]
        for row in rows
    ]
    actions, numbers = _numbered([pair for row in pairs for pair in row])
    chances = torch.tensor([[float(chance) for _, chance, _ in row] for row in rows])
    return actions, numbers.view(len(rows), 2, 2), chances


@lru_cache
def _randaugment(number: int, height: int, width: int) -> tuple[tuple[Action, ...], Tensor]:
    """The actions (the first is Identity); their numbers (14, sign)."""
    bins = BINS["randaugment"]
    return _numbered(
        [_both_signs(name, magnitude(name, number, bins, height, width)) for name in RANDAUGMENT]
    )


def _both_signs(name: str, level: float) -> tuple[Action, Action]:
    """The action with a negative and with a positive magnitude; the same twice if it has no sign."""
    return Action(name, -level if name in SIGNED else level), Action(name, level)


def _numbered(pairs: list[tuple[Action, Action]]) -> tuple[tuple[Action, ...], Tensor]:
    """Each different action once, Identity first, and the pairs as their numbers (n, 2)."""
    found = {Action("Identity"): 0}
    numbers = [[found.setdefault(action, len(found)) for action in pair] for pair in pairs]
    return tuple(found), torch.tensor(numbers)
