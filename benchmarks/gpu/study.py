"""The ranking study's trainings in hours, from measured steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import mean

from benchmarks.gpu.work import Work
from studies import catalog
from studies.model.variant import Variant
from supernet.spaces import Size, get_space

STUDIES = ("search_space_subsets", "linear_transformers", "training_variants", "width_and_metrics", "depth")
IMAGES = 45_000


def trainings(known: Mapping[str, float], measured: Sequence[Work], precision: str) -> tuple[float, int]:
    """Hours of all, and how many of them are not of a measured width with every operation allowed."""
    total, scaled = 0.0, 0
    seen: set[str] = set()
    for name in STUDIES:
        study = catalog.get(name)
        for variant in study.variants:
            for seed in study.seeds:
                if isinstance(variant, Variant) and variant.run_id(seed) not in seen:
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
    fair = variant.sampling.kind == "fair"
    what, paths = ("fair group", 5) if fair else ("one path", 1)
    a_path = known[f"{nearest.name} {what} {precision}"] / paths
    training = variant.training
    batches = training.batches(IMAGES) * training.total_epochs(IMAGES) if training.epochs else 0
    if training.updates is not None:
        batches = training.updates * (variant.masked_space.fair_group_size if fair else 1)
    ratio = macs(variant.size, variant.mask) / macs(nearest.size, ())
    return batches * a_path * ratio, ratio == 1


@lru_cache
def macs(size: Size, mask: tuple[str, ...]) -> float:
    """Of an average network."""
    space = get_space("nasbench201", mask)
    return mean(space.cost(a, size).macs for a in space.sample(20, 0))
