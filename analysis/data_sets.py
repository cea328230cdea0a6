"""One benchmark, several data sets: whether they rank the architectures alike.

Source: the single-path ranking study, Figure 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pandas as pd

from analysis.correlation import kendall_tau, pearson, spearman


def same_metric(columns: Sequence[str], data: Sequence[str], column: str) -> list[str]:
    """The columns that say of each data set what `column` says of its own: '{data}_{rest}' with the same rest.

    In the order of `data`. Raises ValueError if `column` is of none of the data sets."""
    rests = [column.removeprefix(f"{name}_") for name in data if column.startswith(f"{name}_")]
    if not rests:
        raise ValueError(f"column: {column!r} is not of one of the table's data sets {', '.join(data)}")
    return [f"{name}_{rests[0]}" for name in data if f"{name}_{rests[0]}" in columns]


def agreement(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Rank correlation of each column with each other one, over the rows that have both.

    Columns: x, y, n, tau_b, spearman, pearson (NaN where undefined)."""
    rows = []
    for x, y in permutations(columns, 2):
        both = frame[[x, y]].to_numpy(dtype=float)
        both = both[np.isfinite(both).all(axis=1)]
        row = {"x": x, "y": y, "n": len(both)}
        for name, function in (("tau_b", kendall_tau), ("spearman", spearman), ("pearson", pearson)):
            value = function(both[:, 0], both[:, 1]).value if len(both) > 1 else None
            row[name] = np.nan if value is None else value
        rows.append(row)
    return pd.DataFrame(rows, columns=["x", "y", "n", "tau_b", "spearman", "pearson"])
