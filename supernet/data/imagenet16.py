"""ImageNet16-120: the first 120 classes of ImageNet at 16x16 pixels, as NAS-Bench-201 uses it.

The official batch files of ImageNet16 (all 1,000 classes) lie in a folder ImageNet16: ten pickles of training images
and one of validation images, which serve as test images. With 120 classes: 151,700 and 6,000.
Source: Chrabaszcz et al., "A downsampled variant of ImageNet as an alternative to the CIFAR datasets" (2017); Dong &
Yang, "NAS-Bench-201" (ICLR 2020), whose authors publish the MD5 of the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from supernet.data import published_splits
from supernet.data.checksums import verify
from supernet.data.config import FACTS
from supernet.data.dataset import Split
from supernet.data.pixels import Pixels, gather
from supernet.data.source import Parts, Report, Source
from supernet.data.splits import Index
from supernet.files import pickles

FOLDER = "ImageNet16"
TEST = "val_data"


def read_batch(path: Path, classes: int) -> tuple[Pixels, Index]:
    """Images (n, 3, 16, 16) of the first `classes` classes in a file, and their labels from 0 (n,).

    The file: a dictionary with 'data', uint8 (N, 768), planes one after the other, and 'labels' from 1 to 1,000.
    """
    try:
        with path.open("rb") as file:
            content = pickles.load(file, encoding="latin1")
    except ValueError as error:
        raise ValueError(f"data: {path}: {error}") from None
    try:
        pixels, labels = content["data"], np.array(content["labels"], np.int64) - 1
        if pixels.dtype != np.uint8 or pixels.shape != (len(labels), 768):
            raise ValueError(f"{pixels.dtype} {pixels.shape} for {len(labels)} labels")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"data: {path} does not hold uint8 images (n, 768) and labels ({error})") from None
    if len(labels) and not 0 <= labels.min() <= labels.max() < 1000:
        raise ValueError(f"data: {path} has labels {labels.min() + 1}..{labels.max() + 1}, expected 1..1000")
    kept = labels < classes
    return pixels[kept].reshape(-1, 3, 16, 16), labels[kept]


@dataclass(frozen=True, kw_only=True)
class ImageNet16(Source):
    """checksums: MD5 of the batch files, in order, the test file last."""

    classes: int
    checksums: Mapping[str, str]

    def find(self, root: Path) -> Path:
        folder = root / FOLDER
        if not folder.is_dir():
            raise self.missing(root, f"{FOLDER}/")
        absent = [name for name in self.checksums if not (folder / name).is_file()]
        if absent:
            raise ValueError(f"data: {folder} lacks the file {absent[0]}")
        return folder

    def check(self, root: Path) -> None:
        verify(self.find(root), self.checksums)

    def read(self, root: Path, side: int) -> Parts:
        self.check(root)
        folder = self.find(root)

        def part(names: list[str]) -> Split:
            return gather((read_batch(folder / name, self.classes) for name in names), side)

        return Parts(part([name for name in self.checksums if name != TEST]), part([TEST]))

    def get(self, root: Path, report: Report) -> None:
        try:
            self.check(root)
        except ValueError as error:
            raise ValueError(
                f"{error}. It cannot be downloaded without an account: put the batch files of ImageNet16 "
                f"(image-net.org, downsampled 16x16, or the folder that NAS-Bench-201's authors share) "
                f"into {root / FOLDER}"
            ) from None


IMAGENET16_120 = ImageNet16(
    **vars(FACTS["imagenet16"]),
    benchmark=published_splits.IMAGENET16_120,
    checksums={
        "train_data_batch_1": "27846dcaa50de8e21a7d1a35f30f0e91",
        "train_data_batch_2": "c7254a054e0e795c69120a5727050e3f",
        "train_data_batch_3": "4333d3df2e5ffb114b05d2ffc19b1e87",
        "train_data_batch_4": "1620cdf193304f4a92677b695d70d10f",
        "train_data_batch_5": "348b3c2fdbb3940c4e9e834affd3b18d",
        "train_data_batch_6": "6e765307c242a1b3d7d5ef9139b48945",
        "train_data_batch_7": "564926d8cbf8fc4818ba23d2faac7564",
        "train_data_batch_8": "f4755871f718ccb653440b9dd0ebac66",
        "train_data_batch_9": "bb6dd660c38c58552125b1a92f86b5d4",
        "train_data_batch_10": "8f03f34ac4b42271a294f91bf480f29b",
        TEST: "3410e3017fdaefba8d5073aaa65e4bd6",
    },
)
