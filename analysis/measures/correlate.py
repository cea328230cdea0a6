"""Everything said about one column of scores against one column of truth, as one plain dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.measures.baselines import baseline_scores
from analysis.measures.ceiling import ceiling, inside_top
from analysis.measures.top_and_sample import DEFAULT, TopAndSample, choose
from analysis.statistics.bins import mean_common_ratio
from analysis.statistics.correlation import finite_pair, weighted_tau_of
from analysis.statistics.pairs import Floats, Pair
from analysis.statistics.topn import (
    DELTA,
    PERCENT,
    PERMUTATIONS,
    TOP,
    at_k,
    best_rank,
    by_score,
    by_truth,
    check_delta,
    check_top,
    overlap,
    regret,
    sparse_tau,
    tau_predicted_top,
    tau_true_top,
    topn_mean_tau,
    true_top,
)
from analysis.statistics.uncertainty import COEFFICIENTS, interval, interval_methods, weighted_tau_interval
from analysis.store.tables import Joined, Table, join
from supernet.spaces import Size

TIES = "true top-N: file order; predicted top-K: at random by the seed; tau_b allows for ties in both columns"


def ranking(
    truth: Floats,
    scores: Floats,
    top: Sequence[int] = TOP,
    *,
    seed: int = 0,
    scored: np.ndarray | None = None,
    sample: np.ndarray | None = None,
    permutations: int = PERMUTATIONS,
    with_intervals: bool = True,
    predicted: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Every measure of `scores` against `truth`, both (n,) and finite.

    top: sizes of the true tops; predicted: of the predicted ones, None for the same. sample: (n,), true where a row
    stands for the whole space; measures of the true top-N are on all rows, the others on these alone. None: all.
    scored: (n,), false where a missing score was ranked worst. Such a rank is no value: what needs values (Pearson,
    mean scores, topn_mean_tau) is then None, with a note.
    """
    sizes = check_top(top) if top else ()
    scored = np.ones(len(truth), dtype=bool) if scored is None else scored
    lacking = int((~scored).sum())
    no_value = f"{lacking} missing scores were ranked worst: they have a rank and no value"
    whole, by = (truth, scores) if sample is None else (truth[sample], scores[sample])
    result: dict[str, Any] = {"n": len(whole)}
    pair = Pair(*finite_pair(whole, by))
    for name in COEFFICIENTS:
        if name == "pearson" and lacking:
            result[name] = {"value": None, "low": None, "high": None, "note": no_value}
        else:
            result[name] = _estimate(pair, name, seed, with_intervals)
    result["weighted_tau"] = weighted_tau_of(pair).value
    result["top"] = {}
    tops = tuple(size for size in sizes if size <= len(truth))
    best = by_truth(truth)
    for n in tops:
        chosen = true_top(truth, n, best)
        inside = tau_true_top(truth, scores, n, best)
        mean = float(scores[chosen].mean()) if scored[chosen].all() else None
        result["top"][str(n)] = _noted({"n": n, "tau_b": inside.value, "mean_score": mean}, inside.note)
    if lacking:
        result["topn_mean_tau"] = {"value": None, "p_value": None, "sizes": list(tops), "note": no_value}
    elif not sizes:
        note = "no true top-N is scored as a whole"
        result["topn_mean_tau"] = {"value": None, "p_value": None, "sizes": [], "note": note}
    else:
        series = topn_mean_tau(truth, scores, sizes, seed=seed, permutations=permutations)
        entry = {"value": series.value, "p_value": series.p_value, "sizes": list(series.sizes)}
        result["topn_mean_tau"] = _noted(entry, series.note)
    order = by_score(by, seed)
    asked = sizes if predicted is None else check_top(predicted) if predicted else ()
    fits = tuple(size for size in asked if size <= len(whole))
    result["predicted_top"] = {}
    for k in fits:
        inside = tau_predicted_top(whole, by, k, order=order)
        result["predicted_top"][str(k)] = _noted({"n": k, "tau_b": inside.value}, inside.note)
    result["overlap"] = {
        f"{percent:g}": overlap(whole, by, percent, order=order)._asdict() for percent in PERCENT
    }
    result["best_rank"] = {str(k): best_rank(whole, by, k, order=order) for k in sorted({1, *fits})}
    result["regret"] = {str(k): regret(whole, by, k, order=order) for k in sorted({1, *fits})}
    if with_intervals:
        _add_intervals(result, whole, by, seed)
    result["top_left_out"] = [size for size in sizes if size not in tops]
    return result


def _add_intervals(result: dict[str, Any], truth: Floats, scores: Floats, seed: int) -> None:
    """Put the intervals of the measures that are no coefficients into the result of `ranking`: `low` and `high` of
    every overlap, and weighted_tau_interval. The regret has none: no resampling covers it, see
    docs/benchmarks/coverage.md."""
    best, predicted = by_truth(truth), by_score(scores, seed)
    for entry in result["overlap"].values():
        around = mean_common_ratio(best, [predicted], entry["n"])
        entry |= {"low": around.low, "high": around.high}
    result["weighted_tau_interval"] = list(weighted_tau_interval(truth, scores, seed))


def _estimate(pair: Pair, name: str, seed: int, with_interval: bool) -> dict[str, Any]:
    coefficient = COEFFICIENTS[name](pair)
    if not with_interval:
        return _noted({"value": coefficient.value}, coefficient.note)
    around = interval(pair.x, pair.y, name, seed=seed)
    entry = {"value": coefficient.value, "low": around.low, "high": around.high}
    return _noted(entry, coefficient.note or around.note)


def _noted(entry: dict[str, Any], note: str) -> dict[str, Any]:
    return {**entry, "note": note} if note else entry


def correlate(
    truth: Table,
    scores: Table,
    *,
    top: Sequence[int] = TOP,
    missing: str = "drop",
    seed: int = 0,
    size: Size | None = None,
    with_baselines: bool = True,
    permutations: int = PERMUTATIONS,
    delta: float = DELTA,
    notes: Sequence[str] = (),
    part: str | None = None,
) -> dict[str, Any]:
    """Compare the scores with the truth, architecture by architecture.

    Args:
        top: sizes of the true and the predicted top sets, among the architectures compared; those that do not fit are
            listed in `top_left_out`, and `top[N]["missing"]` counts members of the whole truth's own top-N that have no
            score.
        missing: 'drop' or 'worst' (tables.join).
        size: of the networks by whose cost the baselines rank; None is the benchmark's own.
        delta: of the sparse tau.
        notes: on the files, for a reader.
        part: where the scores hold a true top-N and a random sample, which of them is compared (top_and_sample.choose).

    Returns:
        A dictionary fit for JSON: never NaN, None where undefined, with a note.
    """
    check_delta(delta)
    joined = join(truth, scores, missing)
    held, compared, sample = choose(truth, joined, part)
    joined = joined.only(compared)
    frame = joined.frame
    values, scored = joined.truth, joined.scored
    result = ranking(
        values, joined.score, top, seed=seed, scored=scored, sample=sample, permutations=permutations
    )
    whole, by = values[sample], joined.score[sample]
    order = by_score(by, seed)
    result["at_k"] = {k: at_k(whole, by, int(k), order) for k in result["regret"]}
    sparse = sparse_tau(whole, by, delta)
    result["sparse_tau"] = _noted({"value": sparse.value, "delta": delta, "chance": 0.0}, sparse.note)
    places = frame["place"].to_numpy(dtype=int)[scored]
    inside = inside_top(truth.frame, truth.column, [entry["n"] for entry in result["top"].values()])
    for size_text, entry in result["top"].items():
        entry["missing"] = int(size_text) - int((places < int(size_text)).sum())
        entry["ceiling_tau_b"] = {name: taus[entry["n"]] for name, taus in inside.items()}
    result["missing"] = joined.missing
    result["unknown"] = joined.unknown
    result["truth_missing"] = joined.truth_missing
    result["baselines"] = (
        baselines(joined, top, seed=seed, size=size, sample=sample) if with_baselines else None
    )
    result["ceiling"] = ceiling(frame[sample], truth.column)
    result["parts"] = None if held is None else parts_of(held, part)
    result["truth"] = truth.source
    result["scores"] = scores.source
    result["space"] = None if joined.space is None else joined.space.name
    result["missing_handling"] = missing
    result["seed"] = seed
    result["interval"] = f"95 %, {interval_methods(result['n'])}"
    result["ties"] = TIES
    result["notes"] = list(notes)
    first = [
        "n", "missing", "tau_b", "tau_kendall_a", "spearman", "pearson", "weighted_tau", "sparse_tau", "top",
        "topn_mean_tau", "predicted_top", "at_k", "overlap", "best_rank", "regret", "baselines", "ceiling",
    ]  # fmt: skip
    return {key: result[key] for key in [*first, *(key for key in result if key not in first)]}


def parts_of(held: TopAndSample, part: str | None) -> dict[str, Any]:
    """What scores that hold a true top-N and others are, and which of them the numbers are of."""
    sample = None if held.sample is None else int(held.sample.sum())
    used = {
        None: "all of both together" if sample is None else "the whole by the sample, true tops by the top",
        "sample": "the sample alone",
        "top": "the top alone",
        "both": "both together, which is a sample of nothing",
    }[part]
    offered = "--part top" if sample is None else "--part sample, --part top"
    note = f"the scores hold {held.words}; the numbers are of {used}; for others: {offered} or --part both"
    return {"top": held.top, "sample": sample, "used": part or DEFAULT, "note": note}


def baselines(
    joined: Joined,
    top: Sequence[int] = TOP,
    *,
    seed: int = 0,
    size: Size | None = None,
    sample: np.ndarray | None = None,
) -> dict[str, dict[str, Any]] | None:
    """The baselines of the space (baselines.py) as rankings of the same architectures.

    None where no known space reads the architectures. A score that does no better knows nothing but the size.
    """
    if joined.space is None:
        return None
    scores = baseline_scores(joined.table, size).iloc[joined.positions]
    return {
        str(name): ranking(joined.truth, scores[name].to_numpy(dtype=float), top, seed=seed, sample=sample)
        for name in scores
    }
