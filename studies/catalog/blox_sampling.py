"""How should paths be drawn in Blox? The sampling question, asked of a macro space.

Question: how do strictly fair training in its several meanings, uniform and balanced sampling rank Blox?
Jobs: 35 trainings of 200 epochs: {strictly fair: consecutive batches x {sum, mean, parameter_mean}, same batches x
{sum, parameter_mean}; uniform; balanced} x 5 seeds; 15 of them are of blox_cifar100.
Command: python -m studies run blox_sampling --data-root datasets     (data and truth: blox_cifar100)
Data: CIFAR-100 under Blox's split; truth: Blox, see blox_cifar100.
Expected: no one-shot ranking of Blox has been published. A strictly fair group is three paths: 11,733 updates in
200 epochs of 176 batches, uniform sampling 35,200.
Smoke: python -m studies run blox_sampling --smoke
"""

from __future__ import annotations

from studies import protocol
from studies.model.study import Study
from supernet.training.sampling import SamplingConfig

MEANINGS = (
    ("consecutive", "sum"),
    ("consecutive", "mean"),
    ("consecutive", "parameter_mean"),
    ("same", "sum"),
    ("same", "parameter_mean"),
)


def study() -> Study:
    fair = [
        protocol.blox(
            f"strictly fair, {batches} batches, {gradients.replace('_', ' ')}",
            sampling=SamplingConfig(kind="fair", batches=batches, gradients=gradients),
        )
        for batches, gradients in MEANINGS
    ]
    return protocol.blox_study(
        "blox_sampling",
        [
            *fair,
            protocol.blox("uniform", sampling=protocol.UNIFORM),
            protocol.blox("balanced", sampling=protocol.BALANCED),
        ],
        title="Sampling on Blox",
        question="How do strictly fair training in its several meanings, uniform and balanced sampling rank Blox?",
    )
