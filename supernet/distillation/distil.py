"""Blocks of one stage trained side by side to put out what the teacher's stage does, resumable to the same bits.

Stages are independent, as each block takes the teacher's features: which others are trained before, beside or after
changes no number but by the rounding of sums. All blocks of all stages see the images in the same order.

Source: Chau et al., Blox (NeurIPS 2022), section 3; Moons et al., "Distilling optimal neural networks: rapid search in
diverse spaces" (DONNA, ICCV 2021), for the noise-to-signal ratio (NSR).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from supernet.distillation.config import Distillation
from supernet.distillation.features import StageFeatures, channel_weights
from supernet.distillation.stages import Block, BlockGroup, set_values, values_of
from supernet.network import NetworkConfig
from supernet.training import checkpoint
from supernet.training.adam import Adam


class Distiller:
    """Trains `blocks`, which hold the result: the weights of the epoch that is kept.

    curve: after each epoch, by 'train' (the loss), 'mse' and 'nsr' (of validation), a value for each block. kept: the
    epoch, from 1, that each block's weights are of; 0 if no epoch's validation loss was finite.

    Args:
        train, valid: features of the stage, of `config.copies` copies of each image, copy after copy.
        seed: of the order of the images.
    """

    def __init__(
        self,
        network: NetworkConfig,
        blocks: Sequence[Block],
        train: StageFeatures,
        valid: StageFeatures,
        config: Distillation,
        *,
        seed: int,
    ) -> None:
        self.network, self.blocks, self.config = network, list(blocks), config
        self.train, self.valid = train, valid
        images = len(train) // config.copies
        if images % config.batch_size == 1:
            raise ValueError(
                f"batch_size: {config.batch_size} leaves a last batch of one of {images} images, which batch "
                "normalisation cannot use; take another"
            )
        self.images = images
        self.generator = torch.Generator().manual_seed(seed)
        self.curve: dict[str, list[list[float]]] = {"train": [], "mse": [], "nsr": []}
        self.kept = [0] * len(blocks)
        self.best = [math.inf] * len(blocks)
        self.weights = [values_of(block) for block in blocks]
        self.seconds = 0.0
        self.run_id: str | None = None
        self._start()

    def _start(self) -> None:
        self.group = BlockGroup(self.network, self.blocks).train().to(memory_format=torch.channels_last)
        self.optimizer = Adam(
            self.group.parameters(), lr=self.config.lr, weight_decay=self.config.weight_decay
        )

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.curve["train"])

    @property
    def steps(self) -> int:
        """Optimizer steps of each block so far."""
        return self.epoch * math.ceil(self.images / self.config.batch_size)

    def run(
        self,
        path: Path | None = None,
        report: Callable[[int], None] = lambda epoch: None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Train to the last epoch, from the checkpoint at `path` if there is one, which is written after each epoch.
        report(epochs done); check() before a checkpoint is written, which an exception prevents."""
        if path is not None and path.exists():
            self.load_state_dict(checkpoint.load(path, next(self.group.parameters()).device, self.run_id))
        while self.epoch < self.config.epochs:
            begin = time.perf_counter()
            self._epoch()
            self._look()
            self.seconds += time.perf_counter() - begin
            if path is not None:
                check()
                checkpoint.save(self.state_dict(), path)
            report(self.epoch)
        for block, weights in zip(self.blocks, self.weights, strict=True):
            set_values(block, weights)

    def kept_group(self) -> BlockGroup:
        """The blocks side by side, as they are now."""
        return BlockGroup(self.network, self.blocks).eval().to(memory_format=torch.channels_last)

    def _epoch(self) -> None:
        config = self.config
        self.optimizer.lr = config.learning_rate(self.epoch)
        total = torch.zeros(self.group.count, dtype=torch.float64, device=self.train.images.device)
        weights = channel_weights(self.train.variance, config.loss)
        self.group.train()
        for index in self._order().split(config.batch_size):
            inputs, targets = self.train.at(index)
            losses = channel_errors(self.group(inputs), targets) @ weights.to(targets.dtype)
            losses.sum().backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            total += losses.detach() * len(index)
        self.curve["train"].append((total / self.images).tolist())

    def _order(self) -> Tensor:
        """The images of an epoch (N,), each in one of its copies."""
        order, copies = torch.randperm(self.images, generator=self.generator), self.config.copies
        if copies > 1:
            order += self.images * torch.randint(copies, (self.images,), generator=self.generator)
        return order

    def _look(self) -> None:
        """Validate; take the weights where this epoch's are those to keep."""
        mse, nsr = validation(self.group, self.valid)
        self.curve["mse"].append(mse.tolist())
        self.curve["nsr"].append(nsr.tolist())
        self.group.hand_back()
        losses = self.curve[self.config.loss][-1]
        for number, loss in enumerate(losses):
            if loss < self.best[number] or (self.config.keep == "last" and math.isfinite(loss)):
                self.best[number], self.kept[number] = loss, self.epoch
                self.weights[number] = values_of(self.blocks[number])
            elif self.config.keep == "last":
                self.kept[number] = 0

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on, and after the last the result."""
        done = self.epoch == self.config.epochs
        return {
            "blocks": None if done else [values_of(block) for block in self.blocks],
            "optimizer": None if done else self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "weights": self.weights,
            "curve": self.curve,
            "kept": self.kept,
            "best": self.best,
            "seconds": self.seconds,
            "run_id": self.run_id,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state. ValueError if it is of other blocks."""
        try:
            for block, weights in zip(self.blocks, state["blocks"] or state["weights"], strict=True):
                set_values(block, weights)
            self._start()
            if state["optimizer"] is not None:
                self.optimizer.load_state_dict(state["optimizer"])
            self.generator.set_state(state["generator"].cpu())
            self.weights, self.curve, self.kept, self.best = (
                state[name] for name in ("weights", "curve", "kept", "best")
            )
            self.seconds = state["seconds"]
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())[:160]
            raise ValueError(
                f"checkpoint: it does not fit these blocks ({reason}); delete it to start again"
            ) from error


def channel_errors(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error of each channel: outputs (B, E, C, H, W), targets (B, C, H, W) -> (E, C)."""
    return (outputs - targets.unsqueeze(1)).square().mean((0, 3, 4))


@torch.no_grad()
def validation(group: BlockGroup, valid: StageFeatures) -> tuple[Tensor, Tensor]:
    """MSE and NSR of each block, (E,) float64: the mean over all images, and for NSR the variance of all of them. The
    group is in evaluation mode, afterwards."""
    group.eval()
    total = torch.zeros((), dtype=torch.float64)
    for inputs, targets in valid.batches():
        total = total.to(targets.device) + channel_errors(group(inputs), targets).double() * len(targets)
    errors = total / len(valid)
    return tuple(errors @ channel_weights(valid.variance, loss) for loss in ("mse", "nsr"))  # type: ignore[return-value]
