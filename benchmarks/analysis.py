"""The benchmark `analysis`.

A goal that is a time is one of processor time: others on the machine do not count.
"""

from __future__ import annotations

import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from scipy import stats

from analysis.measures.collect import collect
from analysis.measures.correlate import ranking
from analysis.report.study_page import write_report
from analysis.statistics import uncertainty
from analysis.statistics.correlation import pearson_of, spearman_of, tau_of, weighted_tau_of
from analysis.statistics.pairs import Floats, Pair
from analysis.statistics.topn import shuffles, topn_mean_tau
from analysis.statistics.uncertainty import RESAMPLES, interval, mean_tau, resamples
from benchmarks import NB201
from benchmarks.scale import make_up
from benchmarks.timing import Row, below, compare, measured
from supernet.spaces import get_space

COMMANDS = {
    "studies": ("", "list", "show", "run", "space", "describe", "truth"),
    "analysis": ("", "compare", "correlate", "figure", "report", "table"),
}


def run(quick: bool) -> Iterator[Row]:
    """Analysis: coefficients and intervals against SciPy and torchmetrics, all that is said of whole spaces, a report,
    the commands.

    Everything starts anew each time: no resample and no permutation is kept from one turn to the next."""
    turns = 1 if quick else 7
    for n in (1_000, 15_625):
        if n == 1_000 or not quick:
            yield from coefficients(n, turns)
            yield from against_torchmetrics(n, turns)
    yield from intervals(1_000, turns)
    for n, limit in ((15_625, 1.0), (91_125, 5.0)):
        if n == 15_625 or not quick:
            call = anew(partial(ranking, *columns(n)))
            yield under(f"all measures with intervals, n = {n:,}", "ranking", call, limit, turns)
    call = anew(partial(topn_mean_tau, *columns(15_625), permutations=10_000))
    yield under("10,000 permutations, n = 15,625", "topn_mean_tau", call, 1.0, turns)
    yield from report(60 if quick else 610)
    yield from helps(1 if quick else 5)
    yield comparison(1 if quick else 5)


def columns(n: int) -> tuple[Floats, Floats]:
    """Truth with two decimals, as accuracies have, and scores related to it, both (n,)."""
    rng = np.random.default_rng(0)
    truth = np.round(90 + 3 * rng.normal(size=n), 2)
    return truth, truth + 3 * rng.normal(size=n)


def anew(call: Callable[[], object]) -> Callable[[], None]:
    """The call without what earlier ones left behind."""

    def fresh() -> None:
        resamples.cache_clear()
        shuffles.cache_clear()
        uncertainty._tau_and_influence.cache_clear()
        call()

    return fresh


def coefficients(n: int, turns: int) -> list[Row]:
    """Four coefficients of n architectures: each alone as SciPy has them, and of counts that they share."""
    truth, scores = columns(n)

    def shared() -> list[float | None]:
        pair = Pair(truth, scores)
        return [of(pair).value for of in (tau_of, spearman_of, pearson_of, weighted_tau_of)]

    alone = (stats.kendalltau, stats.spearmanr, stats.pearsonr, stats.weightedtau)
    variants: dict[str, Callable[[], object]] = {
        "SciPy, one after another": lambda: [of(truth, scores).statistic for of in alone],
        "counts shared": shared,
    }
    return compare(f"tau-b, Spearman, Pearson, weighted tau, n = {n:,}", variants, turns=turns)


def against_torchmetrics(n: int, turns: int) -> list[Row]:
    """The three coefficients that torchmetrics has too, on the same inputs, its own in double precision and one call a
    coefficient; [] where it is not installed (requirements-dev.txt). All are checked to agree before they are timed."""
    if find_spec("torchmetrics") is None:
        return []
    from torchmetrics.functional import kendall_rank_corrcoef, pearson_corrcoef, spearman_corrcoef

    truth, scores = columns(n)
    tensors = torch.from_numpy(truth), torch.from_numpy(scores)

    def shared() -> list[float]:
        pair = Pair(truth, scores)
        return [of(pair).value or 0.0 for of in (tau_of, spearman_of, pearson_of)]

    def scipy() -> list[float]:
        return [
            float(of(truth, scores).statistic) for of in (stats.kendalltau, stats.spearmanr, stats.pearsonr)
        ]

    def torchmetrics() -> list[float]:
        functions = (kendall_rank_corrcoef, spearman_corrcoef, pearson_corrcoef)
        return [float(np.asarray(of(*tensors))) for of in functions]

    variants = {"SciPy": scipy, "torchmetrics": torchmetrics, "counts shared": shared}
    for name, call in variants.items():
        np.testing.assert_allclose(call(), shared(), atol=1e-6, err_msg=name)
    few = turns if n <= 1_000 else min(turns, 3)  # its Kendall goes over all pairs
    return compare(f"tau-b, Spearman, Pearson, n = {n:,}", variants, turns=few)


def intervals(n: int, turns: int) -> list[Row]:
    """The interval of tau-b over n architectures; both bootstraps of the very same resamples."""
    truth, scores = columns(n)

    def loop() -> Floats:
        taus = [
            stats.kendalltau(np.repeat(truth, counts), np.repeat(scores, counts)).statistic
            for counts in resamples(n, 0).astype(int)
        ]
        return np.quantile(taus, (0.025, 0.975))

    products, jackknife = "counts of resamples", "infinitesimal jackknife"
    variants = {
        f"kendalltau in a loop of {RESAMPLES:,} resamples": anew(loop),
        products: anew(lambda: interval(truth, scores)),
        jackknife: anew(lambda: mean_tau(truth, [scores])),
    }
    work = f"interval of tau-b, n = {n:,}"
    return compare(work, variants, turns=turns, least={products: 6.0, jackknife: 38.0})


def under(work: str, variant: str, call: Callable[[], object], limit: float, turns: int) -> Row:
    """A row whose goal is a time, in seconds of this process."""
    call()
    seconds = []
    for _ in range(turns):
        begin = time.process_time()
        call()
        seconds.append(time.process_time() - begin)
    return Row.of(work, variant, seconds, goal=below(statistics.median(seconds), limit, "s"))


def report(runs: int) -> Iterator[Row]:
    """`analysis report` of a study of so many made-up runs; memory is the most that its process had, the page as it is
    on disk."""
    with tempfile.TemporaryDirectory() as folder:
        make_up(Path(folder), runs)
        seconds, megabytes = measured(_report, Path(folder, "scale"))
        size = Path(folder, "scale", "report.html").stat().st_size / 1e6
    work = f"analysis report, {runs:,} runs"
    for what, value, unit, limit in (
        ("the page with its figures", seconds, "s", 35.0),
        ("memory", megabytes, "MB", 800.0),
        ("size of the page", size, "MB", 5.0),
    ):
        yield Row.of(work, what, [value], unit, goal=below(value, limit, unit))


def _report(folder: Path) -> None:
    write_report(collect(folder))


def helps(turns: int) -> Iterator[Row]:
    """--help of every command, the slowest of each program."""
    for program, commands in COMMANDS.items():
        times = {}
        for command in commands:
            words = [program, *([command] if command else []), "--help"]
            times[" ".join(words)] = [_command(words) for _ in range(turns)]
        slowest = max(times, key=lambda words: statistics.median(times[words]))
        goal = below(statistics.median(times[slowest]), 0.4, "s")
        yield Row.of("slowest --help", slowest, times[slowest], goal=goal)


def comparison(turns: int) -> Row:
    """`analysis correlate` of two CSV files with every architecture of NAS-Bench-201, baselines included."""
    space = get_space(NB201)
    texts = [space.text(cell) for cell in itertools.product(range(5), repeat=6)]
    with tempfile.TemporaryDirectory() as folder:
        words = ["analysis", "correlate"]
        for option, values in zip(("truth", "scores"), columns(len(texts)), strict=True):
            path = Path(folder, f"{option}.csv")
            lines = [f"{text},{value}" for text, value in zip(texts, values, strict=True)]
            path.write_text("\n".join(["arch,value", *lines]) + "\n")
            words += [f"--{option}", f"{path}:value"]
        seconds = [_command(words) for _ in range(turns)]
    return Row.of(f"analysis correlate, {len(texts):,} rows", "the command", seconds)


def _command(words: list[str]) -> float:
    """Processor seconds of `python -m ...`, start included. Raises CalledProcessError if it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", *words], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
