"""The sources of images by name."""

from __future__ import annotations

from pathlib import Path

from supernet.data.cifar import CIFAR10, CIFAR100
from supernet.data.config import get_facts
from supernet.data.digits import DIGITS
from supernet.data.folder import Folder
from supernet.data.imagenet16 import IMAGENET16_120
from supernet.data.source import Source
from supernet.data.synthetic import SYNTHETIC, SYNTHETIC4, SYNTHETIC_SMALL

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (DIGITS, CIFAR10, CIFAR100, IMAGENET16_120, SYNTHETIC, SYNTHETIC_SMALL, SYNTHETIC4)
}


def get_source(name: str) -> Source:
    """The source of that name, or of the folder NAME for 'folder:NAME'. ValueError for an unknown one."""
    return SOURCES[name] if name in SOURCES else Folder(**vars(get_facts(name)))


def count_classes(name: str, root: Path) -> int:
    """The classes of a data set; of a folder of images, which only its files tell, counted below `root`."""
    source = get_source(name)
    return source.count_classes(root) if isinstance(source, Folder) else int(source.classes or 0)
