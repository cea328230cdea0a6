"""Scores of many architectures under one set of weights, with the BN statistics chosen at scoring time.

An architecture's score depends on the weights, the images and itself alone: not on the architectures scored
before it, on their order or on how they are sharded. Nothing here draws from a random stream.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from supernet.data import DataSet, Split, evaluation_set
from supernet.network import Network
from supernet.operations import BatchNorm, batch_norms
from supernet.spaces import Architecture, Path

BN_MODES = ("batch", "running", "recalibrate-K", "reset-recalibrate-K")


@dataclass(frozen=True)
class Score:
    """One architecture's score. score: accuracy in percent, higher is better, None unless status is 'ok'.

    status: 'ok', 'disconnected' (the output does not depend on the input; not evaluated) or 'nan' (the network's
    output is not finite). loss: mean cross-entropy. seconds: time it took.
    """

    architecture: Architecture
    score: float | None
    loss: float | None
    status: str
    seconds: float


@dataclass(frozen=True)
class BnMode:
    """How BN normalises while scoring.

    'batch': by the evaluation batch itself. 'running': by the statistics that training left, which all paths
    share. 'recalibrate-K': those, moved on by K training batches through the path. 'reset-recalibrate-K': the
    plain average over K training batches through the path.
    """

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"batch|running|(reset-)?recalibrate-[1-9]\d*", self.name):
            raise ValueError(
                f"bn_mode: {self.name!r} is not one of {', '.join(BN_MODES)} (K a positive integer)"
            )

    @property
    def batches(self) -> int:
        """Training batches that each architecture is recalibrated on."""
        return int(self.name.rsplit("-", 1)[1]) if "recalibrate" in self.name else 0

    @property
    def reset(self) -> bool:
        return self.name.startswith("reset")


class Scorer:
    """Scores architectures of `network` on `split`, one mini-batch after the other.

    Images are split into nearly equal batches of at most `batch_size`, so that no batch is small where BN uses
    its statistics. Recalibration uses the first training images, not augmented, but with the task's noise.
    """

    def __init__(
        self,
        network: Network,
        data: DataSet,
        split: Split,
        bn_mode: str,
        batch_size: int = 512,
        noise: float = 0.0,
    ) -> None:
        self.network, self.mode = network, BnMode(bn_mode)
        self.norms = batch_norms(network)
        images, labels = evaluation_set(data, split, noise)
        count = math.ceil(len(split) / batch_size)
        self.batches = list(zip(images.tensor_split(count), labels.tensor_split(count), strict=True))
        need = self.mode.batches * len(self.batches[0][1])
        if need > len(data.train):
            raise ValueError(
                f"bn_mode: {bn_mode!r} needs {need} training images; {data.name} has {len(data.train)}"
            )
        head = Split(data.train.images[:need], data.train.labels[:need])
        self.calibration = evaluation_set(data, head, noise)[0].chunk(self.mode.batches) if need else ()

    def __call__(
        self, architectures: Iterable[Architecture], report: Callable[[int], None] | None = None
    ) -> Iterator[Score]:
        """Yields a Score for each architecture, in order; report(number done) after each."""
        for number, architecture in enumerate(architectures, 1):
            yield self.score(architecture)
            if report is not None:
                report(number)

    def score(self, architecture: Architecture) -> Score:
        """One architecture's score. The network is as before as soon as this returns: what is done between two
        scores, such as scoring in another BN mode, changes nothing and is not changed."""
        space = self.network.config.space
        if not space.in_mask(architecture):
            raise ValueError(
                f"architecture: {space.text(architecture)} uses what is masked: {', '.join(space.mask)}"
            )
        if not space.is_valid(architecture):
            return Score(architecture, None, None, "disconnected", 0.0)
        start = time.perf_counter()
        with (
            evaluating(self.network, self.norms, self.mode.name == "batch"),
            torch.no_grad(),
            self._calibrated(architecture),
        ):
            accuracy, loss = self._evaluate(architecture)
        seconds = time.perf_counter() - start
        if not math.isfinite(loss):
            return Score(architecture, None, None, "nan", seconds)
        return Score(architecture, accuracy, loss, "ok", seconds)

    def _path(self, architecture: Architecture) -> Path:
        return self.network.as_path(self.network.config.space.supernet_form(architecture))

    def _evaluate(self, architecture: Architecture) -> tuple[float, float]:
        """Accuracy in percent and mean cross-entropy over all images."""
        path = self._path(architecture)
        correct: Tensor | int = 0
        loss: Tensor | float = 0.0
        seen = 0
        for images, labels in self.batches:
            logits = self.network(images, path)
            correct = correct + (logits.argmax(1) == labels).sum()
            loss = loss + F.cross_entropy(logits, labels, reduction="sum")
            seen += len(labels)
        return 100 * float(correct) / seen, float(loss) / seen

    @contextmanager
    def _calibrated(self, architecture: Architecture) -> Iterator[None]:
        """Running statistics from calibration batches through this path; as they were before, afterwards."""
        if not self.calibration:
            yield
            return
        kept = [
            (norm, {name: buffer.clone() for name, buffer in norm.named_buffers()}, norm.momentum)
            for norm in self.norms
        ]
        path = self._path(architecture)
        try:
            for norm in self.norms:
                norm.train()
                if self.mode.reset:
                    norm.reset_running_stats()
                    norm.momentum = None  # average over all batches alike
            for images in self.calibration:
                self.network(images, path)
            for norm in self.norms:
                norm.eval()
            yield
        finally:
            for norm, buffers, momentum in kept:
                norm.eval()
                norm.momentum = momentum
                for name, buffer in norm.named_buffers():
                    buffer.copy_(buffers[name])


@contextmanager
def evaluating(network: Network, norms: list[BatchNorm], batch_statistics: bool) -> Iterator[None]:
    """The network in evaluation mode with the chosen BN statistics; as it was before, afterwards."""
    training = [(module, module.training) for module in network.modules()]
    network.eval()
    for norm in norms:
        norm.batch_statistics = batch_statistics
    try:
        yield
    finally:
        for norm in norms:
            norm.batch_statistics = False
        for module, flag in training:
            module.training = flag
