"""Settings of the models that predictors fit, and of what they see. Imports neither torch nor scikit-learn.

A new model is its settings here with a line in SETTINGS, and a class with a line in MODELS
(compute/predictors/models.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

FEATURES = ("counts", "paths", "places", "costs", "adjacency")  # groups of compute/predictors/features.py
TARGETS = ("accuracy", "log-error", "rank")


def _whole(settings: object, **least: int) -> None:
    for name, smallest in least.items():
        value = getattr(settings, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < smallest:
            raise ValueError(f"{name}: {value!r} is not an integer of {smallest} or more")


def _positive(settings: object, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if not isinstance(value, int | float) or not 0 < value < float("inf"):
            raise ValueError(f"{name}: {value!r} is not a positive number")


def _within(settings: object, low: float, high: float, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"{name}: {value!r} is not between {low:g} and {high:g}")


def _one_of(settings: object, name: str, allowed: tuple[str, ...]) -> None:
    value = getattr(settings, name)
    if value not in allowed:
        raise ValueError(f"{name}: {value!r} is not one of {', '.join(allowed)}")


@dataclass(frozen=True, kw_only=True)
class PredictorModel:
    """Settings of a model, with its name.

    target: what is fitted of the labels: 'accuracy' as given, 'log-error' -ln(100 - accuracy in percent), which spreads
    good architectures apart, or their 'rank' as a normal score."""

    uses_table: ClassVar[bool] = True
    uses_graphs: ClassVar[bool] = False

    kind: str = field(default="", init=False)
    target: str = "accuracy"

    def __post_init__(self) -> None:
        _one_of(self, "target", TARGETS)

    def small(self) -> PredictorModel:
        """The same at a size that only shows that it works."""
        return self


@dataclass(frozen=True, kw_only=True)
class Ridge(PredictorModel):
    """Linear regression on all products of up to `degree` features: 2 is DONNA's second-order predictor.

    alphas: strengths among which leave-one-out validation chooses; none is ordinary least squares."""

    kind: str = field(default="ridge", init=False)
    degree: int = 2
    alphas: tuple[float, ...] = tuple(10.0**power for power in range(-3, 5))

    def __post_init__(self) -> None:
        super().__post_init__()
        _whole(self, degree=1)
        if any(not isinstance(alpha, int | float) or not 0 < alpha < float("inf") for alpha in self.alphas):
            raise ValueError(f"alphas: {self.alphas!r} are not positive numbers")


@dataclass(frozen=True, kw_only=True)
class Forest(PredictorModel):
    """A random forest (Breiman, 2001). max_features: fraction of the features that a split may choose from."""

    kind: str = field(default="forest", init=False)
    target: str = "log-error"
    trees: int = 200
    max_features: float = 0.4

    def __post_init__(self) -> None:
        super().__post_init__()
        _whole(self, trees=1)
        _within(self, 0.001, 1, "max_features")

    def small(self) -> Forest:
        return replace(self, trees=min(self.trees, 5))


SETTINGS: dict[str, type[PredictorModel]] = {"ridge": Ridge, "forest": Forest}
