"""Choose a sub-network of a trained supernet by perturbation: DARTS-PT, resumable to the same bits.

The supernet is taken as a mixture: each choice is the sum of its options, equally weighted (architecture parameters
that stay as they are: the paper's `fix alpha`). Choices are made in random order. Each option in turn is taken out, its
weight 0, the others as they were; the one without which the validation accuracy is lowest is chosen, of equal ones the
one without which the loss is highest. The rest of the mixture is then tuned.

The weights come from a training of single paths, so the mixture is tuned once before the first choice. Accuracy is
taken with the statistics of the batch, as in the public code. Batches of tuning are the training's, epoch by epoch.

Source: Wang et al., "Rethinking architecture selection in differentiable NAS" (ICLR 2021), section 4, algorithm 1.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from supernet.data.dataset import DataSet, evaluation_set
from supernet.fast.sgd import optimizer_of
from supernet.network import Supernet
from supernet.operations import batch_norms
from supernet.spaces import Architecture
from supernet.training import checkpoint
from supernet.training.config import TrainingConfig
from supernet.training.feed import Feed


@dataclass(frozen=True, kw_only=True)
class ProjectionConfig:
    """Args:
    training: of the supernet: batches, augmentation, momentum, weight decay and clipping are the same while tuning.
    adapt: epochs of tuning before the first choice.
    tune: epochs after each choice but the last.
    rate: of the learning rate of tuning to the training's first one.
    noise, evaluation_batch: of the validation images.
    """

    training: TrainingConfig
    adapt: int = 5
    tune: int = 5
    rate: float = 0.1
    noise: float = 0.0
    evaluation_batch: int = 512


class Projection:
    """Projects `network`, which changes.

    chosen: by (part of the architecture, mixture) the number of the option. looked: for each choice, in their order,
    (part, mixture), and the validation accuracy in percent without each option. epochs, seconds: so far.

    Args:
        seed: of the order of the choices and of the batches.
    """

    def __init__(self, network: Supernet, data: DataSet, config: ProjectionConfig, *, seed: int) -> None:
        self.network, self.data, self.config = network.to(memory_format=torch.channels_last), data, config
        self.generator = torch.Generator().manual_seed(seed)
        self.feed = Feed(data, config.training.augmentation, self.generator, config.training.batch_size)
        if not all(hasattr(cell, "forward_mixture") for cell in network.cells):
            raise ValueError(
                f"space: the cells of {network.config.space.name} have no mixture (network_part.py)"
            )
        self.parts = part_of_cells(network)
        first = {part: index for index, part in reversed(list(enumerate(self.parts)))}
        self.options: dict[int, tuple[tuple[Hashable, ...], ...]] = {
            part: network.cells[index].mixtures()  # type: ignore[operator]
            for part, index in sorted(first.items())
        }
        places = [(part, place) for part, options in self.options.items() for place in range(len(options))]
        order = torch.randperm(len(places), generator=self.generator).tolist()
        self.order = [places[number] for number in order]
        self.chosen: dict[tuple[int, int], int] = {}
        self.looked: list[tuple[tuple[int, int], list[float]]] = []
        self.epochs, self.seconds = 0, 0.0
        images, labels = evaluation_set(data, data.valid, config.noise)
        count = math.ceil(len(labels) / config.evaluation_batch)
        self.valid = list(zip(images.tensor_split(count), labels.tensor_split(count), strict=True))

    @property
    def architecture(self) -> Architecture:
        """Of all choices."""
        found: list[int] = []
        for part, options in self.options.items():
            picks = [its[self.chosen[part, place]] for place, its in enumerate(options)]
            found += self.network.cells[self.parts.index(part)].chosen(picks)  # type: ignore[operator]
        return tuple(found)

    def run(
        self,
        path: Path | None = None,
        report: Callable[[int, int], None] = lambda done, of: None,
    ) -> Architecture:
        """Make all choices, from the checkpoint at `path` if there is one, which is written after each."""
        if path is not None and path.exists():
            self.load_state_dict(checkpoint.load(path))
        while len(self.looked) < len(self.order):
            begin = time.perf_counter()
            self._tune(self.config.tune if self.looked else self.config.adapt)
            self._choose(self.order[len(self.looked)])
            self.seconds += time.perf_counter() - begin
            if path is not None:
                checkpoint.save(self.state_dict(), path)
            report(len(self.looked), len(self.order))
        return self.architecture

    def logits(self, images: Tensor, without: tuple[int, int, int] | None = None) -> Tensor:
        """Of the mixture as it is. without: (part, mixture, option) that is taken out."""
        weights = {
            part: [
                {option: self._weight(part, place, number, without) for number, option in enumerate(its)}
                for place, its in enumerate(options)
            ]
            for part, options in self.options.items()
        }
        cells, parts = self.network.cells, self.parts
        outputs = self.network.through(
            images,
            lambda index, x: cells[index].forward_mixture(x, weights[parts[index]]),  # type: ignore[operator]
        )
        out: Tensor = self.network.head(outputs[-1])
        return out

    def _weight(self, part: int, place: int, number: int, without: tuple[int, int, int] | None) -> float:
        if without == (part, place, number):
            return 0.0
        if (part, place) in self.chosen:
            return float(self.chosen[part, place] == number)
        return 1 / len(self.options[part][place])

    def _tune(self, epochs: int) -> None:
        training = self.config.training
        self.network.train()
        optimizer = optimizer_of(self.network, training)
        for group in optimizer.param_groups:
            group["lr"] = self.config.rate * training.lr
        parameters = list(self.network.parameters())
        for _ in range(epochs):
            order = torch.randperm(len(self.data.train), generator=self.generator)
            for index in order.split(training.batch_size):
                images, labels = self.feed(index)
                F.cross_entropy(self.logits(images), labels).backward()
                if training.clip_norm:
                    torch.nn.utils.clip_grad_norm_(parameters, training.clip_norm)
                optimizer.step()
                self.network.zero_grad()
            self.epochs += 1

    def _choose(self, place: tuple[int, int]) -> None:
        count = len(self.options[place[0]][place[1]])
        worth = [self._evaluate((*place, number)) for number in range(count)] if count > 1 else [(0.0, 0.0)]
        self.chosen[place] = min(range(count), key=lambda number: (worth[number][0], -worth[number][1]))
        self.looked.append((place, [accuracy for accuracy, _ in worth]))

    @torch.no_grad()
    def _evaluate(self, without: tuple[int, int, int]) -> tuple[float, float]:
        """Validation accuracy in percent, and mean cross-entropy, infinite if it is not finite."""
        self.network.eval()
        norms = batch_norms(self.network)
        for norm in norms:
            norm.batch_statistics = True
        right, loss, images = 0, 0.0, 0
        for batch, labels in self.valid:
            logits = self.logits(batch, without)
            right += int((logits.argmax(1) == labels).sum())
            loss += float(F.cross_entropy(logits, labels, reduction="sum"))
            images += len(labels)
        for norm in norms:
            norm.batch_statistics = False
        mean = loss / images
        return 100 * right / images, mean if math.isfinite(mean) else math.inf

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on: tuning begins anew after each choice."""
        return {
            "model": self.network.state_dict(),
            "generator": self.generator.get_state(),
            "order": self.order,
            "chosen": list(self.chosen.items()),
            "looked": self.looked,
            "epochs": self.epochs,
            "seconds": self.seconds,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state. ValueError if it is of another projection."""
        try:
            if [tuple(place) for place in state["order"]] != self.order:
                raise ValueError("the choices come in another order")
            self.network.load_state_dict(state["model"])
            self.generator.set_state(state["generator"])
            self.chosen = {tuple(place): int(number) for place, number in state["chosen"]}
            self.looked = [(tuple(place), list(values)) for place, values in state["looked"]]
            self.epochs, self.seconds = state["epochs"], state["seconds"]
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())[:160]
            raise ValueError(f"checkpoint: it is of another projection ({reason}); delete it") from error


def part_of_cells(network: Supernet) -> tuple[int, ...]:
    """For each searchable cell the part of an architecture that says what it is."""
    config = network.config
    if config.space.parts == 1:
        return (0,) * len(config.stages)
    return config.stages if config.space.parts == config.size.stages else tuple(range(len(config.stages)))
