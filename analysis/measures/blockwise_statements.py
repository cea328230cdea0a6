"""What the Blox paper says of blockwise distillation, statement by statement, and whether a study bears it out.

A statement is made a comparison of a number with a bound: a share of networks with one half, a difference with 0, and a
correlation that the paper calls weak or high with WEAK. It is confirmed where the 95 % interval lies on the stated side
of the bound, contradicted where it lies on the other, else undecided.

What the intervals are over: shares and correlations of two accuracies, over architectures; what is of signatures, over
architectures or blocks and, where there are several, over trainings of teacher and blocks (crossed.py). A difference of
one training is undecided, whatever its interval.

Source: Chau et al., Blox (NeurIPS 2022), section 3 and supplement D, questions Q1 to Q6 and Q8.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from analysis.measures.baselines import costs_of
from analysis.measures.block_oracle import against_oracle, by_case, gap
from analysis.measures.blockwise import BlockwiseStudy, Tuned, epochs_of, rho
from analysis.measures.blockwise_search import predictors_of
from analysis.statistics.crossed import LEVEL, Mean, difference_of, mean_of
from analysis.statistics.pairs import Floats
from analysis.statistics.uncertainty import SMALLEST, spearman_group
from analysis.store.run import read_scores
from analysis.store.tables import join

WEAK = 0.5  # the paper calls .25 and .31 weak, and what its figure 10 shows high
SHARE, RHO, DIFFERENCE = "share", "rho", "difference of rho"
BEST, WORST = "best", "worst"
LOSS, CHANGE = "log MSE", "accuracy change"
SIGNATURES = {LOSS: "log_mse", CHANGE: "accuracy_change"}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement about one case.

    question: of the paper, 'Q1'; 'goal' for what it does not ask. of: the case, that is teacher, truth, labels.
    quantity: SHARE, RHO or DIFFERENCE of `value`, with its 95 % interval, None where there is none. n: architectures,
    or blocks. seeds: trainings of teacher and blocks. above: whether the statement says that the value is above
    `bound`, or below."""

    question: str
    statement: str
    of: str
    quantity: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    seeds: int = 1
    bound: float = WEAK
    above: bool = True

    @property
    def verdict(self) -> str:
        """'confirmed', 'contradicted' or 'undecided'."""
        if self.quantity == DIFFERENCE and self.seeds < 2:
            return "undecided"
        return verdict(self.low, self.high, self.bound, above=self.above)


def verdict(low: float | None, high: float | None, bound: float, *, above: bool) -> str:
    """Of an interval, where a statement says that the value is above the bound, or below."""
    if low is None or high is None or not (low > bound or high < bound):
        return "undecided"
    return "confirmed" if (low > bound) is above else "contradicted"


def statements(data: BlockwiseStudy) -> list[Statement]:
    """All that the study's finished runs can say, question by question."""
    tuned = {name: own[0] for name in data.names.values() if (own := data.tuned_from(name))}
    found = [
        *_students(data, tuned),
        *_blocks(data),
        *_predictors(data),
        *_other_fine_tuning(data, tuned),
        *_sums(data, tuned),
    ]
    return sorted(found, key=lambda one: one.question)


# Q1, Q2: students against teachers and against themselves


def _students(data: BlockwiseStudy, tuned: Mapping[str, Tuned]) -> Iterator[Statement]:
    scratch = data.truth.numbers
    for name, one in tuned.items():
        both = np.isfinite(scratch) & np.isfinite(one.test)
        x, y, of = scratch[both], one.test[both], f"{name} teacher"
        if not len(x):
            continue
        yield _share("Q1", "students improve on their teacher", of, y > data.accuracy(one.teacher))
        good = x >= np.quantile(x, 0.75)
        if name == BEST:
            text = "a good teacher improves students over training from scratch"
            yield _share("Q1", text, f"{of}, all students", y > x)
            yield _share("Q1", text, f"{of}, best quarter from scratch", (y > x)[good])
        if name == WORST:
            text = "a bad teacher holds back good students"
            yield _share("Q1", text, f"{of}, best quarter from scratch", (y > x)[good], above=False)
            text = "a bad teacher's students do not improve over training from scratch"
            yield _share("Q1", text, f"{of}, all students", (y > x), above=False)
        text = "accuracy from scratch and after fine-tuning correlate weakly"
        yield _rho("Q2", text, of, x, y, above=False)


def _share(question: str, text: str, of: str, which: np.ndarray, *, above: bool = True) -> Statement:
    """Of how many it is true; Wilson's interval."""
    count, n = int(which.sum()), len(which)
    ends = binomtest(count, n).proportion_ci(LEVEL, method="wilson")
    return Statement(
        question=question, statement=text, of=of, quantity=SHARE, value=count / n, low=float(ends.low),
        high=float(ends.high), n=n, bound=0.5, above=above,
    )  # fmt: skip


def _rho(question: str, text: str, of: str, x: Floats, y: Floats, *, above: bool) -> Statement:
    value, found, n = rho(x, y)
    return Statement(
        question=question, statement=text, of=of, quantity=RHO, value=None if math.isnan(value) else value,
        low=found.low, high=found.high, n=n, above=above,
    )  # fmt: skip


# Q3: blocks against the oracle


def _blocks(data: BlockwiseStudy) -> Iterator[Statement]:
    shown = [one for one in against_oracle(data) if one.signature in ("mse", SIGNATURES[CHANGE])]
    for (teacher, oracle, signature), stages in by_case(shown).items():
        of = f"{teacher} teacher, {signature}, oracle: {oracle}"
        *others, last = stages
        defined = [one for one in stages if one.rho is not None]
        if not others or len(defined) < len(stages):
            continue
        means = {one.stage: mean_of(one.rho) for one in stages if one.rho is not None}
        lowest = min(means, key=lambda stage: means[stage].value or 0.0)
        text, case = "signatures do not tell good blocks in every stage", f"{of}; lowest: stage {lowest}"
        yield _of_blocks(text, case, RHO, means[lowest], last.seeds, WEAK)
        text = "the last stage is worse than the mean of the others"
        yield _of_blocks(text, of, DIFFERENCE, gap(last, others), last.seeds, 0.0)


def _of_blocks(text: str, of: str, quantity: str, mean: Mean, seeds: int, bound: float) -> Statement:
    return Statement(
        question="Q3", statement=text, of=of, quantity=quantity, value=mean.value, low=mean.low,
        high=mean.high, n=mean.n, seeds=seeds, bound=bound, above=False,
    )  # fmt: skip


# Q4, Q8: predictors and sums of signatures


def _predictors(data: BlockwiseStudy) -> Iterator[Statement]:
    """DONNA's regression, LANA's sum and the graph network at each number of labels, on what none of them was told."""
    told: dict[tuple[str, int], dict[int, Floats]] = {}
    for one in predictors_of(data.study):
        joined = join(data.truth, read_scores(one.run)[one.run.measure])
        values = np.full(len(data.truth.texts), np.nan)
        values[joined.positions] = joined.score
        told.setdefault((one.name, one.labels), {})[one.seed] = values
    lengths = sorted(_lengths(data, BEST))
    if not lengths:
        return
    longest, shortest = lengths[-1], lengths[0]
    donna = f"{LOSS}, {epochs_of(longest)}"
    lana = _scores(data, BEST, longest, CHANGE)
    labels = sorted({count for name, count in told if name == donna})
    for count in labels:
        own, of = told[donna, count], f"{data.trained}; {count} labels"
        text = "regression on distillation losses (DONNA) predicts better than the sum of accuracy changes (LANA)"
        yield from _difference("Q4", text, of, data, own, lana)
        short = told.get((f"{LOSS}, {epochs_of(shortest)}", count))
        if short and shortest < longest:
            text = "signatures of longer distillation predict better"
            case = f"{of}, {longest} against {epochs_of(shortest)}"
            yield from _difference("Q4", text, case, data, own, short)
        if graph := told.get(("GCN", count)):
            few = count == labels[0]
            text = "with few labels DONNA predicts better than a graph network" if few else ""
            text = text or "with more labels a graph network predicts better than DONNA"
            yield from _difference("Q4", text, of, data, *((own, graph) if few else (graph, own)))


def _sums(data: BlockwiseStudy, tuned: Mapping[str, Tuned]) -> Iterator[Statement]:
    truths = {data.trained: data.truth.numbers}
    truths |= {f"fine-tuned, {BEST} teacher": tuned[BEST].test} if BEST in tuned else {}
    assert data.truth.parsed is not None
    params = costs_of(data.space, data.truth.parsed[1], data.size)["params"].to_numpy(dtype=float)
    for of, truth in truths.items():
        for name in dict.fromkeys(one.name for one in data.distilled):
            lengths = sorted(_lengths(data, name))
            for signature in SIGNATURES:
                sums = {epochs: _scores(data, name, epochs, signature) for epochs in lengths}
                case = f"{of}; sum of {signature}, {name} teacher"
                if len(lengths) > 1 and name == BEST:
                    text = "one epoch of distillation is not enough"
                    said = f"{case}, {lengths[-1]} against {epochs_of(lengths[0])}"
                    pair = sums[lengths[-1]], sums[lengths[0]]
                    yield from _difference("Q8", text, said, data, *pair, truth=truth)
                for epochs, own in sums.items():
                    text, said = "signatures rank better than parameters", f"{case}, {epochs_of(epochs)}"
                    yield from _difference(
                        "goal", text, said, data, own, {0: params}, truth=truth, fixed=True
                    )


def _lengths(data: BlockwiseStudy, name: str) -> set[int]:
    return {one.epochs for one in data.distilled if one.name == name}


def _scores(data: BlockwiseStudy, name: str, epochs: int, signature: str) -> dict[int, Floats]:
    """By seed, the sums of the signatures of blocks that were distilled so long from the teacher of that name."""
    return {
        one.seed: data.sums(one, SIGNATURES[signature])
        for one in data.distilled
        if (one.name, one.epochs) == (name, epochs)
    }


def _difference(
    question: str,
    text: str,
    of: str,
    data: BlockwiseStudy,
    a: Mapping[int, Floats],
    b: Mapping[int, Floats],
    *,
    truth: Floats | None = None,
    fixed: bool = False,
) -> Iterator[Statement]:
    """Mean rho of `a` less that of `b`, by seed, on the architectures that all of them rank. Of the seeds that both
    have, or of all of `a` where b is a baseline, which is fixed."""
    if not fixed:
        seeds = sorted(a.keys() & b.keys())
        a, b = ({seed: side[seed] for seed in seeds} for side in (a, b))
    truth = data.truth.numbers if truth is None else truth
    known = np.isfinite(truth) & np.all([np.isfinite(v) for v in (*a.values(), *b.values())], axis=0)
    if not a or known.sum() < SMALLEST:
        return
    first, second = (spearman_group(truth[known], [v[known] for v in side.values()]) for side in (a, b))
    if first is None or second is None:
        return
    found = difference_of(first, second._replace(fixed=fixed))
    yield Statement(
        question=question, statement=text, of=of, quantity=DIFFERENCE, value=found.value, low=found.low,
        high=found.high, n=found.n, seeds=len(a), bound=0.0,
    )  # fmt: skip


# Q5, Q6: fine-tuned otherwise


def _other_fine_tuning(data: BlockwiseStudy, tuned: Mapping[str, Tuned]) -> Iterator[Statement]:
    for name in tuned:
        longest, *shorter = data.tuned_from(name)
        for one in shorter:
            text = "fewer epochs of fine-tuning find the same models"
            case = f"{name} teacher, {one.epochs} against {epochs_of(longest.epochs)}"
            yield _rho("Q5", text, case, one.test, longest.test, above=True)
    if BEST in tuned and WORST in tuned:
        text = "a bad teacher finds the same models as a good one"
        yield _rho("Q6", text, "worst against best", tuned[WORST].test, tuned[BEST].test, above=True)
