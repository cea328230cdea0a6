"""What sections share: a table a space, of its variants and of what they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analysis.figures.style import TITLES
from analysis.measures.baselines import TITLES as TITLES_OF_BASELINES
from analysis.measures.collect import Collected
from analysis.report.page import DASH, Html, element, table
from analysis.report.tables.pair import CEILINGS
from analysis.store.study import FULL

Cells = Callable[[dict[Any, Any]], list[object]]
LABELS = TITLES_OF_BASELINES | {name: f"ceiling: {label}" for name, label in CEILINGS.items()}


def space_title(row: Mapping[Any, Any]) -> str:
    """The title of the space that the row is of."""
    return TITLES.get(row["space"], str(row["space"]))


def judged_on(row: Mapping[Any, Any]) -> str:
    """The set that the row is judged on; a dash for a ranking without a value."""
    return row["set"] if isinstance(row.get("set"), str) else DASH


def ranking_tables(
    found: Collected, names: Sequence[str], head: Sequence[object], cells: Cells, main: bool = False
) -> Html:
    """A table for each space: its variants, then in grey the references `names`; `cells`: the numbers of a row. main:
    whether it can be filtered."""
    kinds = found.primary
    pieces: list[Html] = []
    for space, group in kinds.groupby("space", sort=False) if len(kinds) else ():
        references = found.references[found.references["space"] == space]
        references = references[references["reference"].isin(names)]
        masks, sets = len(set(references["mask"])) > 1, len(set(group["set"].dropna())) > 1
        lines: list[list[object]] = [[row["variant"], *cells(row)] for row in group.to_dict("records")]
        weak = range(len(lines), len(lines) + len(references))
        for row in references.to_dict("records"):
            mask = row["mask"] if row["mask"] == FULL else f"without {row['mask']}"
            of = ", ".join([*([mask] if masks else []), *([row["set"]] if sets else [])])
            lines.append([LABELS[row["reference"]] + (f" ({of})" if of else ""), *cells(row)])
        pieces += [
            element("h3", TITLES.get(str(space), space)),
            table(["Ranking", *head], lines, weak=weak, main=main),
        ]
    return Html("".join(pieces))
