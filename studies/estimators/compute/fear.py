"""FEAR: find the threshold by a shallow learner, train to it, freeze the network's front, train the rest.

The learner is a multi-layer perceptron on histograms of oriented gradients: 9 orientations in a grid of 4 x 4 cells,
blocks of 3 x 3 cells: 324 numbers an image whatever its side, as in FEAR's code for 32 and 16 pixels.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), section 3 and appendix A.3; N.
Dalal and B. Triggs, "Histograms of oriented gradients for human detection" (CVPR 2005).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from skimage.feature import hog
from torch import Tensor, nn

from studies.configuration import derived_seed
from studies.estimators.compute import costs
from studies.estimators.compute.costs import Spent, of_training
from studies.estimators.compute.task import Task
from studies.estimators.estimator import Record, Report
from studies.estimators.fear import MEASURES, Fear, HogLearner
from supernet.data.dataset import DataSet
from supernet.files import read_object, write_text
from supernet.network import Network, StandAlone
from supernet.spaces import Architecture
from supernet.training.trainer import Epoch, Trainer

HOG_CELLS = 4  # a side


class Prepared(TypedDict):
    """What `fear.json` holds, beside the costs of finding the threshold."""

    threshold: float
    learner: dict[str, Any]


def prepare(settings: Fear, task: Task, report: Report) -> dict[str, Any]:
    """Find the threshold; it is kept in `fear.json` in the task's folder, its learner's checkpoint beside it."""
    cells = len(task.space.stages(task.size))
    if settings.unfrozen_cells is not None and settings.unfrozen_cells > cells:
        raise ValueError(
            f"unfrozen_cells: {settings.unfrozen_cells} is not in 0..{cells}, the network's cells"
        )
    if not isinstance(settings.threshold, HogLearner):
        return {"threshold": settings.threshold}
    path = task.folder / "fear.json"
    if not path.exists():
        seed = derived_seed("HoG learner", task.data.name, task.seed)
        found = train_learner(settings.threshold, task.data, seed, task.folder / "hog.pt", report)
        threshold = found.pop("accuracy")
        write_text(
            path,
            json.dumps({**found, "threshold": threshold, "learner": asdict(settings.threshold)}, indent=1),
        )
    return {name: value for name, value in prepared(settings, task).items() if name != "learner"}


def prepared(settings: Fear, task: Task) -> dict[str, Any]:
    """What `fear.json` holds. ValueError if it is not there, damaged or of another learner."""
    path = task.folder / "fear.json"
    if not path.exists():
        raise ValueError(f"threshold: {path} is not there; prepare the estimator first")
    try:
        found = read_object(path, Prepared)
    except ValueError as error:
        raise ValueError(f"threshold: {error}; delete it and hog.pt to start again") from None
    if found["learner"] != asdict(settings.threshold):  # type: ignore[arg-type]
        raise ValueError(f"threshold: {path} is of another learner; delete it and hog.pt to start again")
    return found


def threshold_of(settings: Fear, task: Task) -> float:
    """In percent. ValueError if it is yet to be found."""
    if isinstance(settings.threshold, HogLearner):
        return float(prepared(settings, task)["threshold"])
    return float(settings.threshold)


def score(
    settings: Fear, task: Task, architectures: Sequence[Architecture], report: Report
) -> Iterator[Record]:
    """Both measures of every architecture."""
    threshold = threshold_of(settings, task)
    count = len(architectures)
    for done, architecture in enumerate(architectures):

        def tell(detail: str, done: int = done) -> None:
            report(done / count, f"{done}/{count} networks trained; {detail}")

        yield from records_of(settings, task, architecture, threshold, tell)
        report((done + 1) / count, f"{done + 1}/{count} networks trained")


def records_of(
    settings: Fear, task: Task, architecture: Architecture, threshold: float, tell: Callable[[str], None]
) -> Iterator[Record]:
    status, spent = "disconnected", Spent()
    epochs: tuple[Epoch, ...] = ()
    details: dict[str, Any] = {"threshold": threshold}
    if task.space.is_valid(architecture):
        network = task.network(architecture)
        macs = costs.count(network)
        own = task.space.stand_alone_form(architecture)
        begin = time.perf_counter()
        first = Trainer(network, task.data, settings.stage1, seed=task.seed_of("FEAR, stage 1", own))
        status = train_until(first, threshold, tell)
        spent = of_training(first, time.perf_counter() - begin, 3 * macs.total())
        details |= {"stage1_epochs": len(first.history), **spent.named("stage1")}
        if first.history:
            details["stage1_accuracy"] = first.history[-1].accuracy
        if status == "ok":
            begin = time.perf_counter()
            second = stage2(settings, network, task, task.seed_of("FEAR, stage 2", own))
            status = "ok" if second.run() == "finished" else "diverged"
            _, learning = split(network, settings.unfrozen_cells)
            image_macs = macs.total() + 2 * sum(costs.inside(macs, part) for part in learning)
            more = of_training(second, time.perf_counter() - begin, image_macs)
            details |= {"unfrozen_share": unfrozen_share(network), **more.named("stage2")}
            spent, epochs = spent + more, tuple(second.history)
    for measure in MEASURES:
        common: dict[str, Any] = {"architecture": architecture, "measure": measure, "details": details}
        common |= spent.share(len(MEASURES))
        if status != "ok":
            yield Record(**common, score=None, status=status)
            continue
        best = max(epochs, key=lambda epoch: epoch.accuracy)
        epoch = best if measure == "best_train_accuracy" else epochs[-1]
        yield Record(**common, score=epoch.accuracy, loss=epoch.loss)


def stage2(settings: Fear, network: StandAlone, task: Task, seed: int) -> Trainer:
    """The trainer of the second stage; from here on the network's front is frozen."""
    frozen, _ = split(network, settings.unfrozen_cells)
    return Trainer(FrozenFront(network, frozen, settings.frozen_bn), task.data, settings.stage2, seed=seed)


def train_until(trainer: Trainer, threshold: float, tell: Callable[[str], None] = lambda detail: None) -> str:
    """Train to the end of the first epoch whose training accuracy (percent) is at least `threshold`.

    'ok', or what happened instead: 'not_reached' within the budget, or 'diverged'. tell: hears after every epoch, as an
    epoch of a large network takes minutes on a CPU."""

    def after_epoch(epoch: Epoch, epochs: int) -> None:
        tell(f"stage 1, epoch {len(trainer.history)}: {epoch.accuracy:.1f} of {threshold:g} %")
        if epoch.accuracy >= threshold:
            trainer.status = "finished"

    if trainer.run(report=after_epoch) == "diverged":
        return "diverged"
    return "ok" if trainer.history[-1].accuracy >= threshold else "not_reached"


def parts_in_order(network: Network) -> list[nn.Module]:
    """Stem, cells and reductions as they are computed, and the head."""
    parts = [network.stem]
    for index, cell in enumerate(network.cells):
        parts.append(cell)
        if (number := network.config.reduction_after[index]) is not None:
            parts.append(network.reductions[number])
    return [*parts, network.head]


def split(network: Network, unfrozen_cells: int | None) -> tuple[list[nn.Module], list[nn.Module]]:
    """The parts that are frozen and those that keep learning: the last so many searchable cells and all that is
    computed after the first of them, reductions too; with 0 the head alone, with None everything."""
    parts = parts_in_order(network)
    if unfrozen_cells is None:
        return [], parts
    if unfrozen_cells == 0:
        return parts[:-1], parts[-1:]
    assert unfrozen_cells <= len(network.cells)
    first = network.cells[len(network.cells) - unfrozen_cells]
    position = next(position for position, part in enumerate(parts) if part is first)
    return parts[:position], parts[position:]


class FrozenFront(nn.Module):
    """The network, the given parts of which keep their weights.

    frozen_bn: what their BN does in training mode. 'batch': it normalises by the batch and moves its running
    statistics, as in FEAR's code; 'eval': it uses the running statistics as they are.
    """

    def __init__(self, network: StandAlone, frozen: list[nn.Module], frozen_bn: str) -> None:
        super().__init__()
        self.network, self.frozen, self.frozen_bn = network, frozen, frozen_bn
        for part in frozen:
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> FrozenFront:
        super().train(mode)
        if self.frozen_bn == "eval":
            for part in self.frozen:
                part.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network(x)
        return logits


def unfrozen_share(network: nn.Module) -> float:
    """The share of parameters that learn."""
    sizes = torch.tensor([[p.numel() * p.requires_grad, p.numel()] for p in network.parameters()]).sum(0)
    return float(sizes[0] / sizes[1])


def hog_features(images: Tensor) -> Tensor:
    """(B, C, H, W) of any scale -> float32 (B, 324), on the same device; of several channels the one with the largest
    gradient counts, pixel by pixel. ValueError if the sides are no multiple of 4."""
    height, width = images.shape[2:]
    if height != width or height % HOG_CELLS:
        raise ValueError(
            f"image_size: {height} x {width} cannot be cut into {HOG_CELLS} x {HOG_CELLS} cells for HoG"
        )
    pixels = (height // HOG_CELLS, width // HOG_CELLS)
    rows = [
        hog(image, orientations=9, pixels_per_cell=pixels, cells_per_block=(3, 3), channel_axis=-1)
        for image in images.detach().permute(0, 2, 3, 1).cpu().numpy()
    ]
    return torch.from_numpy(np.stack(rows).astype(np.float32)).to(images.device)


class HogClassifier(nn.Module):
    """HoG -> two hidden layers with ReLU -> logits: (B, C, H, W) -> (B, classes)."""

    def __init__(self, image_channels: int, image_size: int, hidden: int, classes: int) -> None:
        super().__init__()
        features = hog_features(torch.zeros(1, image_channels, image_size, image_size)).shape[1]
        self.layers = nn.Sequential(
            nn.Linear(features, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(hog_features(x))
        return logits


def train_learner(
    learner: HogLearner, data: DataSet, seed: int, path: Path, report: Report
) -> dict[str, Any]:
    """Train it, from the checkpoint at `path` if there is one, to the same bits.

    Returns accuracy (percent, of the last epoch, on the training images as they were seen: what FEAR takes for its
    threshold), updates, train_seconds, macs. ValueError if the training diverges."""
    _, channels, side, _ = data.train.images.shape
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = HogClassifier(channels, side, learner.hidden, data.classes)
    trainer = Trainer(model.to(data.train.images.device), data, learner.training, seed=seed)

    def after_epoch(epoch: Epoch, epochs: int) -> None:
        report(epoch.epoch / epochs, f"HoG learner: epoch {epoch.epoch}/{epochs}, {epoch.accuracy:.1f} %")

    if trainer.run(path, after_epoch) != "finished":
        raise ValueError(
            f"lr: {learner.training.lr} is too much for the shallow learner, whose training diverged"
        )
    weights = sum(parameter.numel() for parameter in model.parameters() if parameter.ndim > 1)
    return {
        "accuracy": trainer.history[-1].accuracy,
        "updates": trainer.updates,
        "train_seconds": round(sum(epoch.seconds for epoch in trainer.history), 2),
        "macs": 3 * weights * sum(epoch.images or 0 for epoch in trainer.history),
    }
