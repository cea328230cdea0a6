"""What a model sees of n architectures, a table of numbers, graphs, or both, and what it fits of their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

Array = NDArray[np.float64]
Rows = NDArray[np.intp] | NDArray[np.bool_] | Sequence[int] | slice
LEAST_ERROR = 0.01  # percent: an accuracy above 99.99 counts as 99.99, where the logarithm would have no end


@dataclass(frozen=True)
class Graphs:
    """n graphs of equally many slots. Slot 0 is the global node, which reads every live node.

    operations: (n, slots, labels) bool, one-hot; zero in a dead slot. adjacency: (n, slots, slots) bool; row i reads
    the successors of node i and itself; without dead slots. live: (n, slots) bool."""

    operations: NDArray[np.bool_]
    adjacency: NDArray[np.bool_]
    live: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.live)

    def __getitem__(self, rows: Rows) -> Graphs:
        return Graphs(self.operations[rows], self.adjacency[rows], self.live[rows])


@dataclass(frozen=True)
class Inputs:
    """n architectures; indexed by rows like an array.

    table: (n, d) float64, finite; None for a model of graphs alone. names: of its d columns. graphs: None for a model
    of the table alone."""

    table: NDArray[np.float64] | None = None
    names: tuple[str, ...] = ()
    graphs: Graphs | None = None

    def __post_init__(self) -> None:
        if self.table is None and self.graphs is None:
            raise ValueError("inputs: neither a table nor graphs")
        if self.table is not None:
            if self.table.ndim != 2 or self.table.shape[1] != len(self.names):
                raise ValueError(
                    f"table: an array of shape {self.table.shape} does not go with {len(self.names)} names"
                )
            missing = ~np.isfinite(self.table).all(axis=0)
            if missing.any():
                raise ValueError(
                    f"table: column {self.names[int(missing.argmax())]!r} has values that are not finite"
                )
        if self.table is not None and self.graphs is not None and len(self.table) != len(self.graphs):
            raise ValueError(f"inputs: {len(self.table)} rows of the table, but {len(self.graphs)} graphs")

    def __len__(self) -> int:
        parts = self.graphs if self.table is None else self.table
        assert parts is not None
        return len(parts)

    def beside(self, columns: Mapping[str, Array]) -> Inputs:
        """The same with further columns of the table, (n,) each, by name."""
        table = np.column_stack([*([] if self.table is None else [self.table]), *columns.values()])
        return Inputs(table, (*self.names, *columns), self.graphs)

    def __getitem__(self, rows: Rows) -> Inputs:
        return Inputs(
            None if self.table is None else self.table[rows],
            self.names,
            None if self.graphs is None else self.graphs[rows],
        )


def transformed(labels: Array, target: str) -> Array:
    """(n,) labels as a model fits them; increasing in the labels.

    target: 'accuracy' as given; 'log-error' -ln(100 - label); 'rank' the normal score of rank / (n + 1), ties at their
    mean rank.

    Raises ValueError for fewer than two labels, for any that is not finite, and for those of 'log-error' that are no
    percentages."""
    if len(labels) < 2:
        raise ValueError(f"labels: {len(labels)} are too few to learn from; at least 2")
    if not np.isfinite(labels).all():
        raise ValueError(f"labels: {int((~np.isfinite(labels)).sum())} of {len(labels)} are not finite")
    if target == "rank":
        scores: Array = ndtri(rankdata(labels) / (len(labels) + 1))
        return scores
    if target == "accuracy":
        return labels
    if labels.min() < 0 or labels.max() > 100:
        wrong = labels[np.argmax(np.abs(labels - 50))]
        raise ValueError(f"target: 'log-error' is of accuracies in percent, but a label is {wrong:g}")
    return -np.log(np.maximum(100 - labels, LEAST_ERROR))
