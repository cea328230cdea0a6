"""Why a ranking is wrong: which operations it over- and underrates and where, and who ends up in its top.

The *place* of an architecture is the share of the others that it is above (ties half): 0 is the worst, 1 the best. Its
*residual* is its place by score less its place by truth: above 0 it is overrated.

A score that is merely noisy pulls every place to the middle, so that whatever good architectures are made of has
negative residuals: noise looks like prejudice. `at_equal_truth` is therefore what is left of the place by score after
a linear regression on the place by truth in each tenth of the true ranking (one line for all would not fit the ends):
about 0 for all operations if the score errs at random, whatever the noise.

`diagnose` does it for each variant of a study: for its mean score over seeds, on the sample that stands for its space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.measures.baselines import CONTROLS, LAYERS, controls_of
from analysis.measures.collect import Collected
from analysis.measures.ground_truth import occurrences
from analysis.statistics.correlation import finite_pair, kendall_tau, undefined
from analysis.statistics.crossed import LEVEL, QUANTILE
from analysis.statistics.pairs import Floats, places
from analysis.statistics.partial import partial_kendall, partial_spearman, tau_within
from analysis.statistics.topn import by_score, by_truth
from analysis.statistics.uncertainty import BOOTSTRAP_LIMIT, RESAMPLES, SMALLEST, resamples
from supernet.spaces import Architecture, Space, get_space

PERCENT = (1, 5, 10, 25, 50)  # of the true and the predicted top
PARTS = 10  # of the true ranking, each with a regression of its own
IN_PART = 20  # architectures that each has at the least; for fewer than 200 there are fewer parts
FEWEST = 5  # architectures below which no mean is given
PLACE, CONVOLUTIONS = "place", "convolutions"


def rank_residuals(truth: ArrayLike, score: ArrayLike) -> pd.DataFrame:
    """For each architecture 'residual' and 'at_equal_truth' (see the module), both (n,) in [-1, 1] with mean 0.

    Raises ValueError for values that are not finite, and where no correlation exists (n < 2, a constant column)."""
    truth, score = finite_pair(truth, score)
    if note := undefined(truth, score):
        raise ValueError(f"truth, score: {note}")
    true, predicted = ((places(values).mean_ranks - 1) / (len(truth) - 1) for values in (truth, score))
    parts = max(1, min(PARTS, len(truth) // IN_PART))
    part = np.minimum((true * parts).astype(int), parts - 1)
    left = np.empty(len(truth))
    for inside in (part == k for k in np.unique(part)):
        x, y = (values[inside] - values[inside].mean() for values in (true, predicted))
        left[inside] = y - (y @ x / max(x @ x, 1e-12)) * x
    return pd.DataFrame({"residual": predicted - true, "at_equal_truth": left})


def features(space: Space, architectures: Sequence[Architecture]) -> pd.DataFrame:
    """What each architecture is made of, (n, k) of small integers; columns (group, place, name) in official order.

    group 'operation' (Blox also 'connectivity'): how often it uses `name`, anywhere. 'place': how often `name` is at
    `place`, an edge or a stage (Space.choices_by_place). 'convolutions': 1 where it has so many (`name`, a number).
    """
    columns: dict[tuple[str, str, str], np.ndarray] = {}
    n = len(architectures)
    used = occurrences(space, architectures)
    for kind, counts in used.items():
        columns |= {(kind, "", str(name)): counts[name].to_numpy() for name in counts}
    at: dict[tuple[str, str], list[int]] = {}  # the rows that have it there
    for row, architecture in enumerate(architectures):
        for key in space.choices_by_place(architecture):
            at.setdefault(key, []).append(row)
    where = list(dict.fromkeys(place for place, _ in at))

    def official(key: tuple[str, str]) -> tuple[int, str, int]:
        role, _, name = key[1].rpartition(" ")
        return where.index(key[0]), role, space.maskable.index(name)

    columns |= {
        (PLACE, *key): np.bincount(at[key], minlength=n).astype(np.int16) for key in sorted(at, key=official)
    }
    if "operation" in used:  # all candidate operations with weights are convolutions, and are called so
        convolutions = used["operation"].filter(like="conv").sum(axis=1).to_numpy()
        columns |= {
            (CONVOLUTIONS, "", str(k)): (convolutions == k).astype(np.int16) for k in np.unique(convolutions)
        }
    frame = pd.DataFrame(columns)
    frame.columns = pd.MultiIndex.from_tuples(list(columns), names=["group", "place", "name"])
    return frame


def residuals_by(made_of: pd.DataFrame, residuals: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Mean residual of each column of `made_of` (`features`), weighted by how often an architecture uses it.

    A row: group, place, name; n (architectures that use it); residual and at_equal_truth; low, high (95 % over
    architectures, of at_equal_truth); correlation of at_equal_truth with the number of uses (Pearson; NaN where all
    use it alike), correlation_low, correlation_high. What nobody uses is left out, what fewer than FEWEST use has no
    numbers (NaN). The intervals hold the places and the regression as they are; bootstrap percentiles up to
    BOOTSTRAP_LIMIT architectures, the normal approximation with the linearised standard error above."""
    uses = made_of.to_numpy(dtype=float)
    n = (uses > 0).sum(axis=0)
    kept = n > 0
    uses, n = uses[:, kept], n[kept]
    raw, value = (residuals[name].to_numpy() for name in ("residual", "at_equal_truth"))
    total = uses.sum(axis=0)
    mean, correlation = value @ uses / total, _correlation(uses, value)
    if len(value) <= BOOTSTRAP_LIMIT:
        (low, high), (c_low, c_high) = _bootstrap(uses, value, seed)
    else:
        error = np.sqrt((uses**2 * (value[:, None] - mean) ** 2).sum(axis=0)) / total
        low, high = mean - QUANTILE * error, mean + QUANTILE * error
        c_low, c_high = _fisher(uses, value, correlation)
    numbers = {
        "residual": raw @ uses / total,
        "at_equal_truth": mean,
        "low": low,
        "high": high,
        "correlation": correlation,
        "correlation_low": c_low,
        "correlation_high": c_high,
    }
    frame = made_of.columns[kept].to_frame(index=False).assign(n=n, **numbers)
    frame.loc[n < FEWEST, list(numbers)] = np.nan
    return frame


def _correlation(uses: Floats, value: Floats) -> Floats:
    """Pearson's correlation of each column of uses (n, k) with value (n,), (k,); NaN for a constant column."""
    x, y = uses - uses.mean(axis=0), value - value.mean()
    spread = (x**2).sum(axis=0) * (y @ y)
    return np.divide(y @ x, np.sqrt(spread), out=np.full(len(spread), np.nan), where=spread > 1e-24)


def _fisher(uses: Floats, value: Floats, correlation: Floats) -> tuple[Floats, Floats]:
    """95 % bounds of Pearson's correlations (k,) from the influence of each architecture, on Fisher's z scale."""
    with np.errstate(divide="ignore", invalid="ignore"):  # constant columns are NaN throughout
        x, y = (uses - uses.mean(axis=0)) / uses.std(axis=0), (value - value.mean())[:, None] / value.std()
        influence = x * y - correlation * (x**2 + y**2) / 2
        error = np.sqrt((influence**2).sum(axis=0)) / len(value)
        centre, half = np.arctanh(correlation), QUANTILE * error / (1 - correlation**2)
    return np.tanh(centre - half), np.tanh(centre + half)


def _bootstrap(uses: Floats, value: Floats, seed: int) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """95 % bounds (k,) of the weighted means and of the correlations; resamples that lack a column are left out."""
    counts, k = resamples(len(value), seed), uses.shape[1]
    sums = counts @ np.hstack([uses, uses * value[:, None], uses**2, value[:, None], value[:, None] ** 2])
    n, (w, wv, ww) = len(value), (sums[:, i * k : (i + 1) * k] for i in range(3))
    v, vv = sums[:, -2:-1], sums[:, -1:]
    means = np.divide(wv, w, out=np.full((RESAMPLES, k), np.nan), where=w > 0)
    spread = (ww - w**2 / n) * (vv - v**2 / n)
    drawn = np.divide(
        wv - w * v / n,
        np.sqrt(np.maximum(spread, 0)),
        out=np.full((RESAMPLES, k), np.nan),
        where=spread > 1e-12,
    )
    return _percentiles(means), _percentiles(drawn)


def _percentiles(drawn: Floats) -> tuple[Floats, Floats]:
    bounds = np.full((2, drawn.shape[1]), np.nan)
    some = np.isfinite(drawn).any(axis=0)
    if some.any():
        bounds[:, some] = np.nanquantile(drawn[:, some], ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=0)
    return bounds[0], bounds[1]


def confusion(
    truth: ArrayLike, score: ArrayLike, percent: Sequence[float] = PERCENT, seed: int = 0
) -> pd.DataFrame:
    """Where the architectures of each part of the true ranking are in the predicted one.

    The ranking is cut at each `percent` % from the top; cuts that would leave an empty part are left out. A row for
    each pair of parts: true, predicted (their names, best first), n (architectures of the true part), share (of these
    n that are in the predicted part; a true part's shares sum to 1) and chance (what a random order gives). Ties: truth
    by file order, score at random by the seed."""
    for value in percent:
        if not 0 < value < 100:
            raise ValueError(f"percent: {value!r} is not between 0 and 100")
    truth, score = finite_pair(truth, score)
    total, start, ends, names = len(truth), 0.0, [0], []
    for value in (*sorted(percent), 100):
        end = round(total * value / 100)
        if end > ends[-1]:
            names.append(f"{start:g}\N{EN DASH}{value:g} %" if start else f"top {value:g} %")
            ends.append(end)
            start = value
    sizes = np.diff(ends)
    part = np.repeat(np.arange(len(sizes)), sizes)
    true, predicted = np.empty((2, total), dtype=int)
    true[by_truth(truth)], predicted[by_score(score, seed)] = part, part
    table = np.zeros((len(sizes), len(sizes)))
    np.add.at(table, (true, predicted), 1)
    return pd.DataFrame(
        {
            "true": np.repeat(names, len(names)),
            "predicted": np.tile(names, len(names)),
            "n": np.repeat(sizes, len(names)),
            "share": (table / sizes[:, None]).ravel(),
            "chance": np.tile(sizes / total, len(names)),
        }
    )


NAMES = ["space", "mask", "variant"]


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """Frames of one study; each has space, mask and variant. Empty where every variant has too few architectures.

    variants: a row a variant: n, tau_b; for each of CONTROLS (params, macs, layers) partial_NAME (Spearman, given it)
      and partial_tau_NAME (Kendall); within_layers: tau-b of pairs with equally many layers; each with _low and _high.
    residuals: rows of `residuals_by`. confusion: rows of `confusion`.
    """

    variants: pd.DataFrame
    residuals: pd.DataFrame
    confusion: pd.DataFrame


def diagnose(found: Collected) -> Diagnostics:
    """Diagnostics of the variants that were trained, not of those that are only evaluated under a mask.

    Left out: those with fewer than SMALLEST sampled architectures, or a constant truth or score."""
    trained = found.primary[found.primary["trained_as"].isna()]
    wanted = {tuple(row) for row in trained[NAMES].itertuples(index=False)}
    known = {name: _known(found, name) for name in dict.fromkeys(found.points["space"])}
    variants: list[dict[str, object]] = []
    residuals: list[pd.DataFrame] = []
    tops: list[pd.DataFrame] = []
    for key, points in found.points.groupby(NAMES, sort=False):
        group = dict(zip(NAMES, map(str, key), strict=True))
        points = points[points["sampled"].astype(bool)]
        truth, score = (points[name].to_numpy(dtype=float) for name in ("truth", "score"))
        if tuple(group.values()) not in wanted or len(points) < SMALLEST or undefined(truth, score):
            continue
        made_of, costs = (frame.loc[points["arch"]] for frame in known[group["space"]])
        row: dict[str, object] = {**group, "n": len(points), "tau_b": kendall_tau(truth, score).value}
        for name in CONTROLS:
            for kind, function in (("partial", partial_spearman), ("partial_tau", partial_kendall)):
                partial = function(truth, score, costs[name])
                row |= {f"{kind}_{name}": partial.value}
                row |= {f"{kind}_{name}_low": partial.low, f"{kind}_{name}_high": partial.high}
        within = tau_within(truth, score, costs[LAYERS])
        row |= {"within_layers": within.value}
        row |= {"within_layers_low": within.low, "within_layers_high": within.high}
        variants.append(row)
        residuals.append(residuals_by(made_of, rank_residuals(truth, score)).assign(**group))
        tops.append(confusion(truth, score).assign(**group))
    return Diagnostics(variants=pd.DataFrame(variants), residuals=_joined(residuals), confusion=_joined(tops))


def _known(found: Collected, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features and costs of all architectures of a space in the study, by their texts; each is parsed once."""
    space: Space = get_space(name)
    texts = found.points.loc[found.points["space"] == name, "arch"].unique()
    architectures: list[Architecture] = [space.parse(text) for text in texts]
    made_of = features(space, architectures)
    made_of.index = pd.Index(texts)
    size = found.study.truths[name].size
    return made_of, controls_of(space, architectures, size).set_axis(texts)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame()
    frame = pd.concat(frames, ignore_index=True)
    return frame[[*NAMES, *(name for name in frame.columns if name not in NAMES)]]
