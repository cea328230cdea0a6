"""The section on which variant is better than which: a matrix at a glance, and every comparison with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.figures.style import TITLES
from analysis.measures.baselines import BASELINES
from analysis.measures.collect import Collected
from analysis.measures.differences import ALL_PAIRS, verdict
from analysis.report.page import ONE_SEED, Cell, Head, Html, element, interval, number, table

FEW = 3  # variants whose pairs need no matrix
OPEN = 6  # comparisons that are shown at once; more are folded away under the matrix


def comparisons_section(found: Collected) -> list[Html]:
    """Heading, for each space the comparisons, what they mean; nothing where no two variants have a value."""
    return comparison_tables(found.differences)


def comparison_tables(differences: pd.DataFrame) -> list[Html]:
    """The same for any rows as of Collected.differences."""
    rows = differences[~differences["other"].isin(BASELINES)]
    if not len(rows):
        return []
    pieces = [element("h2", "Which variant ranks better", id="comparisons")]
    for space, group in rows.groupby("space", sort=False):
        names = _names(group)
        pieces.append(element("h3", TITLES.get(str(space), space)))
        pieces.append(element("p", _summary(group, names)))
        if FEW < len(names) <= ALL_PAIRS:
            pieces.append(_matrix(group, names))
        pieces.append(_folded(_list(group), len(group)))
    baselines = differences[differences["other"].isin(BASELINES)]
    for space, group in baselines.groupby("space", sort=False):
        title = f"{TITLES.get(str(space), space)}: each variant against the baselines"
        pieces.append(element("details", element("summary", title), _list(group)))
    return [*pieces, element("p", TEXT, class_="small")]


TEXT = (
    "Difference of the mean tau-b over seeds, on the architectures that both sides scored. 95 %: over architectures"
    f" and trainings, of this one difference; {ONE_SEED}: of one seed, over architectures alone. p over architectures:"
    " of no difference between these trained supernets (normal distribution, paired infinitesimal jackknife). p over"
    " seeds: Welch's test on the tau-b of the seeds; against a baseline, which has no seeds, a one-sample t test of the"
    " seeds against its value. Both must hold, so that the larger counts, corrected after Holm for all pairs of the"
    " space (the baselines apart): of studies in which no variant differs, at most 5 % have any that is called better."
    " With one seed there is no verdict: one training has no spread."
)


def _names(rows: pd.DataFrame) -> list[str]:
    """The variants in the order of their tau-b: of any pair the leader has the higher one."""
    leads = rows["leader"].value_counts()
    names = dict.fromkeys([*rows["leader"], *rows["other"]])
    return sorted(names, key=lambda name: -int(leads.get(name, 0)))


def _summary(rows: pd.DataFrame, names: Sequence[str]) -> str:
    verdicts = [verdict(row) for _, row in rows.iterrows()]
    told = sum(kind in ("better", "worse") for kind in verdicts)
    text = f"Of {len(rows)} pairs of {len(names)} variants, {told} differ significantly"
    if one := verdicts.count("one seed"):
        text += f", of {one} nothing is said, since a side has one seed"
    if none := verdicts.count("not compared"):
        text += f", {none} have too few architectures in common to be compared"
    if len(rows) < len(names) * (len(names) - 1) / 2:
        text += f". Of more than {ALL_PAIRS} variants only pairs with the best or with the study's first are compared"
    return f"{text}."


def _matrix(rows: pd.DataFrame, names: Sequence[str]) -> Html:
    """Row against column, the best first; what holds after correction is set bold."""
    found = {(row["leader"], row["other"]): row for row in rows.to_dict("records")}
    lines = []
    for place, name in enumerate(names[:-1], start=1):
        cells = [_mark(found[name, other]) if (name, other) in found else Cell("") for other in names[1:]]
        lines.append([f"{place}  {name}", *cells])
    head = [Head("Row less column"), *(Head(str(k), title=name) for k, name in enumerate(names[1:], start=2))]
    last = f"Column {len(names)}: {names[-1]}. Bold: better or worse. Plain: not significant. {ONE_SEED}: one seed."
    return Html(table(head, lines) + element("p", last, class_="small"))


def _mark(row: dict[Any, Any]) -> Cell:
    """Two digits and no zero before the point, so that 15 columns fit beside each other."""
    shown = number(row["difference"], 2, "+")
    text = str(shown.content).replace("0.", ".", 1)
    kind = verdict(row)
    if kind in ("better", "worse"):
        return Cell(element("strong", text), shown.value)
    return Cell(f"{text}{ONE_SEED}" if kind == "one seed" else text, shown.value)


def _list(rows: pd.DataFrame) -> Html:
    lines = [
        [
            row["leader"],
            row["other"],
            verdict(row).replace(" ", "\N{NO-BREAK SPACE}"),
            number(row["difference"], 3, "+"),
            difference_interval(row),
            interval(row["architectures_low"], row["architectures_high"]),
            interval(row["trainings_low"], row["trainings_high"]),
            Cell(f"{row['n']:,}, {row['set']}" if row["set"] else f"{row['n']:,}", int(row["n"])),
            _p(row["p_architectures"]),
            _p(row["p_seeds"]),
            _p(row["p_holm"]),
        ]
        for row in rows.to_dict("records")
    ]
    head = [
        "Variant",
        "against",
        "is",
        "difference of tau-b",
        "95 %",
        "architectures alone",
        "trainings alone",
    ]
    head.append("n, judged on")
    return table([*head, "p over architectures", "p over seeds", "p, Holm"], lines, words=3)


def difference_interval(row: dict[Any, Any]) -> Cell:
    """Of one seed on a side marked: it lacks the share of the trainings."""
    cell = interval(row["low"], row["high"])
    return Cell(f"{cell.content}{ONE_SEED}", cell.value) if verdict(row) == "one seed" else cell


def _p(value: Any) -> Cell:
    """A p-value: small ones by their bound."""
    cell = number(value)
    return Cell("< 0.001", cell.value) if cell.value is not None and cell.value < 0.001 else cell


def _folded(content: Html, rows: int) -> Html:
    if rows <= OPEN:
        return content
    return element("details", element("summary", f"All {rows} comparisons"), content)
