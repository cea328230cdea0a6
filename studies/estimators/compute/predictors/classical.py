"""Models of a table, by scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from studies.estimators import predictor_models as settings
from studies.estimators.compute.predictors.inputs import Inputs
from studies.estimators.compute.predictors.targets import Array, transformed


class TableModel:
    """A regressor of scikit-learn on a table."""

    def __init__(self, model: settings.PredictorModel) -> None:
        self.settings: Any = model
        self.fitted: Any = None

    def regressor(self, seed: int) -> Any:
        """The regressor, not yet fitted."""
        raise NotImplementedError

    def fit(self, x: Inputs, y: Array, seed: int) -> None:
        assert x.table is not None
        self.fitted = self.regressor(seed).fit(x.table, transformed(y, self.settings.target))

    def predict(self, x: Inputs) -> Array:
        assert x.table is not None
        return np.asarray(self.fitted.predict(x.table), float)


class Ridge(TableModel):
    """Second order: features are standardised, multiplied, and the products standardised.

    Source: Moons et al., DONNA (ICCV 2021), section 3.3; Chau et al., Blox (NeurIPS 2022), section 3, Q4."""

    def regressor(self, seed: int) -> Any:
        alphas = self.settings.alphas
        return make_pipeline(
            StandardScaler(),
            PolynomialFeatures(self.settings.degree, include_bias=False),
            StandardScaler(),
            RidgeCV(alphas) if alphas else LinearRegression(),
        )


class Forest(TableModel):
    """Source: Breiman, "Random forests" (Machine Learning, 2001)."""

    def regressor(self, seed: int) -> Any:
        return RandomForestRegressor(
            self.settings.trees, max_features=self.settings.max_features, random_state=seed % 2**32, n_jobs=1
        )
