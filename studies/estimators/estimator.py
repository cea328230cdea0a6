"""What every estimator of architectures' quality is: prepared once, then asked for records.

A new estimator is one file in this folder: a frozen dataclass of its settings, all with defaults, under
`@register("its-name")`. Tests that hold for all of them run over `estimators()`.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch

from studies.model.ranker import plain
from studies.model.seeds import derived_seed
from supernet.data import DataSet
from supernet.network import NetworkConfig, StandAlone, Supernet, cut_out, seeded
from supernet.spaces import Architecture, Size, Space
from supernet.training import checkpoint

STATUSES = {
    "ok": "a score",
    "nan": "the network or the measure is not finite",
    "overflow": "larger than a 64-bit float",
    "diverged": "the training's loss was not finite",
    "disconnected": "no path from the input to the output, and the estimator needs one",
    "not_reached": "a threshold was not reached within the budget",
    "unknown": "the table has no such row or value",
}


@dataclass(frozen=True, kw_only=True)
class Record:
    """What an estimator says of one architecture by one of its measures.

    score: higher is better, finite; None unless status is 'ok' (STATUSES). loss: mean cross-entropy where the measure
    has one. The costs are of this record alone: where one computation gave several measures, each has its equal share.
    seconds: wall time. steps: optimizer steps. macs: multiply-accumulates, a backward pass counted as two forward ones.
    details: what else is known, as plain numbers and words.
    """

    architecture: Architecture
    measure: str
    score: float | None
    status: str = "ok"
    loss: float | None = None
    seconds: float = 0.0
    steps: float = 0.0
    macs: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"status: {self.status!r} is not one of {', '.join(STATUSES)}")
        if (self.score is not None) != (self.status == "ok"):
            raise ValueError(f"score: {self.score!r} does not go with status {self.status!r}")


@dataclass(frozen=True, kw_only=True)
class Task:
    """What architectures are judged for, and where.

    space, size: of the stand-alone networks (BN affine, as benchmarks train them). data: loaded, on `device`.
    noise: Gaussian, of the evaluation images. seed: of the run. folder: the run's own, for what `prepare` keeps.
    start: the checkpoint of a trained supernet of this space and size whose weights networks may start from, and what
    that supernet is made of (`start_config`); None without one.
    """

    space: Space
    size: Size
    data: DataSet
    seed: int
    folder: Path
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    noise: float = 0.0
    evaluation_batch: int = 512
    start: Path | None = None
    start_config: NetworkConfig | None = None

    def seed_of(self, purpose: str, architecture: Architecture) -> int:
        """A seed that depends on these and on the run's seed alone: order and sharding change nothing."""
        return derived_seed(purpose, self.space.name, self.space.text(architecture), self.seed)

    def network(self, architecture: Architecture, purpose: str = "weights") -> StandAlone:
        """The architecture's network with its own random weights, in training mode, on the device. Edges that cannot
        matter are not in it (`Space.stand_alone_form`), so equal functions have equal weights."""
        own = self.space.stand_alone_form(architecture)
        config = NetworkConfig(space=self.space, size=self.size, affine=True)
        network = seeded(StandAlone, config, own, seed=self.seed_of(purpose, own))
        return network.to(self.device).train()  # type: ignore[return-value]

    def inherited(self, architecture: Architecture) -> StandAlone:
        """The architecture's network with the weights that it has in the trained supernet, in training mode, on the
        device."""
        return cut_out(self._supernet, architecture).train()

    @cached_property
    def _supernet(self) -> Supernet:
        assert self.start is not None
        assert self.start_config is not None
        network = seeded(Supernet, self.start_config, seed=0).to(self.device)
        network.load_state_dict(checkpoint.load(self.start, self.device)["model"])
        return network  # type: ignore[return-value]


Report = Callable[[float, str], None]  # fraction done, detail


class Estimator(ABC):
    """Settings of a way to score architectures; a frozen dataclass in every case.

    kind: its name. starts_from_supernet: whether it needs `Task.start`. needs_images: whether it looks at `Task.data`;
    if not, a run has none to give.
    """

    kind: ClassVar[str]
    starts_from_supernet: ClassVar[bool] = False
    needs_images: ClassVar[bool] = True

    @property
    @abstractmethod
    def measures(self) -> tuple[str, ...]:
        """Names of the rankings that one computation gives, unique; the first is what a study reports."""

    @property
    def reported(self) -> tuple[str, ...]:
        """The measures that are rankings of a study's report, the first among them; all as a rule. What is left has a
        figure of its own."""
        return self.measures

    @property
    def voters(self) -> tuple[str, ...]:
        """The measures that vote together as one more ranking; none as a rule."""
        return ()

    def small(self) -> Estimator:
        """The same at a size that only shows that it works, for a few hundred images of 8x8."""
        return self

    def prepare(self, task: Task, report: Report) -> dict[str, Any]:
        """Do what is needed once, before any score; its cost: 'train_seconds', 'updates', and what else is to be known.

        May be called again after it was killed: goes on, or does the same again to the same bits."""
        return {"train_seconds": 0.0, "updates": 0}

    @abstractmethod
    def score(self, task: Task, architectures: Sequence[Architecture], report: Report) -> Iterator[Record]:
        """A Record of every measure for every architecture, lazily, in any order. A failure is a Record too; what is
        raised ends the run."""

    def config(self) -> dict[str, Any]:
        """Kind and settings as plain data: what the scores depend on beside the task."""
        own = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        return {"kind": self.kind, **{name: plain(value) for name, value in own.items()}}


_REGISTERED: dict[str, type[Estimator]] = {}
Registered = TypeVar("Registered", bound=type[Estimator])


def register(kind: str) -> Callable[[Registered], Registered]:
    """Class decorator: makes an estimator known under `kind`. ValueError if the name is taken."""

    def add(own: Registered) -> Registered:
        if kind in _REGISTERED:
            raise ValueError(f"kind: {kind!r} is the name of {_REGISTERED[kind].__name__}")
        own.kind = kind
        _REGISTERED[kind] = own
        return own

    return add


def estimators() -> dict[str, type[Estimator]]:
    """All estimators by kind, in alphabetical order."""
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{__package__}.{module.name}")
    return dict(sorted(_REGISTERED.items()))
