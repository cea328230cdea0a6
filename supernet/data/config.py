"""Which images a run uses, and what is known of each data set before any file is read. Imports no torch.

Reading the images is the business of a data set's `Source` (supernet/data/source.py, catalog.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_ROOT = Path("datasets")
FOLDER = "folder:"  # begins the name of a folder of images

# Metadata of a setting that came later: a configuration in which it has its default does not name it, so that runs are
# found again that were made before there was such a setting.
ABSENT_BY_DEFAULT = {"absent_by_default": True}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One data set. title: what it is, with its reference. classes, side (pixels, of square images): None where only
    the files tell. splits: the names of its splits, the default first. levels: pixels are in 0..levels - 1."""

    name: str
    title: str
    classes: int | None
    side: int | None
    splits: tuple[str, ...]
    channels: int = 3
    levels: int = 256


FACTS = {
    facts.name: facts
    for facts in (
        Facts(
            name="digits",
            title="scikit-learn's digits (Alpaydin & Kaynak, 1998)",
            classes=10,
            side=8,
            channels=1,
            levels=17,
            splits=("own",),
        ),
        Facts(
            name="cifar10",
            title="CIFAR-10 (Krizhevsky, 2009)",
            classes=10,
            side=32,
            splits=("study", "half", "benchmark"),
        ),
        Facts(
            name="cifar100",
            title="CIFAR-100 (Krizhevsky, 2009)",
            classes=100,
            side=32,
            splits=("study", "blox", "half", "benchmark"),
        ),
        Facts(
            name="imagenet16",
            title="ImageNet16-120 (Chrabaszcz et al., 2017; Dong & Yang, 2020)",
            classes=120,
            side=16,
            splits=("study", "half", "benchmark"),
        ),
        *(
            Facts(
                name=name,
                title=f"synthetic CIFAR-10 (Dey et al., 2021), {draws}",
                classes=10,
                side=side,
                splits=("study", "half"),
            )
            for name, side, draws in (
                ("synthetic", 32, "1,000,000 draws"),
                ("synthetic_small", 32, "100,000 draws"),
                ("synthetic4", 4, "1,000,000 draws of 4x4 pixels"),
            )
        ),
    )
}


def get_facts(name: str) -> Facts:
    """The facts of the data set of that name, or of the folder NAME for 'folder:NAME'.

    Raises:
        ValueError: for an unknown name, and for a NAME that is not the name of one folder.
    """
    if isinstance(name, str) and name.startswith(FOLDER):
        if not re.fullmatch(r"[\w-][\w.-]*", name.removeprefix(FOLDER)):
            raise ValueError(f"data: {name!r} does not name a folder: letters, digits, '_', '-' and '.' only")
        return Facts(name=name, title="a folder of images", classes=None, side=None, splits=("own",))
    if name not in FACTS:
        raise ValueError(f"data: {name!r} is not one of {', '.join(FACTS)}, {FOLDER}NAME")
    return FACTS[name]


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which images train, validate and test.

    `split` and `image_size` are filled in, so that two ways to say the same are equal.

    Args:
        name: of a data set, see `python -m studies data list`.
        split: which images train and which validate; None for the data set's default.
        subset: number of training images, balanced over classes where possible, by a fixed rule, a smaller subset part
            of a larger one; None for all.
        valid_subset: the same of the validation images.
        image_size: pixels a side, a divisor of the images' own, each pixel the mean of a square of pixels; None for
            their own. For a folder of images it must be given and need not be a divisor.
    """

    name: str
    split: str | None = None
    subset: int | None = None
    image_size: int | None = None
    valid_subset: int | None = field(default=None, metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        facts = self.facts
        split = facts.splits[0] if self.split is None else self.split
        if split not in facts.splits:
            raise ValueError(
                f"split: {split!r} is not one of {', '.join(facts.splits)}, those of {self.name!r}"
            )
        object.__setattr__(self, "split", split)
        if self.image_size is None:
            if facts.side is None:
                raise ValueError(
                    f"image_size: must be given for {self.name!r}, whose images may have any size"
                )
            object.__setattr__(self, "image_size", facts.side)
        for name in ("subset", "valid_subset", "image_size"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise ValueError(f"{name}: {value!r} is not a positive integer")
        if facts.side is not None and facts.side % self.side:
            raise ValueError(
                f"image_size: {self.image_size} is not a divisor of {facts.side}, the side of "
                f"the images of {self.name!r}"
            )

    @property
    def facts(self) -> Facts:
        return get_facts(self.name)

    @property
    def side(self) -> int:
        """image_size, filled in."""
        assert self.image_size is not None
        return self.image_size
