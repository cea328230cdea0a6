"""Progress for people: a bar on a terminal, elsewhere one line now and then, both with the time left. Of many runs in
worker processes: each sends what it has done, one listener shows it. And how long a run is expected to take.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from statistics import mean
from typing import Any

from tqdm import tqdm

from studies.model.study import Run
from studies.model.variant import Variant
from supernet.spaces import Size, get_space


def duration(seconds: float) -> str:
    """'45 s', '3 min 20 s' or '2 h 05 min'."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


MEASURED_SPACE, MEASURED = "nasbench201", Size(channels=32, stages=3, cells_per_stage=2)
CORE_SECONDS = 2 * 0.854 / 256  # of an image and path of it
IMAGES = {"cifar10": 45_000}  # that train
SAMPLE = 500  # architectures whose mean cost stands for the space's


def expected_seconds(variant: Variant) -> float | None:
    """Seconds of one CPU core that a run is expected to take: as the catalogue says, else of a supernet's training,
    without its scoring, by one measured step. None where that is not near: another space, other images, no supernet.

    Measured (docs/benchmarks/step.md): a step of the ranking study's small supernet, one path of NAS-Bench-201 on 256
    images, takes 0.854 s of two CPU cores. Other sizes and masks are taken to cost as much for each
    multiply-accumulate, which is an extrapolation; Blox, whose operations are of another kind, has not been measured.
    """
    if variant.expected_seconds is not None:
        return variant.expected_seconds
    if variant.space != MEASURED_SPACE or variant.data.name not in IMAGES or variant.data.subset is not None:
        return None
    trained = variant.estimator.trained_images(variant.masked_space, IMAGES[variant.data.name])
    if trained is None:
        return None
    relative = _macs(variant.mask, variant.size) / _macs((), MEASURED)
    return round(trained * CORE_SECONDS * relative, -2)


@lru_cache
def _macs(mask: tuple[str, ...], size: Size) -> float:
    """Mean multiply-accumulates of a path."""
    space = get_space(MEASURED_SPACE, mask)
    cells = [cell for cell, _ in zip(space.enumerate(), range(SAMPLE), strict=False)]
    return mean(space.cost(cell, size).macs for cell in cells)


class Progress:
    """Work done towards `total`: shown as a count if it is counted in ints, else in percent. Lines go to standard
    error, at least `every` seconds apart."""

    def __init__(self, title: str, total: float, every: float = 10.0) -> None:
        self.title, self.total, self.every = title, total, every
        self.begin = self.last = time.monotonic()
        self.first: float | None = None
        self.terminal = sys.stderr.isatty()
        layout = "{desc} {percentage:3.0f}% |{bar}| {elapsed}<{remaining}"
        self.bar = tqdm(total=total, desc=title, bar_format=layout, disable=not self.terminal)

    def update(self, done: float) -> None:
        """`done` so far. What was done before the first call (by an earlier run) does not count for the speed."""
        now = time.monotonic()
        if self.first is None:
            self.first = done
        if self.terminal:
            self.bar.n = min(done, self.total)
            self.bar.refresh()
        elif now - self.last >= self.every or done >= self.total:
            self.last = now
            shown = f"{done}/{self.total}" if isinstance(done, int) else f"{100 * done / self.total:.0f} %"
            print(f"{self.title}: {shown}{self.left(done, now)}", file=sys.stderr, flush=True)

    def left(self, done: float, now: float) -> str:
        """', about 3 min 20 s left', or nothing while it cannot be told."""
        new = done - (self.first or 0)
        if new <= 0 or done >= self.total:
            return ""
        return f", about {duration((now - self.begin) / new * (self.total - done))} left"

    def line(self, text: str) -> None:
        """Print a line of its own without breaking the bar."""
        if self.terminal:
            self.bar.write(text, file=sys.stderr)
        else:
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        self.bar.close()


Report = Callable[[str, float, str], None]  # 'train' or 'score', fraction done of it, detail

LINE_EVERY = 5.0  # seconds between two lines of one run where there is no terminal


class Reporter:
    """A worker's side: report(phase, fraction, detail) sends at most every tenth of a second. A worker whose messages
    nobody takes any more ends: the study's process says so, and the run goes on another time."""

    def __init__(self, number: int, part: tuple[int, int], messages: Any) -> None:
        self.number, self.part, self.messages = number, part, messages
        self.last = 0.0

    def __call__(self, phase: str, fraction: float, detail: str) -> None:
        now = time.monotonic()
        if now - self.last >= 0.1 or fraction >= 1:
            self.last = now
            try:
                self.messages.put((self.number, self.part, phase, fraction, detail))
            except (EOFError, OSError):
                os._exit(1)


class RunsProgress(Progress):
    """The listener's side. Runs weigh as much as they are expected to take."""

    def __init__(self, title: str, runs: list[Run]) -> None:
        self.runs = runs
        self.weights = [expected_seconds(run.variant) or 1.0 for run in runs]
        self.done: list[dict[object, float]] = [
            defaultdict(float) for _ in runs
        ]  # share of each phase and part
        super().__init__(title, sum(self.weights), every=15.0)

    def listen(self, messages: Any) -> None:
        """Shows what the workers send until None comes: (position of the run, part k of n, phase, fraction of it
        done, detail); phase 'train', 'score' or 'done'."""
        shown = [0.0] * len(self.runs)
        with suppress(EOFError, ConnectionError):  # the sender was interrupted
            while (message := messages.get()) is not None:
                number, part, phase, fraction, detail = message
                self.note(number, part, phase, fraction)
                now = time.monotonic()
                if phase == "done" or (not self.terminal and now - shown[number] >= LINE_EVERY):
                    shown[number] = now
                    of = f" (part {part[0] + 1} of {part[1]})" if part[1] > 1 else ""
                    self.line(f"{self.runs[number].name}{of}: {detail}")

    def note(self, number: int, part: tuple[int, int], phase: str, fraction: float) -> None:
        """Count what was done and show the whole."""
        if phase == "done":
            self.done[number] = {"all": 1.0}
        else:
            preparing = self.runs[number].variant.estimator.preparing
            share = preparing if phase == "train" else (1 - preparing) / part[1]
            self.done[number][phase, part] = share * fraction
            if phase == "score":  # a training that was finished before says nothing
                self.done[number]["train", (0, 1)] = preparing
        self.update(sum(sum(d.values()) * w for d, w in zip(self.done, self.weights, strict=True)))
