"""What is measured and checked: networks of a size, random images and trainings, on any device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import BLOX, NB201
from benchmarks.plain import PlainSupernet
from supernet.data.dataset import DataSet, Split
from supernet.network import Network, NetworkConfig, Supernet, seeded
from supernet.spaces import Cell, Path, Size, get_space
from supernet.spaces.nasbench201.graph import pruned
from supernet.training.config import Augmentation, TrainingConfig
from supernet.training.precision import MixedPrecision, set_numerics
from supernet.training.sampling import Sampler, SamplingConfig
from supernet.training.trainer import Trainer


@dataclass(frozen=True)
class Work:
    """Networks of a space at a size, on batches of so many images, on so many threads of a CPU."""

    space: str
    size: Size
    batch: int
    threads: int = 1

    @property
    def label(self) -> str:
        """'C16 N1 32x32 B64'."""
        size = self.size
        side = f"{size.image_size}x{size.image_size}"
        return f"C{size.channels} N{size.cells_per_stage} {side} B{self.batch}"

    @property
    def name(self) -> str:
        return f"{get_space(self.space).title} {self.label}"

    @property
    def images(self) -> tuple[int, int, int, int]:
        """The shape (B, C, H, W) of a batch."""
        size = self.size
        return (self.batch, size.image_channels, size.image_size, size.image_size)


def work(
    space: str, channels: int, cells: int, batch: int, side: int = 32, colours: int = 3, threads: int = 1
) -> Work:
    size = Size(channels=channels, stages=3, cells_per_stage=cells, image_size=side, image_channels=colours)
    return Work(space, size, batch, threads)


C16, C32, C64 = work(NB201, 16, 1, 64), work(NB201, 32, 2, 256, threads=2), work(NB201, 64, 4, 256)
BLOX_C32 = work(BLOX, 32, 1, 256)


def cells_macs(work: Work, cells: Iterable[Cell]) -> int:
    """Multiply-accumulates of a forward pass of each NAS-Bench-201 cell, of its live edges alone."""
    space = get_space(work.space)
    return sum(space.cost(pruned(cell, True), work.size).macs for cell in cells)


def random_images(
    count: int, classes: int, side: int = 32, colours: int = 3, generator: torch.Generator | None = None
) -> Split:
    """Random uint8 images (count, colours, side, side) and labels (count,)."""
    generator = generator or torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, colours, side, side), dtype=torch.uint8, generator=generator)
    return Split(images, torch.randint(0, classes, (count,), generator=generator))


def training_set(split: Split, classes: int, mean: Sequence[float], std: Sequence[float]) -> DataSet:
    """Images to train on, none to validate or test."""
    none = Split(split.images[:0], split.labels[:0])
    return DataSet("random", classes, split, none, none, torch.tensor(mean), torch.tensor(std))


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
    network: Network, data: DataSet, sampling: dict[str, Any] | None = None, *, seed: int = 0, **training: Any
) -> Trainer:
    """A training of `network` as its process computes from now on (`set_numerics`)."""
    settings: dict[str, Any] = {"lr": 0.05, "augmentation": Augmentation(shift=2, flip=True)}
    config = TrainingConfig(**{**({} if "updates" in training else {"epochs": 1}), **settings, **training})
    set_numerics(data.train.labels.device, **config.numerics)
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
