"""Blockwise distillation: each candidate block is judged on its own, by how well it replaces a stage of a teacher.

Sources: Chau et al., Blox (NeurIPS 2022), section 3 and supplement; Moons et al., DONNA (ICCV 2021), whose signature is
the distillation loss; Molchanov et al., LANA (ECCV 2022), whose signature is the change of the teacher's accuracy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

from studies import embedded
from studies.estimators.estimator import Estimator, register
from studies.estimators.table_column import Measure
from studies.truth.tasks import BLOX
from supernet.distillation.config import Distillation
from supernet.spaces import Space
from supernet.training.config import TrainingConfig

MEASURES = ("mse", "log_mse", "nsr", "log_nsr", "accuracy_change", "loss_change")
TEACHERS = ("best", "median", "worst")
BN = ("running", "recalibrated")
STAGES = 3  # of the spaces whose stages are chosen apart


@register("blockwise")
@dataclass(frozen=True, kw_only=True)
class Blockwise(Estimator):
    """Signatures of blocks, summed over an architecture's stages.

    Every distinct block of every stage, with a reduction of its own, learns what the teacher's stage puts out from what
    that stage takes. An architecture's score is the sum over its stages of its blocks' signatures, the sign such that
    higher is better. Measures, all of the validation images:

    * mse, nsr: the distillation loss, the mean over images, pixels and channels of the squared error, or of its ratio
      to the variance of the teacher's channel (DONNA). Channels that are constant in the teacher are left out of the
      ratio and counted (`dead_channels` of signatures.parquet).
    * log_mse, log_nsr: their logarithms, so that the sum ranks by the product.
    * accuracy_change, loss_change: of the teacher, when the block is put in the place of its stage. HANT and LANA are
      one method under two names; the Blox paper has the one and its supplement the other.

    Predictors and combinations may have a measure at one stage alone as a member, MEASURE@STAGE: of three such a
    predictor of second order is DONNA's.

    The run keeps the teacher, all blocks with their weights, and `signatures.parquet`, a row for each block.

    Args:
        teacher: an architecture's text, or of those of the table that the mask allows the 'best', 'median' or 'worst'
            by the column.
        table, column: as of `TableColumn`; '{space}' stands for the name of the task's space.
        teacher_seed: of its training, which is that of `studies truth build`; None: the run's seed.
        training: of the teacher.
        distillation: of the blocks.
        bn: BN statistics of the teacher with a block put in, 'running' or 'recalibrated' (distillation/signatures.py).
        score_by: which of the measures.
    """

    prepares: ClassVar[bool] = True
    preparing: ClassVar[float] = 0.95

    teacher: str = "best"
    table: str = "{space}-digits"
    column: str = "digits_valid"
    teacher_seed: int | None = None
    training: TrainingConfig = BLOX
    distillation: Distillation = field(default_factory=Distillation)
    bn: str = "running"
    score_by: tuple[str, ...] = MEASURES

    def __post_init__(self) -> None:
        Measure.of(self.column)
        if self.bn not in BN:
            raise ValueError(f"bn: {self.bn!r} is not one of {', '.join(BN)}")
        unknown = [name for name in self.score_by if name not in MEASURES]
        if unknown or not self.score_by or len(set(self.score_by)) < len(self.score_by):
            raise ValueError(f"score_by: {self.score_by!r} is not a selection of {', '.join(MEASURES)}")
        seed = self.teacher_seed
        if seed is not None and (type(seed) is not int or seed < 0):
            raise ValueError(f"teacher_seed: {seed!r} is neither an integer from 0 up nor none")

    @property
    def measures(self) -> tuple[str, ...]:
        return self.score_by

    @property
    def for_members(self) -> tuple[str, ...]:
        """Each measure at one stage alone: MEASURE@STAGE."""
        return tuple(f"{measure}@{stage}" for measure in MEASURES for stage in range(STAGES))

    @property
    def numerics(self) -> dict[str, object]:
        return self.training.numerics

    def told_by(self, space: str) -> tuple[tuple[str, str], ...]:
        """The column that a teacher is chosen by."""
        if self.teacher not in TEACHERS:
            return ()
        return ((self.table.replace("{space}", space), Measure.of(self.column).column),)

    def check(self, space: Space) -> None:
        if space.parts == 1:
            raise ValueError(
                f"space: {space.name!r} repeats one cell in all stages; blockwise needs stages that are chosen apart"
            )
        if self.teacher not in TEACHERS:
            try:
                valid = space.is_valid(space.parse(self.teacher))
            except ValueError as error:
                raise ValueError(f"teacher: not one of {', '.join(TEACHERS)}, and no {error}") from None
            if not valid:
                raise ValueError(f"teacher: {self.teacher!r} has no path from its input to its output")

    def small(self) -> Blockwise:
        distillation = replace(
            self.distillation,
            epochs=1 + int(math.log(self.distillation.epochs, 3)),  # a longer one stays longer
            batch_size=200,
            copies=min(self.distillation.copies, 2),
        )
        return replace(
            self,
            table="{space}-digits",
            column="digits_valid",
            training=embedded.shortened(self.training, batch=100),
            distillation=distillation,
        )
