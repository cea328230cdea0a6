"""Latency as a sum: a constant and a value for each choice at each place, a block at a stage, an operation on an edge
that is computed (a dead one takes no time).

Source: Molchanov et al., "LANA: latency aware network acceleration" (ECCV 2022), its look-up table; here the values
are fitted to whole networks, so that nothing is measured apart from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge, RidgeCV

from analysis.statistics.correlation import kendall_tau
from analysis.statistics.pairs import Floats
from supernet.spaces import Architecture, Space
from supernet.spaces.sums import Term, terms

PENALTIES = np.logspace(-4, 2, 25)  # of the ridge
LARGER = np.logspace(3, 12, 10)  # the last leaves the mean alone, which is above 0


@dataclass(frozen=True, eq=False)
class SumModel:
    """space: whose architectures. values: of each place what each choice adds, in the order of the places; offset: of
    all of them."""

    space: Space
    values: tuple[dict[Term, float], ...]
    offset: float

    def predict(self, architectures: Sequence[Architecture]) -> Floats:
        """(n,). ValueError for a choice that the model does not have."""
        found = np.empty(len(architectures))
        for row, architecture in enumerate(architectures):
            chosen = terms(self.space, self.space.live_form(architecture))
            try:
                found[row] = self.offset + sum(
                    values[one] for values, one in zip(self.values, chosen, strict=True)
                )
            except KeyError as error:
                raise ValueError(
                    f"latency: {self.space.text(architecture)} has {error.args[0]}, which the model does not know"
                ) from None
        return found

    @property
    def lowest(self) -> float:
        """No prediction is below it."""
        return self.offset + sum(min(known.values()) for known in self.values)

    @cached_property
    def plain(self) -> dict[str, Any]:
        """As JSON."""
        places = [{str(choice): value for choice, value in values.items()} for values in self.values]
        return {"offset": self.offset, "places": places}


def fit(space: Space, architectures: Sequence[Architecture], latencies: Floats) -> SumModel:
    """Fit the model to n latencies by ridge regression.

    A choice that is made of several, as a block of Blox is of two operations and a type, has a value for each of these
    and one of its own. A block that few of the networks have, or none, so leans on its operations. What the ridge does
    not shrink is the constant. Choices of the space that not even their parts are known of count as the average.

    The penalty is the best by leave-one-out of those under which every sum is above 0.
    """
    choices = _choices(space)
    parts: list[dict[Term, set[tuple[str, str]]]] = []
    for place, known in enumerate(choices):
        parts.append({one: _parts(space, place, one, architecture) for one, architecture in known.items()})
    features: dict[tuple[Any, ...], int] = {}
    for place, known_parts in enumerate(parts):
        for one, names in known_parts.items():
            for key in _features(place, one, names):
                features.setdefault(key, len(features))
    design = np.zeros((len(architectures), len(features)))
    for row, architecture in enumerate(architectures):
        for place, one in enumerate(terms(space, space.live_form(architecture))):
            for key in _features(place, one, parts[place][one]):
                design[row, features[key]] = 1
    missed = RidgeCV(alphas=PENALTIES, store_cv_results=True).fit(design, latencies).cv_results_.mean(axis=0)
    found = (
        _sum_model(space, parts, features, Ridge(alpha=penalty).fit(design, latencies))
        for penalty in (*PENALTIES[np.argsort(missed, kind="stable")], *LARGER)
    )
    return next(one for one in found if one.lowest > 0)


def _sum_model(
    space: Space,
    parts: Sequence[dict[Term, set[tuple[str, str]]]],
    features: dict[tuple[Any, ...], int],
    fitted: Ridge,
) -> SumModel:
    """Of each place and choice the sum of the coefficients of its features."""
    values = tuple(
        {
            one: float(sum(fitted.coef_[features[key]] for key in _features(place, one, names)))
            for one, names in known_parts.items()
        }
        for place, known_parts in enumerate(parts)
    )
    return SumModel(space, values, float(fitted.intercept_))


def _choices(space: Space) -> list[dict[Term, Architecture]]:
    """At each place what the networks of the space under its mask compute, with an architecture that does."""
    found: list[dict[Term, Architecture]] = []
    for architecture in dict.fromkeys(map(space.live_form, space.enumerate())):
        for place, one in enumerate(terms(space, architecture)):
            if place == len(found):
                found.append({})
            found[place].setdefault(one, architecture)
    return found


def _parts(space: Space, place: int, one: Term, architecture: Architecture) -> set[tuple[str, str]]:
    """What a choice that is a cell of several ints is made of; empty for a single int."""
    if not isinstance(one, tuple) or len(one) == 1:
        return set()
    names = space.choices_by_place(architecture)
    places = list(dict.fromkeys(name for name, _ in names))
    return {(where, name) for where, name in names if where == places[place]}


def _features(place: int, one: Term, names: set[tuple[str, str]]) -> list[tuple[Any, ...]]:
    return [(place, one), *((place, *name) for name in sorted(names))]


def quality(truth: Floats, prediction: Floats) -> dict[str, float | None]:
    """Of n predictions: r2, the share of the variance that they explain, below 0 where the mean is nearer; error, the
    mean absolute one in percent of the truth; tau_b. None where it is undefined."""
    spread = float(((truth - truth.mean()) ** 2).sum())
    missed = float(((truth - prediction) ** 2).sum())
    return {
        "r2": 1 - missed / spread if spread > 0 else None,
        "error": float(100 * np.abs((prediction - truth) / truth).mean()),
        "tau_b": kendall_tau(truth, prediction).value,
    }


def line(x: Floats, y: Floats, at: Floats) -> Floats:
    """The least-squares line through (x, y), (n,) each, at `at`; the mean where x is constant."""
    if np.ptp(x) == 0:
        return np.full(len(at), y.mean())
    scale = float(np.abs(x).max())
    slope, offset = np.polyfit(x / scale, y, 1)
    found: Floats = slope * at / scale + offset
    return found
