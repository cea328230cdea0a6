"""FEAR: train a network until it knows what a shallow learner knows, freeze its front, train the rest a little longer.

What is counted on: a good network reaches the threshold soon, and from the features that it then has, the last cells
learn fast. Differs from the published code: weight decay leaves BN and biases alone, as everywhere here.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), section 3, and its released code
where the paper is silent (epochs and batch of the second stage, what is frozen, BN, clipping).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypedDict

from studies import embedded
from studies.estimators import costs
from studies.estimators.costs import Spent, of_training
from studies.estimators.estimator import Estimator, Record, Report, Task, register
from studies.estimators.freezing import FROZEN_BN, FrozenFront, split, unfrozen_share
from studies.estimators.hog import HogLearner
from studies.estimators.short_training import RECIPE
from studies.model.seeds import derived_seed
from supernet.files import read_object, write_text
from supernet.network import StandAlone
from supernet.spaces import Architecture
from supernet.training.trainer import Epoch, Trainer, TrainingConfig

LEARNER = HogLearner()
MEASURES = ("train_accuracy", "best_train_accuracy")
STAGE1 = replace(RECIPE, epochs=200)
STAGE2 = replace(RECIPE, epochs=5, batch_size=1024)


class Prepared(TypedDict):
    """What `fear.json` holds, beside the costs of finding the threshold."""

    threshold: float
    learner: dict[str, Any]


@register("fear")
@dataclass(frozen=True, kw_only=True)
class Fear(Estimator):
    """Scores: training accuracy (percent) of the second stage's last epoch, and of its best.

    threshold: training accuracy in percent, or the learner that finds it (the published ones, found so and rounded:
    60 for CIFAR-10, 30 for CIFAR-100, 20 for ImageNet16-120, 15 for synthetic CIFAR-10). stage1: ends after the first
    epoch that reaches the threshold; its budget in epochs is all that is waited for, and sets the learning rates.
    stage2: a new optimizer and schedule. unfrozen_cells: searchable cells, counted from the end, that learn in stage 2,
    with all that comes after the first of them; 0 for the head alone, None for everything. The default is the paper's
    for networks of 15 cells. frozen_bn: 'batch' or 'eval', see `FrozenFront`.

    details: threshold, stage1_epochs, stage1_accuracy, unfrozen_share (of the parameters), and of each stage what it
    took (stage1_seconds, stage1_steps, stage1_macs, ...). A disconnected architecture is not trained.
    """

    threshold: float | HogLearner = LEARNER
    stage1: TrainingConfig = STAGE1
    stage2: TrainingConfig = STAGE2
    unfrozen_cells: int | None = 4
    frozen_bn: str = "batch"

    def __post_init__(self) -> None:
        number = isinstance(self.threshold, (int, float)) and 0 < self.threshold <= 100
        if not (number or isinstance(self.threshold, HogLearner)):
            raise ValueError(f"threshold: {self.threshold!r} is neither a percentage above 0 nor a learner")
        if self.unfrozen_cells is not None and (
            not isinstance(self.unfrozen_cells, int) or self.unfrozen_cells < 0
        ):
            raise ValueError(f"unfrozen_cells: {self.unfrozen_cells!r} is neither an integer >= 0 nor None")
        if self.frozen_bn not in FROZEN_BN:
            raise ValueError(f"frozen_bn: {self.frozen_bn!r} is not one of {', '.join(FROZEN_BN)}")
        if self.stage2.unused != "rest":
            raise ValueError(f"stage2: unused is {self.stage2.unused!r}, but frozen weights 'rest'")

    @property
    def measures(self) -> tuple[str, ...]:
        return MEASURES

    def small(self) -> Fear:
        def short(training: TrainingConfig) -> TrainingConfig:
            batch = min(training.batch_size, 50)
            return replace(
                training, epochs=2, updates=None, batch_size=batch, augmentation=embedded.AUGMENTATION
            )

        threshold = self.threshold.small() if isinstance(self.threshold, HogLearner) else self.threshold
        cells = None if self.unfrozen_cells is None else min(self.unfrozen_cells, 1)
        return replace(
            self,
            threshold=threshold,
            stage1=short(self.stage1),
            stage2=short(self.stage2),
            unfrozen_cells=cells,
        )

    def prepare(self, task: Task, report: Report) -> dict[str, Any]:
        """Find the threshold; it is kept in `fear.json` in the task's folder, its learner's checkpoint beside it."""
        cells = task.size.stages * task.size.cells_per_stage
        if self.unfrozen_cells is not None and self.unfrozen_cells > cells:
            raise ValueError(
                f"unfrozen_cells: {self.unfrozen_cells} is not in 0..{cells}, the network's cells"
            )
        if not isinstance(self.threshold, HogLearner):
            return super().prepare(task, report) | {"threshold": self.threshold}
        path = task.folder / "fear.json"
        if not path.exists():
            seed = derived_seed("HoG learner", task.data.name, task.seed)
            found = self.threshold.train(task.data, seed, task.folder / "hog.pt", report)
            threshold = found.pop("accuracy")
            write_text(
                path,
                json.dumps({**found, "threshold": threshold, "learner": asdict(self.threshold)}, indent=1),
            )
        return {name: value for name, value in self._prepared(task).items() if name != "learner"}

    def _prepared(self, task: Task) -> dict[str, Any]:
        path = task.folder / "fear.json"
        if not path.exists():
            raise ValueError(f"threshold: {path} is not there; prepare the estimator first")
        try:
            found = read_object(path, Prepared)
        except ValueError as error:
            raise ValueError(f"threshold: {error}; delete it and hog.pt to start again") from None
        if found["learner"] != asdict(self.threshold):  # type: ignore[arg-type]
            raise ValueError(f"threshold: {path} is of another learner; delete it and hog.pt to start again")
        return found

    def threshold_of(self, task: Task) -> float:
        """In percent. ValueError if it is yet to be found."""
        if isinstance(self.threshold, HogLearner):
            return float(self._prepared(task)["threshold"])
        return float(self.threshold)

    def score(self, task: Task, architectures: Sequence[Architecture], report: Report) -> Iterator[Record]:
        threshold = self.threshold_of(task)
        count = len(architectures)
        for done, architecture in enumerate(architectures):

            def tell(detail: str, done: int = done) -> None:
                report(done / count, f"{done}/{count} networks trained; {detail}")

            yield from self._records(task, architecture, threshold, tell)
            report((done + 1) / count, f"{done + 1}/{count} networks trained")

    def _records(
        self, task: Task, architecture: Architecture, threshold: float, tell: Callable[[str], None]
    ) -> Iterator[Record]:
        status, spent = "disconnected", Spent()
        epochs: tuple[Epoch, ...] = ()
        details: dict[str, Any] = {"threshold": threshold}
        if task.space.is_valid(architecture):
            network = task.network(architecture)
            found = costs.count(network)
            own = task.space.stand_alone_form(architecture)
            begin = time.perf_counter()
            first = Trainer(network, task.data, self.stage1, seed=task.seed_of("FEAR, stage 1", own))
            status = train_until(first, threshold, tell)
            spent = of_training(first, time.perf_counter() - begin, 3 * found.total())
            details |= {"stage1_epochs": len(first.history), **spent.named("stage1")}
            if first.history:
                details["stage1_accuracy"] = first.history[-1].accuracy
            if status == "ok":
                begin = time.perf_counter()
                second = self._stage2(network, task, task.seed_of("FEAR, stage 2", own))
                status = "ok" if second.run() == "finished" else "diverged"
                _, learning = split(network, self.unfrozen_cells)
                image_macs = found.total() + 2 * sum(costs.inside(found, part) for part in learning)
                more = of_training(second, time.perf_counter() - begin, image_macs)
                details |= {"unfrozen_share": unfrozen_share(network), **more.named("stage2")}
                spent, epochs = spent + more, tuple(second.history)
        for measure in MEASURES:
            common: dict[str, Any] = {"architecture": architecture, "measure": measure, "details": details}
            common |= spent.share(len(MEASURES))
            if status != "ok":
                yield Record(**common, score=None, status=status)
                continue
            best = max(epochs, key=lambda epoch: epoch.accuracy)
            epoch = best if measure == "best_train_accuracy" else epochs[-1]
            yield Record(**common, score=epoch.accuracy, loss=epoch.loss)

    def _stage2(self, network: StandAlone, task: Task, seed: int) -> Trainer:
        """The trainer of the second stage; from here on the network's front is frozen."""
        frozen, _ = split(network, self.unfrozen_cells)
        return Trainer(FrozenFront(network, frozen, self.frozen_bn), task.data, self.stage2, seed=seed)


def train_until(trainer: Trainer, threshold: float, tell: Callable[[str], None] = lambda detail: None) -> str:
    """Train to the end of the first epoch whose training accuracy (percent) is at least `threshold`.

    'ok', or what happened instead: 'not_reached' within the budget, or 'diverged'. tell: hears after every epoch, as an
    epoch of a large network takes minutes on a CPU."""

    def after_epoch(epoch: Epoch, epochs: int) -> None:
        tell(f"stage 1, epoch {len(trainer.history)}: {epoch.accuracy:.1f} of {threshold:g} %")
        if epoch.accuracy >= threshold:
            trainer.status = "finished"

    if trainer.run(report=after_epoch) == "diverged":
        return "diverged"
    return "ok" if trainer.history[-1].accuracy >= threshold else "not_reached"
