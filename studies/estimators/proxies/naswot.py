"""naswot: how well the ReLUs tell the images of a batch apart.

Source: Mellor et al., Neural Architecture Search without Training (ICML 2021).
"""

from __future__ import annotations

from contextlib import ExitStack

import torch
from torch import Tensor, nn

from supernet.network import StandAlone


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
