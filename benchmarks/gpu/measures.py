"""How fast is the device? Each measurement is a function that yields rows; those that matter most come first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from statistics import mean

import torch

from benchmarks import NB201
from benchmarks.gpu.steps import TINY, Known, epoch, rates, step_rows
from benchmarks.gpu.workloads import augmentation, proxies, scoring, several_runs
from benchmarks.timing import Row
from benchmarks.work import BLOX_C32, C16, C32, C64, Work
from studies import catalog
from studies.model.variant import Variant
from supernet.spaces import Size, get_space

STUDIES = ("search_space_subsets", "linear_transformers", "training_variants", "width_and_metrics", "depth")
IMAGES = 45_000
Measure = Callable[[torch.device, Known], Iterator[Row]]


def all_measures(quick: bool) -> list[tuple[str, Measure]]:
    sizes = [TINY] if quick else [C16, C32, BLOX_C32, C64]
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
    for precision in ("ieee", "tf32", "bf16"):
        names = [size for size in (C32, C64) if f"{size.name} fair group {precision}" in known]
        if not names:
            continue
        hours, scaled = trainings(known, names, precision)
        what = f"{precision}; {scaled} of another width or masked, by their multiply-accumulates"
        yield Row.of("610 trainings of the ranking study", what, [hours], "h")


def trainings(known: Mapping[str, float], measured: Sequence[Work], precision: str) -> tuple[float, int]:
    """Hours of all, and how many of them are not of a measured width with every operation allowed."""
    total, scaled = 0.0, 0
    seen: set[str] = set()
    for name in STUDIES:
        study = catalog.get(name)
        for variant in study.variants:
            for seed in study.seeds:
                if variant.estimator.trains_supernet and variant.run_id(seed) not in seen:
                    seen.add(variant.run_id(seed))
                    seconds, same = of_run(variant, known, measured, precision)
                    total += seconds
                    scaled += not same
    assert len(seen) == 610
    return total / 3600, scaled


def of_run(
    variant: Variant, known: Mapping[str, float], measured: Sequence[Work], precision: str
) -> tuple[float, bool]:
    """Seconds of one training, and whether its very size was measured."""
    nearest = min(measured, key=lambda work: abs(macs(work.size, ()) - macs(variant.size, variant.mask)))
    config = variant.config(0)
    fair = config["sampling"]["kind"] == "fair"
    what, paths = ("fair group", 5) if fair else ("one path", 1)
    a_path = known[f"{nearest.name} {what} {precision}"] / paths
    images = variant.estimator.trained_images(variant.masked_space, IMAGES) or 0
    batches = images / config["training"]["batch_size"]
    ratio = macs(variant.size, variant.mask) / macs(nearest.size, ())
    return batches * a_path * ratio, ratio == 1


@lru_cache
def macs(size: Size, mask: tuple[str, ...]) -> float:
    """Of an average network."""
    space = get_space(NB201, mask)
    return mean(space.cost(a, size).macs for a in space.sample(20, 0))
