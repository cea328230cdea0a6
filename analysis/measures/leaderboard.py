"""All rankings of a study in one table: how well each ranks, over all and at the top, by several truths, and what it
cost in time and in labels.

Rankings are compared on the same architectures: without those that one of them was fitted on (its labels) or has no
score for. The true top is that of the whole space; of it counts what is compared. The truths are the columns of the
table that say of other images what the study's column says of its own.

Two rankings differ where the difference of their mean tau-b holds over architectures and over seeds (significance.py),
corrected by Holm for all pairs of the truth. Rankings that share a letter do not differ significantly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.amortised import size_of, total
from analysis.measures.ceiling import ceiling, inside_top
from analysis.measures.estimator_scores import COST, Bools, Scored, SideBySide, side_by_side
from analysis.measures.ground_truth import same_metric
from analysis.measures.yardstick import check_handling, filled, insides, mean_and_error, note_of, statuses
from analysis.statistics.bins import mean_common_ratio
from analysis.statistics.crossed import Group, Mean, difference_of, mean_of
from analysis.statistics.pareto import pareto_front
from analysis.statistics.significance import (
    ALPHA,
    holm,
    letters_of,
    one_sample_p,
    paired_p,
    together,
    welch_p,
)
from analysis.statistics.topn import at_k, by_score, by_truth
from analysis.statistics.uncertainty import mean_tau, spread, tau_group
from analysis.store.column_names import parse
from analysis.store.study import Study, mask_text

TOP, SHARE, K = 500, 5, 10  # the true top-N, the true top x %, the architectures that a user would train
HOUR = 3600.0


def _around(name: str) -> list[str]:
    return [name, f"{name}_low", f"{name}_high"]


RANKINGS = [
    "space", "mask", "truth", "main", "variant", "measure", "kind", "seeds", "finished", "labels", "core_hours", "n",
    *_around("tau_b"), "tau_b_std", "letters", "better_than", *_around("tau_top"), "n_top", *_around("tau_share"),
    "n_share", *_around("found"), "regret", "regret_std", "front", "statuses", "note",
]  # fmt: skip
PAIRS = [
    "space", "mask", "truth", "leader", "other", "difference", "low", "high", "p_architectures", "p_seeds", "p_holm",
]  # fmt: skip
MEASURED = RANKINGS[RANKINGS.index("tau_b") : RANKINGS.index("front")]
NUMBERS = ["core_hours", *(name for name in MEASURED if name != "letters")]
CEILINGS = ["space", "mask", "truth", "ceiling", "tau_b", "tau_top", "tau_share", "n", "compared"]


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """missing: as of a yardstick.

    rankings: a row for each ranking and truth (RANKINGS), the best first. main: whether the truth is the study's own.
      labels: trained architectures that one seed was fitted on, 0 for most. core_hours: to rank every architecture that
      the mask allows, preparation included; None where a part of it is not known. tau_b: mean over seeds, 95 % over
      architectures and trainings; tau_top, tau_share: inside the true top TOP and the top SHARE %, of n_top and n_share
      architectures that are compared, None where the study did not score all of it. found: share of the true top SHARE
      % that is in the predicted one. regret: of the best of the K highest scores, percentage points, mean over seeds.
      letters: see the module; '' where there is one seed and so no test. better_than: how many rankings it is
      significantly better than. front: whether no ranking with as few labels costs as little and has as high a tau_b.
    pairs: each pair of rankings that can be tested, by truth (PAIRS); `leader` has the higher tau_b.
    ceilings: what one measurement of each truth says of another (CEILINGS).
    """

    study: Study
    missing: str
    rankings: pd.DataFrame
    pairs: pd.DataFrame
    ceilings: pd.DataFrame
    side_by_side: tuple[SideBySide, ...]


def leaderboard(study: Study, truths: Sequence[str] = (), missing: str = "common") -> Leaderboard:
    """Compare all rankings of a study.

    Args:
        study: with its runs.
        truths: columns of its table of truth beside the study's own; none: those of the same metric on other images.
        missing: of an architecture that a ranking has no score for, as of `yardstick`.

    Raises:
        ValueError: another `missing`; a column that no table of the study has.
    """
    return leaderboard_of(study, side_by_side(study, with_top=True), truths, missing)


def leaderboard_of(
    study: Study, found: Sequence[SideBySide], truths: Sequence[str] = (), missing: str = "common"
) -> Leaderboard:
    """The same of rankings that have been read."""
    check_handling(missing)
    known = {
        str(name)
        for group in found
        for name in group.known.frame
        if group.known.frame[name].dtype.kind in "fiu"
    }
    for name in truths:
        if name not in known:
            raise ValueError(f"truth: {name!r} is not one of {', '.join(sorted(known))}")
    rows: list[dict[str, Any]] = []
    pairs: list[dict[str, Any]] = []
    ceilings: list[dict[str, Any]] = []
    for group in found:
        for column in truths_of(group, truths):
            judged = _Judged(group, column, missing)
            rows += judged.rows()
            pairs += judged.pairs
            ceilings += judged.ceilings()
    return Leaderboard(
        study=study,
        missing=missing,
        rankings=pd.DataFrame(rows, columns=RANKINGS).astype(dict.fromkeys(NUMBERS, float)),
        pairs=pd.DataFrame(pairs, columns=PAIRS),
        ceilings=pd.DataFrame(ceilings, columns=CEILINGS),
        side_by_side=tuple(found),
    )


def truths_of(group: SideBySide, asked: Sequence[str] = ()) -> list[str]:
    """The study's own column first, then those asked for, as far as the table has them; none asked for: those that say
    the same of other images."""
    own, frame = group.known.column, group.known.frame
    if asked:
        return list(dict.fromkeys([own, *(name for name in asked if name in frame)]))
    if parse(own) is None:
        return [own]
    names = list(map(str, frame))
    data = dict.fromkeys(named.data for named in map(parse, names) if named is not None)
    return list(dict.fromkeys([own, *same_metric(names, list(data), own)]))


class _Judged:
    """The rankings of one space and mask by one truth."""

    def __init__(self, group: SideBySide, column: str, missing: str) -> None:
        self.group, self.column = group, column
        self.truth = group.table.frame[column].to_numpy(dtype=float)
        known = group.known.frame[column].to_numpy(dtype=float)
        best = np.argsort(-known, kind="stable")[: int(np.isfinite(known).sum())]
        place_of = {group.known.texts[row]: place for place, row in enumerate(best)}
        self.known = len(best)
        self.places = np.array([place_of.get(text, self.known) for text in group.arch])  # of each judged row
        has = np.isfinite(self.truth)
        self.insides = [inside & has for inside in insides(group, missing)]
        self.taus: dict[int, Group] = {}  # by the ranking's place
        for number, (one, inside) in enumerate(zip(group.rankings, self.insides, strict=True)):
            rows = inside & group.sample
            if rows.any() and (taus := tau_group(self.truth[rows], filled(one, rows))):
                self.taus[number] = taus._replace(fixed=one.kind == COST)
        self.ordered = sorted(self.taus, key=lambda number: -float(np.mean(self.taus[number][0])))
        self.pairs = self._pairs()

    @property
    def facts(self) -> dict[str, Any]:
        """What all rows have in common."""
        return {"space": self.group.space.name, "mask": mask_text(self.group.space), "truth": self.column}

    def rows(self) -> list[dict[str, Any]]:
        """Of RANKINGS, the highest tau_b first."""
        tested = [
            self.group.rankings[number].variant
            for number in self.ordered
            if self.taus[number].fixed or len(self.taus[number][0]) > 1
        ]
        differing = {(pair["leader"], pair["other"]) for pair in self.pairs if pair["p_holm"] < ALPHA}
        letters = letters_of(tested, differing)
        rows = [
            self._row(number) | self.facts | {"main": self.column == self.group.known.column}
            for number in range(len(self.group.rankings))
        ]
        for row in rows:
            name = row["variant"]
            row["letters"] = letters.get(name, "")
            if name in letters:
                row["better_than"] = sum(better == name for better, _ in differing)
        priced = [row for row in rows if row["core_hours"] is not None and row["tau_b"] is not None]
        for budget in {row["labels"] for row in priced}:
            rivals = [row for row in priced if row["labels"] <= budget]
            front = pareto_front([row["core_hours"] for row in rivals], [row["tau_b"] for row in rivals])
            for row, inside in zip(rivals, front.tolist(), strict=True):
                if row["labels"] == budget:
                    row["front"] = inside
        return sorted(rows, key=lambda row: (row["tau_b"] is None, -(row["tau_b"] or 0.0)))

    def _row(self, number: int) -> dict[str, Any]:
        one, inside = self.group.rankings[number], self.insides[number]
        rows = inside & self.group.sample
        seconds = total(
            one.prepared["seconds"], mean_and_error(one.costs["seconds"])[0], size_of(self.group.space)
        )
        row: dict[str, Any] = dict.fromkeys(RANKINGS) | one.group
        row |= {"seeds": one.seeds, "finished": len(one.scores), "labels": one.labels, "front": False}
        row |= {"core_hours": None if seconds is None else seconds / HOUR}
        row |= {"n": int(rows.sum()), "statuses": statuses(one), "note": note_of(one, inside)}
        if not rows.any():
            return row
        truth, columns = self.truth[rows], filled(one, rows)
        if (taus := self.taus.get(number)) is not None:
            row |= _ends("tau_b", mean_of(taus)) | {"tau_b_std": spread(taus[0].tolist()).std}
        for name, size in (("top", TOP), ("share", self.known * SHARE // 100)):
            row |= self._inside_top(name, size, one, inside)
        k = len(truth) * SHARE // 100
        if k:
            row |= _ends(
                "found", mean_common_ratio(by_truth(truth), [by_score(scores) for scores in columns], k)
            )
        if len(truth) >= K:
            lost = [at_k(truth, scores, K, by_score(scores))["regret"]["value"] for scores in columns]
            regret = spread([value for value in lost if value is not None])
            row |= {"regret": regret.mean, "regret_std": regret.std}
        return row

    def _inside_top(self, name: str, size: int, one: Scored, inside: Bools) -> dict[str, Any]:
        """tau-b inside the true top of that size; nothing where some of it is not in the set that is judged."""
        top = self.places < size
        if not 0 < size <= int(top.sum()):
            return {}
        rows = top & inside
        found = mean_tau(self.truth[rows], filled(one, rows)) if rows.any() else Mean(None, None, None, 0)
        return _ends(f"tau_{name}", found) | {f"n_{name}": int(rows.sum())}

    def _pairs(self) -> list[dict[str, Any]]:
        """Of PAIRS, those that are tested over architectures and over seeds."""
        rows = []
        for a, b in combinations(self.ordered, 2):
            first, second = self.taus[a], self.taus[b]
            if not np.array_equal(self.insides[a], self.insides[b]):
                continue  # of unlike sets: under `drop`
            found = difference_of(first, second)
            seeds = _over_seeds(first, second)
            names = {"leader": self.group.rankings[a].variant, "other": self.group.rankings[b].variant}
            numbers = {"difference": found.value, "low": found.low, "high": found.high}
            rows.append(self.facts | names | numbers | {"p_architectures": paired_p(found), "p_seeds": seeds})
        tested = [row for row in rows if together(row["p_architectures"], row["p_seeds"]) is not None]
        adjusted = holm([together(row["p_architectures"], row["p_seeds"]) for row in tested])
        return [row | {"p_holm": p} for row, p in zip(tested, adjusted, strict=True)]

    def ceilings(self) -> list[dict[str, Any]]:
        """Of CEILINGS: over the sample, and inside the tops of the whole space."""
        sizes = {"tau_top": TOP, "tau_share": max(1, self.known * SHARE // 100)}
        inside = inside_top(self.group.known.frame, self.column, sorted(set(sizes.values())))
        rows = []
        for name, entry in (ceiling(self.group.table.frame[self.group.sample], self.column) or {}).items():
            if "tau_b" in entry:
                tops = {key: inside.get(name, {}).get(size) for key, size in sizes.items()}
                whole = {key: entry[key] for key in ("tau_b", "n", "compared")}
                rows.append(self.facts | {"ceiling": name} | whole | tops)
        return rows


def _ends(name: str, mean: Mean) -> dict[str, float | None]:
    return {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high}


def _over_seeds(a: Group, b: Group) -> float | None:
    """The p-value over seeds of a pair; baselines are fixed numbers, so that two of them differ or do not."""
    (values, _, fixed), (others, _, other_fixed) = a, b
    if fixed and other_fixed:
        return 0.0
    if fixed:
        return one_sample_p(others.tolist(), float(values[0]))
    if other_fixed:
        return one_sample_p(values.tolist(), float(others[0]))
    return welch_p(values.tolist(), others.tolist())
