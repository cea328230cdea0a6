"""Can blocks be judged on their own, where the last stage sees an image? Blockwise distillation of Blox on CIFAR-10.

Question: as blockwise_digits, on natural images of 16x16 pixels, of which the last stage sees 4x4: do signatures of
blocks rank models that are trained from scratch, and models that are fine-tuned from a good and from a bad teacher?
(Blox paper, figures 7b, 8 and 9, questions Q2 to Q4, in small.)
Jobs: 1 seed of {135 blocks distilled for 4 epochs from the best and from the worst of 60 random models by validation
accuracy; predictors told 20 labels; the same models fine-tuned from either teacher; parameters and MACs; the best sum
of free values of blocks}.
Command: python -m studies data get cifar10
         python -m studies truth build --space blox --data cifar10 --architectures 60 --seeds 1 SMALL
             --out runs/truth/blox-cifar10-small.parquet
         python -m studies truth build --space blox --data cifar10 --architectures 60 --seeds 1 SMALL
             --teacher-table blox-cifar10-small --distil-epochs 4 --finetune-epochs 4 --finetune-lr 1e-3
             --finetune-from best --out runs/truth/blox-cifar10-small-fine-tuned-best.parquet
         the same with --finetune-from worst --out runs/truth/blox-cifar10-small-fine-tuned-worst.parquet
         python -m studies run blockwise_cifar10_small --data-root datasets
         with SMALL: --recipe nasbench201 --image-size 16 --subset 10000 --valid-subset 5000 --channels 8 --epochs 8
             --batch-size 64
Data: CIFAR-10 at 16x16 pixels, 10,000 images to train and 5,000 to validate on; networks of 8 channels; not the
published benchmark, which is CIFAR-100 at 32x32. Trained by the recipe of NAS-Bench-201 for 8 epochs: on a CPU, the
RandAugment of the Blox recipe takes as long as the networks.
Scored: the whole table, 60 random models: an interval of Spearman's rho is then about .25 to either side.
Expected: on one core of an AMD EPYC, 16 minutes an epoch of 135 blocks (of batches of 256: 2.6, 0.9 and 0.9 s a step of
9 blocks of the three stages), so 1 hour a teacher, here and again for each fine-tuned table; 0.16 s a step of 64 images
of a network with two blocks of bottleneck convolutions, so up to 3.3 minutes a network from scratch and 2 minutes
fine-tuned: about 11 core-hours in all. All builds and runs go on where they were ended. Not run as a whole yet.
Smoke: python -m studies run blockwise_cifar10_small --smoke     (embedded data)
"""

from __future__ import annotations

from studies.catalog.blockwise_digits import predictors
from studies.estimators import Estimator
from studies.estimators.blockwise import Blockwise
from studies.estimators.cost import NetworkCost
from studies.estimators.separable import Separable
from studies.estimators.table_column import TableColumn
from studies.model.member import Member
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from studies.truth.tasks import Asked, get_task
from supernet.distillation.config import Distillation

TABLE, COLUMN, OBJECTIVE = "blox-cifar10-small", "cifar10_test", "cifar10_valid"
TASK = get_task(
    "blox",
    "cifar10",
    Asked(
        image_size=16,
        subset=10_000,
        valid_subset=5_000,
        channels=8,
        epochs=8,
        batch_size=64,
        recipe="nasbench201",
    ),
)
EPOCHS = 4  # of distillation
SECONDS = 940.0  # an epoch of 135 blocks
LABELS = 20
TEACHERS = ("best", "worst")


def study() -> Study:
    distilled = [blockwise(teacher) for teacher in TEACHERS]
    tuned = [
        entry(
            f"fine-tuned, {teacher} teacher",
            TableColumn(table=f"{TABLE}-fine-tuned-{teacher}", columns=(COLUMN, OBJECTIVE)),
        )
        for teacher in TEACHERS
    ]
    return Study(
        name="blockwise_cifar10_small",
        title="Blockwise on CIFAR-10: can blocks be judged on their own?",
        question="Do signatures of blocks rank models trained from scratch and fine-tuned ones, on natural images?",
        note=TASK.note,
        variants=(
            *distilled,
            entry("size", NetworkCost()),
            *tuned,
            entry("separable bound", Separable(table=TABLE, column=COLUMN, by="blocks")),
            *(
                entry(name, model, *members)
                for name, model, members in predictors({EPOCHS: distilled[0]}, TABLE, OBJECTIVE, (LABELS,))
            ),
        ),
        truth={"blox": Truth(TABLE, COLUMN)},
        seeds=(0,),
        top=(10, 20),
    )


def entry(name: str, estimator: Estimator, *members: Member, seconds: float | None = None) -> Variant:
    return Variant(
        name=name,
        space="blox",
        size=TASK.size,
        data=TASK.data,
        estimator=estimator,
        members=members,
        expected_seconds=seconds,
    )


def blockwise(teacher: str) -> Variant:
    """All blocks distilled from one teacher of the table."""
    estimator = Blockwise(
        teacher=teacher,
        table=TABLE,
        column=OBJECTIVE,
        training=TASK.training,
        distillation=Distillation(epochs=EPOCHS),
    )
    other = "" if teacher == "best" else f", {teacher} teacher"
    return entry(f"blocks, {EPOCHS} epochs{other}", estimator, seconds=SECONDS * EPOCHS)
