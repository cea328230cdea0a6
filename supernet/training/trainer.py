"""One training loop for supernets and stand-alone networks, which resumes to the same bits.

The state of a run is everything that its next step depends on: weights, optimizer, the random stream of batches
and augmentation, the sampler, and the gradients of a strictly fair group that is only half done. It is saved
after every epoch; a run killed anywhere continues from there as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from supernet.data.dataset import DataSet
from supernet.fast.captured import CapturedParts, worth_capturing
from supernet.fast.fair_step import FairStep, unsuitable
from supernet.fast.sgd import optimizer_of
from supernet.fast.stacking import stacked_logits, worth_one_graph, worth_stacking
from supernet.network import Network, Supernet, used_modules
from supernet.operations import ConvBN, ConvBNReLU
from supernet.spaces import Path as CellPath
from supernet.training import checkpoint
from supernet.training.config import TrainingConfig
from supernet.training.ema import WeightAverage
from supernet.training.feed import Feed
from supernet.training.precision import MixedPrecision
from supernet.training.sampling import Sampler, tally

__all__ = ["Epoch", "Trainer", "TrainingConfig"]

NORM_EVERY = 8  # updates; the norm of every gradient would cost a percent of a small network's step


@dataclass(frozen=True)
class Epoch:
    """What one epoch did. loss, accuracy (percent): means over the training images as they were seen.

    images: passes of an image through a path. gradient_norm: L2, of what the optimizer gets, before it is clipped: the
    mean over some updates of the epoch, the first among them. samples: of a supernet, how often each operation was
    drawn (sampling.py). What is None, or empty, was not known: the epoch had no update, or an older version
    trained it.
    """

    epoch: int
    updates: int
    lr: float
    loss: float
    accuracy: float
    seconds: float
    images: int | None = None
    gradient_norm: float | None = None
    samples: dict[str, int] = field(default_factory=dict)


class Trainer:
    """Trains `model` on data.train. With a sampler the model is called as model(x, path), else as model(x).

    `status` is 'running', then 'finished' or 'diverged' (after some epoch the loss or a weight is not finite: the run
    stops there and what the last checkpoint holds is kept).
    """

    def __init__(
        self,
        model: nn.Module,
        data: DataSet,
        config: TrainingConfig,
        *,
        seed: int,
        sampler: Sampler | None = None,
    ) -> None:
        self.model, self.data, self.config, self.sampler = model, data, config, sampler
        self.device = next(model.parameters()).device
        # The host's, on any device: supernet/fast/device.py.
        self.generator = torch.Generator().manual_seed(seed)
        self.feed = Feed(data, config.augmentation, self.generator, config.batch_size)
        model.to(memory_format=torch.channels_last)
        self.optimizer = optimizer_of(model, config)
        self.parameters = self.optimizer.parameters
        self.same_batch = sampler is not None and sampler.config.batches == "same"
        self.group = sampler.group_size if sampler else 1
        self.epochs = config.total_epochs(len(data.train), 1 if self.same_batch else self.group)
        self.status, self.updates = "running", 0
        self.history: list[Epoch] = []
        self.run_id: str | None = None  # of the run that checkpoints are of, if whoever trains says so
        self.precision = MixedPrecision(config.amp, self.device)
        if config.compile:
            for part in compiled_parts(model):
                part.compile()
        stacking = self._stacking()
        self.stacked = stacking != "never"
        on_gpu = self.device.type == "cuda"
        self.fair_step: FairStep | None = None
        if stacking == "graph":
            assert isinstance(model, Supernet)
            self.fair_step = FairStep(
                model,
                same_batch=self.same_batch,
                label_smoothing=config.label_smoothing,
                precision=self.precision,
                capture=on_gpu,
            )
        self.captured: CapturedParts | None = None
        worth = on_gpu and not config.compile and worth_capturing(model, config.batch_size)
        # A stacked pass changes how BN takes its batch, which a recording would not see.
        if not self.stacked and (config.capture == "always" or (config.capture == "auto" and worth)):
            assert isinstance(model, Network)
            self.captured = CapturedParts(model, self.precision, config.batch_size)
        self.used = [0] * len(self.parameters)
        self.counting = sampler is not None and sampler.config.gradients == "parameter_mean"
        self.position = {parameter: index for index, parameter in enumerate(self.parameters)}
        self.average = WeightAverage(model, config.ema) if config.ema else None
        self.drawn: Counter[CellPath] = Counter()  # paths and gradient norms of the epoch
        self.norms: list[Tensor] = []

    def _stacking(self) -> str:
        """How the paths of a strictly fair group go through the network: 'never' together, 'always', as one 'graph'."""
        if self.group == 1 or not isinstance(self.model, Supernet):
            return "never"
        if self.config.stacking != "auto":
            return self.config.stacking
        if self.device.type == "cuda":
            one = unsuitable(self.model) is None and worth_one_graph(self.model, self.config.batch_size)
            return "graph" if one else "never"
        return "always" if worth_stacking(self.model, self.config.batch_size) else "never"

    # One run

    def run(
        self,
        path: Path | None = None,
        report: Callable[[Epoch, int], None] | None = None,
        check: Callable[[], None] | None = None,
    ) -> str:
        """Train to the end of the budget, from the checkpoint at `path` if there is one; returns the status.

        report(epoch, epochs) is called after each epoch; check() before its checkpoint is written, which an exception
        from it prevents.
        """
        if path is not None and path.exists() and not self.history:
            self.resume(path)
        if self.captured is not None:
            self.captured.attach()
        try:
            return self._run(path, report, check)
        finally:
            self.release()

    def release(self) -> None:
        """Let go of recordings and their memory; the next step makes them anew."""
        for holder in (self.feed, self.fair_step, self.captured):
            if holder is not None:
                holder.release()

    def _run(
        self,
        path: Path | None,
        report: Callable[[Epoch, int], None] | None,
        check: Callable[[], None] | None,
    ) -> str:
        while self.status == "running":
            result = self._epoch(len(self.history))
            if not (math.isfinite(result.loss) and self._weights_are_finite()):
                self.status = "diverged"
                return self.status
            self.history.append(result)
            if len(self.history) == self.epochs:
                self.status = "finished"
            if path is not None:
                if check is not None:
                    check()
                checkpoint.save(self.state_dict(), path)
            if report is not None:
                report(result, self.epochs)
        return self.status

    def resume(self, path: Path) -> None:
        """Go on from the checkpoint at `path`. ValueError if it is damaged or of another training."""
        self.load_state_dict(checkpoint.load(path, self.device, self.run_id))
        if len(self.history) + (self.status == "running") > self.epochs:
            raise ValueError(
                f"checkpoint: {path} is of a longer training ({len(self.history)} epochs done, "
                f"{self.epochs} wanted); delete it to start again"
            )

    def _weights_are_finite(self) -> bool:
        """The last update of all is followed by no loss that would tell."""
        return bool(torch.stack([p.detach().isfinite().all() for p in self.parameters]).all())

    def _epoch(self, epoch: int) -> Epoch:
        start, config = time.perf_counter(), self.config
        lr = config.learning_rate(epoch, self.epochs)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.model.train()
        if self.captured is not None:
            self.captured.check()
        self.drawn.clear()
        self.norms.clear()
        order = torch.randperm(len(self.data.train), generator=self.generator)
        loss_sum = torch.zeros((), device=self.device)
        correct = torch.zeros((), device=self.device)
        seen = 0
        batches = list(order.split(config.batch_size))
        while batches and (config.updates is None or self.updates < config.updates):
            taken = self._take(batches)
            images, labels = [], []
            for index in taken:
                augmented, truth = self.feed(index)
                images.append(augmented)
                labels.append(truth)
            full = len(taken[0]) == config.batch_size or self.fair_step is None  # a graph's shapes are fixed
            if self.stacked and full and (self.same_batch or len(taken) > 1):
                results: Iterable[tuple[Tensor, Tensor, Tensor]] = self._stacked_step(images, labels)
            else:
                repeats = self.group if self.same_batch else 1
                results = (self._path_step(images[0], labels[0]) for _ in range(repeats))
            for loss, logits, truth in results:
                loss_sum += loss * len(truth)
                correct += (logits.argmax(1) == truth).sum()
                seen += len(truth)
            if self.sampler is None or self.sampler.group_done:
                self._update()
        loss_mean = float(loss_sum) / seen
        accuracy = 100 * float(correct) / seen
        norm = float(torch.stack(self.norms).mean()) if self.norms else None
        samples = tally(self.sampler.space, self.drawn) if self.sampler else {}
        seconds = time.perf_counter() - start
        return Epoch(epoch + 1, self.updates, lr, loss_mean, accuracy, seconds, seen, norm, samples)

    def _take(self, batches: list[Tensor]) -> list[Tensor]:
        """The batches of the next pass, taken off the list: one, or one for each path of a group that can be
        stacked: a group that begins here, while as many full batches remain."""
        count = 1
        if self.stacked and not self.same_batch:
            assert self.sampler is not None
            full = len(batches) >= self.group and len(batches[self.group - 1]) == self.config.batch_size
            count = self.group if full and self.sampler.group_done else 1
        taken, batches[:] = batches[:count], batches[count:]
        return taken

    def _path_step(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Forward and backward of one path; gradients add up until the next update. Returns the mean loss, the
        logits and the labels."""
        with self.precision.autocast():
            if self.sampler:
                path = self.sampler.next()
                self._count(path)
                logits = self.model(images, path)
            else:
                logits = self.model(images)
            loss = F.cross_entropy(logits, labels, label_smoothing=self.config.label_smoothing)
        self.precision.backward(loss)
        return loss.detach(), logits.detach(), labels

    def _stacked_step(
        self, images: list[Tensor], labels: list[Tensor]
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Forward and backward of a whole group; for each path what `_path_step` returns."""
        assert self.sampler is not None
        assert isinstance(self.model, Supernet)
        paths = [self.sampler.next() for _ in range(self.group)]
        truth = labels * (self.group // len(labels))
        for path in paths:
            self._count(path)
        if self.fair_step is not None:
            losses, logits = self.fair_step(images, labels, paths)
            yield from zip(losses, logits.chunk(self.group), truth, strict=True)
            return
        with self.precision.autocast():
            logits = stacked_logits(self.model, images, paths)
            smoothing = self.config.label_smoothing
            losses = F.cross_entropy(logits, torch.cat(truth), reduction="none", label_smoothing=smoothing)
            losses = losses.view(self.group, -1).mean(1)
        self.precision.backward(losses.sum())
        yield from zip(losses.detach(), logits.detach().chunk(self.group), truth, strict=True)

    def _count(self, path: CellPath) -> None:
        """Count the path, and for the mean per parameter the paths of the group that use it."""
        self.drawn[path] += 1
        if self.counting:
            assert isinstance(self.model, Supernet)
            for module in used_modules(self.model, path):
                for parameter in module.parameters():
                    self.used[self.position[parameter]] += 1

    def _update(self) -> None:
        """Combine the group's gradients, clip, step. A parameter that no path used keeps weights and momentum
        unless the configuration says that it moves."""
        gradients = self.sampler.config.gradients if self.sampler else "sum"
        self.precision.unscale(self.optimizer)
        for index, parameter in enumerate(self.parameters):
            if parameter.grad is None:
                if self.config.unused == "move":
                    parameter.grad = torch.zeros_like(parameter)
            elif gradients != "sum":
                parameter.grad /= self.used[index] if gradients == "parameter_mean" else self.group
        self.used = [0] * len(self.parameters)
        if not self.norms or self.updates % NORM_EVERY == 0:
            gradients_now = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
            self.norms.append(nn.utils.get_total_norm(gradients_now))
        if self.config.clip_norm:
            nn.utils.clip_grad_norm_(self.parameters, self.config.clip_norm)
        self.precision.step(self.optimizer)
        self.optimizer.zero_grad()
        if self.captured is not None:
            self.captured.clear()
        self.updates += 1
        if self.average is not None:
            self.average.update(self.updates)

    # State

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "sampler": self.sampler.state_dict() if self.sampler else None,
            "generator": self.generator.get_state(),
            "gradients": [parameter.grad for parameter in self.parameters],
            "used": self.used,
            "precision": self.precision.state_dict(),
            "updates": self.updates,
            "history": [tuple(vars(epoch).values()) for epoch in self.history],
            "status": self.status,
            **({"average": self.average.state_dict()} if self.average is not None else {}),
            "run_id": self.run_id,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state. ValueError if it is of a version of this project that kept something else, or of another
        network."""
        if lacking := sorted(self.state_dict().keys() - state.keys() - {"run_id"}):
            raise ValueError(
                f"checkpoint: it has no {lacking[0]!r}, so another version wrote it; delete it to start again"
            )
        try:
            self._load(state)
        except torch.OutOfMemoryError:
            raise
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())[:160]
            raise ValueError(
                f"checkpoint: it does not fit this training ({reason}); delete it to start again"
            ) from error

    def _load(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.sampler:
            self.sampler.load_state_dict(state["sampler"])
        self.generator.set_state(state["generator"].cpu())
        for parameter, gradient in zip(self.parameters, state["gradients"], strict=True):
            parameter.grad = gradient
        self.used = list(state["used"])
        self.precision.load_state_dict(state["precision"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.updates = state["updates"]
        self.history = [Epoch(*values) for values in state["history"]]
        self.status = state["status"]


def compiled_parts(model: nn.Module) -> list[nn.Module]:
    """What torch.compile is applied to: every convolution with its BN. A whole network would be compiled once more
    for every path."""
    return [module for module in model.modules() if isinstance(module, (ConvBN, ConvBNReLU))]
