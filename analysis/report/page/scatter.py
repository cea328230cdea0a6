"""A scatter to look into: the points inside the page, a variant at a time, and the architecture of each.

The page's script draws it in place of the still picture, which is what there is in print and without a script.
Architectures and their truth are there once for each space, the rows that a variant has once for each set of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.report.page.markup import Html
from analysis.report.page.packed import json_block, pack_numbers, pack_texts

GROUP = ["space", "mask", "variant"]
LARGEST = 400_000  # points in a page, about 2 MB


def scatter_data(
    points: pd.DataFrame,
    taus: pd.DataFrame,
    *,
    top: int,
    truth: str | Mapping[str, str],
    titles: Mapping[str, str],
    score: str = "score (%)",
) -> Html:
    """The points as a block for the page's script.

    points: space, mask, variant, arch, truth, score (mean over seeds), seeds, place and sampled, as `scatter` has them.
    taus: space, mask, variant and tau_b. top: as many of the best by truth are marked. truth: what it is, for the
    axis, of all spaces or by space. titles: of spaces. score: what it is. Truth has all its digits, scores have
    seven. Of more than LARGEST points, those of every k-th place by truth are there and the page says so.
    """
    step = max(1, -(-len(points) // LARGEST))
    known = {tuple(row[:3]): row[3] for row in taus[[*GROUP, "tau_b"]].itertuples(index=False)}
    spaces: list[dict[str, Any]] = []
    sets: dict[tuple[str, ...], int] = {}  # rows that a variant has, packed, and their number
    variants: list[dict[str, Any]] = []
    for number, (space, here) in enumerate(points.groupby("space", sort=False)):
        architectures = here.drop_duplicates("arch")
        places = pd.Series(np.arange(len(architectures)), index=architectures["arch"].to_numpy())
        spaces.append(
            {
                "name": str(space),
                "axis": truth if isinstance(truth, str) else truth[str(space)],
                "title": titles.get(str(space), str(space)),
                "texts": pack_texts(architectures["arch"].tolist()),
                "truth": pack_numbers(architectures["truth"], "f8"),
            }
        )
        for key, group in here.groupby(GROUP, sort=False):
            shown = group[(group["place"].to_numpy() - 1) % step == 0]
            columns = [(places[shown["arch"]], "u4"), (shown["place"], "u4"), (shown["sampled"], "u1")]
            packed = tuple(pack_numbers(values, kind) for values, kind in columns)
            tau = known.get(key)
            variants.append(
                {
                    "space": number,
                    "mask": str(key[1]),
                    "name": str(key[2]),
                    "seeds": int(group["seeds"].iloc[0]),
                    "points": len(group),
                    "tau_b": None if tau is None or not np.isfinite(tau) else float(tau),
                    "rows": sets.setdefault(packed, len(sets)),
                    "score": pack_numbers(shown["score"], "f4"),
                }
            )
    rows = [dict(zip(("architecture", "place", "sampled"), packed, strict=True)) for packed in sets]
    content = {"top": top, "score": score, "spaces": spaces, "rows": rows, "variants": variants}
    return json_block("scatter-data", content)
