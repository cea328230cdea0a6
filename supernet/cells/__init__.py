"""What each space contributes to a network, by the space's name: `stem`, `SearchCell`, `reduction`, `head` and
whether a reduction follows the last stage."""

from __future__ import annotations

from types import ModuleType

from supernet.spaces.blox import cells as blox_cells
from supernet.spaces.nasbench201 import cells as nasbench201_cells

CELLS: dict[str, ModuleType] = {"nasbench201": nasbench201_cells, "blox": blox_cells}

__all__ = ["CELLS"]
