"""grasp: how a step along the gradient changes the gradient's size, weight by weight.

Source: Wang et al., GraSP (ICLR 2020), with the sign of Abdelfattah et al. (ICLR 2021): more is better.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def grasp(weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> Tensor:
    """-w (H g) of each convolution and linear layer, (layers,); the proxy is their sum. g and H: the gradient and
    Hessian of the loss in all these weights, temperature 1.

    gradients: made with `create_graph=True`. A layer's value is its |g|^2 where train-mode BN follows (up to BN's
    eps); that of the linear layer can be large and negative."""
    product = torch.stack([(g * g.detach()).sum() for g in gradients]).sum()
    curvature = torch.autograd.grad(product, list(weights))
    return -torch.stack([(w.detach() * h).sum() for w, h in zip(weights, curvature, strict=True)])
