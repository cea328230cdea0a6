"""One training loop for supernets and stand-alone networks, which resumes to the same bits.

The state of a run is everything that its next step depends on: weights, optimizer, the random stream of batches
and augmentation, the sampler, and the gradients of a strictly fair group that is only half done. It is saved
after every epoch; a run killed anywhere goes on from there as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from supernet import checkpoint
from supernet.augmentation import Augmentation
from supernet.data import DataSet
from supernet.sampling import Sampler


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """SGD with a cosine schedule, stepped once an epoch.

    epochs or updates: the budget, exactly one of them; an update is one optimizer step. lr, lr_final: first and
    last learning rate. weight_decay: not on BN and biases. warmup_epochs: the learning rate rises linearly.
    clip_norm: bound on the gradient's L2 norm, 0 for none. label_smoothing: in [0, 1).
    """

    epochs: int | None = None
    updates: int | None = None
    batch_size: int = 256
    lr: float = 0.025
    lr_final: float = 1e-5
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 3e-4
    warmup_epochs: int = 0
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if (self.epochs is None) == (self.updates is None):
            raise ValueError(
                f"epochs: {self.epochs!r} and updates: {self.updates!r}; give exactly one of them"
            )
        budget = self.epochs if self.updates is None else self.updates
        if not isinstance(budget, int) or budget < 1:
            raise ValueError(
                f"{'updates' if self.epochs is None else 'epochs'}: {budget!r} is not a positive integer"
            )
        if not isinstance(self.batch_size, int) or self.batch_size < 2:
            raise ValueError(f"batch_size: {self.batch_size!r} is not an integer above 1")
        for name in ("lr", "lr_final", "momentum", "weight_decay", "warmup_epochs", "clip_norm"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name}: {value!r} is not a number >= 0")
        if not isinstance(self.warmup_epochs, int):
            raise ValueError(f"warmup_epochs: {self.warmup_epochs!r} is not an integer >= 0")
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"label_smoothing: {self.label_smoothing!r} is not in [0, 1)")

    def learning_rate(self, epoch: int, epochs: int) -> float:
        """Learning rate of epoch 0..epochs-1: linear warm-up, then cosine from lr to (nearly) lr_final."""
        if epoch < self.warmup_epochs:
            return self.lr * (epoch + 1) / (self.warmup_epochs + 1)
        done = (epoch - self.warmup_epochs) / max(1, epochs - self.warmup_epochs)
        return self.lr_final + 0.5 * (self.lr - self.lr_final) * (1 + math.cos(math.pi * done))


@dataclass(frozen=True)
class Epoch:
    """What one epoch did. loss, accuracy (percent): means over the training images as they were seen."""

    epoch: int
    updates: int
    lr: float
    loss: float
    accuracy: float
    seconds: float


class Trainer:
    """Trains `model` on data.train. With a sampler the model is called as model(x, path), else as model(x).

    `status` is 'running', then 'finished' or 'diverged' (a loss that is not finite: the run stops there and
    what the last checkpoint holds is kept).
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
        self.generator = torch.Generator(self.device).manual_seed(seed)
        model.to(memory_format=torch.channels_last)
        decayed = [p for p in model.parameters() if p.ndim > 1]
        rest = [p for p in model.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.SGD(
            [{"params": decayed, "weight_decay": config.weight_decay}, {"params": rest, "weight_decay": 0.0}],
            lr=config.lr,
            momentum=config.momentum,
            nesterov=config.nesterov,
            foreach=True,
        )
        self.parameters = decayed + rest
        if len(data.train) % config.batch_size == 1:
            raise ValueError(
                f"batch_size: {config.batch_size} leaves a last batch of one of {len(data.train)} images, "
                "which batch normalisation cannot use; take another"
            )
        self.batches = math.ceil(len(data.train) / config.batch_size)
        self.same_batch = sampler is not None and sampler.config.batches == "same"
        self.group = sampler.group_size if sampler else 1
        self.epochs = self._epochs()
        self.status, self.updates = "running", 0
        self.history: list[Epoch] = []
        self.used = [0] * len(self.parameters)
        self.counting = sampler is not None and sampler.config.gradients == "parameter_mean"
        if self.counting:
            for index, parameter in enumerate(self.parameters):
                parameter.register_post_accumulate_grad_hook(self._counter(index))

    def _epochs(self) -> int:
        """Epochs that the budget takes; the last may be cut short by a budget in updates."""
        if self.config.epochs is not None:
            return self.config.epochs
        assert self.config.updates is not None
        per_update = 1 if self.same_batch else self.group
        return math.ceil(self.config.updates * per_update / self.batches)

    def _counter(self, index: int) -> Callable[[Tensor], None]:
        def count(_: Tensor) -> None:
            self.used[index] += 1

        return count

    # One run

    def run(self, path: Path | None = None, report: Callable[[Epoch, int], None] | None = None) -> str:
        """Train to the end of the budget, from the checkpoint at `path` if there is one; returns the status.

        report(epoch, epochs) is called after each epoch.
        """
        if path is not None and path.exists():
            self.load_state_dict(checkpoint.load(path, self.device))
            if len(self.history) + (self.status == "running") > self.epochs:
                raise ValueError(
                    f"checkpoint: {path} is of a longer training ({len(self.history)} epochs done, "
                    f"{self.epochs} wanted); delete it to start again"
                )
        while self.status == "running":
            result = self._epoch(len(self.history))
            if not math.isfinite(result.loss):
                self.status = "diverged"
                return self.status
            self.history.append(result)
            if len(self.history) == self.epochs:
                self.status = "finished"
            if path is not None:
                checkpoint.save(self.state_dict(), path)
            if report is not None:
                report(result, self.epochs)
        return self.status

    def _epoch(self, epoch: int) -> Epoch:
        start, config = time.perf_counter(), self.config
        lr = config.learning_rate(epoch, self.epochs)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.model.train()
        order = torch.randperm(len(self.data.train), generator=self.generator, device=self.device)
        loss_sum = torch.zeros((), device=self.device)
        correct = torch.zeros((), device=self.device)
        seen = 0
        for index in order.split(config.batch_size):
            if config.updates is not None and self.updates >= config.updates:
                break
            images, labels = self.data.train.batch(index)
            images = config.augmentation(self.data, images, self.generator)
            for _ in range(self.group if self.same_batch else 1):
                loss, logits = self._path_step(images, labels)
                loss_sum += loss * len(labels)
                correct += (logits.argmax(1) == labels).sum()
                seen += len(labels)
            if self.sampler is None or self.sampler.group_done:
                self._update()
        loss_mean = float(loss_sum) / seen
        accuracy = 100 * float(correct) / seen
        return Epoch(epoch + 1, self.updates, lr, loss_mean, accuracy, time.perf_counter() - start)

    def _path_step(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Forward and backward of one path; gradients add up until the next update."""
        logits = self.model(images, self.sampler.next()) if self.sampler else self.model(images)
        loss = F.cross_entropy(logits, labels, label_smoothing=self.config.label_smoothing)
        loss.backward()
        return loss.detach(), logits.detach()

    def _update(self) -> None:
        """Combine the group's gradients, clip, step. A parameter that no path used keeps weights and momentum."""
        gradients = self.sampler.config.gradients if self.sampler else "sum"
        for index, parameter in enumerate(self.parameters):
            if parameter.grad is None or gradients == "sum":
                continue
            parameter.grad /= self.used[index] if gradients == "parameter_mean" else self.group
        if self.counting:
            self.used = [0] * len(self.parameters)
        if self.config.clip_norm:
            nn.utils.clip_grad_norm_(self.parameters, self.config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.updates += 1

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
            "updates": self.updates,
            "history": [tuple(vars(epoch).values()) for epoch in self.history],
            "status": self.status,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.sampler:
            self.sampler.load_state_dict(state["sampler"])
        self.generator.set_state(state["generator"].cpu())
        for parameter, gradient in zip(self.parameters, state["gradients"], strict=True):
            parameter.grad = gradient
        self.used = list(state["used"])
        self.updates = state["updates"]
        self.history = [Epoch(*values) for values in state["history"]]
        self.status = state["status"]
