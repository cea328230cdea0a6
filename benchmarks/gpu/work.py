"""What checks and measurements work on: random images, networks and trainings of any size, on any device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.plain import PlainSupernet
from supernet.data import DataSet, Split
from supernet.network import Network, NetworkConfig, Supernet, seeded
from supernet.spaces import Path, Size, get_space
from supernet.training.augmentation import Augmentation
from supernet.training.precision import MixedPrecision, set_numerics
from supernet.training.sampling import Sampler, SamplingConfig
from supernet.training.trainer import Trainer, TrainingConfig


@dataclass(frozen=True)
class Work:
    """Networks of a space at a size, on batches of so many images."""

    space: str
    size: Size
    batch: int

    @property
    def name(self) -> str:
        size = self.size
        side = f"{size.image_size}x{size.image_size}"
        return f"{get_space(self.space).title} C{size.channels} N{size.cells_per_stage} {side} B{self.batch}"


def work(space: str, channels: int, cells: int, batch: int, side: int = 32, colours: int = 3) -> Work:
    size = Size(channels=channels, stages=3, cells_per_stage=cells, image_size=side, image_channels=colours)
    return Work(space, size, batch)


def random_data(size: Size, train: int, valid: int, device: torch.device, precise: bool = False) -> DataSet:
    """Random images whose labels can be learnt: those of a class have a brightness of their own."""
    stream = torch.Generator().manual_seed(0)

    def split(count: int) -> Split:
        labels = torch.arange(count) % size.classes
        shape = (count, size.image_channels, size.image_size, size.image_size)
        images = torch.randint(0, 160, shape, generator=stream)
        bright = (90 * labels // max(1, size.classes - 1)).view(-1, 1, 1, 1)
        return Split((images + bright).to(torch.uint8), labels)

    kind = PreciseDataSet if precise else DataSet
    mean, std = torch.full((size.image_channels,), 124.0), torch.full((size.image_channels,), 55.0)
    data = kind("random", size.classes, split(train), split(valid), split(valid), mean, std)
    return data.to(device)


class PreciseDataSet(DataSet):
    """Images in double precision."""

    def normalise(self, images: Tensor) -> Tensor:
        return super().normalise(images).double()


def supernet(work: Work, device: torch.device, mask: tuple[str, ...] = (), **settings: Any) -> Supernet:
    """With the same weights on every device."""
    config = NetworkConfig(space=get_space(work.space, mask), size=work.size, **settings)
    network = seeded(Supernet, config, seed=0)
    assert isinstance(network, Supernet)
    return network.to(device)


def trainer(
    network: Network,
    data: DataSet,
    sampling: dict[str, Any] | None = None,
    *,
    seed: int = 0,
    **training: Any,
) -> Trainer:
    """A training of `network` as its process computes from now on (`set_numerics`)."""
    settings: dict[str, Any] = {"lr": 0.05, "augmentation": Augmentation(shift=2, flip=True)}
    config = TrainingConfig(**{**({} if "updates" in training else {"epochs": 1}), **settings, **training})
    set_numerics(config, data.train.labels.device)
    sampler = Sampler(SamplingConfig(**(sampling or {})), network.config.space, network.config.size, seed)
    return Trainer(network, data, config, seed=seed, sampler=sampler)


class PlainSteps:
    """Steps as public code makes them: modules, every edge computed, torch.optim.SGD with its defaults."""

    def __init__(
        self,
        work: Work,
        device: torch.device,
        amp: str,
        layout: torch.memory_format,
        sampling: dict[str, Any],
    ) -> None:
        config = NetworkConfig(space=get_space(work.space), size=work.size)
        self.network = PlainSupernet(config).to(device).to(memory_format=layout).train()
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=0.01, momentum=0.9)
        self.precision = MixedPrecision(amp, device)
        self.sampler = Sampler(SamplingConfig(**sampling), config.space, work.size, 0)

    def __call__(self, images: Tensor, labels: Tensor) -> None:
        """One update: a path, or the paths of a group one after the other."""
        for _ in range(self.sampler.group_size):
            with self.precision.autocast():
                loss = F.cross_entropy(self.network(images, self.sampler.next()), labels)
            loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def own_step(run: Trainer, images: Tensor, labels: Tensor) -> None:
    """One update of a trainer on given images: what `Trainer` does between two batches."""
    if run.captured is not None:
        run.captured.attach()
    if run.stacked:
        count = 1 if run.same_batch else run.group
        for _ in run._stacked_step([images] * count, [labels] * count):
            pass
    else:
        for _ in range(run.group):
            run._path_step(images, labels)
    run._update()


def paths_of(network: Network, count: int, kind: str = "uniform", shared: bool | None = None) -> list[Path]:
    config = SamplingConfig(kind=kind, share_topology=shared)
    sampler = Sampler(config, network.config.space, network.config.size, 0)
    return [sampler.next() for _ in range(count)]
