"""An assembled student trained as a whole, by the teacher's logits and the labels (knowledge distillation).

Source: Chau et al., Blox (NeurIPS 2022), supplement, table 4, and the released code; Hinton et al., "Distilling the
knowledge in a neural network" (2015).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from supernet.data.dataset import DataSet
from supernet.distillation.config import FineTuning
from supernet.network import StandAlone
from supernet.training.adam import Adam
from supernet.training.feed import Feed


def kd_loss(student: Tensor, teacher: Tensor, labels: Tensor, config: FineTuning) -> Tensor:
    """alpha KL(teacher / T, student / T) + (1 - alpha) cross-entropy, means over the batch: logits (B, classes)."""
    t = config.temperature
    divergence = F.kl_div(
        F.log_softmax(student / t, 1), F.log_softmax(teacher / t, 1), reduction="batchmean", log_target=True
    )
    scale = t * t if config.t_squared else 1.0
    return config.alpha * scale * divergence + (1 - config.alpha) * F.cross_entropy(student, labels)


def fine_tune(
    student: StandAlone,
    teacher: StandAlone,
    data: DataSet,
    config: FineTuning,
    *,
    seed: int,
    after_epoch: Callable[[int, float], object] = lambda epoch, loss: None,
) -> str:
    """Train all of the student's parameters on data.train; 'finished' or 'diverged' (a loss that is not finite).

    Both networks see the same augmented images; the teacher in evaluation mode, which it is left in. seed: of batches
    and augmentation. after_epoch(epochs done, mean loss of the last).
    """
    if len(data.train) % config.batch_size == 1:
        raise ValueError(
            f"batch_size: {config.batch_size} leaves a last batch of one of {len(data.train)} images, which batch "
            "normalisation cannot use; take another"
        )
    generator = torch.Generator().manual_seed(seed)
    feed = Feed(data, config.augmentation, generator, config.batch_size)
    student.to(memory_format=torch.channels_last).train()
    teacher.eval()
    optimizer = Adam(student.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    for epoch in range(config.epochs):
        optimizer.lr = config.learning_rate(epoch)
        total = torch.zeros((), device=data.train.labels.device)
        for index in torch.randperm(len(data.train), generator=generator).split(config.batch_size):
            images, labels = feed(index)
            with torch.no_grad():
                target = teacher(images)
            loss = kd_loss(student(images), target, labels, config)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total += loss.detach() * len(index)
        mean = float(total) / len(data.train)
        if not mean < float("inf"):
            return "diverged"
        after_epoch(epoch + 1, mean)
    finite = all(bool(parameter.isfinite().all()) for parameter in student.parameters())
    return "finished" if finite else "diverged"
