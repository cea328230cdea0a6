"""A model that is told the labels of a few architectures and ranks the rest."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from importlib import import_module
from types import ModuleType
from typing import ClassVar

from studies.estimators.combination import UNSCORED
from studies.estimators.estimator import Estimator, register
from studies.estimators.predictor_models import FEATURES, Forest, PredictorModel
from studies.estimators.table_column import Measure, Recorded
from supernet.spaces import Architecture, Space

GRAPH = ("counts", "paths", "places")
DISCONNECTED = ("predicted", "lowest")
LEAST = 4  # labels: fewer are no fit


@register("predictor")
@dataclass(frozen=True, kw_only=True)
class Predictor(Estimator):
    """Fitted on labelled architectures; ranks by what it predicts for the others.

    What it sees: `features`, and a column for each of the entry's members, the share of the members' common set that
    ranks no higher. Labelled architectures are drawn from the run's seed, uniformly among the distinct functions of the
    table that the mask allows, each function once, by one of its encodings; so a run with fewer labels and the same
    seed has the first of them. All encodings of a labelled function are 'labelled' and have no score. Members score
    the labelled ones beside what the study scores, so that the draw owes nothing to the study's true top-N.

    In active rounds the first labels are drawn as above. Of those of each further round, i = 2, 3, ..., the share
    `alpha` are the best that the model predicts, the others are drawn from its best 1 / 2^(i-1). With members, these
    must have scored the whole table: of a true top-N the rounds would learn what nobody knows. Source: Dudziak et al.,
    BRP-NAS (NeurIPS 2020), section 3.2.

    Args:
        model: which and how (predictor_models.py).
        features: groups of FEATURES; () for a model of graphs alone, or for members alone.
        labels: functions whose label is told, in all rounds together.
        table, column: of the labels, as of `TableColumn`; one seed's validation accuracy as a rule, never what judges.
        recorded: of the table's trainings, where known: what a label costs.
        label_seconds: of one label's training, where the table does not tell and it was measured elsewhere.
        rounds, alpha: as above; one round draws all at once.
        unscored: as of `Combination`, for members.
        disconnected: 'lowest' ranks architectures without a path from the input to the output below all others, alike:
            no label is needed to know that no training lifts them above chance. 'predicted' asks the model.
    """

    needs_images: ClassVar[bool] = False
    learns: ClassVar[bool] = True
    prepares: ClassVar[bool] = True
    preparing: ClassVar[float] = 0.9

    model: PredictorModel = field(default_factory=Forest)
    features: tuple[str, ...] = GRAPH
    labels: int = 78
    table: str = "{space}-digits"
    column: str = "digits_valid_seed0"
    recorded: Recorded | None = None
    label_seconds: float | None = None
    rounds: int = 1
    alpha: float = 0.5
    unscored: str = "unknown"
    disconnected: str = field(default="predicted", metadata={"absent_by_default": True})

    def __post_init__(self) -> None:
        for feature in self.features:
            if feature not in FEATURES:
                raise ValueError(f"features: {feature!r} is not one of {', '.join(FEATURES)}")
        if len(set(self.features)) < len(self.features):
            raise ValueError(f"features: {', '.join(self.features)} names one twice")
        for name, least in (("labels", LEAST), ("rounds", 1)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise ValueError(f"{name}: {value!r} is not an integer of at least {least}")
        if self.rounds > 1 and self.labels // self.rounds < LEAST:
            raise ValueError(
                f"rounds: {self.rounds} of {self.labels} labels are fewer than {LEAST} labels a round"
            )
        carried = getattr(self.model, "carried_rounds", 1)
        if carried not in (1, self.rounds):
            raise ValueError(
                f"rounds: {self.rounds!r}, but the model carries its weights over {carried} (carried_rounds)"
            )
        if not (isinstance(self.alpha, int | float) and 0 <= self.alpha <= 1):
            raise ValueError(f"alpha: {self.alpha!r} is not between 0 and 1")
        if self.unscored not in UNSCORED:
            raise ValueError(f"unscored: {self.unscored!r} is not one of {', '.join(UNSCORED)}")
        if self.disconnected not in DISCONNECTED:
            raise ValueError(f"disconnected: {self.disconnected!r} is not one of {', '.join(DISCONNECTED)}")
        if self.label_seconds is not None and not 0 < self.label_seconds < math.inf:
            raise ValueError(f"label_seconds: {self.label_seconds!r} is not a number above 0")
        Measure.of(self.column)

    @property
    def measures(self) -> tuple[str, ...]:
        return ("predicted",)

    @property
    def by_round(self) -> tuple[int, ...]:
        """Labels of each round."""
        each, left = divmod(self.labels, self.rounds)
        return tuple(each + (place < left) for place in range(self.rounds))

    def check_members(self, count: int) -> None:
        if not self.model.uses_table and (count or self.features):
            raise ValueError(
                f"features: {self.model.kind!r} sees graphs alone; it takes no features and no members"
            )
        if self.model.uses_table and not (count or self.features):
            raise ValueError(f"features: {self.model.kind!r} needs features or members")

    def told_by(self, space: str) -> tuple[tuple[str, str], ...]:
        return ((self.table.replace("{space}", space), Measure.of(self.column).column),)

    def labelled(self, space: Space, seed: int) -> list[Architecture]:
        chosen: list[Architecture] = self._labels.draw(self, space, seed)[: self.by_round[0]]
        return chosen

    @property
    def _labels(self) -> ModuleType:
        return import_module("studies.estimators.compute.predictors.labels")

    def small(self) -> Predictor:
        rounds = min(self.rounds, 2)
        labels = rounds * (LEAST + self.labels // 20)  # other numbers stay other numbers
        return replace(
            Predictor(labels=labels, rounds=rounds, alpha=self.alpha, unscored=self.unscored),
            model=self.model.small(),
            features=self.features,
            disconnected=self.disconnected,
        )
