"""A graph convolutional network over the operations of an architecture, and regression by it.

A layer is H' = dropout(ReLU(LayerNorm(A (H W + b)))), A not normalised; the output is read at the global node. An
architecture's score depends neither on the order of its nodes, nor on dead slots, nor on what is scored beside it.

Source: Dudziak et al., BRP-NAS (NeurIPS 2020), sections 3 and 4; Chau et al., Blox (NeurIPS 2022), supplement, C.2.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from studies.estimators.compute.predictors.inputs import Array, Graphs, Inputs, transformed
from studies.estimators.predictor_models import GraphModel, PredictorModel

CHUNK = 1024  # graphs embedded at once, when many are scored


class Network(nn.Module):
    """Embeds graphs; a linear head makes (n, outputs) of `inputs` numbers each."""

    def __init__(
        self, labels: int, settings: GraphModel, head: tuple[int, int], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.generator, self.dropout = generator, settings.dropout
        widths = [labels, *[settings.width] * settings.layers]
        self.linears = nn.ModuleList([_linear(a, b, generator) for a, b in pairwise(widths)])
        self.norms = nn.ModuleList([nn.LayerNorm(width) for width in widths[1:]])
        self.head = _linear(*head, generator)

    def embed(self, operations: Tensor, adjacency: Tensor) -> Tensor:
        """operations: (n, slots, labels). adjacency: (n, slots, slots). Returns (n, width)."""
        hidden = operations
        for linear, norm in zip(self.linears, self.norms, strict=True):
            hidden = torch.relu(norm(adjacency @ linear(hidden)))
            if self.training and self.dropout:
                kept = torch.rand(hidden.shape, generator=self.generator) >= self.dropout
                hidden = hidden * kept / (1 - self.dropout)
        return hidden[:, 0]


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer as PyTorch initialises it, from a generator of its own."""
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    bound = 1 / math.sqrt(inputs)
    with torch.no_grad():
        for values in (layer.weight, layer.bias):
            values.uniform_(-bound, bound, generator=generator)
    return layer


def tensors(graphs: Graphs, global_reads_dead: bool) -> tuple[Tensor, Tensor]:
    """operations (n, slots, labels) and adjacency (n, slots, slots), float32. The latter has no row of a dead slot, so
    a bias there stays where it is, unless the global node is to read it."""
    adjacency = torch.from_numpy(graphs.adjacency).float()
    if global_reads_dead:
        adjacency[:, 0, :] = 1
        adjacency = adjacency.maximum(torch.eye(adjacency.shape[1]))
    return torch.from_numpy(graphs.operations).float(), adjacency


class Gcn:
    """Settings, network and training; what is learned is `loss`'s, what is said `scores`'s."""

    def __init__(self, model: PredictorModel) -> None:
        self.settings: Any = model
        self.network: Network | None = None

    # What a kind of model is

    def head(self) -> tuple[int, int]:
        """Inputs and outputs of the head."""
        return self.settings.width, 1

    def targets(self, y: Array) -> Array:
        """(n,) standardised: the loss has no unit."""
        values = transformed(y, self.settings.target)
        return (values - values.mean()) / (values.std() or 1)

    def loss(self, embedded: Tensor, targets: Tensor) -> Tensor:
        """The losses of a batch: (k,)."""
        assert self.network is not None
        return (self.network.head(embedded).squeeze(1) - targets).abs()

    def scores(self, embedded: Tensor) -> Tensor:
        """(m, width) -> (m,)"""
        assert self.network is not None
        found: Tensor = self.network.head(embedded).squeeze(1)
        return found

    # The same for all

    def fit(self, x: Inputs, y: Array, seed: int) -> None:
        self.train(x, y, seed, fresh=True, epochs=self.settings.epochs)

    @torch.no_grad()
    def predict(self, x: Inputs) -> Array:
        return self.scores(self.embedded(x)).numpy().astype(float)

    @torch.no_grad()
    def embedded(self, x: Inputs) -> Tensor:
        """(m, width), without dropout."""
        assert self.network is not None
        assert x.graphs is not None
        self.network.eval()
        parts = [x.graphs[start : start + CHUNK] for start in range(0, len(x), CHUNK)]
        return torch.cat(
            [self.network.embed(*tensors(part, self.settings.global_reads_dead)) for part in parts]
        )

    @torch.enable_grad()
    def train(self, x: Inputs, y: Array, seed: int, *, fresh: bool, epochs: int) -> None:
        """Train; from new weights, or on from those that there are."""
        settings = self.settings
        assert x.graphs is not None
        generator = torch.Generator().manual_seed(seed % 2**63)
        if fresh or self.network is None:
            self.network = Network(x.graphs.operations.shape[2], settings, self.head(), generator)
        network = self.network
        network.generator = generator
        operations, adjacency = tensors(x.graphs, settings.global_reads_dead)
        targets = torch.from_numpy(self.targets(np.asarray(y, float))).float()
        optimizer = torch.optim.AdamW(network.parameters(), settings.lr, weight_decay=settings.weight_decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
        best, weights, since = math.inf, network.state_dict(), 0
        for _ in range(epochs):
            network.train()
            # A batch of one would have no pair: batches are as even as they can be.
            batches = torch.randperm(len(x), generator=generator).tensor_split(
                max(1, len(x) // settings.batch)
            )
            for rows in batches:
                losses = self.loss(network.embed(operations[rows], adjacency[rows]), targets[rows])
                loss = losses.sum() if settings.summed_loss else losses.mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            schedule.step()
            with torch.no_grad():
                now = float(self.loss(self.embedded(x), targets).mean())
            since += 1
            if now < best:
                best, since = now, 0
                weights = network.state_dict()
                if not settings.aliased_best:
                    weights = {name: value.clone() for name, value in weights.items()}
            if since >= settings.patience:
                break
        network.load_state_dict(weights)
