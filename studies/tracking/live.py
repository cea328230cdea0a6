"""The log while a run trains. An error is reported once and never stops the run."""

from __future__ import annotations

from types import TracebackType

from analysis.store import history
from analysis.store import milestones as milestones_file
from analysis.store.result import CHECKPOINT
from studies.model.study import Run, Tracking
from studies.tracking import milestones
from studies.tracking.comparison import comparison
from studies.tracking.events import Log
from studies.tracking.links import link, log_folder
from studies.tracking.log import Curves, of_mode, ranks, warn
from supernet.training.trainer import Epoch, Trainer


class Live:
    """Called with each epoch, after its checkpoint is saved. Where the run is not tracked it does nothing.

    Whatever an earlier process wrote is written anew, from the history that the checkpoint holds: so a resumed curve
    never doubles back, and a training begun without a log has all of its curve.
    """

    def __init__(self, run: Run, trainer: Trainer) -> None:
        self.run, self.trainer = run, trainer
        self.tracking: Tracking | None = run.tracking
        self.log: Log | None = None
        self.curves = Curves()

    def __enter__(self) -> Live:
        checkpoint = self.run.folder / CHECKPOINT
        if self.tracking is not None and checkpoint.exists():
            self.trainer.resume(checkpoint)
            if self.trainer.status == "running" and self.trainer.history:
                self(self.trainer.history[-1])  # its milestone may be missing, its curve may be half written
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.log is not None:
            self.log.close()

    def __call__(self, epoch: Epoch) -> None:
        if self.tracking is None:
            return
        try:
            self._milestone(self.tracking, epoch)
            if self.log is None:
                self._begin(self.tracking)
            else:
                self._show(self.log, self.tracking, epoch)
        except (OSError, ValueError) as error:
            self.tracking = None
            warn(self.run, error)

    def _milestone(self, tracking: Tracking, epoch: Epoch) -> None:
        if epoch.epoch in milestones.due(tracking.milestones, self.trainer.epochs):
            milestones.take(self.run, tracking, self.trainer, epoch.epoch)

    def _begin(self, tracking: Tracking) -> None:
        self.log = Log(log_folder(self.run, tracking))
        link(self.run, tracking)
        for epoch in self.trainer.history:
            self._show(self.log, tracking, epoch)

    def _show(self, log: Log, tracking: Tracking, of: Epoch) -> None:
        """The epoch's curves, and its milestone if there is one."""
        epoch = of.epoch
        log.scalars(self.curves(history.row(of)), epoch)
        if epoch not in milestones.due(tracking.milestones, self.trainer.epochs):
            return
        taken = of_mode(milestones_file.read(self.run.folder, self.run.run_id), self.run)
        taken = taken[taken["epoch"] == epoch]
        if len(taken):
            compared, size = comparison(tracking, self.run.variant), int(taken["budget"].iloc[0])
            log.scalars(ranks(compared, taken, size), epoch)
