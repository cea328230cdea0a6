"""Zero-cost proxies of networks that are being trained: does a proxy still rank once there is something to see?

A look takes a copy of the network, so the network after some epochs has the same bits as one that nobody looked at.
Epoch 0 is the untrained network: the first initialisation of `ZeroCost`, to the bit.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), figure 3. Its code starts a new
optimizer and a schedule of one epoch for every epoch; here one schedule runs through.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from studies import embedded
from studies.estimators.costs import Spent, of_epochs, of_training
from studies.estimators.estimator import Estimator, Record, Report, Task, register
from studies.estimators.proxies import PROXIES, Batch, Value, fixed_batch, together
from studies.estimators.short_training import RECIPE
from studies.estimators.zero_cost import check_proxies, keep_batch, status_of
from supernet.network import StandAlone
from supernet.spaces import Architecture
from supernet.training.trainer import Epoch, Trainer, TrainingConfig

# zen draws weights of its own: training would change nothing of it but the scale of BN.
WHILE_TRAINING = tuple(name for name in PROXIES if name != "zen")


class Look(NamedTuple):
    """The proxies after so many epochs. trained: what these took."""

    values: dict[str, Value]
    trained: Spent


@register("zero-cost-while-training")
@dataclass(frozen=True, kw_only=True)
class ZeroCostWhileTraining(Estimator):
    """One training of each network, looked at after chosen epochs.

    proxies: of WHILE_TRAINING, computed together. training: its schedule; ends after the last look. at: the looks,
    ascending epochs from 0, the untrained network. batch_size: of the one batch, as in `ZeroCost` and the same images.

    Measures: PROXY@EPOCH, the last look first. Only the first is a ranking of a study's report, the others are in the
    figure `fear-3`. A look that the training did not get to has the status 'diverged', a proxy that is not finite then
    'nan' or 'overflow', and a disconnected architecture, which is not trained, 'disconnected'.

    details: epochs; what the measure would have cost alone, all training up to its epoch included (alone_seconds,
    alone_steps, alone_macs), and of that the proxy's own (proxy_seconds, proxy_macs)."""

    proxies: tuple[str, ...] = WHILE_TRAINING
    training: TrainingConfig = RECIPE
    at: tuple[int, ...] = (0, 1, 2, 4, 8)
    batch_size: int = 64

    def __post_init__(self) -> None:
        check_proxies("proxies", self.proxies, WHILE_TRAINING)
        if not isinstance(self.batch_size, int) or self.batch_size < 2:
            raise ValueError(f"batch_size: {self.batch_size!r} is not an integer of at least 2")
        last = self.training.epochs
        if last is None:
            raise ValueError(
                f"training: a budget of {self.training.updates} updates; looks need one in epochs"
            )
        if not self.at or list(self.at) != sorted(
            {e for e in self.at if isinstance(e, int) and 0 <= e <= last}
        ):
            raise ValueError(f"at: {self.at!r} is not a list of ascending epochs in 0..{last}")

    @property
    def measures(self) -> tuple[str, ...]:
        return tuple(f"{name}@{epoch}" for epoch in reversed(self.at) for name in self.proxies)

    @property
    def reported(self) -> tuple[str, ...]:
        return self.measures[:1]

    def small(self) -> ZeroCostWhileTraining:
        training = replace(
            self.training,
            epochs=1,
            batch_size=min(self.training.batch_size, 50),
            augmentation=embedded.AUGMENTATION,
        )
        return replace(
            self, training=training, at=tuple(sorted({min(epoch, 1) for epoch in self.at})), batch_size=8
        )

    def prepare(self, task: Task, report: Report) -> dict[str, Any]:
        """Writes which images the batch holds to the run's folder."""
        return super().prepare(task, report) | {"batch": keep_batch(task, self._batch(task))}

    def _batch(self, task: Task) -> Batch:
        return fixed_batch(task.data, self.batch_size, task.seed)

    def score(self, task: Task, architectures: Sequence[Architecture], report: Report) -> Iterator[Record]:
        batch = self._batch(task)
        for done, architecture in enumerate(architectures, 1):
            yield from self._records(task, architecture, batch)
            report(done / len(architectures), f"{done}/{len(architectures)} networks trained")

    def _records(self, task: Task, architecture: Architecture, batch: Batch) -> Iterator[Record]:
        if not task.space.is_valid(architecture):
            for measure in self.measures:
                yield Record(architecture=architecture, measure=measure, score=None, status="disconnected")
            return
        own = task.space.stand_alone_form(architecture)
        macs = task.space.cost(own, task.size).macs
        network = task.network(own, "zero-cost weights 0")
        looks, whole = self._looks(task, own, network, batch, 3 * macs)
        share = whole.share(len(self.measures))
        for epoch in reversed(self.at):
            look = looks.get(epoch)
            for name in self.proxies:
                value = Value(float("nan"), 0.0, 0.0) if look is None else look.values[name]
                proxy = Spent(seconds=value.seconds, macs=macs * value.passes)
                alone = (whole if look is None else look.trained) + proxy
                status = "diverged" if look is None else status_of([value.value])
                yield Record(
                    architecture=architecture,
                    measure=f"{name}@{epoch}",
                    score=value.value if status == "ok" else None,
                    status=status,
                    seconds=share["seconds"] + proxy.seconds,
                    steps=share["steps"],
                    macs=share["macs"] + proxy.macs,
                    details={"epochs": epoch, **alone.named("alone")}
                    | {"proxy_seconds": proxy.seconds, "proxy_macs": proxy.macs},
                )

    def _looks(
        self, task: Task, own: Architecture, network: StandAlone, batch: Batch, image_macs: float
    ) -> tuple[dict[int, Look], Spent]:
        """What is seen after each epoch that the training gets to, and what the training took. image_macs: forward and
        backward of one image."""
        looks: dict[int, Look] = {}
        looking = 0.0

        def look(epoch: int, history: Sequence[Epoch]) -> None:
            nonlocal looking
            begin = time.perf_counter()
            # Untouched by what a proxy does, and not compiled.
            values = together(copy.deepcopy(network), batch, self.proxies, zen_images=2, seed=0)
            looks[epoch] = Look(values, of_epochs(history, image_macs))
            looking += time.perf_counter() - begin

        def after_epoch(epoch: Epoch, epochs: int) -> None:
            if epoch.epoch in self.at:
                look(epoch.epoch, trainer.history)
            if epoch.epoch == self.at[-1]:
                trainer.status = "finished"

        if 0 in self.at:
            look(0, ())
        if self.at[-1] == 0:
            return looks, Spent()
        begin, looking = time.perf_counter(), 0.0
        trainer = Trainer(network, task.data, self.training, seed=task.seed_of("proxies while training", own))
        trainer.run(report=after_epoch)
        return looks, of_training(trainer, time.perf_counter() - begin - looking, image_macs)
