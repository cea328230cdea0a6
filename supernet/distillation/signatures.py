"""What the teacher becomes when a block is put into it: the change of its validation accuracy and loss.

Source: Molchanov et al., "LANA: latency aware network acceleration" (ECCV 2022), before called HANT: one method under
two names. The Blox paper calls it HANT, its supplement LANA.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from supernet.distillation.features import StageFeatures
from supernet.distillation.stages import Block, BlockGroup, Teacher
from supernet.scoring.recalibrate import recalibrate

BN = ("running", "recalibrated")


class Quality(NamedTuple):
    """accuracy: in percent. loss: mean cross-entropy. Of E networks, (E,) float64 each."""

    accuracy: Tensor
    loss: Tensor

    def minus(self, other: Quality) -> Quality:
        return Quality(self.accuracy - other.accuracy, self.loss - other.loss)


def changes(
    teacher: Teacher,
    stage: int,
    group: BlockGroup,
    blocks: list[Block],
    train: StageFeatures,
    valid: StageFeatures,
    labels: Tensor,
    bn: str = "running",
) -> Quality:
    """The teacher with each block in the stage's place, minus the teacher. The teacher's own block changes nothing.

    Args:
        group: of the blocks.
        labels: of the validation images (N,).
        bn: 'running', the statistics that distillation and the teacher's training left, or 'recalibrated': those of the
            block and of all that follows are averaged anew over the training images. The teacher that it is
            compared with is treated alike.
    """
    own = teacher.stages[stage]
    if bn == "running":
        alone = BlockGroup(teacher.config, [own]).eval().to(memory_format=torch.channels_last)
        reference = _quality(teacher, stage, alone, valid, labels)
        return _quality(teacher, stage, group.eval(), valid, labels).minus(reference)
    reference = _recalibrated(teacher, stage, own, train, valid, labels)
    found = [_recalibrated(teacher, stage, block, train, valid, labels) for block in blocks]
    return Quality(*map(torch.cat, zip(*found, strict=True))).minus(reference)


@torch.no_grad()
def _quality(
    teacher: Teacher, stage: int, group: BlockGroup, valid: StageFeatures, labels: Tensor
) -> Quality:
    def logits() -> Iterator[Tensor]:
        for inputs, _ in valid.batches():
            features = group(inputs)
            flat = features.flatten(0, 1).contiguous(memory_format=torch.channels_last)
            yield teacher.logits(flat, stage).unflatten(0, (len(inputs), group.count))

    return _of(list(logits()), labels)


class _Swapped(nn.Module):
    """A block and all of the teacher that follows it: the stage's inputs to logits."""

    def __init__(self, teacher: Teacher, stage: int, block: Block) -> None:
        super().__init__()
        parts = [block, *teacher.stages[stage + 1 :], teacher.network.head]
        self.parts = nn.Sequential(*(copy.deepcopy(part) for part in parts))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.parts(x)
        return out


@torch.no_grad()
def _recalibrated(
    teacher: Teacher, stage: int, block: Block, train: StageFeatures, valid: StageFeatures, labels: Tensor
) -> Quality:
    network = _Swapped(teacher, stage, block)
    recalibrate(network, (inputs for inputs, _ in train.batches() if len(inputs) > 1))
    return _of([network(inputs).unsqueeze(1) for inputs, _ in valid.batches()], labels)


def _of(logits: list[Tensor], labels: Tensor) -> Quality:
    """Of the logits of all batches, (B, E, classes) each; NaN for a network that has one that is not finite."""
    whole = torch.cat(logits).transpose(1, 2).double()  # (N, classes, E)
    truth = labels.unsqueeze(1).expand(-1, whole.shape[2])
    right = 100 * (whole.argmax(1) == truth).double().mean(0)
    finite = whole.isfinite().all(1).all(0)
    return Quality(
        torch.where(finite, right, torch.nan), F.cross_entropy(whole, truth, reduction="none").mean(0)
    )
