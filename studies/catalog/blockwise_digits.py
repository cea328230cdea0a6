"""Can blocks be judged on their own? Blockwise distillation of Blox on a laptop.

Question: does the sum of what single blocks say, distilled from a stage of a trained teacher, rank whole models, and
better than parameters do? (Blox paper, section 3, questions Q3 and Q4, in small.)
Command: python -m studies run blockwise_digits
Jobs: 3 seeds of {135 blocks distilled for 1, 4 and 10 epochs from the best model of the table by validation accuracy,
for 1 and 4 from the worst, for 4 from the median one; three weight-sharing students of the best model's stages, by
uniform paths and by strictly fair groups, of as many passes through blocks as 4 epochs of each (DNA); predictors told
20, 50, 100 and 200 labels (one seed's validation accuracy), which see the signatures of the three blocks (a polynomial
of second order, as DONNA's), which blocks they are, the graph's features, or the graph}, parameters and MACs, the
accuracies of the same models fine-tuned from the best teacher, for 4 epochs and for 1, and from the worst (tables that
`studies truth build --finetune-from` made), and the best sum of free values of blocks. The teacher is trained anew with
the run's seed by the table's own recipe.
Data: scikit-learn's digits; ground truth trained by this project. Four fixed noisy copies of every image, as the task's
images are noisy. The last stage sees 2x2 pixels.
Scored: the whole Blox table, 400 random models.
Expected: about 40 seconds of one core an epoch of 135 blocks, so 16 minutes a seed, 7 for the shared students, and 5
for the predictors: an hour and a half in all.
Measured: docs/results/blockwise.md.
Smoke: python -m studies run blockwise_digits --smoke
"""

from __future__ import annotations

from typing import Any

from studies import embedded
from studies.estimators import Estimator
from studies.estimators.blockwise import STAGES, Blockwise
from studies.estimators.cost import NetworkCost
from studies.estimators.predictor import GRAPH, Predictor
from studies.estimators.predictor_models import Gcn, PredictorModel, Ridge
from studies.estimators.separable import Separable
from studies.estimators.table_column import TableColumn
from studies.model.member import Member
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from supernet.data import DataConfig
from supernet.distillation.config import Distillation

EPOCHS = {"best": (1, 4, 10), "median": (4,), "worst": (1, 4)}  # of distillation, by teacher
SECONDS = 40.0  # an epoch of 135 blocks
SHARED = {
    "uniform": 180,
    "fair": 60,
}  # epochs of one student a stage: 4 of each of 45 blocks, a group has three paths
LABELS = (20, 50, 100, 200)
BEST, WORST, SHORT = (f"blox-digits-fine-tuned-{how}" for how in ("best", "worst", "best-1-epoch"))


def study() -> Study:
    normal, column = "blox-digits", "digits_test"
    best = {epochs: blockwise("best", epochs) for epochs in EPOCHS["best"]}
    others = [blockwise(teacher, epochs) for teacher in ("median", "worst") for epochs in EPOCHS[teacher]]
    tuned = [
        entry("fine-tuned, best teacher", TableColumn(table=BEST, columns=(column, "digits_valid"))),
        entry("fine-tuned, worst teacher", TableColumn(table=WORST, columns=(column, "digits_valid"))),
        entry(
            "fine-tuned for 1 epoch, best teacher", TableColumn(table=SHORT, columns=(column, "digits_valid"))
        ),
    ]
    return Study(
        name="blockwise_digits",
        title="Blockwise: can blocks be judged on their own?",
        question="Does the sum of single blocks' signatures rank whole models, and better than parameters do?",
        note=embedded.NOTE,
        variants=(
            *best.values(),
            *others,
            *(shared(paths) for paths in SHARED),
            entry("size", NetworkCost()),
            *tuned,
            entry("separable bound", Separable(table=normal, column=column, by="blocks")),
            *(
                entry(name, model, *members)
                for name, model, members in predictors(best, normal, "digits_valid_seed0", LABELS)
            ),
        ),
        truth={"blox": Truth(normal, column)},
        seeds=(0, 1, 2),
        top=(10, 25, 50),
    )


def entry(name: str, estimator: Estimator, *members: Member, seconds: float | None = None) -> Variant:
    return Variant(
        name=name,
        space="blox",
        size=embedded.SIZES["blox"],
        data=DataConfig(name=embedded.DATA),
        evaluation_noise=embedded.NOISE,
        estimator=estimator,
        members=members,
        expected_seconds=seconds,
    )


def blockwise(teacher: str, epochs: int) -> Variant:
    """All blocks distilled from one teacher."""
    name = f"blocks, {_epochs(epochs)}" + (f", {teacher} teacher" if teacher != "best" else "")
    return entry(name, _blockwise(teacher, epochs=epochs), seconds=SECONDS * epochs)


def shared(paths: str) -> Variant:
    """Blocks that are paths of one student a stage, distilled from the best teacher; the last epoch's weights, as DNA
    has them."""
    estimator = _blockwise("best", epochs=SHARED[paths], keep="last", students="stage", paths=paths)
    return entry(f"shared blocks, {paths}", estimator, seconds=5 * SECONDS)


def _blockwise(teacher: str, **settings: Any) -> Blockwise:
    distillation = Distillation(batch_size=64, copies=embedded.COPIES, noise=embedded.NOISE, **settings)
    return Blockwise(teacher=teacher, training=embedded.STAND_ALONE["blox"], distillation=distillation)


def predictors(
    distilled: dict[int, Variant], table: str, column: str, counts: tuple[int, ...]
) -> list[tuple[str, Predictor, tuple[Member, ...]]]:
    """Figure 9's: name, predictor and rankings it sees, each with every number of labels.

    distilled: variants of the blocks of one teacher, by epochs.
    """

    def of_stages(epochs: int, measure: str) -> tuple[Member, ...]:
        return tuple(
            Member(variant=distilled[epochs], measure=f"{measure}@{stage}") for stage in range(STAGES)
        )

    measures = {"log MSE": "log_mse", "accuracy change": "accuracy_change"}
    seen: dict[str, tuple[PredictorModel, tuple[str, ...], tuple[Member, ...]]] = {
        f"{name}, {_epochs(epochs)}": (Ridge(degree=2), (), of_stages(epochs, measure))
        for name, measure in measures.items()
        for epochs in sorted(distilled, reverse=True)
    } | {
        "which blocks": (Ridge(degree=1), ("blocks",), ()),
        "graph features": (Ridge(degree=1), GRAPH, ()),
        "GCN": (Gcn(), (), ()),
    }
    return [
        (
            f"{labels} labels, {name}",
            Predictor(model=model, features=features, labels=labels, table=table, column=column),
            members,
        )
        for name, (model, features, members) in seen.items()
        for labels in counts
    ]


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' * (count > 1)}"
