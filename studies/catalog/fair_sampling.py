"""What does strict fairness mean? Published systems differ in two things, so both are varied.

Question: how do the mini-batches of a strictly fair group (consecutive ones, or one for all its paths) and how its
gradients combine (sum, mean, or each parameter's mean over the paths that used it) change the ranking?
Jobs: 30 trainings: {consecutive, same} x {sum, mean, parameter_mean} x 5 seeds, small, full space; the 5 with
consecutive batches and sums are of search_space_subsets (the ranking study), same batches and sums are FairNAS.
Command: python -m studies run fair_sampling --data-root datasets     (data and truth: search_space_subsets)
Data: as search_space_subsets.
Expected: `same` makes 44,000 updates in 250 epochs where `consecutive` makes 8,800, and costs five times as much.
The paper suspects that summed gradients are destructively large steps of stem and head, which all paths use;
parameter_mean is the repair that it asks for.
Smoke: python -m studies run fair_sampling --smoke
"""

from __future__ import annotations

from studies import protocol
from studies.model.study import Study
from supernet.training.sampling import BATCHES, GRADIENTS, SamplingConfig


def study() -> Study:
    return protocol.nasbench201_study(
        "fair_sampling",
        [
            protocol.nasbench201(
                f"{batches} batches, {gradients.replace('_', ' ')}",
                protocol.SMALL,
                sampling=SamplingConfig(kind="fair", batches=batches, gradients=gradients),
            )
            for batches in BATCHES
            for gradients in GRADIENTS
        ],
        title="Meanings of strict fairness",
        question="How do the batches of a strictly fair group, and how its gradients combine, change the ranking?",
    )
