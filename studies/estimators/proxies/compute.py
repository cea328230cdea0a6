"""Many proxies of one network, each pass computed once: one forward for all that look at the batch, one backward for
all that use the loss's gradient."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch

from studies.estimators.proxies.data_free import synflow, synflow_bn, zen
from studies.estimators.proxies.forward import Batch, forward, naswot, weighted_layers
from studies.estimators.proxies.gradients import fisher, grad_norm, grasp, jacob_cov, l2_norm, plain, snip
from supernet.network import StandAlone

OF_WEIGHTS = {"grad_norm": grad_norm, "snip": snip, "plain": plain}  # functions of w and g
OF_LOSS = (*OF_WEIGHTS, "fisher", "grasp")  # need the loss's gradient
OF_BATCH = (*OF_LOSS, "jacob_cov", "naswot")  # need the batch's forward pass


class Value(NamedTuple):
    """value: may be infinite or NaN. seconds; macs: multiply-accumulates in multiples of one image's forward pass, a
    backward pass counted as two and one through a backward pass as four. What proxies share is split evenly."""

    value: float
    seconds: float
    passes: float


class Bill:
    """What each measure costs."""

    def __init__(self, measures: Sequence[str]) -> None:
        self.seconds = dict.fromkeys(measures, 0.0)
        self.passes = dict.fromkeys(measures, 0.0)

    @contextmanager
    def shared(self, among: Sequence[str], passes: float) -> Iterator[None]:
        """What is done inside is paid by those of `among` that are asked for."""
        begin = time.perf_counter()
        yield
        seconds = time.perf_counter() - begin
        payers = [measure for measure in among if measure in self.seconds]
        for measure in payers:
            self.seconds[measure] += seconds / len(payers)
            self.passes[measure] += passes / len(payers)


def proxies_of(
    network: StandAlone, batch: Batch, measures: Sequence[str], *, zen_images: int, seed: int
) -> dict[str, Value]:
    """The `measures` (of PROXIES) of a network with its present weights, which stay as they are.

    seed: of zen's own weights and images."""
    bill, wanted, values = Bill(measures), set(measures), dict[str, float]()
    if "l2_norm" in wanted:
        with bill.shared(["l2_norm"], 0), torch.no_grad():
            values["l2_norm"] = float(l2_norm([layer.weight for layer in weighted_layers(network)]))
    if wanted & set(OF_BATCH):
        _of_batch(network, batch, wanted, bill, values)
    if "zen" in wanted:
        with bill.shared(["zen"], 2 * zen_images):
            values["zen"] = zen(network, zen_images, seed)
    for name, function in (("synflow", synflow), ("synflow_bn", synflow_bn)):
        if name in wanted:
            with bill.shared([name], 3):
                values[name] = function(network)
    return {name: Value(values[name], bill.seconds[name], bill.passes[name]) for name in measures}


def _of_batch(
    network: StandAlone, batch: Batch, wanted: set[str], bill: Bill, values: dict[str, float]
) -> None:
    """Those that look at the batch. The graph goes from the forward pass to the last that needs it: grasp."""
    n = len(batch.labels)
    with bill.shared(OF_BATCH, n):
        passed = forward(network, batch.images, batch.labels, codes="naswot" in wanted)
    if "naswot" in wanted:
        with bill.shared(["naswot"], 0):
            assert passed.kernel is not None
            values["naswot"] = naswot(passed.kernel)
    if "jacob_cov" in wanted:
        with bill.shared(["jacob_cov"], 2 * n):
            values["jacob_cov"] = jacob_cov(passed.logits, passed.images)
    if not wanted & set(OF_LOSS):
        return
    with bill.shared(OF_LOSS, 2 * n):
        inner = passed.outputs if "fisher" in wanted else []
        gradients = torch.autograd.grad(
            passed.loss, [*passed.weights, *inner], create_graph="grasp" in wanted
        )
        own, outer = gradients[: len(passed.weights)], gradients[len(passed.weights) :]
        with torch.no_grad():
            for name in wanted & set(OF_WEIGHTS):
                values[name] = float(OF_WEIGHTS[name](passed.weights, own))
            if "fisher" in wanted:
                values["fisher"] = float(fisher(passed.weights, passed.outputs, outer))
    del gradients, outer
    if "grasp" in wanted:
        with bill.shared(["grasp"], 4 * n):
            values["grasp"] = float(grasp(passed.weights, own).sum())
