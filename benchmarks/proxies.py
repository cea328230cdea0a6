"""The benchmark `proxies`.

Architectures a minute of processor time on one thread, so that others on the machine do not count; published sizes,
one initialisation, random images. Reference: every proxy by itself as public code computes it, from the papers'
descriptions: the network built and the batch read anew, hooks, and PyTorch's own second derivatives. Both must give
the same scores.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks import BLOX, NB201
from benchmarks.timing import Row, at_least, one_thread
from benchmarks.work import random_images, training_set
from studies.estimators.compute.task import Task
from studies.estimators.compute.zero_cost import batch_of
from studies.estimators.zero_cost import PROXIES, ZeroCost
from supernet.fast.memory import keep_freed_memory
from supernet.network import StandAlone
from supernet.operations import BatchNorm, ConvBN
from supernet.spaces import Architecture, get_space

BATCH, ZEN_IMAGES, TURNS = 64, 16, 3
ALL = "all proxies"
Scores = dict[str, float]  # scores by proxy
ARCHITECTURES: dict[str, Architecture] = {
    NB201: (3, 1, 2, 4, 2, 3),  # four convolutions, a skip, a pooling: all live
    BLOX: (0, 1, 1, 0, 0, 1, 2, 1, 0, 1, 2, 0, 0, 1, 1),  # each operation twice: in chains and side by side
}


def run(quick: bool) -> Iterator[Row]:
    """Zero-cost proxies: passes shared by all of them, against one proxy after the other."""
    keep_freed_memory()
    with one_thread():
        for space in ARCHITECTURES:
            yield from rows(space, quick)


def rows(space: str, quick: bool) -> Iterator[Row]:
    """Of each proxy and of all: reference, then this project's, taking turns."""
    task, batch = random_task(space, quick), 16 if quick else BATCH
    architecture = ARCHITECTURES[space]
    rates: dict[tuple[str, str], list[float]] = {}

    def timed(name: str, who: str, call: Callable[..., Scores], what: object) -> Scores:
        begin = time.process_time()
        scores = call(task, architecture, what, batch)
        rates.setdefault((name, who), []).append(60 / (time.process_time() - begin))
        return scores

    ours(task, architecture, ("l2_norm",), batch)  # a space's table of functions is made once
    for _ in range(1 if quick else TURNS):
        expected: Scores = {}
        for name in PROXIES:
            expected |= timed(name, "plain", plain, name)
            check(timed(name, "ours", ours, (name,)), expected)
        check(timed(ALL, "ours", ours, PROXIES), expected)
        minutes = sum(1 / rates[name, "plain"][-1] for name in PROXIES)
        rates.setdefault((ALL, "plain"), []).append(1 / minutes)
    work = f"{task.space.title}, C{task.size.channels} N{task.size.cells_per_stage}, batch {batch}"
    for name in (*PROXIES, ALL):
        slow, fast = rates[name, "plain"], rates[name, "ours"]
        ratio = statistics.median(b / a for a, b in zip(slow, fast, strict=True))
        everything = name == ALL
        what = "one after the other" if everything else "plain"
        yield Row.of(f"{work}, {name}", what, slow, "a minute")
        goal = at_least(ratio, 2 if everything else None)
        yield Row.of(f"{work}, {name}", "together" if everything else "alone", fast, "a minute", ratio, goal)


def random_task(space: str, quick: bool) -> Task:
    """The published size (quick: a small one) and random 32x32 images."""
    size = replace(get_space(space).published, classes=10)
    if quick:
        size = replace(size, channels=4, cells_per_stage=1)
    data = training_set(random_images(1000, 10), 10, [127.5] * 3, [74.0] * 3)
    return Task(space=get_space(space), size=size, data=data, seed=0, folder=Path())


def ours(task: Task, architecture: Architecture, names: tuple[str, ...], batch: int) -> Scores:
    estimator = ZeroCost(measures=names, batch_size=batch, initialisations=1, zen_images=ZEN_IMAGES)
    records = estimator.score(task, [architecture], lambda done, detail: None)
    return {record.measure: float(record.details["values"][0]) for record in records}


def check(scores: Scores, reference: Scores) -> None:
    """Equal up to single precision; plain is a sum of terms that cancel."""
    for name, value in scores.items():
        absolute = 1e-3 if name == "plain" else 0.0
        same = math.isclose(value, reference[name], rel_tol=1e-2, abs_tol=absolute)
        assert same, f"{name}: {value} is not {reference[name]}"


# The reference


def plain(task: Task, architecture: Architecture, name: str, batch: int) -> Scores:
    """One proxy of one architecture, from the beginning."""
    own = task.space.stand_alone_form(architecture)
    network = task.network(own, "zero-cost weights 0")
    positions = batch_of(ZeroCost(batch_size=batch), task).positions
    x, y = task.data.normalise(task.data.train.images[positions]), task.data.train.labels[positions]
    if name == "zen":
        return {name: plain_zen(network, task.seed_of("zen 0", own))}
    return {name: PLAIN[name](network, x, y)}


def layers(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


def gradient(weight: Tensor) -> Tensor:
    assert weight.grad is not None
    return weight.grad


def of_gradient(term: Callable[[Tensor, Tensor], Tensor]) -> Callable[[StandAlone, Tensor, Tensor], float]:
    """The sum over layers of a function of weights and gradients."""

    def proxy(network: StandAlone, x: Tensor, y: Tensor) -> float:
        F.cross_entropy(network(x), y).backward()
        with torch.no_grad():
            return sum(float(term(m.weight, gradient(m.weight))) for m in layers(network))

    return proxy


def plain_fisher(network: StandAlone, x: Tensor, y: Tensor) -> float:
    total = []

    def watch(layer: nn.Conv2d | nn.Linear, inputs: object, output: Tensor) -> Tensor:
        activation = output.clone()  # as an identity after the layer

        def backward(gradient: Tensor) -> None:
            product = activation.detach() * gradient
            channels = product.flatten(2).sum(2) if product.dim() == 4 else product
            total.append(float(channels.pow(2).mean(0).sum()) / 2 * layer.weight[0].numel())

        activation.register_hook(backward)
        return activation

    for layer in layers(network):
        layer.register_forward_hook(watch)
    F.cross_entropy(network(x), y).backward()
    return sum(total)


def plain_grasp(network: StandAlone, x: Tensor, y: Tensor) -> float:
    weights = [layer.weight for layer in layers(network)]
    first = torch.autograd.grad(F.cross_entropy(network(x), y), weights)
    second = torch.autograd.grad(F.cross_entropy(network(x), y), weights, create_graph=True)
    torch.stack([(a * b).sum() for a, b in zip(first, second, strict=True)]).sum().backward()
    with torch.no_grad():
        return sum(-float((w * gradient(w)).sum()) for w in weights)


def plain_jacob_cov(network: StandAlone, x: Tensor, y: Tensor) -> float:
    x.requires_grad_()
    logits = network(x)
    logits.backward(torch.ones_like(logits))
    assert x.grad is not None
    values = np.linalg.eigvalsh(np.corrcoef(x.grad.flatten(1).double().numpy())) + 1e-5
    return -float(np.sum(np.log(values) + 1 / values))


def plain_naswot(network: StandAlone, x: Tensor, y: Tensor) -> float:
    kernel = np.zeros((len(x), len(x)))

    def count(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        code = (inputs[0] > 0).flatten(1).float()
        kernel[:] += (code @ code.T + (1 - code) @ (1 - code).T).numpy()

    for name, module in network.named_modules():
        # What a convolution on an edge of NAS-Bench-201 gets comes from its ReLU.
        if isinstance(module, nn.ReLU) or (isinstance(module, ConvBN) and ".edges." in name):
            module.register_forward_pre_hook(count)
    with torch.no_grad():
        network(x)
    return float(np.linalg.slogdet(kernel)[1])


def plain_synflow(with_bn: bool) -> Callable[[StandAlone, Tensor, Tensor], float]:
    def proxy(network: StandAlone, x: Tensor, y: Tensor) -> float:
        network.double()
        for parameter in network.parameters():
            parameter.data.abs_()
        for module in network.modules():
            if isinstance(module, BatchNorm) and not with_bn:
                module.forward = lambda x: x  # type: ignore[method-assign]
        network(torch.ones(1, *x.shape[1:], dtype=torch.float64)).sum().backward()
        with torch.no_grad():
            terms = [float((m.weight * gradient(m.weight)).abs().sum()) for m in layers(network)]
            return math.log10(sum(terms))

    return proxy


def plain_l2_norm(network: StandAlone, x: Tensor, y: Tensor) -> float:
    return sum(float(layer.weight.detach().norm()) for layer in layers(network))


def plain_zen(network: StandAlone, seed: int) -> float:
    stream = torch.Generator().manual_seed(seed)
    size, kept = network.config.size, list[Tensor]()
    logs: list[float] = []
    for layer in layers(network):
        layer.weight.data = torch.randn(layer.weight.shape, generator=stream)
        if layer.bias is not None:
            layer.bias.data.zero_()
    shape = (ZEN_IMAGES, size.image_channels, size.image_size, size.image_size)
    x, change = (torch.randn(shape, generator=stream) for _ in range(2))

    def variance(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        logs.append(0.5 * math.log(float(inputs[0].var((0, 2, 3)).mean())))

    for module in network.modules():
        if isinstance(module, BatchNorm):
            module.register_forward_pre_hook(variance)
        if isinstance(module, nn.AdaptiveAvgPool2d):  # the last one is the head's
            last = module
    last.register_forward_pre_hook(lambda module, inputs: kept.append(inputs[0]))
    with torch.no_grad():
        network(x)
        correction = sum(logs)
        network(x + 0.01 * change)
    return math.log(float((kept[0] - kept[1]).abs().sum((1, 2, 3)).mean())) + correction


PLAIN: dict[str, Callable[[StandAlone, Tensor, Tensor], float]] = {
    "synflow": plain_synflow(False),
    "synflow_bn": plain_synflow(True),
    "snip": of_gradient(lambda w, g: (w * g).abs().sum()),
    "grasp": plain_grasp,
    "fisher": plain_fisher,
    "grad_norm": of_gradient(lambda w, g: g.norm()),
    "plain": of_gradient(lambda w, g: (w * g).sum()),
    "l2_norm": plain_l2_norm,
    "jacob_cov": plain_jacob_cov,
    "naswot": plain_naswot,
}
