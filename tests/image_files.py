"""Files in the very formats of the published image data sets, with made-up pixels, and sources that expect them.

Checksums are those of the files made here: reading goes through the same checks as that of the real ones.
"""

from __future__ import annotations

import hashlib
import pickle
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from supernet.data.cifar import CIFAR10, CIFAR100, Cifar
from supernet.data.imagenet16 import IMAGENET16_120, TEST, ImageNet16

EACH = 20  # images a batch file


def nothing(done: int, total: int) -> None:
    """Report nothing."""


class Python2Pickler(pickle._Pickler):  # type: ignore[name-defined]
    """Writes text and bytes as Python 2 wrote its strings, in which the official CIFAR files are."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def save_string(self, value: bytes | str) -> None:
        raw = value if isinstance(value, bytes) else value.encode("latin1")
        short = len(raw) < 256
        self.write((b"U" + bytes([len(raw)]) if short else b"T" + struct.pack("<i", len(raw))) + raw)
        self.memoize(value)

    dispatch[bytes] = dispatch[str] = save_string


def write_python2(path: Path, value: Any) -> None:
    with path.open("wb") as file:
        Python2Pickler(file, 2).dump(value)


def digests(folder: Path, names: Mapping[str, str], algorithm: str) -> dict[str, str]:
    return {name: hashlib.new(algorithm, (folder / name).read_bytes()).hexdigest() for name in names}


def batch(rng: np.random.Generator, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (EACH, 3072) and labels (EACH,); every class as often where that can be."""
    return rng.integers(0, 256, (EACH, 3072), np.uint8), rng.permutation(EACH) % classes


def write_cifar(root: Path, source: Cifar, layouts: tuple[int, ...] = (0, 1), seed: int = 0) -> Cifar:
    """The same images in the layouts asked for (0: pickles, 1: binary); the source of them."""
    rng = np.random.default_rng(seed)
    python, binary = source.layouts
    fine, coarse = ("fine_labels", "coarse_labels") if source is CIFAR100 else ("labels", None)
    for layout in layouts:
        (root / source.layouts[layout].folder).mkdir(parents=True, exist_ok=True)
    for own, other in zip((*python.train, python.test), (*binary.train, binary.test), strict=True):
        pixels, labels = batch(rng, source.classes)
        content = {"data": pixels, fine: labels.tolist(), "batch_label": own}
        above = labels // 5
        if coarse:
            content[coarse] = above.tolist()
        columns = [above, labels] if coarse else [labels]
        if 0 in layouts:
            write_python2(root / python.folder / own, content)
        if 1 in layouts:
            records = np.concatenate([*(c[:, None].astype(np.uint8) for c in columns), pixels], axis=1)
            (root / binary.folder / other).write_bytes(records.tobytes())
    return replace(
        source,
        layouts=tuple(
            replace(
                layout,
                checksums=digests(root / layout.folder, layout.checksums, algorithm)
                if number in layouts
                else layout.checksums,
            )
            for number, (layout, algorithm) in enumerate(zip(source.layouts, ("md5", "sha1"), strict=True))
        ),
    )


def write_imagenet16(root: Path, protocol: int = 4, seed: int = 0) -> ImageNet16:
    """Eleven batch files; about half of the images are of the first 120 classes."""
    rng = np.random.default_rng(seed)
    folder = root / "ImageNet16"
    folder.mkdir(parents=True)
    for name in IMAGENET16_120.checksums:
        labels = np.where(rng.random(EACH) < 0.5, rng.integers(1, 121, EACH), rng.integers(121, 1001, EACH))
        content = {
            "data": rng.integers(0, 256, (EACH, 768), np.uint8),
            "labels": labels.tolist(),
            "mean": rng.random(768),
        }
        (folder / name).write_bytes(pickle.dumps(content, protocol))
    assert TEST in IMAGENET16_120.checksums
    return replace(IMAGENET16_120, checksums=digests(folder, IMAGENET16_120.checksums, "md5"))


def write_tree(
    folder: Path, counts: dict[str, int], side: int = 12, seed: int = 0
) -> dict[str, list[np.ndarray]]:
    """A folder a class with that many PNG files; their pixels (H, W, 3), in order of name."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    made: dict[str, list[np.ndarray]] = {}
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        made[name] = [rng.integers(0, 256, (side, side, 3), np.uint8) for _ in range(count)]
        for number, pixels in enumerate(made[name]):
            Image.fromarray(pixels).save(folder / name / f"{number:03}.png")
    return made


__all__ = [
    "CIFAR10",
    "CIFAR100",
    "EACH",
    "nothing",
    "write_cifar",
    "write_imagenet16",
    "write_python2",
    "write_tree",
]
