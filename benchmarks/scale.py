"""The benchmarks `scale` and `growth`: studies of thousands of runs, and how cost grows.

Seconds are of the processor, without the start of Python and its imports; memory is the most that the process had, with
PyTorch in it.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch

from analysis.measures.collect import collect
from analysis.report.tables.study import print_table
from analysis.store import result as result_file
from analysis.store import scores
from analysis.store.scored import ScoredSet
from benchmarks import NB201
from benchmarks.timing import Row, below, compare, measured, one_thread
from studies import embedded
from studies.catalog import quickstart
from studies.commands.show import show_plan
from studies.estimators.one_shot import OneShot
from studies.model.smoke import smoke
from studies.model.study import Run, Study, Truth
from studies.model.variant import Variant
from studies.running.execute import execute
from studies.running.plan import Plan
from studies.running.run import task_of, train
from studies.running.state import record
from supernet.data import DataConfig
from supernet.data.dataset import Split
from supernet.data.loading import load_data
from supernet.fast.memory import keep_freed_memory
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.scoring.scorer import Scorer
from supernet.spaces import Size, get_space
from supernet.training.trainer import Trainer

RUNS = 10_000
SEEDS = 5
MASKS: tuple[tuple[str, ...], ...] = ((), ("none",), ("skip_connect",), ("avg_pool_3x3",))
STATES = {0: "failed", 1: "diverged", 2: "missing"}  # of 50 runs, so many of each; the rest have finished
EVERY = 50


def study(runs: int) -> Study:
    """A grid of four masks and as many learning rates as it takes."""
    recipe = embedded.STAND_ALONE[NB201]
    base = Variant(
        name="",
        space=NB201,
        size=embedded.SIZES[NB201],
        estimator=OneShot(training=recipe),
        data=DataConfig(name=embedded.DATA),
        expected_seconds=10.0,
    )
    variants = tuple(
        base.changed(
            name=f"rate {number}{''.join(f', without {name}' for name in mask)}",
            training=replace(recipe, lr=0.01 + 0.0001 * number),
            mask=mask,
        )
        for number in range(runs // SEEDS // len(MASKS))
        for mask in MASKS
    )
    return Study(
        name="scale",
        title="A grid of made-up results",
        question="How long does it take?",
        note="MADE UP: no network was trained",
        variants=variants,
        truth={NB201: Truth("nasbench201-digits", "digits_test")},
        seeds=tuple(range(SEEDS)),
        scored=ScoredSet(top=500, random=1000),
    )


def make_up(root: Path, runs: int) -> None:
    """Results and scores as runs would leave them."""
    plan = Plan.of(study(runs), root)
    plan.write()
    texts: dict[tuple[str, ...], list[str]] = {}
    for number, run in enumerate(plan.runs):
        run.folder.mkdir(parents=True)
        state = STATES.get(number % EVERY, "finished")
        result: dict[str, Any] = {"run_id": run.folder.name, "status": state}
        result["reason"] = None if state == "finished" else "made up"
        if state in ("finished", "diverged"):
            result |= {"updates": 276, "epochs": 12, "train_seconds": 8.0, "score_seconds": 2.0}
        if state == "finished":
            architectures = plan.architectures(run)
            if run.variant.mask not in texts:
                texts[run.variant.mask] = list(map(run.variant.masked_space.text, architectures))
            made_up_scores(texts[run.variant.mask], number).to_parquet(run.folder / scores.FILE, index=False)
            result["scored"] = record(run, architectures, None)
        if state != "missing":  # not by result_file.write, which waits for the disk
            (run.folder / result_file.FILE).write_text(json.dumps(result_file.sealed(run.folder, result)))


def made_up_scores(texts: list[str], seed: int) -> pd.DataFrame:
    """A file of scores, one row an architecture; accuracies of 397 images, as the digits have."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "arch": texts,
            "measure": "batch",
            "score": 100 * rng.integers(100, 350, len(texts)) / 397,
            "loss": rng.uniform(0.5, 2.5, len(texts)),
            "status": "ok",
            "seconds": rng.uniform(0.001, 0.002, len(texts)),
        }
    ).sort_values("arch", ignore_index=True)


def scale(quick: bool) -> Iterator[Row]:
    """Scale: a study of 10,000 runs expanded, shown and collected, from made-up results; what a run adds to its
    training."""
    runs = 200 if quick else RUNS
    with TemporaryDirectory() as folder:
        root = Path(folder)
        make_up(root, runs)
        for what, seconds, megabytes in GOALS:
            taken, peak = measured(WORK[what], root, runs)
            for name, value, unit, limit in (
                (what, taken, "s", seconds),
                (f"{what}: memory", peak, "MB", megabytes),
            ):
                yield Row.of(f"{runs:,} runs", name, [value], unit, goal=below(value, limit, unit))
        yield from of_an_epoch(root, turns=1 if quick else 7)


def expand(root: Path, runs: int) -> None:
    Plan.of(study(runs), root)


def show(root: Path, runs: int) -> None:
    """What `studies show` does."""
    with contextlib.redirect_stdout(io.StringIO()):
        show_plan(Plan.of(study(runs), root))


def table(root: Path, runs: int) -> None:
    """What `analysis table` does."""
    with contextlib.redirect_stdout(io.StringIO()):
        print_table(collect(root / "scale", with_points=False))


def of_an_epoch(root: Path, turns: int) -> Iterator[Row]:
    """A training, and what a run adds to it: lock, checkpoints, history, and with TensorBoard its curves."""
    small = study(SEEDS * len(MASKS))
    bare, logged = (Plan.of(small, root / "epochs", milestones=which).runs[0] for which in (None, ()))

    def loop() -> Trainer:
        trainer: Trainer = bare.variant.estimator.computation.build(
            bare.variant.estimator, task_of(bare, "cpu")
        )
        return trainer

    def trained(run: Run) -> None:
        shutil.rmtree(run.folder, ignore_errors=True)
        result = train(run, "cpu", lambda phase, fraction, detail: None)
        assert result["status"] == "finished", result["reason"]

    variants: dict[str, Callable[[], object]] = {
        "the bare loop": lambda: loop().run(),
        "a run: lock, checkpoints": partial(trained, bare),
        "a run: lock, checkpoints, TensorBoard": partial(trained, logged),
    }
    epochs = loop().epochs
    yield from compare(f"training of {epochs} epochs, digits C8", variants, turns=turns)


WORK = {"expanding": expand, "studies show": show, "analysis table": table, "analysis table, again": table}
GOALS = (
    ("expanding", 2.0, None),
    ("studies show", 20.0, None),
    ("analysis table", 100.0, 800.0),
    ("analysis table, again", 30.0, 800.0),  # with what is kept beside the study
)  # seconds and MB


def growth(quick: bool) -> Iterator[Row]:
    """How cost grows: with architectures, images, width and runs; the ratio is of the time to that of the first row."""
    keep_freed_memory()
    turns = 1 if quick else 3
    counts = (20, 40) if quick else (250, 500, 1000, 2000)
    few = counts[0]
    with one_thread():
        variants = {f"{n} architectures": partial(score, n, 397, 8) for n in counts}
        yield from grown("scoring NAS-Bench-201, 397 images, C8", variants, turns=turns)
        variants = {
            f"{n} images": partial(score, few, n, 8) for n in ((100, 200) if quick else (100, 200, 397, 1397))
        }
        yield from grown(f"scoring {few} architectures, C8", variants, turns=turns)
        variants = {f"C{c}": partial(score, few, 397, c) for c in ((8, 16) if quick else (8, 16, 32))}
        yield from grown(f"scoring {few} architectures, 397 images", variants, turns=turns)
    variants = {f"{n} runs, 2 workers": partial(runs, n) for n in ((1, 2) if quick else (1, 2, 4, 8))}
    yield from grown("smoke runs of the quickstart, start-up included", variants, turns=turns)


def grown(work: str, variants: Mapping[str, Callable[[], object]], turns: int) -> Iterator[Row]:
    """Rows whose ratio says how many times longer than the first."""
    for row in compare(work, variants, turns=turns):
        assert row.ratio is not None
        yield replace(row, ratio=1 / row.ratio)


def score(architectures: int, images: int, channels: int) -> None:
    """Score a random sample under random weights. More images than there are for validation: those of training too."""
    space, data = get_space(NB201), load_data(DataConfig(name=embedded.DATA))
    size = Size(**{**vars(embedded.SIZES[NB201]), "channels": channels})
    network = seeded(Supernet, NetworkConfig(space=space, size=size), seed=0)
    whole = [torch.cat([getattr(s, name) for s in (data.valid, data.train)]) for name in ("images", "labels")]
    scorer = Scorer(network, data, Split(*(tensor[:images] for tensor in whole)), "batch")
    for _ in scorer(space.sample(architectures, seed=1)):
        pass


def runs(count: int) -> None:
    """That many runs of the quickstart's smoke size, with two workers."""
    with TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        plan = Plan.of(smoke(quickstart.study()), Path(folder))
        uniform = [run for run in plan.runs if run.variant.space == NB201]
        chosen = [
            type(run)(run.variant, seed, Path(folder) / str(seed))
            for seed in range(count)
            for run in uniform[:1]
        ]
        execute(plan, chosen, "cpu", 2)
