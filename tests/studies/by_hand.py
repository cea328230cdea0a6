"""A training loop written out, for what the project's own trainer is compared with."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from supernet.data.dataset import DataSet
from supernet.training.config import TrainingConfig


def epochs_by_hand(
    network: nn.Module, data: DataSet, config: TrainingConfig, seed: int, learning: Collection[nn.Parameter]
) -> Iterator[tuple[float, float]]:
    """(accuracy in percent, mean loss) of each epoch; without augmentation, with Nesterov's momentum.

    learning: the parameters that are trained."""
    generator = torch.Generator().manual_seed(seed)
    momenta = {parameter: torch.zeros_like(parameter) for parameter in learning}
    assert config.epochs
    for epoch in range(config.epochs):
        lr = config.lr * 0.5 * (1 + np.cos(np.pi * epoch / config.epochs))
        right, loss_sum = 0, 0.0
        network.train()
        for index in torch.randperm(len(data.train), generator=generator).split(config.batch_size):
            images, labels = data.train.images[index], data.train.labels[index]
            logits = network(data.normalise(images).contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits, labels)
            gradients = torch.autograd.grad(loss, list(momenta))
            with torch.no_grad():
                for (parameter, momentum), raw in zip(momenta.items(), gradients, strict=True):
                    gradient = raw + (config.weight_decay * parameter if parameter.ndim > 1 else 0)
                    momentum.mul_(config.momentum).add_(gradient)
                    parameter -= lr * (gradient + config.momentum * momentum)
            right += int((logits.argmax(1) == labels).sum())
            loss_sum += loss.item() * len(index)
        yield 100 * right / len(data.train), loss_sum / len(data.train)
