"""Does a supernet's ranking mean anything, and what changes it? A first answer in five minutes on a laptop.

Question: how well do single-path supernets of NAS-Bench-201 and Blox rank architectures against stand-alone training,
and do the length of the training, strict fairness, masking or linear transformers change that? (Ranking study, figures
4 to 6, in small.)
Command: python -m studies run quickstart
Jobs: 4 seeds of {NAS-Bench-201: uniform; a quarter of the updates; strictly fair; linear transformers; without
avg_pool_3x3. Blox: uniform; a quarter of the updates; without ST1}, beside parameters, MACs and layers.
Data: scikit-learn's digits; ground truth trained by this project (data/, `truth show` says how).
Scored: the true top-500 and 1,000 random ones of all NAS-Bench-201 cells (with --all every cell, in 2 minutes more),
and the whole Blox table, which is a random sample of 400 models.
Expected: 32 trainings, under 5 minutes on 2 CPU cores; numbers in docs/results/.
"""

from __future__ import annotations

from dataclasses import replace

from analysis.store.scored import ScoredSet
from studies import embedded
from studies.estimators.one_shot import OneShot
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from supernet.data import DataConfig
from supernet.training.sampling import SamplingConfig

EXPECTED_SECONDS = {"nasbench201": 10.0, "blox": 25.0}  # a run: training and scoring, one core
QUARTER_SECONDS = {"nasbench201": 5.0, "blox": 10.0}
QUARTER = {"nasbench201": 240, "blox": 100}  # of 60 and of 25 epochs, each of 16 batches


def study() -> Study:
    recipe = replace(embedded.STAND_ALONE["nasbench201"], epochs=60)
    # Blox networks are deeper and their sums are not normalised: fewer epochs, smaller and bounded steps.
    recipes = {"nasbench201": recipe, "blox": replace(recipe, epochs=25, lr=0.05, clip_norm=5.0)}
    base = {
        space: Variant(
            name="uniform",
            space=space,
            size=embedded.SIZES[space],
            estimator=OneShot(training=training),
            data=DataConfig(name=embedded.DATA),
            evaluation_noise=embedded.NOISE,
            expected_seconds=EXPECTED_SECONDS[space],
        )
        for space, training in recipes.items()
    }
    fair = SamplingConfig(kind="fair", batches="consecutive", gradients="sum")
    variants = []
    for space, variant in base.items():
        training = replace(recipes[space], epochs=None, updates=QUARTER[space])
        name, seconds = "a quarter of the updates", QUARTER_SECONDS[space]
        variants += [variant, variant.changed(name=name, training=training, expected_seconds=seconds)]
    variants += [
        base["nasbench201"].changed(name="strictly fair", sampling=fair),
        base["nasbench201"].changed(name="linear transformers", linear_transformers="skip"),
        base["nasbench201"].changed(name="without avg_pool_3x3", mask=("avg_pool_3x3",)),
        base["blox"].changed(name="without ST1", mask=("ST1",)),
    ]
    return Study(
        name="quickstart",
        title="Quickstart: do supernets rank?",
        question="How well do single-path supernets rank architectures against stand-alone training, and do "
        "the length of the training, strict fairness, linear transformers or masking an operation change that?",
        note=embedded.NOTE,
        variants=tuple(variants),
        truth={space: Truth(f"{space}-digits", "digits_test") for space in base},
        seeds=(0, 1, 2, 3),
        scored=ScoredSet(top=500, random=1000),
    )
