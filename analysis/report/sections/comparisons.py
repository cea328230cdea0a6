"""The section on which variant ranks better than which: a matrix at a glance, and every comparison with its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.figures.style import TITLES
from analysis.measures.baselines import BASELINES
from analysis.measures.differences import ALL_PAIRS, verdict
from analysis.tables.cells import ONE_SEED, Cell, Row, fixed, interval, number
from analysis.tables.html import Html, element, html_table
from analysis.tables.table import Column, Table

FEW = 3  # variants whose pairs need no matrix
OPEN = 6  # comparisons that are shown at once; more are folded away under the matrix


def comparison_tables(differences: pd.DataFrame) -> list[Html]:
    """Heading, for each space the comparisons, what they mean; nothing where no two variants have a value.
    differences: rows as of Collected.differences."""
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
    f" and trainings, of this one difference; {ONE_SEED}: one seed, over architectures alone. p over architectures: of"
    " no difference between these trained supernets (normal approximation, paired infinitesimal jackknife). p over"
    " seeds: Welch's test on the tau-b of the seeds; against a baseline, which has no seeds, a one-sample t test of the"
    " seeds against its value. Both must be significant: the larger p counts, corrected after Holm for all pairs of the"
    " space (the baselines apart). If no variant differs, at most 5 % of studies call any better. With one seed there"
    " is no verdict, since one training has no variance."
)


def _names(rows: pd.DataFrame) -> list[str]:
    """The variants in the order of their tau-b: of any pair the leader has the higher one."""
    leads = rows["leader"].value_counts()
    names = dict.fromkeys([*rows["leader"], *rows["other"]])
    return sorted(names, key=lambda name: -int(leads.get(name, 0)))


def _summary(rows: pd.DataFrame, names: Sequence[str]) -> str:
    verdicts = [verdict(row) for _, row in rows.iterrows()]
    significant = sum(kind in ("better", "worse") for kind in verdicts)
    text = f"Of {len(rows)} pairs of {len(names)} variants, {significant} differ significantly"
    if one := verdicts.count("one seed"):
        text += f", {one} cannot be tested because a side has one seed"
    if none := verdicts.count("not compared"):
        text += f", {none} have too few architectures in common to be compared"
    if len(rows) < len(names) * (len(names) - 1) / 2:
        text += f". Of more than {ALL_PAIRS} variants only pairs with the best or with the study's first are compared"
    return f"{text}."


def _matrix(rows: pd.DataFrame, names: Sequence[str]) -> Html:
    """Row against column, the best first; what holds after correction is set bold."""
    pairs = {(row["leader"], row["other"]): row for row in rows.to_dict("records")}
    lines = []
    for place, name in enumerate(names[:-1], start=1):
        cells = [_mark(pairs[name, other]) if (name, other) in pairs else Cell("") for other in names[1:]]
        lines.append([f"{place}  {name}", *cells])
    columns = [Column(str(k), hint=name) for k, name in enumerate(names[1:], start=2)]
    last = f"Column {len(names)}: {names[-1]}. Bold: better or worse. Plain: not significant. {ONE_SEED}: one seed."
    table = Table.of_cells(["Row minus column", *columns], lines)
    return Html(html_table(table) + element("p", last, class_="small"))


def _mark(row: Row) -> Cell:
    """Two digits and no zero before the point, so that 15 columns fit beside each other."""
    shown = number(row["difference"], 2, "+")
    text = str(shown.content).replace("0.", ".", 1)
    kind = verdict(row)
    if kind in ("better", "worse"):
        return Cell(element("strong", text), shown.value)
    return Cell(f"{text}{ONE_SEED}" if kind == "one seed" else text, shown.value)


def _list(rows: pd.DataFrame) -> Html:
    return html_table(Table(COLUMNS, rows.to_dict("records")))


def difference_interval(row: Row, key: str) -> Cell:
    """A format: the interval of a difference; marked where a side has one seed, since it lacks the trainings' share."""
    cell = _ends(row, key)
    return Cell(f"{cell.content}{ONE_SEED}", cell.value) if verdict(row) == "one seed" else cell


def _ends(row: Row, key: str) -> Cell:
    return interval(row[key], row[f"{key.removesuffix('low')}high"])


def _p(row: Row, key: str) -> Cell:
    """A p-value: small ones by their bound."""
    cell = number(row[key])
    return Cell("< 0.001", cell.value) if cell.value is not None and cell.value < 0.001 else cell


def _folded(content: Html, rows: int) -> Html:
    if rows <= OPEN:
        return content
    return element("details", element("summary", f"All {rows} comparisons"), content)


COLUMNS = [
    Column("leader", "Variant", words=True),
    Column("other", "against", words=True),
    Column("is", words=True, format=lambda row, key: verdict(row).replace(" ", "\N{NO-BREAK SPACE}")),
    Column("difference", "difference of tau-b", format=fixed(3, "+")),
    Column("low", "95 %", format=difference_interval),
    Column("n", format=fixed(0, ",")),
    Column("set", "evaluated on", words=True),
    Column("p_architectures", "p over architectures", format=_p),
    Column("p_seeds", "p over seeds", format=_p),
    Column("p_holm", "p, Holm", format=_p),
    Column("architectures_low", "architectures alone", format=_ends),
    Column("trainings_low", "trainings alone", format=_ends),
]
