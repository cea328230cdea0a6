"""What searches are compared: FEAR with and without its cut-off, and short training."""

from __future__ import annotations

from dataclasses import dataclass, replace

from studies import embedded
from studies.estimators import Estimator
from studies.estimators.fear import Fear
from studies.estimators.hog import RECIPE as HOG_RECIPE
from studies.estimators.hog import HogLearner
from studies.estimators.short_training import RECIPE, ShortTraining
from supernet.spaces import Size

SHORT_EPOCHS = {"embedded": 4, "published": 50}


@dataclass(frozen=True, kw_only=True)
class Method:
    """estimates: the name of the file of trials, which methods may share. ratio: of the cut-off, None for none."""

    name: str
    estimates: str
    estimator: Estimator
    ratio: float | None = None
    measure: str = "best_train_accuracy"


def methods(
    space: str, data: str, size: Size, *, ratio: float, threshold: float | None, epochs: int | None
) -> list[Method]:
    """For the embedded task its own trainings, else FEAR's published ones. threshold: in percent, None for the HoG
    learner's. epochs: of the short training, None for 4 (embedded) or 50."""
    own = data == embedded.DATA
    cells = max(1, round(size.stages * size.cells_per_stage * 4 / 15))  # the paper's share of the cells
    epochs = epochs or SHORT_EPOCHS["embedded" if own else "published"]
    if own:
        recipe = embedded.STAND_ALONE[space]
        learner = HogLearner(
            hidden=64,
            training=replace(HOG_RECIPE, epochs=12, batch_size=64, augmentation=embedded.AUGMENTATION),
        )
        fear = Fear(
            threshold=threshold or learner,
            stage1=recipe,
            stage2=replace(recipe, epochs=3, batch_size=250),
            unfrozen_cells=cells,
        )
        short = ShortTraining(training=replace(recipe, epochs=epochs))
    else:
        fear = (
            Fear(unfrozen_cells=cells)
            if threshold is None
            else Fear(threshold=threshold, unfrozen_cells=cells)
        )
        fear = replace(fear, stage2=replace(fear.stage2, epochs=10))
        short = ShortTraining(training=replace(RECIPE, epochs=epochs, batch_size=1024))
    return [
        Method(name=f"FEAR, cut-off {ratio:g}", estimates="fear", estimator=fear, ratio=ratio),
        Method(name="FEAR", estimates="fear", estimator=fear),
        Method(name=f"short training, {epochs} epochs", estimates="short-training", estimator=short),
    ]
