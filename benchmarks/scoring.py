"""The benchmark `scoring`.

Reference: `plain`, evaluated as public code does, architecture by architecture. All architectures of a space are too
many for it: its time is extrapolated from random ones, in turns with the engine in the same process. All of Blox
takes minutes.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F

from benchmarks import BLOX, NB201
from benchmarks.plain import PlainSupernet
from benchmarks.timing import Row, at_least, at_most, peak_memory
from studies import embedded
from supernet.data import DataConfig
from supernet.data.dataset import evaluation_set
from supernet.data.loading import load_data
from supernet.fast.memory import keep_freed_memory
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.scoring import BnMode
from supernet.scoring.plan import Planner, Workload
from supernet.scoring.scorer import Scorer
from supernet.spaces import Architecture, Size, get_space

LONG, TURNS = 5000, 10


class Scores:
    """A space's embedded network on the digits' validation images, for the engine and for the reference."""

    def __init__(self, space: str) -> None:
        torch.set_num_threads(1)
        keep_freed_memory()  # as a worker does
        self.space = get_space(space)
        self.config = NetworkConfig(space=self.space, size=embedded.SIZES[space])
        network = seeded(Supernet, self.config, seed=0)
        self.plain = PlainSupernet(self.config)
        self.plain.load_state_dict(network.state_dict())
        self.plain.train()  # statistics of the batch
        data = load_data(DataConfig(name=embedded.DATA))
        self.images, self.labels = evaluation_set(data, data.valid, embedded.NOISE)
        self.images = self.images.contiguous()
        self.scorer = Scorer(network, data, data.valid, "batch", noise=embedded.NOISE)

    def naive(self, architectures: list[Architecture]) -> float:
        """Seconds for one architecture."""
        begin = time.perf_counter()
        with torch.no_grad():
            for architecture in architectures:
                logits = self.plain(self.images, self.space.path(architecture, self.config.size))
                float((logits.argmax(1) == self.labels).float().mean())
                float(F.cross_entropy(logits, self.labels))
        return (time.perf_counter() - begin) / len(architectures)

    def engine(self, architectures: list[Architecture]) -> float:
        """Seconds for all, planning included."""
        begin = time.perf_counter()
        assert sum(1 for _ in self.scorer(architectures)) == len(architectures)
        return time.perf_counter() - begin

    def rows(self, what: str, which: list[Architecture], sample: int, least: float | None) -> Iterator[Row]:
        """The engine on all of `which`, taking turns with the reference on a random sample of them: in ten parts
        where it takes long, else all of it three times.

        least: the goal; small samples have none, as they share little."""
        drawn = random.Random(1).sample(which, sample)
        self.naive(drawn[:3])
        long = len(which) > LONG
        parts = self.scorer.planner.shards(which, TURNS) if long else [which] * 3
        references, seconds = [], []
        for part in parts:
            references.append(self.naive(drawn) * len(which))
            seconds.append(self.engine(part))  # type: ignore[arg-type]
        plain = statistics.mean(references)
        work = f"score {what}, C8 8x8, {len(self.labels)} images"
        yield Row(work, f"plain, from {len(parts)} x {sample}", plain, min(references))
        values = [sum(seconds)] if long else seconds
        ratio = plain / statistics.mean(values)
        yield Row.of(work, "engine", values, ratio=ratio, goal=at_least(ratio, least))
        plan = self.scorer.plan(which)
        counted = f"multiply-accumulates, {plan.naive_macs:.4g} to {plan.macs:.4g}"
        yield count(work, counted, plan.naive_macs / plan.macs)


def count(work: str, what: str, ratio: float) -> Row:
    """Counted, not timed."""
    return Row(work, what, ratio, ratio, unit="x", goal="counted")


def run(quick: bool) -> Iterator[Row]:
    """Scoring many architectures: each distinct function once, features shared, against one forward pass each."""
    sample, some = (20, 60) if quick else (100, 1000)
    for space, least in ((NB201, 3.5), (BLOX, 3.5)):
        work = Scores(space)
        which = random.Random(0).sample(list(work.space.enumerate()), some)
        yield from work.rows(
            f"{some} random of {work.space.title}", which, min(sample, some), None if quick else least
        )
    work = Scores(NB201)
    whole = list(work.space.enumerate())
    if quick:
        whole = sorted(whole)[8000:8300]
    for row in work.rows(f"{len(whole):,} of NAS-Bench-201", whole, sample, None if quick else 8.0):
        if row.variant == "engine" and not quick:
            text, met = "< 60 s", row.median < 60
            yield replace(row, variant="engine, in time", ratio=None, goal=text, met=met)
        yield row
    work = Scores(BLOX)
    blocks = get_space(BLOX).allowed_blocks  # type: ignore[attr-defined]
    first = blocks[:1] if quick else blocks[::15]
    fans = [one + two + three for one in first for two in blocks[:: 9 if quick else 5] for three in blocks]
    yield from work.rows(
        f"{len(fans):,} of Blox (all third blocks)", fans, min(sample, 30), None if quick else 12.0
    )
    if not quick:
        yield from work.rows("all 91,125 of Blox", list(work.space.enumerate()), 30, 12.0)
        peak = peak_memory(score_all)
        goal = at_most(peak, 1000, "MB")
        yield Row.of("score all of NAS-Bench-201", "peak memory", [peak], "MB", goal=goal)
    yield from counts(quick)


def score_all() -> None:
    """What the peak memory is of."""
    work = Scores(NB201)
    work.engine(list(work.space.enumerate()))


def counts(quick: bool) -> Iterator[Row]:
    """What sharing saves at the published sizes, counted for whole spaces."""
    sizes = [(NB201, Size(channels=16, stages=3, cells_per_stage=1))]
    if not quick:
        sizes += [
            (NB201, Size(channels=32, stages=3, cells_per_stage=2)),
            (NB201, Size(channels=16, stages=3, cells_per_stage=5)),
            (BLOX, Size(channels=32, stages=3, cells_per_stage=1)),
        ]
    for name, size in sizes:
        space = get_space(name)
        planner = Planner(NetworkConfig(space=space, size=size), Workload(mode=BnMode("batch"), budget=None))
        plan = planner.plan(space.enumerate())
        title = f"all of {space.title}, C{size.channels} N{size.cells_per_stage} 32x32"
        yield count(title, "fewer multiply-accumulates", plan.naive_macs / plan.macs)
        yield count(title, "fewer operations", plan.naive_operations / plan.operations)
