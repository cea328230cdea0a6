"""Data sets: images of published and own sources, in one form."""

from __future__ import annotations

from supernet.data.catalog import SOURCES, get_source
from supernet.data.config import DataConfig
from supernet.data.dataset import DataSet, Split, evaluation_set
from supernet.data.loading import DEFAULT_ROOT, load, ready

__all__ = [
    "DEFAULT_ROOT",
    "SOURCES",
    "DataConfig",
    "DataSet",
    "Split",
    "evaluation_set",
    "get_source",
    "load",
    "ready",
]
