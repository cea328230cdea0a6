"""Search spaces by name. Plain Python: importing this does not import torch.

A space is a folder here and its entry in SPACES. The folder holds `space` (plain Python; see space.py), `cells` (see
network_part.py), `recipe` (see recipe.py) and, if its authors published tables, `importer` (see imported.py). Nothing
outside asks for a space by its name. tests/supernet/layers is a small example, tested with everything else.
"""

from __future__ import annotations

from collections.abc import Iterable

from supernet.spaces.blox.space import Blox
from supernet.spaces.nasbench201.space import NasBench201
from supernet.spaces.space import Architecture, Cell, Cost, Path, Size, Space

SPACES: dict[str, type[Space]] = {space.name: space for space in (NasBench201, Blox)}

__all__ = [
    "SPACES",
    "Architecture",
    "Blox",
    "Cell",
    "Cost",
    "NasBench201",
    "Path",
    "Size",
    "Space",
    "get_space",
]


def get_space(name: str, mask: Iterable[str] = ()) -> Space:
    """The space of that name under a mask. Raises ValueError for an unknown name or mask."""
    if name not in SPACES:
        raise ValueError(f"space: {name!r} is not one of {', '.join(SPACES)}")
    return SPACES[name](tuple(mask))
