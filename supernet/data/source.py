"""What a source of images is: where its files are, how they are checked, read and got."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from supernet.data.config import Facts
from supernet.data.dataset import Split
from supernet.data.published_splits import PublishedSplit

Report = Callable[[int, int], None]  # done, of how many


class Parts(NamedTuple):
    """The images as the source gives them; valid is None where it has no such part."""

    train: Split
    test: Split
    valid: Split | None = None


@dataclass(frozen=True, kw_only=True)
class Source(Facts, ABC):
    """One data set on disk. benchmark: NAS-Bench-201's own halves, and so also what the split 'half' halves."""

    benchmark: PublishedSplit | None = None

    @abstractmethod
    def find(self, root: Path) -> Path:
        """The folder or file that holds the images. ValueError, saying where it was looked for and how to get them,
        if they are not there or not all."""

    @abstractmethod
    def check(self, root: Path) -> None:
        """ValueError for the first file that is not what it should be."""

    @abstractmethod
    def read(self, root: Path, side: int) -> Parts:
        """All images, with `side` pixels a side. Files are checked before any is converted."""

    @abstractmethod
    def get(self, root: Path, report: Report) -> None:
        """Bring the files to where `find` looks. ValueError, saying what to do by hand, if that cannot be done."""

    @property
    def halves(self) -> str:
        """Which images the split 'half' halves: 'train' or 'test'."""
        return self.benchmark.halves if self.benchmark else "train"

    def missing(self, root: Path, looked_for: str) -> ValueError:
        """The error of a data set that is not there."""
        return ValueError(
            f"data: {self.name!r} is not in {root} (looked for {looked_for}); get it with "
            f"`python -m studies data get {self.name} --root {root}`, or name its folder by --data-root"
        )
