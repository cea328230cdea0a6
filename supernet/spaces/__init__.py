"""Search spaces by name. Plain Python: importing this does not import torch.

A space is a folder here and its line in CLASSES. The folder holds `space` (plain Python; see space.py), `cells` (see
network_part.py), `recipe` (see recipe.py) and, if its authors published tables, `importer` (see imported.py). Nothing
outside asks for a space by its name. tests/supernet/layers is a small example, tested with everything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from supernet.spaces.space import Architecture, Cell, Cost, Path, Size, Space

CLASSES = (  # by folder, in the order in which spaces are listed
    "nasbench201.space.NasBench201",
    "blox.space.Blox",
    "macro.space.Macro",
)


def _load(name: str) -> type[Space]:
    module, _, cls = name.rpartition(".")
    found: type[Space] = getattr(import_module(f"{__name__}.{module}"), cls)
    return found


SPACES: dict[str, type[Space]] = {space.name: space for space in map(_load, CLASSES)}

__all__ = ["SPACES", "Architecture", "Cell", "Cost", "Path", "Size", "Space", "get_space"]


def get_space(name: str, mask: Iterable[str] = ()) -> Space:
    """The space of that name under a mask. Raises ValueError for an unknown name or mask."""
    if name not in SPACES:
        raise ValueError(f"space: {name!r} is not one of {', '.join(SPACES)}")
    return SPACES[name](tuple(mask))
