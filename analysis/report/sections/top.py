"""The sections on the top: how well each variant ranks within the true top-N and retrieves it; what the same numbers
would be by range restriction and by chance."""

from __future__ import annotations

from functools import partial

from analysis.figures import topn
from analysis.figures.style import TITLES
from analysis.measures.baselines import BASELINES
from analysis.measures.ceiling import INSIDE
from analysis.measures.collect import Collected
from analysis.measures.references import EXPECTED
from analysis.report.sections.whole import ranking_tables
from analysis.statistics.topn import NullValue, topn_null
from analysis.tables.cells import DASH, MINUS, Cell, Row, number, with_std
from analysis.tables.html import Html, element, html_table
from analysis.tables.table import Column, Table

RARE = 0.5  # values of topn_mean_tau are shown up to this probability


def top_section(collected: Collected, figure: Html) -> list[Html]:
    """Heading, a table for each space, what the columns are, and the figure of the top sets."""
    return [
        element("h2", "The top"),
        _table(collected),
        element("p", TEXT, *_left_out(collected), class_="small"),
        figure,
    ]


def _table(collected: Collected) -> Html:
    series = topn.series_of(collected.top[collected.top["primary"].astype(bool)])
    references = collected.top_references
    values = {
        (row["space"], row["mask"], row["variant"], row["top"]): {"tau": row["mean"], "tau_std": row["std"]}
        for row in series.to_dict("records")
    } | {
        (row["space"], row["mask"], row["reference"], row["top"]): {"tau": row["tau_b"]}
        for row in references.to_dict("records")
    }
    present = set(series["top"]) | set(references["top"])

    def within(row: Row, key: str, size: int) -> Cell:
        ranking = row["variant"] if "variant" in row else row["reference"]
        return with_std(values.get((row["space"], row["mask"], ranking, size), {}), "tau")

    columns = [
        Column(f"top_{size}", f"top {size}", format=partial(within, size=size))
        for size in collected.study.top
        if size in present
    ]
    columns.append(Column("topn_p", "topn_mean_tau (p)", format=_with_p))
    return ranking_tables(collected, [*BASELINES, *INSIDE], columns)


TEXT = (
    "top N: tau-b within the true top-N. topn_mean_tau, of the mean score over seeds: Kendall's formula applied to N"
    f" and the mean score of the true top-N; {MINUS}1 is best. It is the tau_a of the single-path ranking study, not"
    " the tau-a of statistics. p: share of permuted scores that do at least as well; with six sets, unrelated scores"
    f" reach {MINUS}1 in about 3 % of cases. Ceilings within the top: one measurement of the truth chooses the top,"
    " another plays the score, so that the choice of the top favours neither; they are computed on the architectures"
    " that have every seed needed."
)


def _with_p(row: Row, key: str) -> Cell:
    """'-0.87 (0.012)', or '(0.012)' where there is nothing to say of seeds; ceilings have no p."""
    if row.get("reference") in INSIDE:
        return Cell(DASH)
    value = number(row.get("seedmean_topn_mean_tau"), 2)
    shown = "" if value.value is None else value.content
    return Cell(f"{shown} ({number(row.get(key)).content})".strip(), value.value)


def _left_out(collected: Collected) -> list[str]:
    present = set(collected.top_references["top"])
    sizes = [size for size in collected.study.top if size not in present]
    return [f" Left out, larger than the truth: top {', '.join(map(str, sizes))}."] if sizes else []


def chance_section(collected: Collected) -> list[Html]:
    """Heading, a table of range restriction a space, and the null distribution of topn_mean_tau; nothing where no
    variant has a true top-N."""
    series = topn.series_of(collected.top[collected.top["primary"].astype(bool)])
    series = series.dropna(subset=["mean"])
    if not len(series):
        return []
    pieces: list[Html] = []
    for space, group in series.groupby("space", sort=False):
        sizes = sorted(set(group["top"]))
        lines = []
        for (_, variant), rows in group.groupby(["mask", "variant"], sort=False):
            by_size = {row["top"]: row for row in rows.to_dict("records")}
            lines.append([variant, *(_beside_expected(by_size.get(size)) for size in sizes)])
        table = Table.of_cells(["Ranking", *(f"top {size}" for size in sizes)], lines)
        pieces += [element("h3", TITLES.get(str(space), space)), html_table(table)]
    return [
        element("h2", "Range restriction and chance"),
        *pieces,
        element("p", RESTRICTION, class_="small"),
        *_nulls(collected),
    ]


RESTRICTION = (
    "tau-b within the true top-N, mean over seeds. In brackets, the value expected there of a ranking with the same"
    " tau-b over all architectures and an error of the same size everywhere: homoscedastic in percentage points (first)"
    " or in normal scores of the ranks, a bivariate normal pair (second). Below both, the ranking is less informative"
    " about the top than about the rest; above both, more; in between it depends on the error model. Expectations are"
    " exact for normal errors; nothing is simulated."
)


def _beside_expected(row: Row | None) -> Cell:
    if row is None:
        return Cell(DASH)
    shown, points, places = number(row["mean"]), *(number(row[name], 2) for name in EXPECTED)
    if points.value is None or places.value is None:
        return shown
    expected = f"({points.content} to {places.content})"
    return Cell(Html("".join(element("div", text) for text in (shown.content, expected))), shown.value)


def _nulls(collected: Collected) -> list[Html]:
    """A table for each number of architectures of a full or masked space, by the sets that fit it."""
    counts: dict[tuple[str, str], int] = {}
    for (space, mask), points in collected.points.groupby(["space", "mask"], sort=False):
        counts[str(space), str(mask)] = int(points.groupby("variant", sort=False).size().max())
    shown: dict[tuple[int, ...], tuple[int, list[NullValue]]] = {}
    for n in counts.values():
        sizes = tuple(size for size in collected.study.top if size <= n)
        if sizes not in shown and (null := topn_null(n, sizes)):
            shown[sizes] = (n, null)
    pieces: list[Html] = []
    for sizes, (n, null) in shown.items():
        rare = [entry for entry in null if entry.at_most <= RARE]
        head = [f"topn_mean_tau, {len(sizes)} sets", *(number(entry.value, 2).content for entry in rare)]
        lines = [
            [f"unrelated scores, n = {n}: this or less", *(number(entry.at_most) for entry in rare)],
            ["Kendall's own null: this or less", *(number(entry.kendall) for entry in rare)],
        ]
        pieces.append(html_table(Table.of_cells(head, lines)))
    return [*pieces, element("p", NULL, class_="small")] if pieces else []


NULL = (
    "Probability that topn_mean_tau is this low for scores unrelated to the truth, by permutation. The means are nested"
    " (the top 10 are among the top 25), so that they are in order by chance far more often than Kendall's own null"
    f" distribution says: {MINUS}1 is no proof. The p-values in the table of the top use the scores themselves, with"
    " their ties."
)
