"""How a space's stand-alone networks are trained: `RECIPE`, a `Recipe`, in the module `recipe` of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from supernet.spaces.space import Size, Space
from supernet.training.config import TrainingConfig


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """training: as the benchmark's networks were trained, for images of 32 pixels a side. best: whether accuracies are
    also kept at the epoch of the best validation accuracy. split: the benchmark's own, by its name in
    supernet/data/splits.py, for the data sets that have it; None for a data set's default.

    embedded_size, embedded_training: of the networks of the embedded task (studies/embedded.py), and what their
    training changes in that task's."""

    training: TrainingConfig
    embedded_size: Size
    embedded_training: Mapping[str, Any] = field(default_factory=dict)
    best: bool = False
    split: str | None = None


def get_recipe(space: Space | type[Space]) -> Recipe:
    """The recipe of a space."""
    recipe = space.part("recipe").RECIPE
    assert isinstance(recipe, Recipe)
    return recipe
