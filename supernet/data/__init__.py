"""Data sets: images of published and own sources, in one form.

config: which images a run uses, and the facts of every data set; imports no torch. catalog: the sources by name, each
a file that finds, checks and reads its images. loading: the data set that a configuration asks for. dataset: its form.
"""

from __future__ import annotations

from supernet.data.config import DEFAULT_ROOT, DataConfig

__all__ = ["DEFAULT_ROOT", "DataConfig"]
