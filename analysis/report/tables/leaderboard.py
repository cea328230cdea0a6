"""A leaderboard in every format: a table a space and mask, one of all truths side by side, and the noise ceilings."""

from __future__ import annotations

import pandas as pd

from analysis.figures.style import panel_title
from analysis.measures.ceiling import CEILINGS
from analysis.measures.leaderboard import SHARE, TOP, K, Leaderboard
from analysis.report.tables.study import facts_of
from analysis.report.tables.yardstick import HANDLING
from analysis.tables.cells import Cell, Format, Row, fixed, interval, number, significant
from analysis.tables.table import Column, Table, records
from analysis.tables.writers import write


def _two_digits(row: Row, key: str) -> Cell:
    return significant(row[key], 2)


def _with_interval(digits: int) -> Format:
    """A value and its 95 %: '0.631 [0.59, 0.67]'."""

    def cell(row: Row, key: str) -> Cell:
        value, around = number(row[key], digits), interval(row[f"{key}_low"], row[f"{key}_high"], 2)
        return value if around.value is None else Cell(f"{value.content} {around.content}", value.value)

    return cell


def _difference(row: Row, key: str) -> Cell:
    """'0.054 [0.005, 0.104]'."""
    value, around = number(row[key]), interval(row["low"], row["high"])
    return Cell(f"{value.content} {around.content}", value.value)


COLUMNS = [
    Column("variant", "ranking", words=True, rank=9),
    Column("labels", "labels", format=fixed(0), rank=4),
    Column("core_hours", "core-h", format=_two_digits, rank=6),
    Column("seeds", "seeds", format=fixed(0), rank=1),
    Column("tau_b", "tau-b, 95 %", format=_with_interval(3), rank=8),
    Column("better_than", "beats", format=fixed(0), rank=8),
    Column("tau_top", f"top {TOP}", format=_with_interval(2), rank=7),
    Column("tau_share", f"top {SHARE} %", format=fixed(2), rank=3),
    Column("found", f"found {SHARE} %", format=fixed(2), rank=6),
    Column("regret", f"regret@{K}", format=fixed(2), rank=2),
    Column("front", "front", format=lambda row, key: "*" if row[key] else "", words=True, rank=0),
]
MEANING = (
    "tau-b: mean over seeds, 95 % over architectures and seeds. beats: so many rankings, significantly (over both,"
    " Holm over all pairs); none: one seed. top: tau-b inside the true top. found: share of the true"
    f" top {SHARE} % in the predicted one. regret@{K}: of the best of the {K} highest scores, points. core-h: of"
    " one core to rank all architectures, the labels' training included. front: no ranking with as few labels is as"
    " cheap and as good."
)
PAIRS = [
    Column("truth", words=True, rank=1),
    Column("leader", "ranking", words=True, rank=9),
    Column("other", "against", words=True, rank=9),
    Column("difference", "difference, 95 %", format=_difference, rank=8),
    Column("p_holm", "p (Holm)", format=_two_digits, rank=8),
    Column("p_architectures", "over architectures", format=_two_digits, rank=3),
    Column("p_seeds", "over seeds", format=_two_digits, rank=3),
]


def leaderboard_text(found: Leaderboard, form: str, which: str | None = None) -> str:
    """All tables, or the one `which` of 'rankings', 'pairs' and 'ceilings'; csv: of one (rankings if none is named).
    CSV and JSON have every number."""
    frames = {"rankings": found.rankings, "pairs": found.pairs, "ceilings": found.ceilings}
    study = found.study
    if form in ("csv", "json"):
        chosen = [Table.of_frame(frame, name=name) for name, frame in frames.items() if which in (None, name)]
        return write(chosen, form, facts=facts_of(study) | {"missing": found.missing})
    tables = [table for table in printed(found, which) if which in (None, table.name)]
    note = f"{study.note + '; ' if study.note else ''}{HANDLING[found.missing]}"
    return write(tables, form, before=f"{study.title}\n{note}.", after=MEANING if which is None else "")


def printed(found: Leaderboard, which: str | None = None) -> list[Table]:
    """The tables for a reader; pairs only where they are asked for, since there are many."""
    several = len(found.side_by_side) > 1
    tables: list[Table] = []
    for key, rows in found.rankings.groupby(["space", "mask"], sort=False):
        title = panel_title(str(key[0]), str(key[1])) if several else ""
        tables += _of_space(
            rows, found.ceilings[(found.ceilings[["space", "mask"]] == list(key)).all(axis=1)], title
        )
        if which == "pairs":
            pairs = found.pairs[(found.pairs[["space", "mask"]] == list(key)).all(axis=1)]
            tables.append(Table(PAIRS, records(pairs), name="pairs", title=title or "Differences of tau-b"))
    return tables


def _of_space(rows: pd.DataFrame, ceilings: pd.DataFrame, title: str) -> list[Table]:
    """The tables of one space and mask."""
    own = rows[rows["main"].astype(bool)]
    compared = own[own["n"] > 0]
    truths = list(dict.fromkeys(rows["truth"]))
    notes = [
        f"{name}: {note}"
        for name, note in own.loc[own["note"] != "", ["variant", "note"]].itertuples(index=False)
    ]
    sets = " and ".join(f"{n:,}" for n in dict.fromkeys(compared["n"])) or "no"
    top = own["n_top"].dropna()
    inside = f", {top.iloc[0]:.0f} of the true top {TOP}" if len(top) else ""
    heading = ". ".join(part for part in (title, f"Truth: {truths[0]}, {sets} architectures{inside}") if part)
    tables = [Table(COLUMNS, records(compared), name="rankings", title=heading, notes=notes)]
    if len(truths) > 1:
        tables.append(_by_truth(rows[rows["n"] > 0], truths))
    if len(ceilings):
        shown = ceilings.assign(ceiling=ceilings["ceiling"].replace(CEILINGS))
        columns = [
            Column("ceiling", "noise ceiling", words=True),
            Column("truth", words=True),
            Column("tau_b", "tau-b"),
            Column("tau_top", f"top {TOP}", format=fixed(2)),
            Column("tau_share", f"top {SHARE} %", format=fixed(2)),
            Column("n", format=fixed(0)),
        ]
        tables.append(
            Table(
                columns, records(shown), name="ceilings", title="One measurement of the truth against another"
            )
        )
    return tables


def _by_truth(rows: pd.DataFrame, truths: list[str]) -> Table:
    """tau-b over all and inside the true top by every truth."""
    by_name = {truth: rows[rows["truth"] == truth].set_index("variant") for truth in truths}
    order = by_name[truths[0]].index
    lines = []
    for name in order:
        line: list[object] = [name]
        for key, digits in (("tau_b", 3), ("tau_top", 2)):
            line += [number(by_name[truth][key].get(name), digits) for truth in truths]
        lines.append(line)
    head = ["ranking", *truths, *(f"top {TOP}: {truth}" for truth in truths)]
    return Table.of_cells(head, lines, name="truths", title="tau-b by every truth")
