"""What a table of ground truth says by itself: of which operations the best architectures are made, and whether its
data sets rank the architectures alike.

Source: the single-path ranking study, Figures 3 and 10. The caption of Figure 3 divides an operation's occurrences by
N times the number of available operations; here they are divided by all occurrences in the N architectures, so that
shares sum to 1 whatever the number of choice points. The usage is as in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.statistics.correlation import kendall_tau, pearson, spearman
from analysis.statistics.topn import by_truth, check_top
from analysis.store.study import FULL
from supernet.spaces import Architecture, Space

STEPS = (10, 15, 20, 30, 50, 70)  # and ten times, a hundred times ... these


def sizes_up_to(n: int) -> tuple[int, ...]:
    """Sets to look at: STEPS in every power of ten, and all n."""
    powers = range(max(1, len(str(n))))
    return (*(step * 10**p for p in powers for step in STEPS if step * 10**p < n), n)


def occurrences(space: Space, architectures: Sequence[Architecture]) -> dict[str, pd.DataFrame]:
    """How often each architecture uses each name, by kind ('operation'; Blox also 'connectivity'): frames (n, names)
    of ints, columns in the space's official order."""
    names = [name for name in space.maskable if name not in space.mask]
    position = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(architectures), len(names)), dtype=np.int16)
    kinds: dict[str, dict[str, None]] = {}
    for row, architecture in zip(counts, architectures, strict=True):
        for kind, used in space.choices(architecture).items():
            for name in used:
                row[position[name]] += 1
            kinds.setdefault(kind, {}).update(dict.fromkeys(used))
    frame = pd.DataFrame(counts, columns=names)
    return {kind: frame[[name for name in names if name in found]] for kind, found in kinds.items()}


def use_in_top(counts: pd.DataFrame, truth: ArrayLike, sizes: Sequence[int]) -> pd.DataFrame:
    """Use of each column of `counts` (n, names) in the true top-N, for each N of `sizes`.

    truth: (n,), higher is better, ties in file order. Columns: name, top (N), using (architectures with at least
    one), usage (using / N), share (of all occurrences in the N; the shares of one N sum to 1, NaN if there are none).
    Raises ValueError for a size above n.
    """
    sizes = check_top(sizes)
    if sizes[-1] > len(counts):
        raise ValueError(f"top: {sizes[-1]} is not between 1 and {len(counts)}, the number of architectures")
    ranked = counts.to_numpy()[by_truth(truth)]
    ends = np.array(sizes) - 1
    using = (ranked > 0).cumsum(axis=0)[ends]
    times = ranked.cumsum(axis=0, dtype=np.int64)[ends]
    total = times.sum(axis=1, keepdims=True)
    shares = np.divide(times, total, out=np.full(times.shape, np.nan), where=total > 0)
    return pd.DataFrame(
        {
            "name": np.tile(counts.columns, len(sizes)),
            "top": np.repeat(sizes, counts.shape[1]),
            "using": using.ravel(),
            "usage": (using / np.array(sizes)[:, None]).ravel(),
            "share": shares.ravel(),
        }
    )


def use_by_mask(counts: pd.DataFrame, truth: ArrayLike, sizes: Sequence[int] | None = None) -> pd.DataFrame:
    """`use_in_top` of all rows and of those without each name, one after the other; column mask: FULL or that name.

    Sizes above what a mask leaves are left out, all that it leaves is added; None means `sizes_up_to`. A mask that
    leaves nothing, or none of this kind, has no rows."""
    truth = np.asarray(truth, dtype=float)
    parts = []
    for mask in (None, *counts.columns):
        kept = np.ones(len(counts), bool) if mask is None else (counts[mask] == 0).to_numpy()
        n = int(kept.sum())
        if not n:
            continue
        chosen = sizes_up_to(n) if sizes is None else tuple(sorted({*(s for s in sizes if s < n), n}))
        part = use_in_top(counts[kept].drop(columns=[mask] if mask else []), truth[kept], chosen)
        part.insert(0, "mask", mask or FULL)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


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
