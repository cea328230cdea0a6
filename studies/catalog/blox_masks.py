"""Which operations and connectivity types should Blox hold for a supernet to rank it?

Question: how does leaving out an operation (conv, mbconv, bconv) or a connectivity type (ST1 .. ST6) change how
strictly fair supernets rank what is left, and how much of that is the training?
Jobs: 50 trainings of 200 epochs: {full space, 3 operations, 6 types} x 5 seeds; the 5 of the full space are of
blox_cifar100, and they also score every subset without being trained for it.
Command: python -m studies run blox_masks --data-root datasets     (data and truth: blox_cifar100)
Data: CIFAR-100 under Blox's split; truth: Blox, see blox_cifar100.
Expected: no one-shot ranking of Blox has been published. Without an operation a strictly fair group is two paths
instead of three, so a mask of an operation also buys updates; a mask of a type does not.
Smoke: python -m studies run blox_masks --smoke
"""

from __future__ import annotations

from studies import protocol
from studies.model.study import Study
from supernet.spaces import get_space


def study() -> Study:
    masks = tuple((name,) for name in get_space("blox").maskable)
    base = protocol.blox("strictly fair")
    (full,) = protocol.under((), base)
    return protocol.blox_study(
        "blox_masks",
        [
            full.changed(evaluation_masks=masks),
            *(variant for mask in masks for variant in protocol.under(mask, base)),
        ],
        title="Subsets of Blox",
        question="How does leaving out an operation or a connectivity type change how strictly fair supernets rank "
        "what is left, and how much of that is the training?",
    )
