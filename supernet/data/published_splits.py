"""The halves that NAS-Bench-201 was made with, read from the files that its authors publish.

They are not shipped here, and no rule gives them. The files are in the folder configs/nas-benchmark of the
repository D-X-Y/AutoDL-Projects; they belong into the folder `nasbench201-splits` beside the images. Each is JSON:
two names, each with ["int", [positions as text, ascending]].
Source: Dong & Yang, "NAS-Bench-201" (ICLR 2020), section 2.2; the first ten positions of every half are those that
the authors' own loader asserts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from supernet.data.splits import Index
from supernet.files import read_object

FOLDER = "nasbench201-splits"


@dataclass(frozen=True)
class PublishedSplit:
    """file: its name. halves: which images are split, 'train' (into train and valid) or 'test' (into valid and test).
    first: name of a half -> its first positions, by which the file is known."""

    file: str
    halves: str
    first: dict[str, tuple[int, ...]]

    def path(self, root: Path) -> Path:
        """ValueError if it is not there."""
        path = root / FOLDER / self.file
        if not path.is_file():
            raise ValueError(
                f"split: 'benchmark' needs {path}, which is not there; it is configs/nas-benchmark/{self.file} of "
                "the repository D-X-Y/AutoDL-Projects. The split 'half' needs no file, but has other halves"
            )
        return path

    def read(self, root: Path, count: int) -> tuple[Index, Index]:
        """The two halves of `count` positions. ValueError for a file that is missing, damaged or another."""
        path = self.path(root)
        try:
            content = read_object(path)
            halves = {
                name: np.array([int(text) for text in content[name][1]], np.int64) for name in self.first
            }
        except (ValueError, LookupError, TypeError, OverflowError) as error:
            raise ValueError(f"split: {path} cannot be read ({type(error).__name__}: {error})") from None
        for name, first in self.first.items():
            found = tuple(halves[name][: len(first)].tolist())
            if found != first:
                raise ValueError(f"split: {path} is another file: {name!r} begins {found}, expected {first}")
        one, two = halves.values()
        sizes = f"{len(one)} and {len(two)}"
        if abs(len(one) - len(two)) > 1 or not np.array_equal(
            np.sort(np.concatenate((one, two))), np.arange(count)
        ):
            raise ValueError(f"split: {path} does not halve {count} images: it has {sizes} positions")
        return one, two


CIFAR10 = PublishedSplit(
    "cifar-split.txt",
    "train",
    {"train": (0, 5, 7, 11, 13, 15, 16, 17, 20, 24), "valid": (1, 2, 3, 4, 6, 8, 9, 10, 12, 14)},
)
CIFAR100 = PublishedSplit(
    "cifar100-test-split.txt",
    "test",
    {"xvalid": (1, 3, 4, 5, 8, 10, 13, 14, 15, 16), "xtest": (0, 2, 6, 7, 9, 11, 12, 17, 20, 24)},
)
IMAGENET16_120 = PublishedSplit(
    "imagenet-16-120-test-split.txt",
    "test",
    {"xvalid": (1, 2, 3, 6, 7, 8, 9, 12, 16, 18), "xtest": (0, 4, 5, 10, 11, 13, 14, 15, 17, 20)},
)
