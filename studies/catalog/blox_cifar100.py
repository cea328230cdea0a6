"""How well does a one-shot supernet rank Blox? Nobody has published it.

Question: how do macro supernets (a choice of its own for every stage) rank Blox models on CIFAR-100, under
strictly fair, uniform and balanced sampling, and when trained with one block for all stages, as in a cell-based
space?
Command: python -m studies data get cifar100
         python -m studies truth import blox FOLDER            (the files blox-base-0 and, for costs, blox-info)
         python -m studies run blox_cifar100 --data-root datasets
Data: CIFAR-100 under Blox's own split (seed-0 permutation, 45,000/5,000); truth: test accuracy at the epoch of the
best validation accuracy. Blox's data are CC BY-NC 4.0, for non-commercial use, and are not part of this project.
Expected: 20 trainings of 200 epochs with the benchmark's recipe (RandAugment, cutout). A GPU's work.
Smoke: python -m studies run blox_cifar100 --smoke     (embedded data, under a minute)
"""

from __future__ import annotations

from dataclasses import replace

from studies import protocol
from studies.model.study import Study


def study() -> Study:
    base = protocol.blox("strictly fair", bn_modes=("batch", "reset-recalibrate-20"))
    uniform = protocol.UNIFORM
    return protocol.blox_study(
        "blox_cifar100",
        (
            base,
            base.changed(name="uniform", sampling=uniform),
            base.changed(name="balanced", sampling=protocol.BALANCED),
            base.changed(name="topology shared", sampling=replace(uniform, share_topology=True)),
        ),
        title="Blox on CIFAR-100: a first one-shot ranking",
        question="How do single-path supernets rank Blox models under strictly fair, uniform and balanced sampling, "
        "and when trained with one block for all stages?",
    )
