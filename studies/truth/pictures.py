"""What a table says about its search space: operations of the best, agreement of data sets; numbers and pictures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.figures import style
from analysis.figures.truth import data_sets, operation_use
from analysis.measures.ground_truth import agreement, occurrences, same_metric, use_by_mask
from studies.truth.table import TruthTable
from supernet.spaces import Space

PRINTED = (10, 100, 500)  # sets in the printed table, and all


def describe(table: TruthTable, space: Space, column: str | None, folder: Path | None) -> str:
    """Text on the operations in the true top-N of `space`, a mask of the table's own, and on the data sets.

    column: the truth; None for the mean test accuracy on the table's first data set. folder: where to save the
    figures with their data. Raises ValueError for a table of another space and for a column without values."""
    if table.space.name != space.name:
        raise ValueError(f"truth: {table.path} is a table of {table.space.name}, not of {space.name}")
    data = _data_sets(table)
    column = _column(table, data, column)
    frame = table.frame[table.frame[column].notna()]
    architectures = [space.parse(text) for text in frame["arch"]]
    kept = (
        [space.in_mask(a) and space.is_valid(a) for a in architectures] if space.mask else [True] * len(frame)
    )
    frame = frame[kept].reset_index(drop=True)
    if frame.empty:
        raise ValueError(f"truth: no architecture of {table.path} has {column} and is under this mask")
    architectures = [a for a, keep in zip(architectures, kept, strict=True) if keep]
    parts = [f"{column} of {table.path.name}: {len(frame):,} architectures"]
    uses = {}
    for kind, counts in occurrences(space, architectures).items():
        uses[kind] = use_by_mask(counts, frame[column])
        parts.append(_text(kind, uses[kind][uses[kind]["mask"] == uses[kind]["mask"].iloc[0]]))
    columns = same_metric(list(frame.columns), data, column)
    agreeing = agreement(frame, columns)
    if len(columns) > 1:
        lines = agreeing[agreeing["x"] < agreeing["y"]].to_string(index=False, float_format="{:.3f}".format)
        parts.append(f"the same architectures on other data sets:\n{lines}")
    if folder is not None:
        paths = _draw(table, space, column, uses, frame[["arch", *columns]], agreeing, folder)
        parts.append("drawn: " + ", ".join(map(str, paths)))
    return "\n\n".join(parts)


def _data_sets(table: TruthTable) -> list[str]:
    data = table.manifest["data"]
    return [data] if isinstance(data, str) else list(data)


def _column(table: TruthTable, data: list[str], column: str | None) -> str:
    columns = table.manifest["columns"]
    if column is None:
        tests = [name for name in (f"{d}_test" for d in data) if name in columns]
        if not tests:
            raise ValueError(
                f"column: the table has no test accuracy; choose one of {', '.join(columns) or 'none'}"
            )
        return tests[0]
    if column not in columns:
        raise ValueError(f"column: {column!r} is not one of {', '.join(columns)}")
    if table.frame[column].isna().all():
        raise ValueError(f"column: {column!r} has no values")
    return column


def _text(kind: str, use: pd.DataFrame) -> str:
    """Usage and share of each name for a few N."""
    sizes = sorted({*(n for n in PRINTED if n in set(use["top"])), use["top"].max()})
    chosen = use[use["top"].isin(sizes)].assign(top=lambda rows: rows["top"].map("{:,}".format))
    wide = chosen.melt(["name", "top"], ["usage", "share"]).assign(value=lambda rows: 100 * rows["value"])
    wide["of"] = wide["variable"] + " " + wide["top"]
    wide = wide.pivot_table("value", "name", "of", sort=False)
    text = wide.to_string(float_format="{:.1f}".format)
    return f"{kind} in the true top-N (%): usage, architectures that use it; share, of all choices\n{text}"


def _draw(
    table: TruthTable,
    space: Space,
    column: str,
    uses: dict[str, pd.DataFrame],
    accuracies: pd.DataFrame,
    agreeing: pd.DataFrame,
    folder: Path,
) -> list[Path]:
    note = f"Truth: {column} of {table.path.name} ({table.manifest['title']})."
    note += f" Nothing uses {', '.join(space.mask)}." if space.mask else ""
    paths = []
    for kind, use in uses.items():
        figure = operation_use(use, space=space.name, note=note)
        paths.append(style.save(figure, use, folder, f"{space.name}-{kind}-{column}")[0])
    columns = [str(name) for name in accuracies if name != "arch"]
    if len(columns) > 1:
        figure = data_sets(accuracies, agreeing, columns, note=note)
        paths.append(style.save(figure, accuracies, folder, f"{space.name}-data-sets-{column}")[0])
    return paths
