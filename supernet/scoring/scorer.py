"""Scores of many architectures under one set of weights, with the BN statistics chosen at scoring time.

An architecture's score depends on the weights, the images and itself alone, to the last bit: not on the
architectures scored with it, on their order or on how they are sharded. Each distinct function is evaluated once,
each feature by the same operations in the same order. Nothing here draws from a random stream.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import torch
from torch import Tensor

from supernet.data.dataset import DataSet, Split, evaluation_set
from supernet.fast.device import Recorder
from supernet.network import Network, StandAlone
from supernet.scoring.engine import Engine
from supernet.scoring.modes import BnMode, Score
from supernet.scoring.plan import BUDGET, CHUNK, Chunk, Plan, Planner, Workload
from supernet.scoring.programs import Choice, path_of

AT_ONCE = 50  # functions whose logits are evaluated together
WORTH_RECORDING = 4  # batches of one size; recording takes about as long as two of them


class Scorer:
    """Scores architectures of `network` on `split`, mini-batch after mini-batch.

    Images are split into nearly equal batches of at most `batch_size`, so that no batch is small where BN uses its
    statistics. Recalibration uses the first training images, not augmented, but with the task's noise. The network's
    weights are put into channels-last layout, as training puts them.

    Args:
        budget: bytes of features that may be kept for other architectures; changes the time, not the scores.
        chunk: distinct functions that are scored together, at most (scores come when a chunk is done); changes the
            time, not the scores.
    """

    def __init__(
        self,
        network: Network,
        data: DataSet,
        split: Split,
        bn_mode: str,
        batch_size: int = 512,
        noise: float = 0.0,
        budget: int | None = BUDGET,
        chunk: int = CHUNK,
    ) -> None:
        self.network, self.mode = network.to(memory_format=torch.channels_last), BnMode(bn_mode)
        need = calibration_images(self.mode, data, split, batch_size)
        images, labels = evaluation_set(data, split, noise)
        count = math.ceil(len(split) / batch_size)
        self.batches = list(
            zip(map(own, images.tensor_split(count)), labels.tensor_split(count), strict=True)
        )
        size = len(self.batches[0][1])
        head = Split(data.train.images[:need], data.train.labels[:need])
        self.calibration = list(map(own, evaluation_set(data, head, noise)[0].split(size))) if need else []
        self.engine = Engine(network, self.mode)
        sizes = tuple(len(labels) for _, labels in self.batches)
        workload = Workload(mode=self.mode, batches=sizes, budget=budget, chunk=chunk)
        self.planner = Planner(network.config, workload)

    def __call__(
        self, architectures: Iterable[Choice], report: Callable[[float], None] | None = None
    ) -> Iterator[Score]:
        """Yields a Score for each architecture (or path) asked for, equal ones next to each other, as soon as it
        is known: in an order that is chosen here. report(share of the work done) after some hundred each.

        The network is as before whenever a Score has been yielded. ValueError before anything is computed if an
        architecture is masked or does not fit the network."""
        plan = self.plan(architectures)
        done = 0
        for chunk in plan.chunks:
            yield from self._chunk(chunk)
            done += chunk.macs
            if report is not None:
                report(done / plan.macs)

    def plan(self, architectures: Iterable[Choice]) -> Plan:
        """What scoring these architectures takes, exactly; nothing is computed."""
        choices = list(architectures)
        if isinstance(self.network, StandAlone):
            for choice in choices:
                self.network.check(path_of(self.network.config, choice))
        return self.planner.plan(choices)

    def score(self, architecture: Choice) -> Score:
        """One architecture's score."""
        return next(self([architecture]))

    def _chunk(self, chunk: Chunk) -> Iterator[Score]:
        begin = time.perf_counter()
        totals = self._evaluate(chunk)
        seconds = time.perf_counter() - begin
        costs = [self.planner.alone(function) for function in chunk.functions]
        whole = sum(cost * len(f.requested) for cost, f in zip(costs, chunk.functions, strict=True))
        images = sum(len(labels) for _, labels in self.batches)
        for function, cost, (correct, loss) in zip(chunk.functions, costs, totals, strict=True):
            for choice in function.requested:
                share = seconds * cost / whole
                if math.isfinite(loss):
                    yield Score(choice, 100 * correct / images, loss / images, "ok", share)
                else:
                    yield Score(choice, None, None, "nan", share)

    def _evaluate(self, chunk: Chunk) -> list[list[float]]:
        """(correct images, summed cross-entropy) of each function over all batches."""
        instructions = list(self.planner.walk(chunk.functions).instructions())
        with self.engine.session():
            if self.calibration:
                self.engine.calibrate(instructions, self.calibration)
            device = self.batches[0][0].device
            totals = torch.zeros(len(chunk.functions), 2, dtype=torch.float64, device=device)

            def evaluate(images: Tensor, labels: Tensor) -> None:
                results = Results(totals, labels)
                self.engine.run(instructions, images, results.add)
                results.flush()

            if device.type == "cuda":
                replay_equal(evaluate, self.batches, (totals,))
            else:
                for images, labels in self.batches:
                    evaluate(images, labels)
            return totals.tolist()


def calibration_images(mode: BnMode, data: DataSet, split: Split, batch_size: int) -> int:
    """How many training images a BN mode recalibrates on. ValueError, before anything is computed, for what cannot be
    scored so: no images, or too few to recalibrate on."""
    if not len(split):
        raise ValueError(f"data: {data.name!r} has no images to score on")
    size = math.ceil(len(split) / math.ceil(len(split) / batch_size))
    need = mode.batches * size
    if need > len(data.train):
        raise ValueError(
            f"bn_mode: {mode.name!r} needs {need} training images; {data.name} has {len(data.train)}"
        )
    return need


class Results:
    """Adds what logits are worth to `totals` (functions, 2): correct images and summed cross-entropy. Some functions
    at a time, as single ones are too small to be worth a call; what one function gets does not depend on the others.
    """

    def __init__(self, totals: Tensor, labels: Tensor) -> None:
        self.totals, self.labels = totals, labels
        self.done = 0
        self.logits: list[Tensor] = []

    def add(self, function: int, logits: Tensor) -> None:
        """logits: (B, classes). Functions come in their order."""
        assert function == self.done + len(self.logits)
        self.logits.append(logits)
        if len(self.logits) == AT_ONCE:
            self.flush()

    def flush(self) -> None:
        if not self.logits:
            return
        logits = torch.stack(self.logits)  # (functions, B, classes)
        losses = logits.logsumexp(2) - logits.gather(
            2, self.labels.expand(len(logits), -1).unsqueeze(2)
        ).squeeze(2)
        own = self.totals[self.done : self.done + len(logits)]
        own[:, 0] += (logits.argmax(2) == self.labels).sum(1)
        own[:, 1] += losses.sum(1, dtype=torch.float64)
        self.done, self.logits = self.done + len(logits), []


def replay_equal(
    evaluate: Callable[[Tensor, Tensor], None],
    batches: list[tuple[Tensor, Tensor]],
    changed: tuple[Tensor, ...],
) -> None:
    """evaluate(images, labels) on each batch of a CUDA device. Where many have one size, the work on one of them is
    recorded as a CUDA graph and replayed for the others; changed: the tensors that the work adds to."""
    by_size: dict[int, list[tuple[Tensor, Tensor]]] = {}
    for batch in batches:
        by_size.setdefault(len(batch[1]), []).append(batch)
    for equal in by_size.values():
        if len(equal) < WORTH_RECORDING:
            for images, labels in equal:
                evaluate(images, labels)
            continue
        static = [tensor.clone(memory_format=torch.preserve_format) for tensor in equal[0]]
        recorder = Recorder()
        work = partial(evaluate, *static)
        recorder.warm_up(work, changed, times=1)
        graph, _ = recorder.record(work)
        for batch in equal:
            for own, given in zip(static, batch, strict=True):
                own.copy_(given)
            graph.replay()


def own(images: Tensor) -> Tensor:
    """A copy in memory of its own, in channels-last layout: kernels may treat the middle of a tensor otherwise."""
    return images.clone(memory_format=torch.channels_last)
