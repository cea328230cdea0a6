"""Accuracy and cost of the networks of any table, also of a space of which there is nothing but tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.statistics.pairs import Floats
from analysis.store import truth_table
from analysis.store.column_names import parse
from analysis.store.truth_table import WITHOUT_NETWORKS
from analysis.user_tables.truth_file import COSTS, read_truth_file


@dataclass(frozen=True, kw_only=True)
class PlainTable:
    """title: of the space. accuracy (n,): of the column, in percent. costs: (n,) params, macs. texts: n, of the
    networks. manifest: the table's, empty if it has none."""

    path: Path
    title: str
    column: str
    accuracy: Floats
    costs: dict[str, Floats]
    texts: list[str]
    manifest: Mapping[str, Any]

    @property
    def data(self) -> str:
        """The images."""
        name = parse(self.column)
        return name.data if name else self.column


def read_plain(path: Path, column: str | None = None) -> PlainTable:
    """Read a table of ground truth. column: None for its accuracy on CIFAR-100, where it has it, else its first test
    accuracy. ValueError for what cannot be used."""
    described = truth_table.described(path)
    columns = [str(name) for name in described.get("columns", ())] if "columns" in described else []
    chosen = column or ("cifar100_test" if "cifar100_test" in columns else None)
    if described.get("space") in WITHOUT_NETWORKS:
        table = truth_table.load(path)
        chosen = chosen or next((name for name in columns if _is_test(name)), None)
        if chosen is None or chosen not in table.frame:
            raise ValueError(
                f"column: {chosen or 'of a test accuracy'} is not in {path}; it has {', '.join(columns)}"
            )
        known = table.frame[table.frame[chosen].notna()]
        return PlainTable(
            path=path, title=str(described["title"]), column=chosen, accuracy=known[chosen].to_numpy(dtype=float),
            costs={name: known[name].to_numpy(dtype=float) for name in COSTS}, texts=list(map(str, known["arch"])),
            manifest=described,
        )  # fmt: skip
    truth = read_truth_file(path, chosen)
    costs = {name: truth.costs[name].to_numpy() for name in COSTS}
    return PlainTable(
        path=path, title=truth.space.title, column=truth.column, accuracy=truth.numbers, costs=costs,
        texts=list(map(str, truth.frame["arch"])), manifest=described,
    )  # fmt: skip


def _is_test(name: str) -> bool:
    one = parse(name)
    return (
        one is not None
        and one.part == "test"
        and not (one.metric or one.which or one.epochs)
        and one.seed is None
    )
