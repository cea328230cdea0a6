"""Many stand-alone networks trained side by side in one process, each exactly as if it were alone.

Small networks spend their time on calls, not on arithmetic. Here the same layer of several networks is one call: the
channels of E networks lie beside each other in one tensor (B, E * C, H, W), a convolution has E times as many groups,
BatchNorm E times as many channels. No number of one network ever meets another's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from supernet.data.dataset import DataSet
from supernet.fast.device import sent
from supernet.fast.sgd import optimizer_of
from supernet.fast.side_by_side import Mixed
from supernet.network import StandAlone
from supernet.spaces.network_part import network_part
from supernet.training.augmentation import augment
from supernet.training.config import TrainingConfig


class NetworkGroup(nn.Module):
    """Computes all `networks` at once: x (B, E * image_channels, H, W), network e's images beside the others',
    gives logits (B, E, classes). It starts with their weights; `hand_back()` copies what it has learnt to them.

    Networks of like architectures beside each other share most calls. Raises ValueError unless all networks have
    one configuration.
    """

    def __init__(self, networks: Sequence[StandAlone]) -> None:
        super().__init__()
        config = networks[0].config
        if any(network.config != config for network in networks):
            raise ValueError("networks: they do not all have one configuration")
        self.config, self.count = config, len(networks)

        def everyone(modules: Sequence[nn.Module]) -> Mixed:
            return Mixed(modules, ["all"] * len(modules))

        self.stem = everyone([network.stem for network in networks])
        cells = network_part(config.space).grouped
        self.cells = nn.ModuleList(
            cells([n.cells[i] for n in networks], [n.path[i] for n in networks])
            for i in range(len(networks[0].cells))
        )
        self.reductions = nn.ModuleList(
            everyone([n.reductions[i] for n in networks]) for i in range(config.reductions)
        )
        self.head = everyone([network.head for network in networks])

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for cell, reduction in zip(self.cells, self.config.reduction_after, strict=True):
            x = cell(x)
            if reduction is not None:
                x = self.reductions[reduction](x)
        out: Tensor = self.head(x)
        return out.view(len(x), self.count, -1)

    def parts(self) -> Iterator[Mixed]:
        """Everything that holds weights, with the networks that own them."""
        return (module for module in self.modules() if isinstance(module, Mixed))

    def hand_back(self) -> None:
        """Copy weights and running statistics into the networks."""
        for part in self.parts():
            part.hand_back()


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
    ]  # the host's: supernet/fast/device.py
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
                augment(config.augmentation, data, raw, generator)
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
