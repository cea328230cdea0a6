"""The sources of images by name."""

from __future__ import annotations

from supernet.data import folder
from supernet.data.cifar import CIFAR10, CIFAR100
from supernet.data.digits import DIGITS
from supernet.data.imagenet16 import IMAGENET16_120
from supernet.data.source import Source
from supernet.data.synthetic import SYNTHETIC, SYNTHETIC4, SYNTHETIC_SMALL

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (DIGITS, CIFAR10, CIFAR100, IMAGENET16_120, SYNTHETIC, SYNTHETIC_SMALL, SYNTHETIC4)
}


def get_source(name: str) -> Source:
    """The source of that name, or of the folder NAME for 'folder:NAME'. ValueError for an unknown one."""
    if isinstance(name, str) and name.startswith(folder.PREFIX):
        return folder.folder(name)
    if name not in SOURCES:
        raise ValueError(f"data: {name!r} is not one of {', '.join(SOURCES)}, {folder.PREFIX}NAME")
    return SOURCES[name]
