"""How fast is the device? Each measurement is a function that yields rows; those that matter most come first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmarks.gpu.steps import BLOX, C16, C32, C64, TINY, Known, epoch, rates, step_rows
from benchmarks.gpu.workloads import augmentation, proxies, scoring, several_runs
from benchmarks.timing import Row

Measure = Callable[[torch.device, Known], Iterator[Row]]


def all_measures(quick: bool) -> list[tuple[str, Measure]]:
    sizes = [TINY] if quick else [C16, C32, BLOX, C64]
    first: list[tuple[str, Measure]] = [("rates", partial(rates, quick=quick))]
    steps: list[tuple[str, Measure]] = [
        (size.name, partial(step_rows, size=size, quick=quick)) for size in sizes
    ]
    return [
        *first,
        *steps[:2],
        ("a whole epoch", partial(epoch, quick=quick)),
        ("scoring, embedded size", partial(scoring, quick=quick, large=False)),
        ("several runs", partial(several_runs, quick=quick)),
        ("augmentation", partial(augmentation, quick=quick)),
        *steps[3:],
        ("the ranking study", projection),
        ("scoring, C16 N5", partial(scoring, quick=quick, large=True)),
        *steps[2:3],
        ("proxies", partial(proxies, quick=quick)),
    ]


def projection(device: torch.device, known: Known) -> Iterator[Row]:
    """The ranking study's 610 trainings in hours of this device, from the measured steps: images by the measured time
    of an image and path at the nearest width, by multiply-accumulates elsewhere. Scoring and augmentation not
    counted."""
    from benchmarks.gpu.study import trainings

    for precision in ("ieee", "tf32", "bf16"):
        names = [size for size in (C32, C64) if f"{size.name} fair group {precision}" in known]
        if not names:
            continue
        hours, scaled = trainings(known, names, precision)
        what = f"{precision}; {scaled} of another width or masked, by their multiply-accumulates"
        yield Row("610 trainings of the ranking study", what, hours, hours, "h")
