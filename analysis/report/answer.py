"""The answer to a study's question in plain words, by space: the best, what holds, what is open, what would settle it.
Only what the corrected comparisons support is said to hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from analysis.figures.style import TITLES
from analysis.measures.baselines import BASELINES, LOG_RANK_SUM, WORDS
from analysis.measures.collect import Collected
from analysis.measures.differences import verdict
from analysis.measures.planning import RELEVANT, Plan, plan
from analysis.statistics.power import INTERVAL, MOST, POWER
from analysis.store.run import FITTED
from analysis.tables import number
from analysis.tables.cells import Row

IN_WORDS = {name: f"the {words}" if name == LOG_RANK_SUM else words for name, words in WORDS.items()}
IN_WORDS["params"] = "the number of parameters"
NAMED = 2  # open pairs that are named at the most; of more it is said how many
HOLDING = 5  # pairs that differ, likewise
BESIDE = {  # what a baseline is to the leader, by the verdict on the leader
    "better": "is better than",
    "worse": "is worse than",
    "not significant": "does not differ significantly from",
    "one seed": "cannot be tested, with one seed, against",
    "not compared": "cannot be compared, for too few architectures in common, with",
}


class Answer(NamedTuple):
    """title: the space, or what else the points are about. points: a sentence or two each. planned: what its numbers of
    seeds are of."""

    title: str
    points: list[str]
    planned: Plan | None = None

    @property
    def text(self) -> str:
        """All of it as one paragraph."""
        return f"{self.title}: {' '.join(self.points)}"


def answer(collected: Collected) -> list[Answer]:
    """One for each space; one more where runs have not finished."""
    primary = collected.primary[collected.primary["trained_as"].isna()]
    answers = [
        _of_space(collected, str(space), group) for space, group in primary.groupby("space", sort=False)
    ]
    unfinished = int((primary["runs"] - primary["finished"]).sum())
    if unfinished:
        text = f"{unfinished} of {int(primary['runs'].sum())} runs have no scores yet or failed; see Runs, below."
        answers.append(Answer("Not finished", [text]))
    return answers


def _of_space(collected: Collected, space: str, group: pd.DataFrame) -> Answer:
    title = TITLES.get(space, space)
    usable = group[group["tau_b"].notna()].sort_values("tau_b", ascending=False, kind="stable")
    fitted = {run.variant for run in collected.study.runs if run.kind == FITTED}
    bounds = usable["variant"].isin(fitted)
    usable = usable if bounds.all() else usable[~bounds]
    if not len(usable):
        return Answer(title, ["no variant has a value yet."])
    best = usable.iloc[0]
    rows = collected.differences[collected.differences["space"] == space]
    pairs: list[Row] = [*rows[~rows["other"].isin(BASELINES)].to_dict("records")]
    compared = [pair for pair in pairs if verdict(pair) != "not compared"]
    points, planned = [_level(collected, best, usable)], plan(collected, space)
    if compared:
        name = str(best["variant"])
        points.append(_what_holds(compared, name))
        if planned is not None:
            points.append(_what_is_open(compared, name, planned))
    if apart := len(pairs) - len(compared):
        points.append(f"{_pairs(apart)} cannot be compared: too few architectures are in common.")
    points += _against_baselines(rows[rows["leader"] == best["variant"]])
    return Answer(title, points, planned)


def _level(collected: Collected, best: pd.Series, usable: pd.DataFrame) -> str:
    """The best variant, how well it ranks, and on what."""
    seeds = int(best["finished"])
    value = f"{number(best['tau_b']).content}{_interval(best['tau_b_low'], best['tau_b_high'])}"
    over = f"mean over {seeds} seeds"
    if seeds == 1:
        over = "one seed: the interval is over architectures alone and lacks the variance of the training"
    ceiling = _reference(collected, best, "seed_to_seed")
    more = f"; noise ceiling {ceiling:.3f}" if ceiling is not None else ""
    where = f"{value} ({over}; {best['set']}{more})"
    if len(usable) == 1:
        return f"“{best['variant']}” ranks with tau-b {where}."
    if usable.groupby("mask")["set"].nunique().max() > 1:
        sets = ", ".join(f"{name} ({len(rows)})" for name, rows in usable.groupby("set", sort=False))
        return (
            f"The {len(usable)} variants are evaluated on different sets, {sets}, so that their means are not"
            " comparable; differences are computed on the architectures in common. The highest tau-b has"
            f" “{best['variant']}”: {where}."
        )
    return f"Of {len(usable)} variants, “{best['variant']}” has the highest tau-b: {where}."


def _what_holds(pairs: Sequence[Row], best: str) -> str:
    """The pairs that differ over architectures and over seeds."""
    tests = sum(pd.notna(pair["p_holm"]) for pair in pairs)
    corrected = f" (95 %, corrected for {tests} comparisons)" if tests > 1 else " (95 %)"
    holding = []  # winner, loser, pair
    for pair in pairs:
        kind = verdict(pair)
        if kind in ("better", "worse"):
            names = (pair["leader"], pair["other"])
            holding.append((*(names if kind == "better" else names[::-1]), pair))
    if not tests:
        return "No difference can be tested, as no pair of variants has two seeds on both sides."
    if not holding:
        return f"No difference between variants holds over both architectures and seeds{corrected}."
    holding.sort(key=lambda one: -abs(one[2]["difference"]))
    if len(holding) <= HOLDING:
        by_winner: dict[str, list[str]] = {}
        for winner, loser, pair in holding:
            by_winner.setdefault(winner, []).append(f"“{loser}”{_change(pair)}")
        shown = [f"“{winner}” ranks better than {_and(losers)}" for winner, losers in by_winner.items()]
    else:
        of_best = [one for one in holding if one[0] == best]
        largest = f"“{holding[0][0]}” beats “{holding[0][1]}” by most{_change(holding[0][2])}"
        shown = [f"{len(holding)} of {len(pairs)} pairs differ", largest]
        if of_best:
            others = len({name for pair in pairs for name in (pair["leader"], pair["other"])}) - 1
            shown.append(f"“{best}” ranks better than {len(of_best)} of the {others} others")
    return f"Holds over architectures and over seeds{corrected}: {'; '.join(shown)}."


def _what_is_open(pairs: Sequence[Row], best: str, planned: Plan) -> str:
    """The pairs that do not differ significantly, and what would show a difference."""
    unsettled = [pair for pair in pairs if verdict(pair) == "not significant"]
    untested = [pair for pair in pairs if verdict(pair) == "one seed"]
    sentences = []
    if len(unsettled) > NAMED:
        own = sum(best in (pair["leader"], pair["other"]) for pair in unsettled)
        which = f", {own} of them with “{best}”" if own else ""
        sentences.append(f"Open: {len(unsettled)} pairs do not differ significantly{which}.")
    elif unsettled:
        shown = [f"“{pair['leader']}” and “{pair['other']}”{_change(pair)}" for pair in unsettled]
        having = f" with {_seeds(*planned.seeds)}" if len(unsettled) == 1 else ""
        sentences.append(f"Open: {'; '.join(shown)} do not differ significantly{having}.")
    if untested:
        named = [f"“{pair['leader']}” and “{pair['other']}”" for pair in untested]
        which = "; ".join(named) if len(untested) <= NAMED else _pairs(len(untested))
        sentences.append(f"Not testable, as a side has one seed: {which}.")
    return " ".join([*sentences, _what_would_settle(planned)])


def _what_would_settle(planned: Plan) -> str:
    if planned.pooled is None or planned.shown is None:
        return (
            "How many seeds would settle it is unknown: one seed of each has no variance. Train two or more."
        )
    seeds = max(2, planned.seeds[0])
    if planned.shown > 1:
        now = f"{seeds} seeds are too few to show any difference"
    else:
        now = f"{seeds} seeds are likely to show differences from {planned.shown:.2f} on"
    needed = f"more than {MOST:,}" if planned.needed is None else f"about {planned.needed}"
    least, most = planned.needed_range
    if planned.needed is not None and least != most:
        needed += f" ({least} to {f'more than {MOST:,}' if most is None else most})"
    first, second = planned.pair
    text = f"“{first}” against “{second}”: {now}; {needed} would show one of {planned.difference:.2f}"
    if planned.floor > RELEVANT:
        text += ", and smaller ones need more architectures too"
    return f"{text}."


def assumptions(answers: Sequence[Answer]) -> str:
    """What the answers' numbers of seeds rest on; empty where none is given."""
    known = []
    for title, _, planned in answers:
        if planned is not None and planned.pooled is not None:
            std, freedom = planned.pooled
            known.append(f"{title}: {std:.3f}, {freedom} degrees of freedom")
    if not known:
        return ""
    return (
        f"Numbers of seeds: of each variant, for a power of {100 * POWER:.0f} % of the test over seeds at the corrected"
        f" level, from the standard deviation of tau-b over seeds ({'; '.join(known)}), pooled over the two variants"
        " and taken to be normal and alike in both. The range is that of the standard deviation's"
        f" {100 * INTERVAL:.0f} % interval."
    )


def _against_baselines(rows: pd.DataFrame) -> list[str]:
    """The leader against params, and against the baseline that is the hardest to beat, where that is another."""
    rows = rows[rows["other"].isin(BASELINES) & rows["difference"].notna()]
    if not len(rows):
        return []
    hardest = rows.sort_values("difference", kind="stable").iloc[0]
    params = rows[(rows["other"] == "params") & (rows["difference"] > hardest["difference"])]
    by_verdict: dict[str, list[str]] = {}
    note = ""
    for row in [*params.to_dict("records"), hardest.to_dict()]:
        if verdict(row) == "not significant" and row["low"] * row["high"] > 0:
            note = " after correction for the number of comparisons; the intervals are not corrected"
        by_verdict.setdefault(verdict(row), []).append(f"{IN_WORDS[row['other']]}{_change(row)}")
    shown = [f"{BESIDE[kind]} {_and(names)}" for kind, names in by_verdict.items()]
    leader = rows.iloc[0]["leader"]
    return [f"Compared with baselines that need no network: “{leader}” {', and '.join(shown)}{note}."]


def _and(names: Sequence[str]) -> str:
    """'a', 'a and b' or 'a, b and c'."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _pairs(count: int) -> str:
    return f"{count} pair{'s' * (count != 1)}"


def _seeds(low: int, high: int) -> str:
    return f"{low} to {high} seeds" if low < high else f"{low} seed{'s' * (low != 1)}"


def _change(row: Any) -> str:
    difference = number(row["difference"], sign="+").content
    return f" ({difference}{_interval(row['low'], row['high'], '+')})"


def _interval(low: float | None, high: float | None, sign: str = "") -> str:
    if low is None or high is None or pd.isna(low):
        return ""
    return f" [{number(low, sign=sign).content}, {number(high, sign=sign).content}]"


def _reference(collected: Collected, row: pd.Series, name: str) -> float | None:
    """tau-b of a reference on the set that the row is evaluated on."""
    rows = collected.references
    chosen = (rows[["space", "mask", "set"]] == row[["space", "mask", "set"]]).all(axis=1)
    chosen &= rows["reference"] == name
    values = rows[chosen]["tau_b"].dropna().to_numpy(dtype=float)
    return float(values[0]) if len(values) else None
