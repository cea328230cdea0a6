"""Scores of a small fixed part of the score sets while a run trains: `milestones.parquet` in its folder.

Scoring draws from no random stream and leaves the network as it was, so a run with milestones has the bits of one
without.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from analysis.store import milestones
from studies.model.study import Run, Tracking
from studies.tracking.comparison import comparison
from supernet.network import Supernet
from supernet.scoring.scorer import Scorer
from supernet.spaces import Architecture
from supernet.training.trainer import Trainer

LEAST = 16  # architectures of a milestone


def due(percents: tuple[int, ...], epochs: int) -> set[int]:
    """The epochs, counted from 1, after which there is a milestone; the last has none: all is scored then."""
    return {math.ceil(percent * epochs / 100) for percent in percents} - {epochs}


def budget(count: int, trainer: Trainer, share: float) -> int:
    """Architectures that each of so many milestones scores: by the images that pass forward, where a training step
    counts as three. share: of the training's, what all milestones together may take."""
    training = 3 * trainer.epochs * len(trainer.data.train)
    return max(LEAST, int(share * training / (max(1, count) * len(trainer.data.valid))))


def take(run: Run, tracking: Tracking, trainer: Trainer, epoch: int) -> None:
    """Score what a milestone after that epoch asks for and has not yet, in the run's first BN mode."""
    assert isinstance(trainer.model, Supernet)
    variant = run.variant
    space, mode = variant.masked_space, variant.measures[0]
    compared, before = comparison(tracking, variant), milestones.read(run.folder, run.run_id)
    have = set(before[(before["epoch"] == epoch) & (before["measure"] == mode)]["arch"])
    size = budget(len(due(tracking.milestones, trainer.epochs)), trainer, tracking.share)
    rows = np.unique(np.concatenate(list(compared.small_sets(size).values())))
    asked: list[Architecture] = [
        space.parse(compared.texts[row]) for row in rows if compared.texts[row] not in have
    ]
    if not asked:
        return
    data = trainer.data
    scorer = Scorer(trainer.model, data, data.valid, mode, variant.evaluation_batch, variant.evaluation_noise)
    new = [
        (epoch, size, space.text(s.architecture), mode, s.score, s.loss, s.status, s.seconds)  # type: ignore[arg-type]
        for s in scorer(asked)
    ]
    added = pd.DataFrame(new, columns=milestones.COLUMNS)
    frame = pd.concat([before, added], ignore_index=True) if len(before) else added
    milestones.write(frame, run.folder, run.run_id)
