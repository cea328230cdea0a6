"""Several models as one: they err in different ways, so that their mean errs less than each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studies.estimators.compute.predictors.inputs import Inputs
from studies.estimators.compute.predictors.targets import Array

if TYPE_CHECKING:
    from studies.estimators.compute.predictors.models import Model


class Average:
    """members: the models. Predictions of different models have different units: each is standardised by its mean and
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
