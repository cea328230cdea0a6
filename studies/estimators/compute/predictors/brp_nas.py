"""BRP-NAS: a graph network that learns which of two architectures is better.

Source: Dudziak et al., BRP-NAS (NeurIPS 2020), section 4, and its public code for what the paper leaves open.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from studies.estimators.compute.predictors.gcn import Gcn
from studies.estimators.compute.predictors.inputs import Array, Inputs, transformed


class BrpNas(Gcn):
    """The loss is the Kullback-Leibler divergence between sigmoid(label_scale * difference of two targets) and the
    predicted probability, over all ordered pairs of a batch, up to a constant."""

    reference: Tensor  # (n, width), of the labelled, for the concatenating head
    round = 0  # how often it was fitted, up to `carried_rounds`

    def head(self) -> tuple[int, int]:
        width = self.settings.width
        return (width, 1) if self.settings.head == "naive" else (2 * width, 2)

    def targets(self, y: Array) -> Array:
        values = transformed(y, self.settings.target)
        if self.settings.labels == "min-max":
            values = (values - values.min()) / (np.ptp(values) or 1)
        return values * self.settings.label_scale

    def logits(self, a: Tensor, b: Tensor) -> Tensor:
        """(n, width), (m, width) -> (n, m): of P(a better than b), as it is trained."""
        assert self.network is not None
        head = self.network.head
        if self.settings.head == "naive":
            difference: Tensor = head(a) - head(b).T
            return difference
        # The head on [a, b], in parts: n + m products in place of n * m.
        width = self.settings.width
        first, second = a @ head.weight[:, :width].T, b @ head.weight[:, width:].T
        both = first[:, None] + second[None] + head.bias
        return both[..., 0] - both[..., 1]

    def loss(self, embedded: Tensor, targets: Tensor) -> Tensor:
        pairs = ~torch.eye(len(targets), dtype=torch.bool)
        logits = self.logits(embedded, embedded)[pairs]
        wanted = torch.sigmoid(targets[:, None] - targets[None])[pairs]
        return binary_cross_entropy_with_logits(logits, wanted, reduction="none")

    @torch.no_grad()
    def probabilities(self, a: Inputs, b: Inputs) -> NDArray[np.float32]:
        """(n, m): P(a better than b); P(a, b) + P(b, a) = 1."""
        found: NDArray[np.float32] = self._antisymmetric(self.embedded(a), self.embedded(b)).numpy()
        return found

    def _antisymmetric(self, a: Tensor, b: Tensor) -> Tensor:
        forward = torch.sigmoid(self.logits(a, b))
        if self.settings.head == "naive":
            return forward
        return (forward + 1 - torch.sigmoid(self.logits(b, a)).T) / 2

    def fit(self, x: Inputs, y: Array, seed: int) -> None:
        rounds = self.settings.carried_rounds
        self.round = min(rounds, self.round + 1)
        epochs = max(1, self.settings.epochs * self.round // rounds)
        self.train(x, y, seed, fresh=self.round == 1, epochs=epochs)
        self.reference = self.embedded(x)

    def scores(self, embedded: Tensor) -> Tensor:
        if self.settings.head == "naive":
            return super().scores(embedded)
        return self._antisymmetric(embedded, self.reference).mean(dim=1)
