"""How everything here is timed: variants of one piece of work take turns in one process, and what counts is the
ratio of a variant to the reference in the same turn. Absolute times depend on the machine and its mood."""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import torch

Goal = tuple[str, bool] | None  # in words, and whether it is met


@dataclass(frozen=True)
class Row:
    """One line of the table. median, minimum: seconds (or what `unit` says). ratio: reference / variant, the
    median over turns, above 1 is faster than the reference. goal: what is aimed at, in words; met: whether it is."""

    work: str
    variant: str
    median: float
    minimum: float
    unit: str = "s"
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None

    @classmethod
    def of(
        cls, work: str, variant: str, values: Sequence[float], unit: str = "s", ratio: float | None = None,
        goal: Goal = None,
    ) -> Row:  # fmt: skip
        """The row of what was measured, once or several times."""
        text, met = goal or ("", None)
        return cls(work, variant, statistics.median(values), min(values), unit, ratio, text, met)


def at_least(ratio: float, least: float | None) -> Goal:
    """The goal to be so many times faster; None: there is none."""
    return None if least is None else (f">= {least:g}x", ratio >= least)


def below(value: float, limit: float | None, unit: str) -> Goal:
    """The goal to stay below a limit."""
    return None if limit is None else (f"< {limit:g} {unit}", value < limit)


def at_most(value: float, limit: float, unit: str) -> Goal:
    """The goal not to be above a limit."""
    return f"<= {limit:g} {unit}", value <= limit


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch computes on one thread, as in a worker of a study."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def take_turns(variants: Mapping[str, Callable[[], object]], turns: int) -> dict[str, list[float]]:
    """Seconds of each call, (turns,) for each variant; one untimed call of each goes before."""
    for call in variants.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(turns):
        for name, call in variants.items():
            begin = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def ratio(seconds: Mapping[str, list[float]], reference: str, variant: str) -> float:
    """How many times faster than the reference: the median of the ratios of the turns."""
    pairs = zip(seconds[reference], seconds[variant], strict=True)
    return statistics.median(first / second for first, second in pairs)


def compare(
    work: str,
    variants: Mapping[str, Callable[[], object]],
    *,
    turns: int,
    least: Mapping[str, float] | None = None,
) -> list[Row]:
    """Rows of the variants, the first of which is the reference. least: the goals for the ratio, by variant."""
    seconds = take_turns(variants, turns)
    reference = next(iter(variants))
    rows = []
    for name, values in seconds.items():
        factor = ratio(seconds, reference, name)
        goal = at_least(factor, (least or {}).get(name))
        rows.append(Row.of(work, name, values, ratio=factor, goal=goal))
    return rows


def peak_memory(function: Callable[..., object], *args: object) -> float:
    """Largest resident memory in MB of a new process that calls function(*args); function is a module's own."""
    return measured(function, *args)[1]


def measured(function: Callable[..., object], *args: object) -> tuple[float, float]:
    """The same, and before it the processor seconds of the call."""
    with other_process(_measured, function, args) as connection:
        try:
            seconds, megabytes = connection.recv()
        except EOFError:
            raise OSError(f"{function.__name__}: its process died") from None
    return float(seconds), float(megabytes)


@contextmanager
def other_process(function: Callable[..., None], *args: object) -> Iterator[Connection]:
    """A new process that calls function(connection, *args), a module's own, and the other end of the connection, which
    is closed at the end."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=function, args=(theirs, *args), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join()


def _measured(connection: Connection, function: Callable[..., object], args: tuple[object, ...]) -> None:
    begin = time.process_time()
    function(*args)
    seconds = time.process_time() - begin
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the process that started this one had
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        kilobytes = float(line.split()[1])
    else:
        maximum = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        kilobytes = maximum / (1024 if sys.platform == "darwin" else 1)
    connection.send((seconds, kilobytes / 1024))
