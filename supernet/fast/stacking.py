"""The paths of a strictly fair group trained together: what they share is computed for all of them at once.

The stem of a group on one mini-batch is computed once, forward and backward; the stem of a group on successive
mini-batches, the reductions and the head take the paths' batches one after the other as one batch (P * B, C, H, W).
Searchable cells stay path by path: no two paths of a strictly fair group share an operation there, but where a mask
leaves an edge only one. That is faster where tensors are small, so that calls cost more than arithmetic.

Everything is what path by path gives, up to rounding: BN normalises each path's batch by itself and its running
statistics see the paths in their order, a parameter that a path does not use gets no gradient from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from supernet.network import Supernet, first_reached, reaches_stem
from supernet.operations import batch_norms
from supernet.spaces import Path

# Values of a path's largest tensor (batch x channels x pixels) up to which stacking is the faster way on one thread:
# 1.3 times at 64 x 8 x 8x8, 1.1 at 64 x 8 x 16x16; 0.97-1.04 at 64 x 16 x 16x16 and 64 x 16 x 32x32.
# `python -m benchmarks step` measures the first and the last: rows 'stacked'.
MOST_VALUES = 64 * 8 * 16 * 16


# The same for one static graph on a CUDA device (fair_step.py) instead of path by path: `python -m benchmarks
# gpu` measures it, rows 'fair group, one graph'.
MOST_VALUES_CUDA = 64 * 32 * 32 * 32


def worth_stacking(network: Supernet, batch_size: int) -> bool:
    """By size alone, so that a run's bits never depend on how busy the machine was."""
    return largest(network, batch_size) <= MOST_VALUES


def worth_one_graph(network: Supernet, batch_size: int) -> bool:
    return largest(network, batch_size) <= MOST_VALUES_CUDA


def largest(network: Supernet, batch_size: int) -> int:
    """Values of a path's largest tensor."""
    size = network.config.size
    return batch_size * size.channels * size.image_size**2


def stacked_logits(network: Supernet, images: Sequence[Tensor], paths: Sequence[Path]) -> Tensor:
    """Logits (P * B, classes) of P paths in training mode, path after path; one backward pass serves them all.

    images: one batch (B, C, H, W) for all paths, or P of them, all of one size.
    """
    count = len(paths)
    if len(images) == 1:
        with repeated(network.stem, count):
            parts = [network.stem(images[0])] * count
    else:
        with normalised_apart(network.stem, count):
            parts = list(network.stem(torch.cat(list(images))).chunk(count))
    # What no gradient would reach path by path must not get one here, not even a zero.
    reached = [0 if reaches_stem(network, path) else first_reached(network, path) for path in paths]
    for index, cell in enumerate(network.cells):
        for number, path in enumerate(paths):
            with torch.set_grad_enabled(index >= reached[number]):
                parts[number] = cell(parts[number], path[index])
        if (number_after := network.config.reduction_after[index]) is not None:
            reduction = network.reductions[number_after]
            with normalised_apart(reduction, count):
                parts = list(reduction(torch.cat(parts)).chunk(count))
    with normalised_apart(network.head, count):
        logits: Tensor = network.head(torch.cat(parts))
    return logits


@contextmanager
def normalised_apart(module: nn.Module, count: int) -> Iterator[None]:
    """BN takes its batch as `count` batches, one after the other."""
    norms = batch_norms(module)
    for norm in norms:
        norm.groups = count
    try:
        yield
    finally:
        for norm in norms:
            norm.groups = 1


@contextmanager
def repeated(module: nn.Module, count: int) -> Iterator[None]:
    """BN's running statistics move as `count` passes over the same batch would move them.

    Each pass keeps 1 - m of the old value (m the momentum) and the batch is the same, so all of them together
    keep (1 - m)^count.
    """
    norms = batch_norms(module)
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        assert norm.momentum is not None
        norm.momentum = 1 - (1 - norm.momentum) ** count
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
