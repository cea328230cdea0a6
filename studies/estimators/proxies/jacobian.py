"""jacob_cov: how alike the network's linear maps are at the images of a batch.

Source: Mellor et al., Neural Architecture Search without Training (version 1, 2020).
"""

from __future__ import annotations

import torch
from torch import Tensor

EPSILON = 1e-5


def jacob_cov(logits: Tensor, images: Tensor) -> float:
    """-sum(log(v + k) + 1 / (v + k)) over the eigenvalues v of the correlation matrix (N, N) of the rows
    J_n = d(sum over images and classes of the logits) / d image n, k = 1e-5.

    Never above -N, as log u + 1 / u >= 1: comparable for one batch size only. Train-mode BN couples the rows. In
    float64; NaN where a row is constant. Uses the graph of the logits and keeps it."""
    (rows,) = torch.autograd.grad(logits.sum(), images, retain_graph=True)
    return score_of_rows(rows.flatten(1))


def score_of_rows(rows: Tensor) -> float:
    """The same of given rows (N, D)."""
    rows = rows.double()
    rows = rows - rows.mean(1, keepdim=True)
    norms = rows.norm(dim=1, keepdim=True)
    if not bool(torch.isfinite(norms).all()) or not bool((norms > 0).all()):
        return float("nan")
    rows = rows / norms
    # A correlation matrix has no negative eigenvalue; rounding makes some of zero.
    u = torch.linalg.eigvalsh(rows @ rows.T).clamp(min=0) + EPSILON
    return -float((u.log() + 1 / u).sum())
