"""One architecture's stand-alone networks of a task, trained from several seeds side by side and evaluated: what a
worker of `truth build` does.

Evaluation is that of any trained network: running BN statistics, the task's evaluation images.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from studies.configuration import derived_seed
from studies.truth.tasks import Task
from supernet.data import DEFAULT_ROOT, DataConfig
from supernet.data.dataset import DataSet, evaluation_set
from supernet.data.loading import load_data
from supernet.fast.grouped import NetworkGroup, train_group
from supernet.network import NetworkConfig, StandAlone, seeded
from supernet.spaces import Size, Space, get_space
from supernet.training.config import TrainingConfig
from supernet.training.precision import set_numerics

EVALUATION_BATCH = 2000  # images in memory at a time; it changes nothing


def train(
    space_name: str,
    text: str,
    seeds: Sequence[int],
    task: Task,
    root: Path = DEFAULT_ROOT,
    device: str = "cpu",
    curves: bool = False,
) -> list[dict[str, Any]]:
    """Train one architecture's network from each of `seeds`, side by side, and evaluate them; a record of each: arch,
    seed, status ('finished' or 'diverged'), the task's metrics in percent (None if it diverged), seconds. curves: with
    the validation accuracy after each epoch, as 'curve'."""
    begin = time.perf_counter()
    set_numerics(torch.device(device), **task.training.numerics)
    space, data = get_space(space_name), load_images(task.data, root, device)
    watch = Watch(task, root, device, len(seeds)) if curves or task.best else None
    networks, statuses = trained(space, text, seeds, task.size, task.training, data, watch)
    records = []
    for index, (network, seed, status) in enumerate(zip(networks, seeds, statuses, strict=True)):
        record: dict[str, Any] = {"arch": text, "seed": seed, "status": status}
        record |= accuracies(network, task, root, device, status)
        if watch is not None:
            record |= watch.of(index, record, curves)
        records.append(record)
    seconds = round((time.perf_counter() - begin) / len(seeds), 2)
    return [record | {"seconds": seconds} for record in records]


def accuracies(
    network: StandAlone, task: Task, root: Path, device: str, status: str
) -> dict[str, float | None]:
    """'valid' and 'test' in percent, on the task's evaluation images; None unless its training is 'finished'. The
    network is in evaluation mode, afterwards."""
    network.eval()
    found: dict[str, float | None] = {}
    for metric in ("valid", "test"):
        images, labels = _evaluation(task, metric, root, device)
        with torch.no_grad():
            parts = [network(part).argmax(1) for part in images.split(EVALUATION_BATCH)]
        right = torch.cat(parts) == labels
        found[metric] = round(100 * float(right.float().mean()), 3) if status == "finished" else None
    return found


def trained(
    space: Space,
    text: str,
    seeds: Sequence[int],
    size: Size,
    training: TrainingConfig,
    data: DataSet,
    after_epoch: Callable[[NetworkGroup], object] | None = None,
) -> tuple[list[StandAlone], list[str]]:
    """One architecture's network trained from each of `seeds`, and how each ended: 'finished' or 'diverged'.

    Weights, batches and augmentation depend on the space's name, the architecture and the seed alone. Which seeds are
    trained side by side changes rounding only."""
    own_seeds = [derived_seed(space.name, text, seed) for seed in seeds]
    config = NetworkConfig(space=get_space(space.name), size=size, affine=True)
    device = data.train.labels.device
    networks = [seeded(StandAlone, config, space.parse(text), seed=own).to(device) for own in own_seeds]
    return networks, train_group(networks, data, training, own_seeds, after_epoch)


class Watch:
    """Called with a group of networks after every epoch of their training: their validation accuracies, and where the
    task keeps them the accuracies at the epoch that is best by validation accuracy, of equal ones by validation loss,
    of these the last (as Blox's trainer chooses)."""

    def __init__(self, task: Task, root: Path, device: str, count: int) -> None:
        self.task, self.root, self.device = task, root, device
        self.curve: list[list[float]] = []  # accuracies (networks,) after each epoch
        self.best = [(-1.0, 0.0)] * count  # accuracy, negative loss
        self.best_epoch, self.best_test = [0] * count, [0.0] * count

    @torch.no_grad()
    def __call__(self, group: NetworkGroup) -> None:
        accuracies, losses = self._evaluate(group, "valid")
        self.curve.append(accuracies)
        if not self.task.best:
            return
        found = [(accuracy, -loss) for accuracy, loss in zip(accuracies, losses, strict=True)]
        better = [index for index, value in enumerate(found) if value >= self.best[index]]
        if better:
            tests, _ = self._evaluate(group, "test")
            for index in better:
                self.best[index], self.best_test[index] = found[index], tests[index]
                self.best_epoch[index] = len(self.curve)

    def _evaluate(self, group: NetworkGroup, metric: str) -> tuple[list[float], list[float]]:
        """Accuracies in percent and mean cross-entropies, (networks,) each."""
        images, labels = _evaluation(self.task, metric, self.root, self.device)
        right = torch.zeros(group.count, device=labels.device)
        loss = torch.zeros(group.count, device=labels.device, dtype=torch.float64)
        for part, truth in zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True):
            logits = group(part.repeat(1, group.count, 1, 1)).transpose(1, 2)  # (B, classes, networks)
            of_each = truth.unsqueeze(1).expand(-1, group.count)
            right += (logits.argmax(1) == of_each).sum(0)
            loss += F.cross_entropy(logits, of_each, reduction="none").sum(0, dtype=torch.float64)
        return (100 * right / len(labels)).tolist(), (loss / len(labels)).tolist()

    def of(self, index: int, record: dict[str, Any], curves: bool) -> dict[str, Any]:
        """What a network's record has besides. The last epoch's values are the record's own: side by side, sums are
        rounded in another order."""
        added: dict[str, Any] = {}
        if curves:
            added["curve"] = [round(values[index], 3) for values in self.curve[:-1]] + [record["valid"]]
        if self.task.best:
            last = self.best_epoch[index] == len(self.curve)
            values = {"valid": self.best[index][0], "test": self.best_test[index]}
            for metric, value in values.items():
                own = record["status"] == "finished" and not last
                added[f"{metric}_best"] = round(value, 3) if own else record[metric]
            added["best_epoch"] = self.best_epoch[index]
        return added


@lru_cache(maxsize=1)
def load_images(data: DataConfig, root: Path, device: str) -> DataSet:
    """The data set on the device."""
    return load_data(data, root).to(torch.device(device))


@lru_cache
def _evaluation(task: Task, metric: str, root: Path, device: str) -> tuple[Tensor, Tensor]:
    """The task's evaluation images of that split and their labels: the same for all networks."""
    data = load_images(task.data, root, device)
    return evaluation_set(data, data.valid if metric == "valid" else data.test, task.noise, task.copies)
