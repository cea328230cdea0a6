"""What a training is expected to take, from one measured step.

Measured (docs/benchmarks/step.md): a step of the ranking study's small supernet, one path of NAS-Bench-201 on 256
images, takes 0.854 s of two CPU cores. Other sizes and masks are taken to cost as much for each multiply-accumulate,
which is an extrapolation; Blox, whose operations are of another kind, has not been measured.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import mean

from studies.model.variant import Variant
from supernet.spaces import Size, get_space

MEASURED = Size(channels=32, stages=3, cells_per_stage=2)
CORE_SECONDS = 2 * 0.854 / 256  # an image and path
IMAGES = {"cifar10": 45_000}  # that train
SAMPLE = 500  # architectures whose mean stands for the space


def expected_seconds(variant: Variant) -> float | None:
    """Seconds of one CPU core that a training is expected to take, without its scoring; None where no measured step
    is near: another space or other images."""
    if variant.space != "nasbench201" or variant.data.name not in IMAGES or variant.data.subset is not None:
        return None
    training, sampling, batch = variant.training, variant.sampling, variant.training.batch_size
    group = variant.masked_space.fair_group_size if sampling.kind == "fair" else 1
    if training.epochs is not None:
        paths = training.epochs * math.ceil(IMAGES[variant.data.name] / batch)
        paths *= group if sampling.batches == "same" else 1
    else:
        assert training.updates is not None
        paths = training.updates * group
    relative = _macs(variant.mask, variant.size) / _macs((), MEASURED)
    return round(paths * batch * CORE_SECONDS * relative, -2)


@lru_cache
def _macs(mask: tuple[str, ...], size: Size) -> float:
    """Mean multiply-accumulates of a path."""
    space = get_space("nasbench201", mask)
    cells = [cell for cell, _ in zip(space.enumerate(), range(SAMPLE), strict=False)]
    return mean(space.cost(cell, size).macs for cell in cells)
