"""The models of predictors by name. Their settings: studies/estimators/predictor_models.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from studies.estimators.compute.predictors import brp_nas, classical, gcn
from studies.estimators.compute.predictors.inputs import Array, Graphs, Inputs
from studies.estimators.predictor_models import Average as AverageSettings
from studies.estimators.predictor_models import PredictorModel

__all__ = ["MODELS", "Graphs", "Inputs", "Model", "make"]


class Model(Protocol):
    """What learns from labelled architectures and ranks others. Same inputs, seed and machine: same bits; the global
    random state is neither read nor changed."""

    def fit(self, x: Inputs, y: Array, seed: int) -> None:
        """Learn from n architectures and their (n,) labels, higher is better; whatever was learned before is forgotten,
        unless the settings say otherwise.

        Raises ValueError for labels that are fewer than two, not finite or do not go with the target."""

    def predict(self, x: Inputs) -> Array:
        """(m,) scores, higher is better; in no unit. Each depends on its own row alone."""
        ...


class Average:
    """Several models as one: they err in different ways, so that their mean errs less than each.

    members: the models. Predictions of different models have different units: each is standardised by its mean and
    standard deviation over the labelled architectures."""

    def __init__(self, members: list[Model]) -> None:
        self.members = members
        self.units: list[tuple[float, float]] = []

    def fit(self, x: Inputs, y: Array, seed: int) -> None:
        self.units = []
        for member in self.members:
            member.fit(x, y, seed)
            fitted = member.predict(x)
            self.units.append((float(fitted.mean()), float(fitted.std()) or 1.0))

    def predict(self, x: Inputs) -> Array:
        parts = [
            (member.predict(x) - mean) / deviation
            for member, (mean, deviation) in zip(self.members, self.units, strict=True)
        ]
        return np.asarray(np.mean(parts, axis=0), float)


def _average(settings: PredictorModel) -> Model:
    assert isinstance(settings, AverageSettings)
    return Average([make(member) for member in settings.of_members()])


MODELS: dict[str, Callable[[PredictorModel], Model]] = {
    "ridge": classical.Ridge,
    "forest": classical.Forest,
    "boosting": classical.Boosting,
    "gaussian-process": classical.GaussianProcess,
    "gcn": gcn.Gcn,
    "brp-nas": brp_nas.BrpNas,
    "average": _average,
}


def make(settings: PredictorModel) -> Model:
    """A model of these settings, not yet fitted."""
    return MODELS[settings.kind](settings)
