"""Can blocks be judged on their own? Blockwise distillation of Blox on a laptop.

Question: does the sum of what single blocks say, distilled from a stage of a trained teacher, rank whole models, and
better than parameters do? (Blox paper, section 3, questions Q3 and Q4, in small.)
Command: python -m studies run blockwise_digits
Jobs: 2 seeds of {135 blocks distilled for 1 and for 4 epochs from the best model of the table by validation accuracy,
parameters and MACs}. The teacher is trained anew with the run's seed by the table's own recipe.
Data: scikit-learn's digits; ground truth trained by this project. Four fixed noisy copies of every image, as the task's
images are noisy. The last stage sees 2x2 pixels.
Scored: the whole Blox table, 400 random models.
Expected: about 40 seconds of one core an epoch of 135 blocks, so 4 minutes a seed. Measured: docs/guides/estimators.md.
Smoke: python -m studies run blockwise_digits --smoke
"""

from __future__ import annotations

from studies import embedded
from studies.estimators.blockwise import Blockwise
from studies.estimators.cost import NetworkCost
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from supernet.data import DataConfig
from supernet.distillation.config import Distillation

EPOCHS = (1, 4)
SECONDS = 40.0  # an epoch of 135 blocks


def study() -> Study:
    size = Variant(
        name="size",
        space="blox",
        size=embedded.SIZES["blox"],
        data=DataConfig(name=embedded.DATA),
        evaluation_noise=embedded.NOISE,
        estimator=NetworkCost(),
    )

    def blockwise(epochs: int) -> Variant:
        distillation = Distillation(
            epochs=epochs, batch_size=64, copies=embedded.COPIES, noise=embedded.NOISE
        )
        estimator = Blockwise(training=embedded.STAND_ALONE["blox"], distillation=distillation)
        name = f"blocks, {epochs} epoch{'s' * (epochs > 1)}"
        return size.changed(name=name, estimator=estimator, expected_seconds=SECONDS * epochs)

    return Study(
        name="blockwise_digits",
        title="Blockwise: can blocks be judged on their own?",
        question="Does the sum of single blocks' signatures rank whole models, and better than parameters do?",
        note=embedded.NOTE,
        variants=(*map(blockwise, EPOCHS), size),
        truth={"blox": Truth("blox-digits", "digits_test")},
        seeds=(0, 1),
        top=(10, 25, 50),
    )
