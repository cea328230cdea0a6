"""One weight-sharing student a stage, a supernet's stage that holds all blocks: DNA's way.

Each step trains one path, drawn uniformly, or one optimizer step is for a strictly fair group, whose paths use every
operation once at each choice point. After an epoch, or with `keep="last"` after the last, each block is cut out and
judged with BN statistics of its own over the training images: those of training are averages over all paths.

Source: Li et al., "Blockwisely supervised neural architecture search with knowledge distillation" (DNA, CVPR 2020). Its
code draws uniformly and re-estimates BN from one batch; strict fairness is what the paper says. Optimizer and schedule
are those of `Distillation`.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from supernet.distillation.config import Distillation
from supernet.distillation.distil import Distiller, channel_errors
from supernet.distillation.features import channel_weights
from supernet.distillation.stages import BlockGroup, block_of, set_values, shared_block, values_of
from supernet.scoring.recalibrate import recalibrate
from supernet.spaces import Path
from supernet.training.adam import Adam
from supernet.training.sampling import Sampler, SamplingConfig


class SharedDistiller(Distiller):
    """Trains `student`, of which `blocks` hold cut-outs; otherwise as Distiller. Loss 'train' is that of the epoch's
    paths together, the same for every block; `steps` are the student's."""

    def _start(self) -> None:
        stage, seed = self.train.stage, self.generator.initial_seed()
        self.student = shared_block(self.network, stage, seed).to(self.train.images)
        self.student.train().to(memory_format=torch.channels_last)
        self.sampler = Sampler(
            SamplingConfig(kind=self.config.paths), self.network.space, self.network.size, seed
        )
        self.optimizer = Adam(
            self.student.parameters(), lr=self.config.lr, weight_decay=self.config.weight_decay
        )
        self._cut_out()

    def drawn(self) -> list[Path]:
        """The stage's part of the next path, or of those of the next strictly fair group."""
        paths = [self.sampler.next()]
        while not self.sampler.group_done:
            paths.append(self.sampler.next())
        return [block_of(path, self.network, self.train.stage) for path in paths]

    def _epoch(self) -> None:
        config = self.config
        self.optimizer.lr = config.learning_rate(self.epoch)
        total = torch.zeros((), dtype=torch.float64, device=self.train.images.device)
        weights = channel_weights(self.train.variance, config.loss)
        self.student.train()
        for index in self._order().split(config.batch_size):
            inputs, targets = self.train.at(index)
            paths = self.drawn()
            for path in paths:
                self.student.path = path
                errors = channel_errors(self.student(inputs).unsqueeze(1), targets)[0]
                loss = errors @ weights.to(targets.dtype)
                loss.backward()
                total += loss.detach() * len(index) / len(paths)
            self.optimizer.step()
            self.optimizer.zero_grad()
        self.curve["train"].append([float(total) / self.images] * len(self.blocks))

    def _look(self) -> None:
        """Only where what is seen can matter: to judge all blocks takes as long as dozens of epochs."""
        if self.config.keep == "last" and self.epoch < self.config.epochs:
            for name in ("mse", "nsr"):
                self.curve[name].append([math.nan] * len(self.blocks))
            return
        self._cut_out()
        recalibrate(self.group, (inputs for inputs, _ in self.train.batches() if len(inputs) > 1))
        super()._look()

    def _cut_out(self) -> None:
        weights = self.student.state_dict()
        for block in self.blocks:
            block.load_state_dict({name: weights[name] for name in block.state_dict()})
        self.group = BlockGroup(self.network, self.blocks).to(memory_format=torch.channels_last)

    def state_dict(self) -> dict[str, Any]:
        done = self.epoch == self.config.epochs
        shared = None if done else {"weights": values_of(self.student), "paths": self.sampler.state_dict()}
        return super().state_dict() | {"student": shared}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        shared = state.get("student")
        if shared is not None:
            set_values(self.student, shared["weights"])
            self.sampler.load_state_dict(shared["paths"])


def distiller_of(config: Distillation) -> type[Distiller]:
    """What trains by these settings."""
    return SharedDistiller if config.students == "stage" else Distiller
