"""Do linear transformers help in Blox?

Question: do 1x1 convolutions on the skip and input edges of the blocks, while searching, change how supernets rank
Blox?
Jobs: 40 trainings of 200 epochs: {none, LT} x {strictly fair, uniform} x {full space, without ST1} x 5 seeds; 10
of them are of blox_cifar100, 5 of blox_masks. Without ST1 every stage has two operations.
Command: python -m studies run blox_linear_transformers --data-root datasets     (data and truth: blox_cifar100)
Data: CIFAR-100 under Blox's split; truth: Blox, see blox_cifar100. The ground truth never has linear transformers.
Expected: no one-shot ranking of Blox has been published. No operation of Blox changes resolution or width inside a
block, so the only edges that can have them are those without an operation.
Smoke: python -m studies run blox_linear_transformers --smoke
"""

from __future__ import annotations

from studies import protocol
from studies.model.study import Study


def study() -> Study:
    fair = protocol.blox("strictly fair")
    plain = (fair, fair.changed(name="uniform", sampling=protocol.UNIFORM))
    both = [
        variant
        for base in plain
        for variant in (base, base.changed(name=f"{base.name}, LT", linear_transformers="skip"))
    ]
    return protocol.blox_study(
        "blox_linear_transformers",
        [*protocol.under((), *both), *protocol.under(("ST1",), *both)],
        title="Linear transformers in Blox",
        question="Do linear transformers (LT) on the skip and input edges change how supernets rank Blox?",
    )
