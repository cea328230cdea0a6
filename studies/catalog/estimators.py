"""What does the same compute buy? A supernet's ranking beside short training, FEAR and zero-cost proxies, on a laptop.

Question: how well do estimators of other kinds rank the same architectures against the same truth, and at what cost?
(FEAR paper, tables 1 to 3, in small.)
Command: python -m studies run estimators
Jobs: 2 seeds of {a supernet by uniform and by strictly fair sampling, as in quickstart; the first fine-tuned for one
epoch by each architecture; short training with schedules of 1, 2 and 4 epochs; the head of the truth's own schedule
of 12 epochs; FEAR; all zero-cost proxies, untrained and while such a schedule trains the network; parameters and
MACs}.
Data: scikit-learn's digits; NAS-Bench-201 trained on them by this project. The recipe of the stand-alone trainings is
the truth's own, so that twelve epochs of it are the truth itself with other seeds.
Scored: the true top-50 and 200 random cells.
Expected: about half an hour of one core a seed. Measured: docs/results/estimators.md.
Smoke: python -m studies run estimators --smoke
"""

from __future__ import annotations

from dataclasses import replace

from analysis.store.scored import ScoredSet
from studies import embedded
from studies.catalog import quickstart
from studies.estimators import Estimator
from studies.estimators.cost import NetworkCost
from studies.estimators.fear import Fear
from studies.estimators.short_training import ShortTraining
from studies.estimators.zero_cost import ZeroCost, ZeroCostWhileTraining
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from supernet.data import DataConfig

RECIPE = embedded.STAND_ALONE["nasbench201"]
EPOCHS = (1, 2, 4)  # of the short schedules, and of the looks at the whole one
BY = ("train_accuracy", "valid_accuracy")


def study() -> Study:
    supernets = {v.name: v for v in quickstart.study().variants if v.space == "nasbench201"}
    uniform = supernets["uniform"]

    def estimate(name: str, estimator: Estimator, parent: Variant | None = None) -> Variant:
        return Variant(
            name=name,
            space="nasbench201",
            size=embedded.SIZES["nasbench201"],
            data=DataConfig(name=embedded.DATA),
            evaluation_noise=embedded.NOISE,
            estimator=estimator,
            parent=parent,
        )

    short = [
        estimate(
            f"short training, {epochs} epochs",
            ShortTraining(training=replace(RECIPE, epochs=epochs), score_by=BY),
        )
        for epochs in EPOCHS
    ]
    fine = replace(RECIPE, epochs=1, lr=0.03)
    fear = Fear(stage1=replace(RECIPE, epochs=60), stage2=replace(RECIPE, epochs=2), unfrozen_cells=1)
    return Study(
        name="estimators",
        title="Estimators: what does the same compute buy?",
        question="How well do a supernet, short training, FEAR and zero-cost proxies rank the same architectures, "
        "and at what cost?",
        note=embedded.NOTE,
        variants=(
            uniform,
            supernets["strictly fair"],
            estimate(
                "fine-tuned supernet", ShortTraining(training=fine, start="supernet", score_by=BY), uniform
            ),
            *short,
            estimate(
                "head of the schedule",
                ShortTraining(training=RECIPE, at=EPOCHS, score_by=("train_accuracy", "sotl")),
            ),
            estimate("FEAR", fear),
            estimate("zero-cost", ZeroCost()),
            estimate("while training", ZeroCostWhileTraining(training=RECIPE, at=(0, *EPOCHS, 8, 12))),
            estimate("size", NetworkCost()),
        ),
        truth={"nasbench201": Truth("nasbench201-digits", "digits_test")},
        seeds=(0, 1),
        top=(10, 25, 50),
        scored=ScoredSet(top=50, random=200),
    )
