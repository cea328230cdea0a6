"""Instructions carried out with tensors: many functions on one batch, in channels-last layout, without gradients.

While recalibrating, a BN has statistics of its own for every feature that it makes: the running ones are swapped
before it is called, so that nothing is copied that is not on the path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from supernet.network import Network
from supernet.operations import AveragePool3x3, BatchNorm, batch_norms
from supernet.scoring.modes import BnMode
from supernet.scoring.walk import Instruction

Statistics = tuple[Tensor, Tensor]  # running mean and variance


class Engine:
    """Carries out instructions on the network's modules under one BN mode."""

    def __init__(self, network: Network, mode: BnMode) -> None:
        self.network, self.mode = network, mode
        self.norms = batch_norms(network)
        self.modules: dict[str, nn.Module] = {"relu": nn.ReLU(), "avg_pool_3x3": AveragePool3x3()}
        self.inside: dict[str, list[BatchNorm]] = {}  # the BNs of a module
        self.trained: dict[BatchNorm, Statistics] = {}
        self.statistics: dict[
            object, list[Statistics]
        ] = {}  # by feature, or ("head", position of the function)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Evaluation mode with the chosen BN statistics and no gradients; the network as before, afterwards."""
        training = [(module, module.training) for module in self.network.modules()]
        momenta = [norm.momentum for norm in self.norms]
        self.trained = {norm: (norm.running_mean, norm.running_var) for norm in self.norms}  # type: ignore[misc]
        self.network.eval()
        for norm in self.norms:
            norm.batch_statistics = self.mode.name == "batch"
        try:
            with torch.inference_mode():
                yield
        finally:
            self.statistics.clear()
            for norm, momentum in zip(self.norms, momenta, strict=True):
                norm.batch_statistics, norm.momentum = False, momentum
                norm.running_mean, norm.running_var = self.trained[norm]
            for module, flag in training:
                module.training = flag

    def calibrate(self, instructions: Iterable[Instruction], batches: Iterable[Tensor]) -> None:
        """Statistics of every feature's BNs from training batches, as training mode would leave them."""
        for norm in self.norms:
            norm.training = True
        for number, images in enumerate(batches, 1):
            if self.mode.reset:
                for norm in self.norms:
                    norm.momentum = 1 / number  # the plain average over all batches
            self.run(instructions, images, lambda position, logits: None, calibrating=True)
        for norm in self.norms:
            norm.training = False

    def run(
        self,
        instructions: Iterable[Instruction],
        images: Tensor,
        result: Callable[[int, Tensor], None],
        calibrating: bool = False,
    ) -> None:
        """Calls result(position of the function, logits (B, classes)) for each function."""
        features: dict[int, Tensor] = {}
        recalibrated = bool(self.mode.batches)
        for name, out, inputs, coefficients, again in instructions:
            if name == "drop":
                del features[out]
                continue
            if name == "sum":
                features[out] = weighted_sum([features[i] for i in inputs], coefficients)
                continue
            x = features[inputs[0]] if inputs else images
            if name == "zeros":
                features[out] = torch.zeros_like(x)
                continue
            module = self.modules.get(name)
            if module is None:
                module = self.modules[name] = self.network.get_submodule(name)
            if recalibrated:
                self._swap(("head", out) if name == "head" else out, name, module, calibrating and again)
            if name == "head":
                result(out, module(x))
            else:
                features[out] = module(x)

    def _swap(self, feature: object, name: str, module: nn.Module, discard: bool) -> None:
        """Give a module's BNs the statistics of a feature; with `discard` copies of any."""
        if name not in self.inside:
            self.inside[name] = batch_norms(module)
        norms = self.inside[name]
        if not norms:
            return
        if feature not in self.statistics:
            self.statistics[feature] = [self._initial(norm) for norm in norms]
        for norm, (mean, var) in zip(norms, self.statistics[feature], strict=True):
            norm.running_mean, norm.running_var = (mean.clone(), var.clone()) if discard else (mean, var)

    def _initial(self, norm: BatchNorm) -> Statistics:
        mean, var = self.trained[norm]
        return (
            (torch.zeros_like(mean), torch.ones_like(var)) if self.mode.reset else (mean.clone(), var.clone())
        )


def weighted_sum(terms: list[Tensor], coefficients: tuple[float, ...]) -> Tensor:
    """Sum of coefficient * term, from left to right."""
    first = terms[0] if coefficients[0] == 1 else terms[0] * coefficients[0]
    if len(terms) == 1:
        return first
    total = torch.add(first, terms[1], alpha=coefficients[1])
    for term, coefficient in zip(terms[2:], coefficients[2:], strict=True):
        total.add_(term, alpha=coefficient)
    return total
