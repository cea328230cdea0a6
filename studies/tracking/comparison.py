"""The architectures that a run scores with their ground truth, in the sets whose correlations are shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analysis.statistics.correlation import kendall_tau, spearman
from analysis.statistics.topn import by_truth, topn_mean_tau
from studies.model.study import Tracking
from studies.model.variant import Variant
from supernet.spaces import Space

SMALL_SAMPLE, SMALL_TOP = 40, 10  # architectures below which tau says little: of the sample, of a top-N

Sets = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Comparison:
    """texts, truth (n,): what is scored and has a truth, in the order of the table. sampled: bool (n,), those that
    stand for the whole space. name: of that set, 'all' or 'sample'. top: sizes of the true top-N that fit."""

    texts: tuple[str, ...]
    truth: np.ndarray
    sampled: np.ndarray
    name: str
    top: tuple[int, ...]

    def sets(self) -> Sets:
        """Positions (m,) of each set: the sample, and the true top-N."""
        order = by_truth(self.truth)
        return {self.name: np.flatnonzero(self.sampled)} | {f"top{n}": order[:n] for n in self.top}

    def small_sets(self, budget: int) -> Sets:
        """A fixed part of the sets, of at most so many architectures, each spread evenly over the ranks of its whole.

        The sample comes first; then as many top-N, the largest first, as get enough. What is over goes to all."""
        order = by_truth(self.truth)
        sample = order[self.sampled[order]]
        for_top = max(0, budget - SMALL_SAMPLE) * len(self.top) // (len(self.top) + 1)
        sizes = sorted(self.top, reverse=True)[: for_top // SMALL_TOP]
        each = for_top // len(sizes) if sizes else 0
        small = {self.name: spread(sample, budget - each * len(sizes))}
        return small | {f"top{n}": spread(order[:n], each) for n in sorted(sizes)}

    def taus(self, sets: Sets, scores: np.ndarray) -> dict[str, float]:
        """tau-b of each set by scores (n,), NaN for none. A set with a missing score, or that is all ties, has none."""
        found = {}
        for name, rows in sets.items():
            if np.isfinite(scores[rows]).all():
                value = kendall_tau(self.truth[rows], scores[rows]).value
                if value is not None:
                    found[name] = value
        return found

    def whole(self, scores: np.ndarray) -> dict[str, float]:
        """tau_b and spearman of the sample, and topn_mean_tau, by scores (n,); what is undefined is left out."""
        rows = np.flatnonzero(self.sampled & np.isfinite(scores))
        found: dict[str, float | None] = {
            "tau_b": kendall_tau(self.truth[rows], scores[rows]).value,
            "spearman": spearman(self.truth[rows], scores[rows]).value,
        }
        if self.top and np.isfinite(scores).all():
            found["topn_mean_tau"] = topn_mean_tau(self.truth, scores, self.top, permutations=0).value
        return {name: value for name, value in found.items() if value is not None}

    def column(self, scores: pd.DataFrame, name: str = "score") -> np.ndarray:
        """A column (n,) of rows of scores, NaN where there is none."""
        values: Any = scores.drop_duplicates("arch").set_index("arch")[name].reindex(list(self.texts))
        return np.asarray(values, dtype=float)


def spread(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of the rows, evenly spread, the first and the last among them."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]


def comparison(tracking: Tracking, variant: Variant) -> Comparison:
    """Of the runs of a variant; one that is a part of a ranking has its part of what the whole scores."""
    return _comparison(tracking, variant.masked_space, variant.whole_space)


@lru_cache(maxsize=8)
def _comparison(tracking: Tracking, space: Space, whole: Space) -> Comparison:
    """The last ones are kept: the runs of a study share a few."""
    frame = pd.read_parquet(tracking.truth, columns=["arch", tracking.column])
    parsed = [space.parse(text) for text in frame["arch"]]
    inside = np.array([whole.in_mask(architecture) for architecture in parsed])
    values = frame[tracking.column].to_numpy(dtype=float)
    chosen = np.array(tracking.scored.rows(values, inside), dtype=int)
    rows = np.array(
        [row for row in chosen if np.isfinite(values[row]) and space.in_mask(parsed[row])], dtype=int
    )
    return Comparison(
        texts=tuple(space.text(parsed[row]) for row in rows),
        truth=values[rows],
        sampled=np.isin(rows, tracking.scored.sample(inside)),
        name="all" if tracking.scored.whole else "sample",
        top=tuple(n for n in tracking.top if n <= len(rows)),
    )
