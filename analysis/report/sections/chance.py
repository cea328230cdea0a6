"""The section on what the numbers of the top would be anyway: by a narrow range of truths, and by chance."""

from __future__ import annotations

from typing import Any

from analysis.figures import topn
from analysis.figures.style import TITLES
from analysis.measures.collect import Collected
from analysis.measures.references import EXPECTED
from analysis.report.page import DASH, MINUS, Cell, Html, element, number, table
from analysis.statistics.topn import NullValue, topn_null

RARE = 0.5  # values of topn_mean_tau are shown up to this probability


def chance_section(found: Collected) -> list[Html]:
    """Heading, a table of range restriction a space, and the null distribution of topn_mean_tau; nothing where no
    variant has a true top-N."""
    series = topn.series_of(found.top[found.top["primary"].astype(bool)])
    series = series.dropna(subset=["mean"])
    if not len(series):
        return []
    pieces: list[Html] = []
    for space, group in series.groupby("space", sort=False):
        sizes = sorted(set(group["top"]))
        lines = []
        for (_, variant), rows in group.groupby(["mask", "variant"], sort=False):
            by_size = {row["top"]: row for row in rows.to_dict("records")}
            lines.append([variant, *(_cell(by_size.get(size)) for size in sizes)])
        pieces += [
            element("h3", TITLES.get(str(space), space)),
            table(["Ranking", *(f"top {size}" for size in sizes)], lines),
        ]
    return [
        element("h2", "What a narrow range and chance would give"),
        *pieces,
        element("p", RESTRICTION, class_="small"),
        *_nulls(found),
    ]


RESTRICTION = (
    "tau-b inside the true top-N, mean over seeds, and in brackets what a ranking of the same tau-b over all would be"
    " expected to have there if its error were the same everywhere: in percentage points (first) or in normal scores of"
    " the places, a bivariate normal pair (second). Below both, the ranking knows less of the top than of the rest;"
    " above both, more; in between it depends on what is called the same error. Exact expectations for normal errors,"
    " nothing is drawn."
)


def _cell(row: dict[Any, Any] | None) -> Cell:
    if row is None:
        return Cell(DASH)
    shown, points, places = (number(row[n], k) for n, k in (("mean", 3), *((name, 2) for name in EXPECTED)))
    if points.value is None or places.value is None:
        return shown
    expected = f"({points.content} to {places.content})"
    return Cell(Html("".join(element("div", text) for text in (shown.content, expected))), shown.value)


def _nulls(found: Collected) -> list[Html]:
    """A table for each number of architectures of a full or masked space, by the sets that fit it."""
    counts: dict[tuple[str, str], int] = {}
    for (space, mask), points in found.points.groupby(["space", "mask"], sort=False):
        counts[str(space), str(mask)] = int(points.groupby("variant", sort=False).size().max())
    shown: dict[tuple[int, ...], tuple[int, list[NullValue]]] = {}
    for n in counts.values():
        sizes = tuple(size for size in found.study.top if size <= n)
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
        pieces.append(table(head, lines))
    return [*pieces, element("p", NULL, class_="small")] if pieces else []


NULL = (
    "How likely topn_mean_tau is to come out so low for scores that have nothing to do with the truth, by permutation."
    " The means are nested (the top 10 are among the top 25), so that they fall in order by chance far more often than"
    f" Kendall's own null distribution says: {MINUS}1 is no proof. p-values in the table of the top are of the scores"
    " themselves, with their ties."
)
