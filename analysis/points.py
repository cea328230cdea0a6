"""Architectures with truth and score, one row each: what scatters and tables of points are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.pairs import Floats
from analysis.topn import by_truth

COLUMNS = ["arch", "truth", "score", "seeds", "place", "sampled"]


def points(
    texts: Sequence[str], truth: Floats, score: Floats, sampled: np.ndarray, seeds: int
) -> pd.DataFrame:
    """COLUMNS of architectures with truth, score and sampled, (n,) each. score: mean over so many seeds. place: 1 for
    the best truth, ties by order. sampled: whether it is of the sample that stands for the space."""
    place = np.empty(len(truth), dtype=int)
    place[by_truth(truth)] = np.arange(1, len(truth) + 1)
    columns = (list(texts), truth, score, seeds, place, sampled)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
