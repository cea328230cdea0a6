"""Which images a run uses."""

from __future__ import annotations

from dataclasses import dataclass, field

from supernet.data.catalog import get_source
from supernet.data.source import Source

# Metadata of a setting that came later: a configuration in which it has its default does not name it, so that runs are
# found again that were made before there was such a setting.
ABSENT_BY_DEFAULT = {"absent_by_default": True}


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """name: of a data set, see `python -m studies data list`. split: which images train and which validate, None for
    the data set's default. subset: so many training images, as many of each class as of the others while it has them,
    by a fixed rule, a smaller subset part of a larger one; None for all. valid_subset: the same of the validation
    images. image_size: pixels a side, a divisor of the images' own, each pixel the mean of a square of pixels; None for
    their own. For a folder of images it must be given and need not be a divisor.

    split and image_size are filled in, so that two ways to say the same are equal.
    """

    name: str
    split: str | None = None
    subset: int | None = None
    image_size: int | None = None
    valid_subset: int | None = field(default=None, metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        source = self.source
        split = source.splits[0] if self.split is None else self.split
        if split not in source.splits:
            raise ValueError(
                f"split: {split!r} is not one of {', '.join(source.splits)}, those of {self.name!r}"
            )
        object.__setattr__(self, "split", split)
        if self.image_size is None:
            if source.side is None:
                raise ValueError(
                    f"image_size: must be given for {self.name!r}, whose images may have any size"
                )
            object.__setattr__(self, "image_size", source.side)
        for name in ("subset", "valid_subset", "image_size"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise ValueError(f"{name}: {value!r} is not a positive integer")
        if source.side is not None and source.side % self.side:
            raise ValueError(
                f"image_size: {self.image_size} is not a divisor of {source.side}, the side of "
                f"the images of {self.name!r}"
            )

    @property
    def source(self) -> Source:
        return get_source(self.name)

    @property
    def side(self) -> int:
        """image_size, filled in."""
        assert self.image_size is not None
        return self.image_size
