"""What a model that learns from the trainings of a search predicts for all networks of its pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from analysis.statistics.pairs import Floats
from studies.configuration import derived_seed
from studies.estimators.predictor_models import FEATURES, PredictorModel
from studies.search.bench import Bench
from supernet.spaces import Architecture, Space


class Predictions:
    """The networks of a bench, numbered 0 .. n - 1, those that the search has trained, and a model of them.

    Args:
        model, features: as of `Predictor` (studies/estimators/predictor.py).
        seen: (rows of the pool, columns) that the model sees beside the features, by name of the column.
    """

    def __init__(
        self,
        bench: Bench,
        model: PredictorModel,
        features: Sequence[str],
        seen: Mapping[str, Floats] | None = None,
    ) -> None:
        self.bench, pool = bench, bench.pool
        self.codes = pool.one_of_each_network
        networks = tuple(pool.architectures[row] for row in pool.rows[self.codes])
        used = tuple(features) if model.uses_table else ()
        self.inputs = _inputs(pool.space, networks, used, model.uses_graphs)
        if seen and model.uses_table:
            self.inputs = self.inputs.beside(
                {name: values[pool.rows[self.codes]] for name, values in seen.items()}
            )
        self.model = import_module("studies.estimators.compute.predictors.models").make(model)
        self.seed = derived_seed("predictor of a search", bench.number)
        self.labels: dict[int, float] = {}

    def train_random(self, count: int, rng: np.random.Generator) -> None:
        """Train so many as random search draws them; one that was trained before is passed over."""
        pool, until = self.bench.pool, min(len(self.labels) + count, len(self.codes))
        permuted = iter(rng.permutation(pool.valid)) if pool.unique else None
        while len(self.labels) < until:
            code = self.bench.draw(rng) if permuted is None else next(permuted)
            number = int(pool.network_of_row[pool.rows[code]])
            if number not in self.labels:
                self.train(number)

    def train(self, number: int) -> None:
        """Raises Over, as `Bench.train`."""
        value = self.bench.train(int(self.codes[number]))
        assert value is not None
        self.labels[number] = value

    @property
    def left(self) -> np.ndarray:
        """Networks that are not trained yet."""
        trained = np.fromiter(self.labels, int, len(self.labels))
        return np.setdiff1d(np.arange(len(self.codes)), trained)

    def fit(self) -> None:
        """Learn from all labels; a model may go on from what it has learned."""
        numbers = np.fromiter(self.labels, int, len(self.labels))
        self.model.fit(self.inputs[numbers], np.array(list(self.labels.values())), self.seed)

    def of(self, numbers: np.ndarray) -> Floats:
        """(n,) predictions of networks; higher is better."""
        if not len(numbers):
            return np.empty(0)
        values: Floats = self.model.predict(self.inputs[numbers])
        return values


def check(model: PredictorModel, features: Sequence[str], others: bool = False) -> None:
    """ValueError for features that there are not, and for none where the model needs some. others: whether it sees
    other columns than features."""
    for name in features:
        if name not in FEATURES:
            raise ValueError(f"features: {name!r} is not one of {', '.join(FEATURES)}")
    if model.uses_table and not features and not others:
        raise ValueError(f"features: {model.kind!r} needs some of {', '.join(FEATURES)}")


@lru_cache(maxsize=2)
def _inputs(space: Space, networks: tuple[Architecture, ...], features: tuple[str, ...], graphs: bool) -> Any:
    """What models see of the networks (compute/predictors/inputs.py); the same for all searches of a table."""
    make = import_module("studies.estimators.compute.predictors.features")
    inputs = import_module("studies.estimators.compute.predictors.inputs")
    own = make.graphs(space, networks) if graphs else None
    if not features:
        return inputs.Inputs(None if graphs else np.empty((len(networks), 0)), (), own)
    names, values = make.graph_features(space, networks, features)
    return inputs.Inputs(values, names, own)
