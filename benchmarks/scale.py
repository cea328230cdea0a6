"""Scale: a study of 10,000 runs expanded, shown and collected, from made-up results; what a run adds to its training.

Seconds are of the processor, without the start of Python; memory is the most that the process had, with PyTorch in it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from analysis.store import result as result_file
from analysis.store.scored import ScoredSet
from benchmarks.timing import Row, compare, measured
from studies import embedded
from studies.estimators.one_shot import build
from studies.model.study import Run, Study, Truth
from studies.model.variant import Variant
from studies.running.execute import Plan
from studies.running.run import train
from studies.running.scores import record
from supernet.data import DataConfig

RUNS = 10_000
SEEDS = 5
MASKS: tuple[tuple[str, ...], ...] = ((), ("none",), ("skip_connect",), ("avg_pool_3x3",))
STATES = {0: "failed", 1: "diverged", 2: "missing"}  # of 50 runs, so many of each; the rest have finished
EVERY = 50
DIFFERENT = 40  # files of scores; runs share them, for what is measured is reading


def study(runs: int) -> Study:
    """A grid of four masks and as many learning rates as it takes."""
    base = Variant(
        name="",
        space="nasbench201",
        size=embedded.SIZES["nasbench201"],
        training=embedded.STAND_ALONE["nasbench201"],
        data=DataConfig(name=embedded.DATA),
        expected_seconds=10.0,
    )
    variants = tuple(
        replace(
            base,
            name=f"rate {number}{''.join(f', without {name}' for name in mask)}",
            training=replace(base.training, lr=0.01 + 0.0001 * number),
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
        truth={"nasbench201": Truth("nasbench201-digits", "digits_test")},
        seeds=tuple(range(SEEDS)),
        scored=ScoredSet(top=500, random=1000),
    )


def make_up(root: Path, runs: int) -> None:
    """Results and scores as runs would leave them."""
    plan = Plan.of(study(runs), root)
    plan.write()
    files: dict[tuple[tuple[str, ...], int], Path] = {}
    for number, run in enumerate(plan.runs):
        run.folder.mkdir(parents=True)
        state = STATES.get(number % EVERY, "finished")
        result: dict[str, Any] = {"run_id": run.folder.name, "status": state}
        result["reason"] = None if state == "finished" else "made up"
        if state in ("finished", "diverged"):
            result |= {"updates": 276, "epochs": 12, "train_seconds": 8.0, "score_seconds": 2.0}
        if state == "finished":
            architectures, path = plan.architectures(run), run.folder / "scores.parquet"
            first = files.setdefault((run.variant.mask, number % DIFFERENT), path)
            if first == path:
                texts = [run.variant.masked_space.text(architecture) for architecture in architectures]
                made_up_scores(texts, number).to_parquet(path, index=False)
            else:
                os.link(first, path)
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


def run(quick: bool) -> Iterator[Row]:
    runs = 200 if quick else RUNS
    with TemporaryDirectory() as folder:
        root = Path(folder)
        make_up(root, runs)
        for what, seconds, megabytes in GOALS:
            taken, peak = measured(WORK[what], root, runs)
            yield _row(f"{runs:,} runs", what, taken, "s", seconds)
            yield _row(f"{runs:,} runs", f"{what}: memory", peak, "MB", megabytes)
        yield from of_an_epoch(root, turns=1 if quick else 7)


def _row(work: str, variant: str, value: float, unit: str, limit: float | None) -> Row:
    goal, met = ("", None) if limit is None else (f"< {limit:g} {unit}", value < limit)
    return Row(work, variant, value, value, unit, goal=goal, met=met)


def expand(root: Path, runs: int) -> None:
    Plan.of(study(runs), root)


def show(root: Path, runs: int) -> None:
    """What `studies show` does."""
    from studies.commands.show import show

    with contextlib.redirect_stdout(io.StringIO()):
        show(Plan.of(study(runs), root))


def table(root: Path, runs: int) -> None:
    """What `analysis table` does."""
    from analysis.measures.collect import collect
    from analysis.report.tables.study import print_table

    with contextlib.redirect_stdout(io.StringIO()):
        print_table(collect(root / "scale", with_points=False))


def of_an_epoch(root: Path, turns: int) -> Iterator[Row]:
    """A training, and what a run adds to it: lock, checkpoints, history, and with TensorBoard its curves."""
    small = study(SEEDS * len(MASKS))
    bare, logged = (Plan.of(small, root / "epochs", milestones=which).runs[0] for which in (None, ()))

    def trained(run: Run) -> None:
        shutil.rmtree(run.folder, ignore_errors=True)
        result = train(run, "cpu", lambda phase, fraction, detail: None)
        assert result["status"] == "finished", result["reason"]

    variants: dict[str, Callable[[], object]] = {
        "the bare loop": lambda: build(bare, "cpu").run(),
        "a run: lock, checkpoints": partial(trained, bare),
        "a run: lock, checkpoints, TensorBoard": partial(trained, logged),
    }
    epochs = build(bare, "cpu").epochs
    yield from compare(f"training of {epochs} epochs, digits C8", variants, turns=turns)


WORK = {
    "expanding": expand,
    "studies show": show,
    "analysis table": table,
}
GOALS = (
    ("expanding", 2.0, None),
    ("studies show", 20.0, None),
    ("analysis table", 60.0, 1000.0),
)  # seconds and MB
