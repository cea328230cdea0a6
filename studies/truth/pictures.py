"""What a table says about its search space: operations of the best, agreement of data sets; numbers and pictures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.figures import style
from analysis.figures.truth import data_sets, operation_use
from analysis.measures.ground_truth import agreement, occurrences, same_metric, use_by_mask
from analysis.tables import Column, Table, fixed
from studies.truth.table import TruthTable
from supernet.spaces import Space

PRINTED = (10, 100, 500)  # sets in the printed table, and all


def describe(
    table: TruthTable, space: Space, column: str | None, folder: Path | None
) -> tuple[list[Table], str]:
    """The operations in the true top-N of `space`, a mask of the table's own, and the agreement of data sets.

    Args:
        table: The table of ground truth.
        space: A space of the table's architectures, under a mask.
        column: The truth; None for the mean test accuracy on the table's first data set.
        folder: Where to save the figures with their data; None: nothing is drawn.

    Returns:
        The tables, and a line on what was drawn.

    Raises:
        ValueError: for a table of another space and for a column without values.
    """
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
    source = f"{column} of {table.path.name}: {len(frame):,} architectures"
    uses, tables, drawn = {}, [], ""
    for kind, counts in occurrences(space, architectures).items():
        uses[kind] = use_by_mask(counts, frame[column])
        tables.append(_use_table(kind, uses[kind][uses[kind]["mask"] == uses[kind]["mask"].iloc[0]], source))
    columns = same_metric(list(frame.columns), data, column)
    agreeing = agreement(frame, columns)
    if len(columns) > 1:
        title = "the same architectures on other data sets:"
        tables.append(Table.of_frame(agreeing[agreeing["x"] < agreeing["y"]], name="data_sets", title=title))
    if folder is not None:
        paths = _draw(table, space, column, uses, frame[["arch", *columns]], agreeing, folder)
        drawn = "drawn: " + ", ".join(map(str, paths))
    return tables, drawn


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


def _use_table(kind: str, use: pd.DataFrame, source: str) -> Table:
    """Usage and share, in percent, of each name for a few N."""
    sizes = sorted({*(n for n in PRINTED if n in set(use["top"])), use["top"].max()})
    rows: dict[str, dict[str, object]] = {name: {"name": name} for name in use["name"].unique()}
    keys = {f"{measure}_{size}": f"{measure} {size:,}" for measure in ("usage", "share") for size in sizes}
    for line in use[use["top"].isin(sizes)].to_dict("records"):
        for measure in ("usage", "share"):
            rows[line["name"]][f"{measure}_{line['top']}"] = 100 * line[measure]
    columns = [Column("name", kind, words=True)]
    columns += [Column(key, title, unit="%", format=fixed(1)) for key, title in keys.items()]
    title = f"{source}; {kind} in the true top-N: usage, architectures that use it; share, of all choices"
    return Table(columns, list(rows.values()), name=f"{kind}_use", title=title)


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
