"""CIFAR-10 and CIFAR-100 in both official layouts, the Python pickles and the binary batches.

50,000 training and 10,000 test images, colour, 32x32. An existing folder is used as it is.
Source: A. Krizhevsky, "Learning multiple layers of features from tiny images" (2009), and its web page. MD5 of the
pickles: torchvision; SHA-1 of the binary files: MXNet's loaders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from supernet.data import published_splits
from supernet.data.checksums import verify
from supernet.data.config import FACTS
from supernet.data.dataset import Split
from supernet.data.download import fetch
from supernet.data.pixels import Pixels, gather
from supernet.data.source import Parts, Report, Source
from supernet.data.splits import Index
from supernet.files import pickles

PIXELS = 3 * 32 * 32
Batch = tuple[Pixels, Index]  # images (n, 3, 32, 32), labels (n,)


def read_binary(path: Path, label_bytes: int, side: int = 32) -> Batch:
    """A record: label bytes, the last of which is the (fine) label, then the red, green and blue plane, side x side."""
    raw = np.fromfile(path, np.uint8)
    length = label_bytes + 3 * side**2
    if len(raw) == 0 or len(raw) % length:
        raise ValueError(f"data: {path} has {len(raw)} bytes, expected a multiple of {length}")
    records = raw.reshape(-1, length)
    return records[:, label_bytes:].reshape(-1, 3, side, side), records[:, label_bytes - 1].astype(np.int64)


def read_pickle(path: Path, key: bytes) -> Batch:
    """A dictionary: b'data', uint8 (n, 3072), planes one after the other, and under `key` the labels."""
    try:
        with path.open("rb") as file:
            content = pickles.load(file, encoding="bytes")
    except ValueError as error:
        raise ValueError(f"data: {path}: {error}") from None
    try:
        pixels, labels = content[b"data"], np.array(content[key], np.int64)
        if pixels.dtype != np.uint8 or pixels.shape != (len(labels), PIXELS):
            raise ValueError(f"{pixels.dtype} {pixels.shape} for {len(labels)} labels")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"data: {path} does not hold uint8 images (n, {PIXELS}) and labels under {key!r} ({error})"
        ) from None
    return pixels.reshape(-1, 3, 32, 32), labels


@dataclass(frozen=True)
class Layout:
    """One official way to lay the images down. checksums: of the files of images, MD5 or SHA-1. url, md5: of the
    archive."""

    folder: str
    train: tuple[str, ...]
    test: str
    checksums: Mapping[str, str]
    url: str
    md5: str
    read: Callable[[Path], Batch]

    def batches(self, folder: Path, names: tuple[str, ...], classes: int) -> Iterator[Batch]:
        for name in names:
            images, labels = self.read(folder / name)
            if labels.min() < 0 or labels.max() >= classes:
                raise ValueError(
                    f"data: {folder / name} has labels {labels.min()}..{labels.max()}, expected 0..{classes - 1}"
                )
            yield images, labels

    def part(self, folder: Path, names: tuple[str, ...], classes: int, side: int) -> Split:
        """The images of these files, in order, `side` pixels a side."""
        return gather(self.batches(folder, names, classes), side)


@dataclass(frozen=True, kw_only=True)
class Cifar(Source):
    """layouts: the first that is there, with all files, is used; the first is also what is downloaded."""

    classes: int
    layouts: tuple[Layout, ...]

    def _found(self, root: Path) -> tuple[Layout, Path]:
        lacking = None
        for layout in self.layouts:
            folder = root / layout.folder
            absent = [name for name in layout.checksums if not (folder / name).is_file()]
            if not absent:
                return layout, folder
            if folder.is_dir():
                lacking = lacking or f"data: {folder} lacks the file {absent[0]}"
        if lacking:
            raise ValueError(lacking)
        raise self.missing(root, " or ".join(f"{layout.folder}/" for layout in self.layouts))

    def find(self, root: Path) -> Path:
        return self._found(root)[1]

    def check(self, root: Path) -> None:
        layout, folder = self._found(root)
        verify(folder, layout.checksums)

    def read(self, root: Path, side: int) -> Parts:
        self.check(root)
        layout, folder = self._found(root)
        train, test = (
            layout.part(folder, names, self.classes, side) for names in (layout.train, (layout.test,))
        )
        return Parts(train, test)

    def get(self, root: Path, report: Report) -> None:
        layout = self.layouts[0]
        if any((root / each.folder).exists() for each in self.layouts):
            try:
                return self.check(root)
            except ValueError as error:
                raise ValueError(f"{error}; delete its folder to download it again") from None
        try:
            return fetch(
                layout.url, layout.md5, root / layout.folder, lambda at: verify(at, layout.checksums)
            )
        except OSError as error:
            folders = " or ".join(f"{each.url} as {root / each.folder}" for each in self.layouts)
            raise ValueError(
                f"data: {layout.url} cannot be downloaded here ({error}); where there is internet, download and "
                f"unpack {folders}"
            ) from None


SITE = "https://www.cs.toronto.edu/~kriz/"
CIFAR10 = Cifar(
    **vars(FACTS["cifar10"]),
    benchmark=published_splits.CIFAR10,
    layouts=(
        Layout(
            folder="cifar-10-batches-py",
            train=tuple(f"data_batch_{number}" for number in range(1, 6)),
            test="test_batch",
            checksums={
                "data_batch_1": "c99cafc152244af753f735de768cd75f",
                "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
                "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
                "data_batch_4": "634d18415352ddfa80567beed471001a",
                "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
                "test_batch": "40351d587109b95175f43aff81a1287e",
            },
            url=f"{SITE}cifar-10-python.tar.gz",
            md5="c58f30108f718f92721af3b95e74349a",
            read=lambda path: read_pickle(path, b"labels"),
        ),
        Layout(
            folder="cifar-10-batches-bin",
            train=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
            test="test_batch.bin",
            checksums={
                "data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
                "data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
                "data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
                "data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
                "data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628",
                "test_batch.bin": "67eb016db431130d61cd03c7ad570b013799c88c",
            },
            url=f"{SITE}cifar-10-binary.tar.gz",
            md5="c32a1d4ab5d03f1284b67883e8d87530",
            read=lambda path: read_binary(path, label_bytes=1),
        ),
    ),
)
CIFAR100 = Cifar(
    **vars(FACTS["cifar100"]),
    benchmark=published_splits.CIFAR100,
    layouts=(
        Layout(
            folder="cifar-100-python",
            train=("train",),
            test="test",
            checksums={
                "train": "16019d7e3df5f24257cddd939b257f8d",
                "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
            },
            url=f"{SITE}cifar-100-python.tar.gz",
            md5="eb9058c3a382ffc7106e4002c42a8d85",
            read=lambda path: read_pickle(path, b"fine_labels"),
        ),
        Layout(
            folder="cifar-100-binary",
            train=("train.bin",),
            test="test.bin",
            checksums={
                "train.bin": "e207cd2e05b73b1393c74c7f5e7bea451d63e08e",
                "test.bin": "8fb6623e830365ff53cf14adec797474f5478006",
            },
            url=f"{SITE}cifar-100-binary.tar.gz",
            md5="03b5dce01913d631647c71ecec9e9cb8",
            read=lambda path: read_binary(path, label_bytes=2),
        ),
    ),
)
