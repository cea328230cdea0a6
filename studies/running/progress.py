"""Progress for people: bars on a terminal, elsewhere one line now and then, both with the time left by measured speed.
Of many runs in worker processes: each sends what it has done, one listener shows it. And how long a run is expected to
take.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
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


class Speed:
    """Work a second, measured since this object was made; until enough is measured, mixed with what is known before.

    Args:
        known: speed that is known before anything is measured, None for none.
    """

    WORTH = 15.0  # seconds of measuring that the known speed counts for

    def __init__(self, known: float | None = None) -> None:
        self.begin, self.known = time.monotonic(), known

    def left(self, new: float, rest: float) -> float | None:
        """Seconds that the rest will take when `new` has been done here; None while that cannot be told."""
        seconds = time.monotonic() - self.begin
        if self.known is not None:
            new, seconds = new + self.known * self.WORTH, seconds + self.WORTH
        return rest * seconds / new if new > 0 else None


class Progress:
    """Work done towards `total`: shown as a count if it is counted in ints, else in percent. A bar on a terminal;
    elsewhere lines on standard error, at least `every` seconds apart. known: work a second, see Speed."""

    def __init__(self, title: str, total: float, every: float = 10.0, known: float | None = None) -> None:
        self.title, self.total, self.every = title, total, every
        self.speed, self.last = Speed(known), time.monotonic()
        self.first: float | None = None
        self.terminal = sys.stderr.isatty()
        self.bar = tqdm(
            total=total, desc=title, bar_format=BAR, disable=not self.terminal, dynamic_ncols=True
        )

    def update(self, done: float, before: float | None = None) -> None:
        """`done` so far, of which `before` by an earlier run (None: what was done at the first call): that does not
        count for the speed."""
        if self.first is None:
            self.first = done
        left = self.left(done, self.first if before is None else before)
        now = time.monotonic()
        if self.terminal:
            self.bar.n = min(done, self.total)
            self.bar.set_postfix_str(left, refresh=False)
            self.bar.refresh()
        elif now - self.last >= self.every or done >= self.total:
            self.last = now
            shown = f"{done}/{self.total}" if isinstance(done, int) else f"{100 * done / self.total:.0f} %"
            print(f"{self.title}: {shown}{left and f', {left}'}", file=sys.stderr, flush=True)

    def left(self, done: float, before: float) -> str:
        """'about 3 min 20 s left', or nothing while it cannot be told."""
        if done >= self.total:
            return ""
        seconds = self.speed.left(done - before, self.total - done)
        return "" if seconds is None else f"about {duration(seconds)} left"

    def line(self, text: str) -> None:
        """Print a line of its own without breaking the bars."""
        if self.terminal:
            self.bar.write(text, file=sys.stderr)
        else:
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        self.bar.close()


# 'train' or 'score', fraction done of it, detail; without a detail: so much was done before, by an earlier run.
Report = Callable[[str, float, str], None]

LINE_EVERY = 5.0  # seconds between two lines of one run where there is no terminal
BAR = "{desc} {percentage:3.0f} % |{bar}| {elapsed}{postfix}"
RUN_BAR = "  {desc} {percentage:3.0f} % |{bar:20}|{postfix}"
BARS = 8  # of single runs, below that of the study


class Reporter:
    """A worker's side: report(phase, fraction, detail) sends at most every tenth of a second. A worker whose messages
    nobody takes any more ends: the study's process says so, and the run goes on another time."""

    def __init__(self, number: int, part: tuple[int, int], messages: Any) -> None:
        self.number, self.part, self.messages = number, part, messages
        self.last = 0.0

    def __call__(self, phase: str, fraction: float, detail: str) -> None:
        now = time.monotonic()
        if now - self.last >= 0.1 or fraction >= 1 or not detail:
            self.last = now
            try:
                self.messages.put((self.number, self.part, phase, fraction, detail))
            except (EOFError, OSError):
                os._exit(1)


class RunsProgress(Progress):
    """The listener's side: a bar for all, and on a terminal one for each run that is being done.

    Runs weigh as much as they are expected to take: as other runs of the variant took (`measured`), else as the
    catalogue says. workers: how many run side by side."""

    def __init__(
        self,
        title: str,
        runs: list[Run],
        measured: Mapping[Variant, float] | None = None,
        workers: int = 1,
    ) -> None:
        self.runs = runs
        seconds = [(measured or {}).get(run.variant) or expected_seconds(run.variant) for run in runs]
        self.weights = [1.0 if one is None else max(one, 0.1) for one in seconds]
        # Shares of each run by phase and part: all that is done, and what of it an earlier run has done.
        self.done: list[dict[object, float]] = [defaultdict(float) for _ in runs]
        self.before: list[dict[object, float]] = [defaultdict(float) for _ in runs]
        self.bars: dict[int, tqdm[Any]] = {}
        known = None if None in seconds else float(min(workers, len(runs)))
        super().__init__(title, sum(self.weights), every=15.0, known=known)

    def listen(self, messages: Any) -> None:
        """Shows what the workers send until None comes: (position of the run, part k of n, phase, fraction of it
        done, detail); phase 'train', 'score' or 'done'."""
        shown = [0.0] * len(self.runs)
        with suppress(EOFError, ConnectionError):  # the sender was interrupted
            while (message := messages.get()) is not None:
                number, part, phase, fraction, detail = message
                self.note(number, part, phase, fraction, earlier=not detail)
                self.show(number, phase, detail)
                now = time.monotonic()
                if detail and (phase == "done" or (not self.terminal and now - shown[number] >= LINE_EVERY)):
                    shown[number] = now
                    of = f" (part {part[0] + 1} of {part[1]})" if part[1] > 1 else ""
                    self.line(f"{self.runs[number].name}{of}: {detail}")

    def note(
        self, number: int, part: tuple[int, int], phase: str, fraction: float, earlier: bool = False
    ) -> None:
        """Count what was done and show the whole. earlier: it was done before, by an earlier run."""
        done, before = self.done[number], self.before[number]
        if phase == "done":
            done.clear()
            done["all"] = 1.0
        else:
            preparing = self.runs[number].variant.estimator.preparing
            training = ("train", (0, 1))
            key, share = (phase, part), preparing if phase == "train" else (1 - preparing) / part[1]
            done[key] = share * fraction
            if earlier:
                before[key] = done[key]
            if phase == "score":  # a training that was finished before says nothing
                if training not in done:
                    before[training] = preparing
                done[training] = preparing
        self.update(self._work(self.done), self._work(self.before))

    def _work(self, shares: list[dict[object, float]]) -> float:
        return sum(sum(one.values()) * weight for one, weight in zip(shares, self.weights, strict=True))

    def show(self, number: int, phase: str, detail: str) -> None:
        """The run's own bar, while it is being done."""
        if not self.terminal:
            return
        if phase == "done":
            if (ended := self.bars.pop(number, None)) is not None:
                ended.close()
            return
        if number not in self.bars:
            if len(self.bars) >= BARS:
                return
            name = self.runs[number].name
            self.bars[number] = tqdm(
                total=1.0, desc=name, bar_format=RUN_BAR, leave=False, dynamic_ncols=True
            )
        bar = self.bars[number]
        bar.n = min(1.0, sum(self.done[number].values()))
        bar.set_postfix_str(detail, refresh=False)
        bar.refresh()

    def close(self) -> None:
        for bar in self.bars.values():
            bar.close()
        super().close()
