"""Models of a table, by scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern, WhiteKernel
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from studies.estimators import predictor_models as settings
from studies.estimators.compute.predictors.inputs import Array, Inputs, transformed


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
    """Source: Breiman, "Random forests"; Geurts et al., "Extremely randomized trees" (Machine Learning, 2001, 2006)."""

    def regressor(self, seed: int) -> Any:
        kind = RandomForestRegressor if self.settings.splits == "best" else ExtraTreesRegressor
        return kind(
            self.settings.trees, max_features=self.settings.max_features, random_state=seed % 2**32, n_jobs=1
        )


class Boosting(TableModel):
    """Source: Friedman, "Stochastic gradient boosting" (Computational Statistics & Data Analysis, 2002)."""

    def regressor(self, seed: int) -> Any:
        return GradientBoostingRegressor(
            n_estimators=self.settings.trees,
            max_depth=self.settings.depth,
            learning_rate=self.settings.rate,
            subsample=self.settings.subsample,
            max_features=self.settings.max_features,
            random_state=seed % 2**32,
        )


class GaussianProcess(TableModel):
    """Source: Rasmussen & Williams, "Gaussian processes for machine learning" (2006), chapters 2, 4.2 and 5.4."""

    def regressor(self, seed: int) -> Any:
        # Lengths grow with the number of features d: the squared distance of two standardised rows is about 2 d.
        length, bounds = 10.0, (0.1, 1e4)
        smooth = {"rbf": RBF(length, bounds)}.get(self.settings.kernel, Matern(length, bounds, nu=2.5))
        kernel = ConstantKernel(1.0, (1e-3, 1e3)) * smooth
        if self.settings.kernel == "linear+matern":
            kernel += ConstantKernel(0.01, (1e-6, 1e2)) * DotProduct(1.0, "fixed")
        kernel += WhiteKernel(0.1, (1e-6, 10))
        return make_pipeline(StandardScaler(), GaussianProcessRegressor(kernel, normalize_y=True))

    def fit(self, x: Inputs, y: Array, seed: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", ConvergenceWarning
            )  # a parameter at its bound: a part is not needed
            super().fit(x, y, seed)
