"""What most proxies share: the batch, the layers, and a forward pass with logits, loss, outputs and ReLU codes; and
naswot, which is all in that pass: how different the ReLUs find the images of a batch.

Source of naswot: Mellor et al., Neural Architecture Search without Training (ICML 2021).
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studies.configuration import derived_seed
from studies.estimators.proxies.double_backward import twice_differentiable
from supernet.data.dataset import DataSet
from supernet.network import StandAlone

Layer = nn.Conv2d | nn.Linear


class Batch(NamedTuple):
    """The one batch of training images that all architectures of a run are scored on.

    positions: (N,) in the training split. images: (N, C, H, W) float32, normalised, not augmented, channels last.
    labels: (N,)."""

    positions: Tensor
    images: Tensor
    labels: Tensor

    def digest(self) -> str:
        """Equal for equal images and labels."""
        content = self.images.contiguous().cpu().numpy().tobytes() + self.labels.cpu().numpy().tobytes()
        return hashlib.sha256(content).hexdigest()


def fixed_batch(data: DataSet, size: int, seed: int) -> Batch:
    """`size` training images drawn without replacement; the same for the same seed.

    ValueError if there are fewer. Several proxies depend on the batch size, so it is never made smaller."""
    if size > len(data.train):
        raise ValueError(
            f"batch_size: {size} is more than the {len(data.train)} training images of {data.name}"
        )
    stream = torch.Generator().manual_seed(derived_seed("batch of the zero-cost proxies", seed))
    positions = torch.randperm(len(data.train), generator=stream)[:size]
    images, labels = data.train.batch(positions.to(data.train.labels.device))
    return Batch(positions, data.normalise(images), labels)


def weighted_layers(network: nn.Module) -> list[Layer]:
    """What proxies are sums over: all convolutions and linear layers, by their weights alone (no biases, no BN), in the
    order of the modules."""
    return [module for module in network.modules() if isinstance(module, Layer)]


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


class Kernel:
    """Adds up K = sum over ReLU units of c c' + (1 - c)(1 - c)', c (N,) being 1 where the unit's input is positive."""

    def __init__(self) -> None:
        self.products: Tensor | None = None  # sum of s s', s = 2 c - 1
        self.units = 0
        self.seen: dict[
            int, tuple[Tensor, Tensor]
        ] = {}  # by id; holds the tensor, so that the id stays its own

    def watch(self, network: StandAlone, hooks: ExitStack) -> None:
        """Count the ReLUs of the network's next pass, until `hooks` are left."""
        for module in relus(network):
            hooks.enter_context(module.register_forward_pre_hook(self._before))

    def _before(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self.add(inputs[0])

    def add(self, x: Tensor) -> None:
        """x: (N, ...), what a layer of ReLUs gets, or gives: the same units are on."""
        if id(x) not in self.seen:
            signs = (x.detach() > 0).flatten(1).to(torch.float32).mul_(2).sub_(1)
            # Integers below 2^24, so exact in float32.
            self.seen[id(x)] = x, (signs @ signs.T).double()
        product = self.seen[id(x)][1]
        self.products = product if self.products is None else self.products + product
        self.units += x[0].numel()

    def matrix(self) -> Tensor:
        """K, (N, N) float64; its diagonal is the number of ReLU units."""
        assert self.products is not None, "no ReLU was met"
        return (self.products + self.units) / 2


def relus(network: StandAlone) -> list[nn.Module]:
    """The modules whose inputs say which ReLU units are on.

    Besides the ReLUs themselves those that a cell names (`relu_inputs` of supernet/spaces/network_part.py)."""
    found: list[nn.Module] = [module for module in network.modules() if isinstance(module, nn.ReLU)]
    for cell in network.cells:
        found += cell.relu_inputs()  # type: ignore[operator]
    return found


def naswot(kernel: Tensor) -> float:
    """log|det K| of the kernel (N, N); -inf where K is singular, as for two images of one code.

    Not divided by the number of units, so that it grows with the network."""
    eigenvalues = torch.linalg.eigvalsh(kernel)
    if float(eigenvalues[0]) <= len(kernel) * torch.finfo(kernel.dtype).eps * float(eigenvalues[-1]):
        return float("-inf")
    return float(eigenvalues.log().sum())
