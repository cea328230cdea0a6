"""Training of a group of stand-alone networks: for each of them what `Trainer` does for one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from supernet.data import DataSet
from supernet.fast.grouped.network import NetworkGroup
from supernet.fast.sgd import optimizer_of
from supernet.fast.transfer import sent
from supernet.network import StandAlone
from supernet.training.config import TrainingConfig


def train_group(
    networks: Sequence[StandAlone],
    data: DataSet,
    config: TrainingConfig,
    seeds: Sequence[int],
    after_epoch: Callable[[NetworkGroup], object] | None = None,
) -> list[str]:
    """Train each network on data.train, with its own batches and augmentation drawn from its seed; the status of
    each: 'finished' or 'diverged' (a loss that was not finite).

    The same as `Trainer(network, data, config, seed=seed).run()` for one after the other, except that sums are
    rounded in another order, and that what the loss does not depend on decays where a network alone leaves it as it
    is (the stem of a disconnected cell beside a connected one). The networks hold the result. after_epoch(group), in
    evaluation mode, is called after every epoch.
    """
    for name, alone in (("amp", "none"), ("compile", False), ("ema", 0.0)):
        if getattr(config, name) != alone:
            raise ValueError(
                f"{name}: {getattr(config, name)!r} is not for networks side by side; leave it at its default"
            )
    if len(seeds) != len(networks):
        raise ValueError(f"seeds: {len(seeds)} given for {len(networks)} networks")
    device = next(networks[0].parameters()).device
    group = NetworkGroup(networks).train().to(memory_format=torch.channels_last)
    generators = [
        torch.Generator().manual_seed(seed) for seed in seeds
    ]  # the host's: supernet/fast/transfer.py
    optimizer = optimizer_of(group, config)
    epochs = config.total_epochs(len(data.train))
    left = math.inf if config.updates is None else config.updates
    finite = torch.ones(len(networks), dtype=torch.bool, device=device)
    for epoch in range(epochs):
        for settings in optimizer.param_groups:
            settings["lr"] = config.learning_rate(epoch, epochs)
        orders = [torch.randperm(len(data.train), generator=g) for g in generators]
        for chosen in zip(*(order.split(config.batch_size) for order in orders), strict=True):
            if not left:
                break
            drawn = [data.train.batch(sent(index, device)) for index in chosen]
            images = [
                config.augmentation(data, raw, generator)
                for (raw, _), generator in zip(drawn, generators, strict=True)
            ]
            labels = torch.stack([truth for _, truth in drawn], 1)
            losses = _losses(
                group(torch.cat(images, 1).contiguous(memory_format=torch.channels_last)),
                labels,
                config.label_smoothing,
            )
            losses.sum().backward()
            if config.clip_norm:
                clip(group, config.clip_norm)
            optimizer.step()
            optimizer.zero_grad()
            finite &= losses.detach().isfinite()
            left -= 1
        if after_epoch is not None:
            group.eval()
            after_epoch(group)
            group.train()
    group.hand_back()
    return ["finished" if ok else "diverged" for ok in finite.tolist()]


def _losses(logits: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
    """Mean cross-entropy of each network: logits (B, E, classes), labels (B, E) -> (E,)."""
    each = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none", label_smoothing=label_smoothing)
    return each.mean(0)


@torch.no_grad()
def clip(group: NetworkGroup, norm: float) -> None:
    """Bound the L2 norm of each network's gradient, as `clip_grad_norm_` does for one."""
    parts = [
        (torch.tensor(owners, device=parameter.device), parameter.grad)
        for part in group.parts()
        for owners, operation in zip(part.owners, part.joined, strict=True)
        for parameter in operation.parameters()
        if parameter.grad is not None
    ]
    squares = torch.zeros(group.count, device=parts[0][0].device, dtype=parts[0][1].dtype)
    for owners, gradient in parts:
        squares.index_add_(0, owners, gradient.reshape(len(owners), -1).square().sum(1))
    factor = (norm / (squares.sqrt() + 1e-6)).clamp(max=1.0)
    for owners, gradient in parts:
        each = factor[owners].repeat_interleave(len(gradient) // len(owners))
        gradient.mul_(each.view(-1, *[1] * (gradient.ndim - 1)))
