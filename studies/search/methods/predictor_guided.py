"""Searches that a predictor guides, which learns from what they train. Any model of the harness
(studies/estimators/predictor_models.py) will do; each label is a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from typing import Any

import numpy as np

from analysis.statistics.pairs import Floats
from studies.estimators.predictor_models import BrpNas as BinaryRelations
from studies.estimators.predictor_models import Forest, PredictorModel, Ridge
from studies.search.bench import Bench
from studies.search.methods import predictions
from studies.search.methods.genetic import Genetic
from studies.search.methods.predictions import Predictions
from studies.search.methods.registry import at_least, register
from studies.search.price import Price

GRAPH = ("counts", "paths", "places")
LEAST = 4  # labels: fewer are no fit


@register("brp-nas", slow=True)
@dataclass(frozen=True, kw_only=True)
class BrpNas:
    """Rounds of labels: the first are random; of those of each further round, i = 2, 3, ..., the share `alpha` are the
    best that the model predicts, the others are drawn from its best 1 / 2^(i-1). After the last round the best that it
    predicts are trained in turn, without learning from them.

    Source: Dudziak et al., BRP-NAS (NeurIPS 2020), section 3.2; 20 labels a round up to 200: Blox, supplement C.2.
    Left open, and here: candidates are networks, none is trained twice, whatever the encodings are; a model of binary
    relations carries its weights over all rounds, as in the public code. Its default is narrower than the paper's.

    Args:
        labels: in all rounds together.
        a_round: labels of a round.
        alpha: as above.
        model: its kind, and its settings as model.SETTING.
        features: of models that see a table.
    """

    labels: int = 200
    a_round: int = 20
    alpha: float = 0.5
    model: PredictorModel = field(default_factory=BinaryRelations)
    features: tuple[str, ...] = GRAPH

    def __post_init__(self) -> None:
        at_least(self, a_round=LEAST, labels=LEAST, alpha=0)
        if self.alpha > 1:
            raise ValueError(f"alpha: {self.alpha!r} is not a number from 0 to 1")
        predictions.check(self.model, self.features)

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        split = import_module("studies.estimators.compute.predictors.labels").split
        model, rounds = self.model, -(-self.labels // self.a_round)
        if isinstance(model, BinaryRelations):
            model = replace(model, carried_rounds=rounds)
        known = Predictions(bench, model, self.features)
        known.train_random(min(self.a_round, self.labels), rng)
        known.fit()
        for place in range(1, rounds):
            left = known.left
            count = min(self.a_round, self.labels - len(known.labels), len(left))
            if not count:
                return
            best, others = split(known.of(left), count, place, self.alpha)
            for row in (*best, *rng.choice(others, count - len(best), replace=False)):
                known.train(int(left[row]))
            known.fit()
        left = known.left
        for place in np.argsort(-known.of(left), kind="stable"):
            known.train(int(left[place]))


@register("predictor-evolution")
@dataclass(frozen=True, kw_only=True)
class PredictorEvolution(Genetic):
    """A model is fitted once, to random networks; encodings evolve on its predictions; the best that were looked at are
    trained in turn. When all are, evolution begins anew, until it meets nothing new.

    Source: Moons et al., "Distilling optimal neural networks" (DONNA, ICCV 2021), sections 3.2 and 3.3: 30 labels.
    DONNA's model is `model=ridge`, of the second order, on blocks' signatures (`Donna`); here models see the graph.

    Args:
        labels: of the fit.
        model, features: as of BrpNas.
        population, generations, crossover: as of Genetic.
    """

    labels: int = 30
    model: PredictorModel = field(default_factory=Forest)
    features: tuple[str, ...] = GRAPH

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, labels=LEAST)
        predictions.check(self.model, self.features)

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        self.evolve_on(Predictions(bench, self.model, self.features), rng)

    def evolve_on(self, known: Predictions, rng: np.random.Generator) -> None:
        """The search, on what the model sees of the pool."""
        bench = known.bench
        known.train_random(self.labels, rng)
        known.fit()
        predicted = known.of(np.arange(len(known.codes)))
        numbers = bench.pool.network_of_row[bench.pool.rows]
        for found in self.found(bench.pool, lambda code: float(predicted[numbers[code]]), rng):
            for number in dict.fromkeys(numbers[found].tolist()):
                if number not in known.labels:
                    known.train(number)


@dataclass(frozen=True, kw_only=True)
class Donna(PredictorEvolution):
    """DONNA: `PredictorEvolution` whose model sees what blockwise distillation says of an encoding's blocks.

    Left open, and here: the labels are trainings from scratch, as all trainings of a table, where DONNA fine-tunes from
    the distilled blocks.

    Args:
        features: of the graph, beside the signatures.
    """

    model: PredictorModel = field(default_factory=Ridge)
    features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Genetic.__post_init__(self)
        at_least(self, labels=LEAST)
        predictions.check(self.model, self.features, others=True)
        if not self.model.uses_table:
            raise ValueError(f"model: {self.model.kind!r} sees no signatures")


@dataclass(frozen=True, kw_only=True, eq=False)
class SignatureSearch:
    """Pay for blockwise distillation, then search as DONNA does.

    Args:
        signatures: (n rows, stages) of each run, what a row's block adds to its score at each stage; run r of the
            search takes those at r modulo their number.
        known: what each cost, where that is known.
    """

    settings: Donna
    signatures: Sequence[Floats]
    known: Sequence[Price | None]

    @property
    def told(self) -> dict[str, Any]:
        settings = asdict(self.settings) | {"model": self.settings.model.kind}
        return settings | {"rankings": len(self.signatures), "paid": bool(self.prices)}

    @property
    def prices(self) -> Sequence[Price]:
        return [one for one in self.known if one is not None]

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        place = bench.number % len(self.signatures)
        if (price := self.known[place]) is not None:
            bench.pay_for(price)
        seen = {f"stage {stage}": column for stage, column in enumerate(self.signatures[place].T)}
        self.settings.evolve_on(Predictions(bench, self.settings.model, self.settings.features, seen), rng)
