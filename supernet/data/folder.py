"""Any folder of images in the ImageFolder layout: a folder a class, with images of any size in it.

Either ROOT/NAME/train/CLASS/*.png, with valid/ and test/ beside train/ or not, or one tree ROOT/NAME/CLASS/*.png.
What is missing of valid and test is a tenth of the training images each, of each class alike, by a fixed rule. Classes
are numbered in the order of their names. An image becomes RGB, is cut to the square in its middle and brought to the
size asked for by averaging areas (by Pillow's box filter where its side is no multiple of that).
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import torch

from supernet.data.config import FOLDER
from supernet.data.dataset import Split
from supernet.data.pixels import Pixels, shrink
from supernet.data.source import Parts, Report, Source
from supernet.data.splits import Index, proportional, rest

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
LARGEST = 50_000_000  # pixels of an image; a small file can claim as many as it likes
PARTS = ("train", "valid", "test")


def read_image(path: Path, side: int) -> Pixels:
    """uint8 (3, side, side). ValueError if it is smaller, has more than LARGEST pixels, or is no image."""
    from PIL import Image

    raw = path.read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(raw))  # reads the size, not the pixels
        width, height = image.size
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ValueError(f"data: {path}: {error}") from None
    except Exception as error:  # damaged bytes make its readers fail in many ways
        raise ValueError(f"data: {path} cannot be read as an image ({error})") from None
    if width * height > LARGEST:
        raise ValueError(f"data: {path} has {width}x{height} pixels; an image may have {LARGEST:,}")
    square = min(width, height)
    if square < side:
        raise ValueError(f"image_size: {side} is more than {path} has ({width}x{height} pixels)")
    try:
        with image:
            left, top = (width - square) // 2, (height - square) // 2
            middle = image.convert("RGB").crop((left, top, left + square, top + square))
            if square % side:
                middle = middle.resize((side, side), Image.Resampling.BOX)
    except Exception as error:
        raise ValueError(f"data: {path} cannot be read as an image ({error})") from None
    return shrink(np.asarray(middle).transpose(2, 0, 1)[None], side)[0]


def classes_in(tree: Path) -> dict[str, list[Path]]:
    """Class -> its images, both in order of name. ValueError if there is no class, or one without images."""
    found = {}
    for folder in sorted(path for path in tree.iterdir() if path.is_dir() and not path.name.startswith(".")):
        found[folder.name] = sorted(
            p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()
        )
        if not found[folder.name]:
            raise ValueError(f"data: {folder} holds no image ({', '.join(SUFFIXES)})")
    if not found:
        raise ValueError(f"data: {tree} holds no folder of a class")
    return found


class Folder(Source):
    """`folder:NAME`, the folder NAME of the data root."""

    def find(self, root: Path) -> Path:
        folder = root / self.name.removeprefix(FOLDER)
        if not folder.is_dir():
            raise ValueError(
                f"data: {self.name!r} is not in {root} (looked for {folder.name}/); put a folder of images there, one "
                "folder a class, or name its folder by --data-root"
            )
        return folder

    def _trees(self, root: Path) -> dict[str, dict[str, list[Path]]]:
        """Part -> class -> images."""
        folder = self.find(root)
        if not (folder / "train").is_dir():
            return {"train": classes_in(folder)}
        trees = {part: classes_in(folder / part) for part in PARTS if (folder / part).is_dir()}
        for part, classes in trees.items():
            strange = sorted(set(classes) - set(trees["train"]))
            if strange:
                raise ValueError(f"data: {folder / part} has the class {strange[0]!r}, which train has not")
        return trees

    def count_classes(self, root: Path) -> int:
        """How many folders of classes there are."""
        return len(self._trees(root)["train"])

    def check(self, root: Path) -> None:
        self.read(root, 1)

    def read(self, root: Path, side: int) -> Parts:
        trees = self._trees(root)
        numbers = {name: number for number, name in enumerate(trees["train"])}
        found = {}
        for part, classes in trees.items():
            files = [(path, numbers[name]) for name, paths in classes.items() for path in paths]
            images = torch.empty(len(files), side, side, 3, dtype=torch.uint8)
            for image, (path, _) in zip(images, files, strict=True):
                image.copy_(torch.from_numpy(read_image(path, side).transpose(1, 2, 0).copy()))
            labels = torch.tensor([number for _, number in files])
            found[part] = Split(images.permute(0, 3, 1, 2), labels)
        for part in ("valid", "test"):
            if part not in found:
                found["train"], found[part] = take_tenth(found["train"], part)
        return Parts(found["train"], found["test"], found["valid"])

    def get(self, root: Path, report: Report) -> None:
        self.find(root)


def take_tenth(split: Split, key: str) -> tuple[Split, Split]:
    """The rest and a tenth of the images, of each class alike."""
    labels: Index = split.labels.numpy()
    taken = proportional(labels, max(1, len(labels) // 10), key)
    one, other = (Split(*split.batch(torch.from_numpy(i))) for i in (rest(len(labels), taken), taken))
    return one, other
