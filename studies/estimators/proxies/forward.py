"""The forward pass of the batch that most proxies share: logits, loss, the layers' outputs, the ReLUs' codes."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from studies.estimators.proxies.layers import weighted_layers
from studies.estimators.proxies.naswot import Kernel
from studies.estimators.proxies.twice import twice_differentiable
from supernet.network import StandAlone


@dataclass(frozen=True)
class Forward:
    """images: (N, C, H, W), with a gradient to be asked for. logits: (N, classes). loss: mean cross-entropy.
    weights, outputs: of every convolution and linear layer. kernel: (N, N) of `naswot`, or None."""

    images: Tensor
    logits: Tensor
    loss: Tensor
    weights: list[Tensor]
    outputs: list[Tensor]
    kernel: Tensor | None


def forward(network: StandAlone, images: Tensor, labels: Tensor, codes: bool = True) -> Forward:
    """One pass in training mode: BN by the batch's statistics. codes: whether to compute the kernel.

    The graph can be differentiated twice in the weights of the layers. Nothing of the network changes."""
    network.train()
    # A view of its own: the gradient of one network's images is nobody else's.
    images = images.detach().requires_grad_()
    layers = weighted_layers(network)
    outputs: dict[nn.Module, Tensor] = {}

    def keep(layer: nn.Module, inputs: object, output: Tensor) -> None:
        outputs[layer] = output

    kernel = Kernel() if codes else None
    with ExitStack() as hooks, twice_differentiable(network):
        for layer in layers:
            hooks.enter_context(layer.register_forward_hook(keep))
        if kernel:
            kernel.watch(network, hooks)
        logits = network(images)
    return Forward(
        images,
        logits,
        F.cross_entropy(logits, labels),
        [layer.weight for layer in layers],
        [outputs[layer] for layer in layers],
        kernel.matrix() if kernel else None,
    )
