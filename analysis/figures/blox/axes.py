"""What the figures of Blox share: costs and their units, clouds of very many points."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

COSTS = {"macs": ("MACs (millions)", 1e6), "params": ("parameters (millions)", 1e6)}


def cloud(
    axes: Axes, x: ArrayLike, y: ArrayLike, colour: str, marker: str = "o", *, few: bool = False
) -> None:
    """Points, the smaller and paler the more there are; as an image, so that 91,125 of them are a small file too.

    few: to be seen one by one, whatever is behind them."""
    n = max(1, np.size(x))
    axes.scatter(
        x,
        y,
        s=12 if few else float(np.clip(6000 / n, 1.2, 12)),
        alpha=0.9 if few else float(np.clip(4000 / n, 0.08, 0.6)),
        c=colour,
        marker=marker,
        linewidths=0,
        rasterized=True,
    )
