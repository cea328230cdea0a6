"""Does splitting a supernet by the operations of one edge lift its ranking, at equal total updates?

Question: half of the updates train one supernet; the other half train five that start from its weights, each with one
operation left on the edge from a cell's input to its output, and each architecture is scored by the one that contains
it. Does this rank better than all updates in one supernet (few-shot NAS: Zhao et al., ICML 2021)?
Controls: "restarted" continues from the same parent for the same updates without a split, as the second half also
restarts the learning rate; "parent" is the first half alone.
Jobs: 40 trainings, small, uniform sampling: 8 of each seed, 5 of which are parts of one ranking. 44,000 updates for
each ranking but "parent"; the 5 of "one-shot" are of nb201_cifar10 as well.
Command: python -m studies run few_shot --data-root datasets     (data and truth: nb201_cifar10)
         A part starts when its parent has finished: runs go in that order; one that comes too early fails with that
         reason, and the next call does it.
Data: as nb201_cifar10.
Choices of ours: the edge 0-3, the only one that no choice on other edges can cut off; halves; each part's learning
rate follows the whole schedule from its start, with a fresh optimizer. A part keeps the seed, and has batches and
paths of its own. Uniform sampling, where an update is one path of one batch, so that equal updates are equal images.
Expected: the cost of 12.5 trainings of nb201_cifar10's small supernet. No numbers are known for this budget.
Smoke: python -m studies run few_shot --smoke     (embedded data, under a minute; 11 updates in all, so no result)
"""

from __future__ import annotations

from dataclasses import replace

from studies import protocol
from studies.model.study import Study
from studies.model.variant import Variant
from supernet.training.config import TrainingConfig

EDGE = "0-3"


def variants(one_shot: Variant, training: TrainingConfig, updates: int) -> tuple[Variant, ...]:
    """The study's variants. training: of the one-shot supernet, which takes so many updates, a multiple of ten."""
    half = replace(training, epochs=None, updates=updates // 2)
    parent = one_shot.changed(name="parent", training=half)
    parts = protocol.split(parent, EDGE, "few-shot", replace(half, updates=updates // 10))
    return (one_shot, parent, parent.changed(name="restarted", parent=parent), *parts)


def study() -> Study:
    one_shot = protocol.nasbench201("one-shot", protocol.SMALL, sampling=protocol.UNIFORM)
    return protocol.nasbench201_study(
        "few_shot",
        variants(one_shot, protocol.TRAINING, protocol.UPDATES["uniform"]),
        title="Few-shot supernets of NAS-Bench-201",
        question="Does a supernet that is split by the operations of one edge halfway through the training rank better "
        "than one that is not, at equal total updates?",
    )
