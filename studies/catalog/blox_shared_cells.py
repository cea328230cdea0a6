"""Should a macro space be searched as cells? One block for all stages while training, against one for each.

Question: how do supernets trained with the same block in every stage (the cell-based space of 45 models) rank the
macro space of 45^3, beside supernets that draw a block for each stage?
Jobs: 20 trainings of 200 epochs: {macro, shared} x {strictly fair, uniform} x 5 seeds; 15 of them are of
blox_cifar100.
Command: python -m studies run blox_shared_cells --data-root datasets     (data and truth: blox_cifar100)
Data: CIFAR-100 under Blox's split; truth: Blox, see blox_cifar100. Both are scored on the same macro models.
Expected: no one-shot ranking of Blox has been published. A shared supernet has trained no block beside another
block, so that ranking mixed models asks it for what it has not seen.
Smoke: python -m studies run blox_shared_cells --smoke
"""

from __future__ import annotations

from dataclasses import replace

from studies import protocol
from studies.model.study import Study


def study() -> Study:
    variants = []
    for kind, sampling in (("strictly fair", protocol.FAIR), ("uniform", protocol.UNIFORM)):
        for name, shared in (("macro", None), ("shared", True)):
            variants.append(
                protocol.blox(f"{name}, {kind}", sampling=replace(sampling, share_topology=shared))
            )
    return protocol.blox_study(
        "blox_shared_cells",
        variants,
        title="Blox as cells and as a macro space",
        question="How do supernets trained with one block for all stages rank Blox, beside those that draw one for "
        "each stage?",
    )
