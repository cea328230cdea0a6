"""Proxies made of the loss's gradient: grad_norm, snip, plain, fisher, and of the weights alone l2_norm.

w are the weights of one convolution or linear layer, g = dL/dw of the mean cross-entropy of one batch. All sums run
over all layers. Source: Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS (ICLR 2021), section 3, and its
public code where the paper leaves something open.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Tensors = Sequence[Tensor]


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
