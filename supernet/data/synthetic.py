"""Synthetic CIFAR-10: images of noise whose label is the largest of ten random networks.

A pixel is a draw from N(0, 1), an image is 3x32x32 of them; the label is the argmax over ten separate networks
Linear(3072, 3072) - ReLU - Linear(3072, 1) with PyTorch's default initialisation. Of a number of draws the first 6,000
of each class are kept, 5,000 to train and 1,000 to test; of a class with fewer, five sixths train (the rarest of
these networks' classes has about 0.5 % of the draws; the manifest says how many were kept).

Differences from the paper's code: images are drawn in batches, each from a stream of its own; pixels are stored as
uint8, 128 + 32 x, rounded and clipped; networks see them unrounded. Another machine may round a label the other way,
so the files have no published checksum: `manifest.json` beside them holds their own.
`synthetic4` is the same with images of 3x4x4 and networks Linear(48, 48) - ReLU - Linear(48, 1), made in seconds: to
shrink the large images instead would leave one part in 64 of what the labels depend on.
Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), and its released code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from supernet.data.checksums import checksum, verify
from supernet.data.cifar import read_binary
from supernet.data.config import FACTS
from supernet.data.dataset import Split
from supernet.data.pixels import stack
from supernet.data.source import Parts, Report, Source
from supernet.files import read_object, write_atomic, write_text

SEED = 42
CLASSES = 10
BATCH = 2000
TRAIN_OF = (5, 6)  # of the kept images of a class, this part trains
FILES = ("train.bin", "test.bin")  # records as in CIFAR-10's binary layout
Network = tuple[Tensor, Tensor, Tensor, Tensor]


def stream(name: str) -> torch.Generator:
    """A generator seeded by SEED and a name. Torch's generator on the CPU uses 32 bits of a seed."""
    digest = hashlib.sha256(f"{SEED} {name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:4], "big"))


def networks(pixels: int) -> list[Network]:
    """Weights and biases of both layers: (pixels, pixels), (pixels,), (pixels,), (1,); uniform as nn.Linear draws."""
    generator, bound = stream("networks"), pixels**-0.5

    def layer(*shape: int) -> Tensor:
        return torch.empty(shape).uniform_(-bound, bound, generator=generator)

    return [(layer(pixels, pixels), layer(pixels), layer(pixels), layer(1)) for _ in range(CLASSES)]


def draw(batch: int, pixels: int) -> Tensor:
    """The images of one batch: float32 (BATCH, pixels)."""
    return torch.randn(BATCH, pixels, generator=stream(f"images {batch}"))


def label(images: Tensor, given: list[Network]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Labels (n,) of images (n, pixels)."""
    outputs = [torch.relu(torch.addmm(b1, images, w1.T)) @ w2 + b2 for w1, b1, w2, b2 in given]
    return torch.stack(outputs, 1).argmax(1).to(torch.uint8).numpy()


@dataclass(frozen=True, kw_only=True)
class Synthetic(Source):
    """draws: images drawn at most, a multiple of BATCH. of_each: images of a class that are kept, at most."""

    draws: int
    of_each: int

    @property
    def folder(self) -> str:
        return self.name.replace("_", "-")

    @property
    def pixels(self) -> int:
        """Numbers of an image."""
        assert self.side is not None
        return self.channels * self.side**2

    def find(self, root: Path) -> Path:
        if not (root / self.folder / "manifest.json").is_file():
            raise self.missing(root, f"{self.folder}/manifest.json")
        return root / self.folder

    def check(self, root: Path) -> None:
        folder = self.find(root)
        try:
            manifest = read_object(folder / "manifest.json")
            settings = {key: manifest[key] for key in self.settings}
            expected = {name: manifest["sha256"][name] for name in FILES}
        except (ValueError, LookupError, TypeError) as error:
            raise ValueError(f"data: {folder / 'manifest.json'} is damaged ({error!r})") from None
        if settings != self.settings:
            raise ValueError(f"data: {folder} was made with {settings}, not with {self.settings}")
        verify(folder, expected)

    def read(self, root: Path, side: int) -> Parts:
        self.check(root)
        splits = []
        for name in FILES:
            images, labels = read_binary(self.find(root) / name, label_bytes=1, side=self.side or 32)
            splits.append(Split(stack([images], side), torch.from_numpy(labels)))
        return Parts(*splits)

    @property
    def settings(self) -> dict[str, int]:
        return {"seed": SEED, "draws": self.draws, "of_each": self.of_each, "batch": BATCH}

    def get(self, root: Path, report: Report) -> None:
        """Generate the files, hours of one core for a million large draws; continues from where it was interrupted."""
        folder = root / self.folder
        if (folder / "manifest.json").exists():
            return self.check(root)
        labels = self._labels(folder / "labels.part", report)
        positions = [np.flatnonzero(labels == number)[: self.of_each] for number in range(CLASSES)]
        cuts = [len(own) * TRAIN_OF[0] // TRAIN_OF[1] for own in positions]
        train = np.sort(np.concatenate([own[:cut] for own, cut in zip(positions, cuts, strict=True)]))
        test = np.sort(np.concatenate([own[cut:] for own, cut in zip(positions, cuts, strict=True)]))
        for name, kept in zip(FILES, (train, test), strict=True):
            content = records(kept, labels, self.pixels)
            write_atomic(folder / name, lambda file, content=content: file.writelines(content))  # type: ignore[misc]
        manifest = self.settings | {
            "drawn": len(labels),
            "kept": [len(own) for own in positions],
            "sha256": {name: checksum(folder / name, "sha256") for name in FILES},
        }
        write_text(folder / "manifest.json", json.dumps(manifest, indent=1) + "\n")
        (folder / "labels.part").unlink()
        return None

    def _labels(self, path: Path, report: Report) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """The labels of all draws until every class is full; kept at `path`, batch by batch."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.truncate(file.tell() // BATCH * BATCH)  # of a batch that was being written
        labels = np.fromfile(path, np.uint8)
        given = networks(self.pixels)
        with path.open("ab") as file:
            while len(labels) < self.draws:
                if np.bincount(labels, minlength=CLASSES).min() >= self.of_each:
                    break
                new = label(draw(len(labels) // BATCH, self.pixels), given)
                file.write(new.tobytes())
                file.flush()
                labels = np.concatenate([labels, new])
                report(len(labels), self.draws)
        return labels


def records(kept: np.ndarray, labels: np.ndarray, pixels: int) -> Iterator[bytes]:
    """The records of the draws at positions `kept`, ascending: label and `pixels` bytes, a batch at a time."""
    for batch in np.unique(kept // BATCH):
        own = kept[kept // BATCH == batch]
        images = draw(int(batch), pixels)[torch.from_numpy(own % BATCH)]
        stored = images.mul_(32).add_(128).round_().clamp_(0, 255).to(torch.uint8)
        yield np.concatenate([labels[own][:, None], stored.numpy()], axis=1).tobytes()


SYNTHETIC, SYNTHETIC_SMALL, SYNTHETIC4 = (
    Synthetic(**vars(FACTS[name]), draws=draws, of_each=of_each)
    for name, draws, of_each in (
        ("synthetic", 1_000_000, 6000),
        ("synthetic_small", 100_000, 600),
        ("synthetic4", 1_000_000, 600),
    )
)
