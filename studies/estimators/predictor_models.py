"""Settings of the models that predictors fit, and of what they see. Imports neither torch nor scikit-learn.

A new model is its settings here with a line in SETTINGS, and a class with a line in MODELS
(compute/predictors/models.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

FEATURES = (
    "counts",
    "paths",
    "places",
    "costs",
    "adjacency",
    "blocks",
)  # groups of compute/predictors/features.py
TARGETS = ("accuracy", "log-error", "rank")
SPLITS = ("best", "random")
KERNELS = ("matern", "rbf", "linear+matern")
HEADS = ("naive", "concat")
LABELS = ("min-max", "given")


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

    kind: str = field(default="", init=False)
    target: str = "accuracy"

    def __post_init__(self) -> None:
        _one_of(self, "target", TARGETS)

    @property
    def uses_table(self) -> bool:
        """Whether the model learns from a table of features."""
        return True

    @property
    def uses_graphs(self) -> bool:
        """Whether it learns from graphs."""
        return False

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
    """A random forest (Breiman, 2001), or extra trees (Geurts et al., 2006).

    max_features: fraction of the features that a split may choose from. splits: 'best', of trees on bootstrap samples;
    'random' thresholds, of trees on all labelled architectures."""

    kind: str = field(default="forest", init=False)
    target: str = "log-error"
    trees: int = 200
    max_features: float = 0.4
    splits: str = "best"

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_of(self, "splits", SPLITS)
        _whole(self, trees=1)
        _within(self, 0.001, 1, "max_features")

    def small(self) -> Forest:
        return replace(self, trees=min(self.trees, 5))


@dataclass(frozen=True, kw_only=True)
class Boosting(PredictorModel):
    """Stochastic gradient boosting of regression trees (Friedman, 2002).

    rate: of each tree. subsample: fraction of the labelled architectures that a tree sees. max_features: as of Forest.
    """

    kind: str = field(default="boosting", init=False)
    target: str = "log-error"
    trees: int = 500
    depth: int = 3
    rate: float = 0.05
    subsample: float = 0.5
    max_features: float = 0.4

    def __post_init__(self) -> None:
        super().__post_init__()
        _whole(self, trees=1, depth=1)
        _within(self, 0.001, 1, "rate", "subsample", "max_features")

    def small(self) -> Boosting:
        return replace(self, trees=min(self.trees, 5))


@dataclass(frozen=True, kw_only=True)
class GaussianProcess(PredictorModel):
    """A Gaussian process on standardised features; its prediction is the mean.

    kernel: 'matern' (smoothness 5/2), 'rbf', or 'linear+matern', one length for all features, and noise; their
    parameters maximise the marginal likelihood."""

    kind: str = field(default="gaussian-process", init=False)
    target: str = "log-error"
    kernel: str = "linear+matern"

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_of(self, "kernel", KERNELS)


@dataclass(frozen=True, kw_only=True)
class GraphModel(PredictorModel):
    """A graph convolutional network and its training by AdamW under a cosine (BRP-NAS, Dudziak et al., 2020).

    The published code's faults are options: global_reads_dead: the global node also reads the slots of dead nodes,
    which are not zero after the first layer, so that what is dead changes the output. aliased_best: the 'best' weights
    are the last ones. summed_loss: losses are summed over a batch, not averaged.

    Args:
        layers, width: of graph convolutions; the paper has 4 of 600, which takes some 20 times as long.
        dropout: after each layer.
        epochs: a pass over the labelled architectures, in random order.
        batch: architectures a step, each embedded once; of binary relations all pairs among them count.
        lr, weight_decay: of AdamW. The paper's lr is 3.5e-4, of wider networks and, as a pass of binary relations is
            over all pairs, of a hundred times as many steps.
        patience: epochs without a lower loss on the labelled architectures (without dropout) after which training ends;
            the weights of the lowest are kept.
    """

    layers: int = 4
    width: int = 128
    dropout: float = 0.2
    epochs: int = 250
    batch: int = 16
    lr: float = 1e-3
    weight_decay: float = 5e-4
    patience: int = 35
    global_reads_dead: bool = False
    aliased_best: bool = False
    summed_loss: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _whole(self, layers=1, width=1, epochs=1, batch=2, patience=1)
        _positive(self, "lr")
        _within(self, 0, 0.99, "dropout")
        _within(self, 0, 1, "weight_decay")

    @property
    def uses_table(self) -> bool:
        return False

    @property
    def uses_graphs(self) -> bool:
        return True

    def small(self) -> GraphModel:
        return replace(self, width=min(self.width, 8), epochs=min(self.epochs, 2))


@dataclass(frozen=True, kw_only=True)
class Gcn(GraphModel):
    """Regression by the network, with the absolute error of standardised targets as loss."""

    kind: str = field(default="gcn", init=False)
    target: str = "log-error"


@dataclass(frozen=True, kw_only=True)
class BrpNas(GraphModel):
    """Binary relations: the network learns which of two architectures is better.

    Args:
        head: 'naive': one score each, P(a better than b) = sigmoid of their difference, so relations are transitive
            (Bradley-Terry). 'concat': a linear map of both embeddings, as in Blox's code; made antisymmetric, and an
            architecture's score is its mean probability against the labelled ones.
        labels: 'min-max': targets scaled to [0, 1] over the labelled; 'given': as they are.
        label_scale: the loss's target is sigmoid(label_scale * difference of the two), so that it matters how labels
            are scaled. The published code has the accuracy, min-max and 1: the best is then said to beat the worst with
            probability .73, and two of the better half to be as good as equal.
        carried_rounds: with r > 1 the model is for labels that come in r rounds: the i-th fit of one model begins with
            the weights of the last and has i / r of the epochs. With 1 each fit begins anew.
    """

    kind: str = field(default="brp-nas", init=False)
    target: str = "rank"
    head: str = "naive"
    labels: str = "min-max"
    label_scale: float = 10.0
    carried_rounds: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_of(self, "head", HEADS)
        _one_of(self, "labels", LABELS)
        _positive(self, "label_scale")
        _whole(self, carried_rounds=1)


@dataclass(frozen=True, kw_only=True)
class Average(PredictorModel):
    """The mean of several models' predictions, each divided by its standard deviation over the labelled architectures
    after their mean is taken off.

    members: kinds of models, each with its default settings but for the target, which is the same for all."""

    kind: str = field(default="average", init=False)
    target: str = "log-error"
    members: tuple[str, ...] = ("forest", "boosting", "gaussian-process")

    def __post_init__(self) -> None:
        super().__post_init__()
        for member in self.members:
            if member not in SETTINGS or member == self.kind:
                allowed = ", ".join(kind for kind in SETTINGS if kind != self.kind)
                raise ValueError(f"members: {member!r} is not one of {allowed}")
        if len(set(self.members)) < max(2, len(self.members)):
            raise ValueError(f"members: {', '.join(self.members)!r} are not two or more different models")

    @property
    def uses_table(self) -> bool:
        return any(member.uses_table for member in self.of_members())

    @property
    def uses_graphs(self) -> bool:
        return any(member.uses_graphs for member in self.of_members())

    def of_members(self) -> tuple[PredictorModel, ...]:
        """Their settings."""
        return tuple(SETTINGS[member](target=self.target) for member in self.members)


SETTINGS: dict[str, type[PredictorModel]] = {
    "ridge": Ridge,
    "forest": Forest,
    "boosting": Boosting,
    "gaussian-process": GaussianProcess,
    "gcn": Gcn,
    "brp-nas": BrpNas,
    "average": Average,
}
