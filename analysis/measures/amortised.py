"""Amortised cost: what ranking n architectures costs, preparation included.

total(n) = preparation + n x mean cost of an architecture, for n = 100, 1,000 and all that the space's mask allows.
The mean is over all architectures that were asked for, with those that came to no score: they cost time too. Quality
is of those that are compared, and taken to be the same for any n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pandas as pd

from analysis.measures.yardstick import Yardstick
from analysis.store.study import GROUP
from supernet.spaces import Space

SIZES = (100, 1000)
QUALITY = ("spearman", "spearman_low", "spearman_high", "tau_b")
AMORTISED = [
    *GROUP, "kind", "architectures", "all", "prepare_seconds", "each_seconds", "seconds", "prepare_steps",
    "each_steps", "steps", "each_macs", *QUALITY, "n",
]  # fmt: skip


@lru_cache(maxsize=64)
def size_of(space: Space) -> int:
    """How many architectures the benchmark lists that the mask allows."""
    return sum(1 for _ in space.enumerate())


def amortised(found: Yardstick, sizes: Sequence[int] = SIZES) -> pd.DataFrame:
    """AMORTISED: a row for each ranking that is compared and number of architectures: `sizes`, as far as the space
    has so many, and all of it (`all`). Seconds and steps in total; empty where a part of them is not known. QUALITY:
    over all n that were compared."""
    rankings = [one for group in found.side_by_side for one in group.rankings]
    spaces = {(one.group["space"], one.group["mask"]): one.space for one in rankings}
    whole = found.bins[found.bins["percent"] == 100].set_index(GROUP)
    rows: list[dict[str, Any]] = []
    for ranking in found.rankings.to_dict("records"):
        key = tuple(ranking[name] for name in GROUP)
        if key not in whole.index:
            continue
        quality = whole.loc[key]
        most = size_of(spaces[ranking["space"], ranking["mask"]])
        for count in [*(size for size in sizes if size < most), most]:
            row = {name: ranking[name] for name in (*GROUP, "kind")} | {
                "architectures": count,
                "all": count == most,
            }
            for name in ("seconds", "steps"):
                before, each = ranking[f"prepare_{name}"], ranking[f"each_{name}"]
                row |= {f"prepare_{name}": before, f"each_{name}": each, name: total(before, each, count)}
            row |= {"each_macs": ranking["each_macs"], "n": quality["n"]}
            rows.append(row | {name: quality[name] for name in QUALITY})
    return pd.DataFrame(rows, columns=AMORTISED)


def total(before: float | None, each: float | None, count: int) -> float | None:
    """before + count x each; None if either is not known."""
    if before is None or each is None or math.isnan(before) or math.isnan(each):
        return None
    return before + count * each
