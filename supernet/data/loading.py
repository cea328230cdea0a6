"""A data set as a configuration asks for it: read, split, made smaller; kept for the process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from supernet.data import splits
from supernet.data.catalog import get_source
from supernet.data.config import DEFAULT_ROOT, DataConfig
from supernet.data.dataset import DataSet, Split
from supernet.data.pixels import mean_and_std
from supernet.data.source import Parts, Source
from supernet.data.splits import Index

Where = tuple[str, Index | None]  # a part of the source, and positions in it; None: all of it


class Chosen(NamedTuple):
    """Where the images of each split are."""

    train: Where
    valid: Where
    test: Where


def choose(source: Source, split: str, parts: Parts, root: Path) -> Chosen:
    """Which images a split of a source consists of. ValueError if the split's own file is missing or wrong."""
    if split == "own":
        return Chosen(("train", None), ("valid", None), ("test", None))
    if split in ("study", "blox"):
        rule = splits.study if split == "study" else splits.blox
        train, valid = rule(parts.train.labels.numpy())
        return Chosen(("train", train), ("train", valid), ("test", None))
    halved: Split = getattr(parts, source.halves)
    if split == "benchmark":
        assert source.benchmark is not None
        one, two = source.benchmark.read(root, len(halved))
    else:
        one, two = splits.half(halved.labels.numpy())
    if source.halves == "train":
        return Chosen(("train", one), ("train", two), ("test", None))
    return Chosen(("train", None), ("test", one), ("test", two))


def assemble(config: DataConfig, parts: Parts, root: Path) -> DataSet:
    """The data set of the parts that were read at config.image_size."""
    source = get_source(config.name)
    assert config.split is not None
    chosen = choose(source, config.split, parts, root)
    train = take(parts, *_fewer(config, "subset", "training", chosen.train, parts))
    valid = take(parts, *_fewer(config, "valid_subset", "validation", chosen.valid, parts))
    test = take(parts, *chosen.test)
    classes = source.classes or int(parts.train.labels.max()) + 1
    return DataSet(
        config.name, classes, train, valid, test, *mean_and_std(train.images), levels=source.levels
    )


def _fewer(config: DataConfig, field: str, role: str, chosen: Where, parts: Parts) -> Where:
    """As many of the chosen images as `field` of the configuration says; all of them if it is None."""
    count, (name, index) = getattr(config, field), chosen
    if count is None:
        return chosen
    labels = getattr(parts, name).labels.numpy()
    index = np.arange(len(labels)) if index is None else index
    if count > len(index):
        raise ValueError(
            f"{field}: {count} is more than the {len(index)} {role} images of {config.name!r} under the "
            f"split {config.split!r}"
        )
    return name, index[splits.balanced(labels[index], count, field)]


def take(parts: Parts, name: str, index: Index | None) -> Split:
    """The images at these positions of a part, copied; the part itself if that is all of it."""
    whole: Split = getattr(parts, name)
    return whole if index is None else Split(*whole.batch(torch.from_numpy(index)))


@lru_cache(maxsize=2)
def load_data(config: DataConfig, root: Path = DEFAULT_ROOT) -> DataSet:
    """The data set, from its files below `root`; their checksums are verified. ValueError if they are not there, are
    not what they should be or do not have what `config` asks for."""
    return assemble(config, get_source(config.name).read(root, config.side), root)


def ready(config: DataConfig, root: Path) -> None:
    """ValueError if files that `load_data` needs are missing, which this tells without reading them."""
    source = get_source(config.name)
    source.find(root)
    if config.split == "benchmark" and source.benchmark is not None:
        source.benchmark.path(root)
