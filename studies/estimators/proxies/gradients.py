"""Proxies made of gradients: of the loss grad_norm, snip, plain, fisher and grasp, of the logits jacob_cov; and of the
weights alone l2_norm.

w are the weights of one convolution or linear layer, g = dL/dw of the mean cross-entropy of one batch. All sums run
over all layers. Source: Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS (ICLR 2021), section 3, and its
public code where the paper leaves something open.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Tensors = Sequence[Tensor]
EPSILON = 1e-5  # of jacob_cov


def grad_norm(weights: Tensors, gradients: Tensors) -> Tensor:
    """The sum of the layers' Euclidean norms of g, (); depends on the batch size."""
    return torch.stack([g.norm() for g in gradients]).sum()


def snip(weights: Tensors, gradients: Tensors) -> Tensor:
    """The sum of |w g|, (): the gradient of a mask of ones on the weights (Lee et al., SNIP, ICLR 2019); it is not
    divided by its sum over the network, which would be 1 for all."""
    return torch.stack([(w * g).abs().sum() for w, g in zip(weights, gradients, strict=True)]).sum()


def plain(weights: Tensors, gradients: Tensors) -> Tensor:
    """The sum of w g with its sign, ().

    Nothing under BN but rounding: scaling a convolution that BN follows changes nothing, so its terms cancel. What
    is left is of the linear layer and of convolutions without BN."""
    return torch.stack([(w * g).sum() for w, g in zip(weights, gradients, strict=True)]).sum()


def fisher(weights: Tensors, outputs: Tensors, output_gradients: Tensors) -> Tensor:
    """The sum over layers and output channels c of n_c / 2 * mean over images of (sum over pixels of a dL/da)^2, ().

    a: the layer's output (N, C, H, W) or (N, C); n_c: weights of a channel, as every weight of a channel gets the
    channel's value (Theis et al., 2018; Turner et al., BlockSwap, ICLR 2020)."""
    total = []
    for w, a, g in zip(weights, outputs, output_gradients, strict=True):
        channels = (a * g).flatten(2).sum(2) if a.dim() == 4 else a * g
        total.append(w[0].numel() * 0.5 * channels.pow(2).mean(0).sum())
    return torch.stack(total).sum()


def l2_norm(weights: Tensors) -> Tensor:
    """The sum of the layers' Euclidean norms of w, (): no data at all."""
    return torch.stack([w.norm() for w in weights]).sum()


def grasp(weights: Tensors, gradients: Tensors) -> Tensor:
    """-w (H g) of each convolution and linear layer, (layers,); the proxy is their sum. g and H: the gradient and
    Hessian of the loss in all these weights, temperature 1.

    gradients: made with `create_graph=True`. A layer's value is its |g|^2 where train-mode BN follows (up to BN's
    eps); that of the linear layer can be large and negative. Source: Wang et al., GraSP (ICLR 2020), with
    the sign of Abdelfattah et al. (ICLR 2021): more is better."""
    product = torch.stack([(g * g.detach()).sum() for g in gradients]).sum()
    curvature = torch.autograd.grad(product, list(weights))
    return -torch.stack([(w.detach() * h).sum() for w, h in zip(weights, curvature, strict=True)])


def jacob_cov(logits: Tensor, images: Tensor) -> float:
    """How alike the network's linear maps are at the images of a batch, ().

    -sum(log(v + k) + 1 / (v + k)) over the eigenvalues v of the correlation matrix (N, N) of the rows
    J_n = d(sum over images and classes of the logits) / d image n, k = 1e-5.

    Never above -N, as log u + 1 / u >= 1: comparable for one batch size only. Train-mode BN couples the rows. In
    float64; NaN where a row is constant. Uses the graph of the logits and keeps it.
    Source: Mellor et al., Neural Architecture Search without Training (version 1, 2020)."""
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
