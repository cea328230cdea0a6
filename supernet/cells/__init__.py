"""What each space contributes to a network, by the space's name: `stem`, `SearchCell`, `reduction`, `head` and
whether a reduction follows the last stage."""

from __future__ import annotations

from types import ModuleType

from supernet.cells import blox, nasbench201

CELLS: dict[str, ModuleType] = {"nasbench201": nasbench201, "blox": blox}

__all__ = ["CELLS"]
