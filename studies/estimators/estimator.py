"""What every estimator of architectures' quality is: settings that are prepared once, then asked for records.

A new estimator is two files. Its settings are a frozen dataclass in this folder, all with defaults, under
`@register("its-name")`; they import no torch, so that a catalogue of studies is read at once. What it computes is in
`compute/its_name.py`, imported when a run is done: functions `prepare(settings, task, report)`, if there is something
to prepare, and `score(settings, task, architectures, report)`. Tests that hold for all run over `estimators()`.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from studies.configuration import plain_data
from supernet.spaces import Architecture, Space

if TYPE_CHECKING:
    from studies.estimators.compute.task import Task

STATUSES = {
    "ok": "a score",
    "nan": "the network or the measure is not finite",
    "overflow": "larger than a 64-bit float",
    "diverged": "the training's loss was not finite",
    "disconnected": "no path from the input to the output, and the estimator needs one",
    "not_reached": "a threshold was not reached within the budget",
    "unknown": "the table, or a member, has no such row or value",
    "labelled": "the estimator was told its label, or that of the same function",
}
SCORE = ("measure", "score", "loss", "status", "seconds")  # of a record, what every estimator has
COSTS = ("steps", "macs", "details")

Pair = tuple[str, Architecture]  # measure, architecture
Report = Callable[[float, str], None]  # fraction done, detail; no detail: so much was done by an earlier run


@dataclass(frozen=True, kw_only=True)
class Record:
    """What an estimator says of one architecture by one of its measures.

    score: higher is better, finite; None unless status is 'ok' (STATUSES). loss: mean cross-entropy where the measure
    has one. The costs are of this record alone: where one computation gave several measures, each has its equal share.
    seconds: wall time; where one computation was for several architectures of one function, each has its equal share.
    steps: optimizer steps. macs: multiply-accumulates, a backward pass counted as two forward ones.
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


def without_score(architecture: Architecture, measures: Iterable[str], status: str) -> Iterator[Record]:
    """A record of every measure for an architecture that has no score."""
    for measure in measures:
        yield Record(architecture=architecture, measure=measure, score=None, status=status)


class Ranking(NamedTuple):
    """A ranking in its own right: by the first of `measures`, with the others beside it. vote_of: the measures of the
    same run whose vote it is, where it is no measure itself. apart: measures of the same run that only a figure of
    their own shows."""

    name: str
    measures: tuple[str, ...]
    vote_of: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()


class Estimator(ABC):
    """Settings of a way to score architectures; a frozen dataclass in every case.

    kind: its name. trains_supernet: whether a run of it trains one supernet, which other variants may start from; it
    keeps `checkpoint.pt` and `history.csv`, and TensorBoard shows its epochs. needs_images: whether it looks at the
    task's data; if not, a run has none to give. draws: whether anything of its own depends on the run's seed. learns:
    whether it is fitted to labels, which must not be those that it is judged by. prepares: whether something is done
    once, before any score. preparing: of a run's time, what that takes; for progress bars. record_fields: what a run
    keeps of a record.
    """

    kind: ClassVar[str]
    trains_supernet: ClassVar[bool] = False
    needs_images: ClassVar[bool] = True
    draws: ClassVar[bool] = True
    learns: ClassVar[bool] = False
    prepares: ClassVar[bool] = False
    preparing: ClassVar[float] = 0.05
    record_fields: ClassVar[tuple[str, ...]] = (*SCORE, *COSTS)

    @property
    @abstractmethod
    def measures(self) -> tuple[str, ...]:
        """The ways in which each architecture is scored, all by one run, unique; the first is what the run's state and
        its TensorBoard log are about."""

    @property
    def starts_from_supernet(self) -> bool:
        """Whether it needs a trained supernet (`Task.start`), a variant's parent."""
        return False

    @property
    def one_per_function(self) -> bool:
        """Whether equal functions (`Space.stand_alone_form`) have equal records, one computation for all of them."""
        return False

    @property
    def reported(self) -> tuple[str, ...]:
        """The measures that are rankings of a study's report, the first among them; all as a rule. What is left has a
        figure of its own."""
        return self.measures

    @property
    def for_members(self) -> tuple[str, ...]:
        """What a combination or a predictor may rank by beside the measures, and no study ranks by alone."""
        return ()

    @property
    def voters(self) -> tuple[str, ...]:
        """The measures that vote together as one more ranking; none as a rule."""
        return ()

    def rankings(self, name: str) -> tuple[Ranking, ...]:
        """What a study reports of a variant of that name.

        Each measure that is reported is a ranking of its own, named 'NAME: MEASURE' if there are several measures; the
        first ranking's run has those that are left."""
        if len(self.measures) == 1:
            return (Ranking(name, self.measures),)
        each = [Ranking(f"{name}: {measure}", (measure,)) for measure in self.reported]
        each[0] = each[0]._replace(apart=tuple(m for m in self.measures if m not in self.reported))
        return (*each, *([Ranking(f"{name}: vote", ("vote",), self.voters)] if self.voters else []))

    @property
    def network_options(self) -> dict[str, Any]:
        """What a supernet is made of, apart from its space and size (`supernet.network.NetworkConfig`)."""
        return {}

    @property
    def numerics(self) -> dict[str, Any]:
        """How a process computes (`supernet.training.precision.set_numerics`), where this differs from the default."""
        return {}

    def check(self, space: Space) -> None:  # noqa: B027
        """ValueError if this cannot be done in the (masked) space; nothing is refused as a rule."""

    def check_members(self, count: int) -> None:
        """ValueError if this cannot be done with so many members; as a rule there are none."""
        if count:
            raise ValueError(f"members: {self.kind!r} has none; combinations and predictors have")

    def told_by(self, space: str) -> tuple[tuple[str, str], ...]:
        """Tables of ground truth and their columns that it looks into, in the space of that name; none as a rule."""
        return ()

    def labelled(self, space: Space, seed: int) -> list[Architecture]:
        """The architectures whose labels a run is told, as far as this is known before it runs: its members score them
        beside what the study scores."""
        return []

    def trained_images(self, space: Space, images: int) -> int | None:
        """How many images pass forward and backward through one path of a supernet, in a training on so many different
        ones; None where no supernet is trained."""
        return None

    def small(self) -> Estimator:
        """The same at a size that only shows that it works, for a few hundred images of 8x8."""
        return self

    def config(self) -> dict[str, Any]:
        """Kind and settings as plain data: what the scores depend on beside the task."""
        settings = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        later = [item for item in fields(self) if item.metadata.get("absent_by_default")]  # type: ignore[arg-type]
        absent = {item.name for item in later if settings[item.name] == item.default}
        told = {name: plain_data(value) for name, value in settings.items() if name not in absent}
        return {"kind": self.kind, **told}

    def run_config(self) -> dict[str, Any]:
        """What a run's configuration, of which its id is a hash, says of the estimator."""
        return {"estimator": self.config()}

    @property
    def computation(self) -> ModuleType:
        """The module that does the work."""
        return importlib.import_module(f"{__package__}.compute.{self.kind.replace('-', '_')}")

    def prepare(self, task: Task, report: Report) -> dict[str, Any]:
        """Do what is needed once, before any score.

        May be called again after it was killed: continues, or does the same again to the same bits.

        Args:
            task: the task that architectures are scored on; its folder keeps what `score` needs.
            report: hears the fraction done, and a detail in words.

        Returns:
            The cost, 'train_seconds' and 'updates', and what else the run's result is to say.

        Raises:
            ValueError: if the task or its folder does not go with the settings.
        """
        costs: dict[str, Any] = {"train_seconds": 0.0, "updates": 0}
        return costs | self.computation.prepare(self, task, report) if self.prepares else costs

    def score(self, task: Task, architectures: Sequence[Architecture], report: Report) -> Iterator[Record]:
        """Score architectures, each by every measure.

        Args:
            task: the same, prepared.
            architectures: of the task's space, in any order; records depend on no order and no sharding.
            report: hears the fraction done, and a detail in words.

        Returns:
            Records, lazily and in any order. A failure is a Record too; what is raised ends the run.
        """
        records: Iterator[Record] = self.computation.score(self, task, architectures, report)
        return records

    def score_pairs(
        self, task: Task, pairs: Sequence[Pair], part: tuple[int, int], report: Report
    ) -> Iterator[Record]:
        """Score what a run lacks, or a part of it.

        Args:
            pairs: measures and architectures.
            part: k of n; the records of all parts together are those of the pairs.

        Returns:
            Records as of `score`; where one computation gives all measures, of every measure for each architecture.
        """
        alike: dict[Architecture, list[Architecture]] = {}
        for architecture in dict.fromkeys(architecture for _, architecture in pairs):
            form = task.space.stand_alone_form(architecture) if self.one_per_function else architecture
            alike.setdefault(form, []).append(architecture)
        number, count = part
        asked = {first: (first, *others) for first, *others in list(alike.values())[number::count]}
        for record in self.score(task, list(asked), report):
            same = asked[record.architecture]
            for architecture in same:
                yield replace(record, architecture=architecture, seconds=record.seconds / len(same))


_REGISTERED: dict[str, type[Estimator]] = {}
Registered = TypeVar("Registered", bound=type[Estimator])


def register(kind: str) -> Callable[[Registered], Registered]:
    """Class decorator: makes an estimator known under `kind`. ValueError if the name is taken."""

    def add(estimator: Registered) -> Registered:
        if kind in _REGISTERED:
            raise ValueError(f"kind: {kind!r} is the name of {_REGISTERED[kind].__name__}")
        estimator.kind = kind
        _REGISTERED[kind] = estimator
        return estimator

    return add


def estimators() -> dict[str, type[Estimator]]:
    """All estimators by kind, in alphabetical order."""
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{__package__}.{module.name}")
    return dict(sorted(_REGISTERED.items()))
