"""The benchmark `coverage`.

Truth and score are a bivariate normal pair of a given tau (or the score in steps, or the true top 20 % of it); what an
interval is of is the mean of the statistic over samples of as many architectures, from MANY further samples. Of a mean
over trainings, and of a difference, another study draws other architectures and other trainings. Verdicts: how often a
variant is called better or worse than a baseline whose value is its own mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri

from analysis.statistics.bins import mean_common_ratio
from analysis.statistics.correlation import weighted_tau
from analysis.statistics.crossed import LEVEL
from analysis.statistics.pairs import Floats, Pair
from analysis.statistics.significance import one_sample_p, paired_p, together
from analysis.statistics.topn import by_score, by_truth, regret
from analysis.statistics.uncertainty import (
    COEFFICIENTS,
    RESAMPLES,
    interval,
    mean_tau,
    paired_difference,
    taus,
    weighted_tau_interval,
)
from benchmarks.timing import Row

SIZES, TAUS = (30, 200, 1000), (0.0, 0.5, 0.8, 0.95)
KINDS = {"": "", "ties": ", scores in steps", "top": ", inside the true top 20 %"}
STUDIES, MANY = 400, 800
SEEDS, SPREADS = (2, 3, 5), (0.0, 0.1, 0.3)
TOP = 0.2
STEPS = 2  # of a scored standard deviation, where scores tie


def run(quick: bool) -> Iterator[Row]:
    """Coverage of the intervals: how often 95 % intervals hold the value that they are of, in simulated studies.

    A row for each statistic and setting: the share of the studies, and that less two standard errors."""
    for kind, words in KINDS.items():
        for n in SIZES[:1] if quick else SIZES:
            for tau in TAUS[1:2] if quick else TAUS if not kind else TAUS[1:3]:
                for name in STATISTICS:
                    studies = 20 if quick else STUDIES
                    many = 50 if quick else MANY // (1 + n // 500)
                    share, _, _ = coverage(name, Setting(n, tau, kind), studies, many)
                    yield _row(f"n = {n:,}, tau {tau}{words}", name, share, studies)
    for seeds in SEEDS[:1] if quick else SEEDS:
        for spread in SPREADS[:1] if quick else SPREADS:
            studies = 20 if quick else STUDIES
            how = Trainings(spread)
            both, alone, differ, wrong = means_and_verdicts(200, seeds, how, studies, 50 if quick else MANY)
            work = f"n = 200, {seeds} seeds, log spread of the noise {spread}"
            yield _row(work, "mean over seeds", both, studies)
            yield Row.of(work, "the same, over architectures alone", [100 * alone], "%")
            yield _row(work, "difference of two means", differ, studies)
            goal = "5 %", bool(wrong <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / studies))
            yield Row.of(work, "verdict against an equal baseline", [100 * wrong], "%", goal=goal)


def _row(work: str, what: str, share: float, studies: int) -> Row:
    """minimum: the share less two standard errors, as it is of so many studies."""
    least = max(0.0, share - 2 * np.sqrt(share * (1 - share) / studies))
    return Row(work, what, 100 * share, 100 * least, "%", goal="92 to 98 %", met=bool(0.92 <= share <= 0.98))


class Setting(NamedTuple):
    """n architectures, tau of truth and score, and what of them is looked at: '', 'ties' or 'top'."""

    n: int
    tau: float
    kind: str = ""


def draw(rng: np.random.Generator, setting: Setting) -> tuple[Floats, Floats]:
    """Truth and score, (n,) each."""
    n, rho = setting.n, np.sin(np.pi / 2 * setting.tau)
    truth = ndtri(1 - TOP * rng.uniform(size=n)) if setting.kind == "top" else rng.normal(size=n)
    score = rho * truth + np.sqrt(1 - rho**2) * rng.normal(size=n)
    return truth, np.floor(STEPS * score) if setting.kind == "ties" else score


def _share(truth: Floats, score: Floats) -> tuple[float, float, float]:
    ratio = mean_common_ratio(by_truth(truth), [by_score(score)], max(1, len(truth) // 10))
    assert ratio.value is not None
    assert ratio.low is not None
    assert ratio.high is not None
    return ratio.value, ratio.low, ratio.high


Ends = tuple[float | None, float | None]


def regret_bootstrap(truth: Floats, scores: Floats, k: int, seed: int = 0) -> Ends:
    """95 % percentile bootstrap of regret at k of truth and scores (n,): what the analysis does not give, and why.

    Of a resample only the best by truth and the first by score matter: how often each of these is drawn, and how often
    any other, is multinomial."""
    n = len(truth)
    rng = np.random.default_rng(seed)
    order = by_score(scores, seed)[: min(n, k + int(10 * np.sqrt(k)) + 40)]
    best = np.argsort(-truth, kind="stable")[:40]
    kept = np.union1d(order, best)
    shares = np.append(np.full(len(kept), 1 / n), max(0.0, 1 - len(kept) / n))
    counts = rng.multinomial(n, shares / shares.sum(), size=RESAMPLES)[:, :-1]
    place = np.searchsorted(kept, order)
    drawn = counts[:, place]
    inside = (drawn > 0) & (drawn.cumsum(axis=1) - drawn < k)
    chosen = np.where(inside, truth[order], -np.inf).max(axis=1)
    most = np.where(counts > 0, truth[kept], -np.inf).max(axis=1)
    low, high = np.quantile(most - chosen, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)


STATISTICS: dict[str, tuple[Callable[[Floats, Floats], Any], Callable[[Floats, Floats, int], Ends]]] = {
    name: (
        lambda x, y, one=one: one(Pair(x, y)).value,
        lambda x, y, seed, name=name: interval(x, y, name, seed=seed)[:2],
    )
    for name, one in COEFFICIENTS.items()
} | {
    "weighted_tau": (lambda x, y: weighted_tau(x, y).value, weighted_tau_interval),
    "common ratio, top 10 %": (lambda x, y: _share(x, y)[0], lambda x, y, seed: _share(x, y)[1:]),
    "regret@10, bootstrap": (
        lambda x, y: regret(x, y, 10),
        lambda x, y, seed: regret_bootstrap(x, y, 10, seed),
    ),
}


def coverage(
    name: str, setting: Setting, studies: int, many: int, seed: int = 0
) -> tuple[float, float, float]:
    """Shares of the intervals of a statistic of STATISTICS that hold the mean of it, lie below it, and above it."""
    value, ends = STATISTICS[name]
    rng = np.random.default_rng(seed)
    target = float(np.mean([value(*draw(rng, setting)) for _ in range(many)]))
    below = above = 0
    for study in range(studies):
        low, high = ends(*draw(rng, setting), study)
        assert low is not None
        assert high is not None
        below += high < target
        above += low > target
    return 1 - (below + above) / studies, below / studies, above / studies


class Trainings(NamedTuple):
    """A variant: its seeds' tau has this standard deviation over trainings; noise: of a score, shared by the trainings
    and of each alone, in standard deviations of the truth."""

    spread: float
    shared: float = 0.6
    own: float = 0.4


def trained(rng: np.random.Generator, truth: Floats, how: Trainings, seeds: int) -> list[Floats]:
    """A column of scores (n,) for each seed. A training's own quality scales its noise: a normal draw of log scale."""
    shared = how.shared * rng.normal(size=len(truth))
    scale = np.exp(how.spread * rng.normal(size=seeds))
    return [truth + one * (shared + how.own * rng.normal(size=len(truth))) for one in scale]


def means_and_verdicts(
    n: int, seeds: int, how: Trainings, studies: int, many: int, seed: int = 0
) -> tuple[float, float, float, float]:
    """Shares of the intervals that hold: of the mean over seeds, over both and over architectures alone; of the
    difference of two alike, which is 0; and of wrong verdicts against a baseline of the same mean."""
    rng = np.random.default_rng(seed)
    truths = (rng.normal(size=n) for _ in range(many))
    target = float(np.mean([taus(truth, trained(rng, truth, how, 1))[0] for truth in truths]))
    noise = _noise_of(target)
    hits = np.zeros(4)
    for _ in range(studies):
        truth = rng.normal(size=n)
        own = trained(rng, truth, how, seeds)
        mean = mean_tau(truth, own)
        other = trained(rng, truth, how, seeds)
        difference = paired_difference(truth, own, other)
        baseline = truth + noise * rng.normal(size=n)
        against = paired_difference(truth, own, [baseline], fixed=True)
        p = together(paired_p(against), one_sample_p(taus(truth, own), taus(truth, [baseline])[0]))
        hits += [
            _holds(mean.low, mean.high, target),
            _holds(*mean.architectures, target),
            _holds(difference.low, difference.high, 0.0),
            p is not None and p < 0.05,
        ]
    both, alone, differ, wrong = (float(share) for share in hits / studies)
    return both, alone, differ, wrong


def _noise_of(tau: float) -> float:
    """Standard deviation of noise with which a normal truth has this tau."""
    return float(np.sqrt(1 / np.sin(np.pi / 2 * tau) ** 2 - 1))


def _holds(low: float | None, high: float | None, value: float) -> bool:
    return low is not None and high is not None and low <= value <= high
