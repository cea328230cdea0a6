"""How cost grows: with architectures, images, width and runs; the ratio is of the time to that of the first row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.timing import Row, compare
from studies import embedded
from supernet.data import DataConfig, Split, load
from supernet.fast.memory import keep_freed_memory
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.scoring import Scorer
from supernet.spaces import Size, get_space


def run(quick: bool) -> Iterator[Row]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    keep_freed_memory()
    turns = 1 if quick else 3
    try:
        counts = (20, 40) if quick else (250, 500, 1000, 2000)
        variants = {f"{n} architectures": partial(score, n, 397, 8) for n in counts}
        yield from grown("scoring NAS-Bench-201, 397 images, C8", variants, turns=turns)
        few = counts[0]
        variants = {
            f"{n} images": partial(score, few, n, 8) for n in ((100, 200) if quick else (100, 200, 397, 1397))
        }
        yield from grown(f"scoring {few} architectures, C8", variants, turns=turns)
        variants = {f"C{c}": partial(score, few, 397, c) for c in ((8, 16) if quick else (8, 16, 32))}
        yield from grown(f"scoring {few} architectures, 397 images", variants, turns=turns)
    finally:
        torch.set_num_threads(threads)
    variants = {f"{n} runs, 2 workers": partial(runs, n) for n in ((1, 2) if quick else (1, 2, 4, 8))}
    yield from grown("smoke runs of the quickstart, start-up included", variants, turns=turns)


def grown(work: str, variants: Mapping[str, Callable[[], object]], turns: int) -> Iterator[Row]:
    """Rows whose ratio says how many times longer than the first."""
    for row in compare(work, variants, turns=turns):
        assert row.ratio is not None
        yield replace(row, ratio=1 / row.ratio)


def score(architectures: int, images: int, channels: int) -> None:
    """Score a random sample under random weights. More images than there are for validation: those of training too."""
    space, data = get_space("nasbench201"), load(DataConfig(name=embedded.DATA))
    size = Size(**{**vars(embedded.SIZES["nasbench201"]), "channels": channels})
    network = seeded(Supernet, NetworkConfig(space=space, size=size), seed=0)
    whole = [torch.cat([getattr(s, name) for s in (data.valid, data.train)]) for name in ("images", "labels")]
    scorer = Scorer(network, data, Split(*(tensor[:images] for tensor in whole)), "batch")
    for _ in scorer(space.sample(architectures, seed=1)):
        pass


def runs(count: int) -> None:
    """That many runs of the quickstart's smoke size, with two workers."""
    from studies.catalog.quickstart import study
    from studies.model.smoke import smoke
    from studies.running.execute import Plan, execute

    with TemporaryDirectory() as folder, redirect_stderr(StringIO()):
        plan = Plan.of(smoke(study()), Path(folder))
        uniform = [run for run in plan.runs if run.variant.space == "nasbench201"]
        chosen = [
            type(run)(run.variant, seed, Path(folder) / str(seed))
            for seed in range(count)
            for run in uniform[:1]
        ]
        execute(plan, chosen, "cpu", 2)
