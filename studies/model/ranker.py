"""What ranks the architectures of a space, whatever way: the part that supernets and other estimators share.

A run is one ranker with one seed: its id is a hash of all that its scores depend on, so two studies that ask for the
same share it, and a changed setting is another run.
"""

from __future__ import annotations

import hashlib
import json
import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from supernet.data import DataConfig, DataSet
from supernet.spaces import Size, Space, get_space

if TYPE_CHECKING:
    from studies.model.variant import Variant


def plain(value: Any) -> Any:
    """A configuration as a dictionary, without later settings at their default (ABSENT_BY_DEFAULT); other values as
    they are."""
    if not is_dataclass(value) or isinstance(value, type):
        return value
    later = [f for f in fields(value) if f.metadata.get("absent_by_default")]
    absent = {f.name for f in later if getattr(value, f.name) == f.default}
    nested = {
        f.name: plain(getattr(value, f.name)) for f in fields(value) if is_dataclass(getattr(value, f.name))
    }
    return {name: content for name, content in (asdict(value) | nested).items() if name not in absent}


class Ranking(NamedTuple):
    """A ranking in its own right: by the first of `measures`, with the others beside it. vote_of: the measures of the
    same run whose vote it is, where it is no measure itself. apart: measures of the same run that only a figure of
    their own shows."""

    name: str
    measures: tuple[str, ...]
    vote_of: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ranker(ABC):
    """name: unique in a study. size: of the networks. evaluation_noise: Gaussian noise of the evaluation images, part
    of the task. evaluation_masks: masks under which it is judged as well, without being trained for them: it also
    scores what one trained without these (and without what `mask` names) does.
    parent: the variant whose trained weights, of the same seed, it starts from; None: from random ones. part_of: the
    name under which it is ranked together with others, each with its part of the parent's space (lineage.py).
    expected_seconds: of one run, one thread of a 2020s CPU core, for estimates before anything has run.
    """

    name: str
    space: str
    size: Size
    data: DataConfig
    mask: tuple[str, ...] = ()
    evaluation_noise: float = 0.0
    evaluation_batch: int = 512
    evaluation_masks: tuple[tuple[str, ...], ...] = ()
    parent: Variant | None = None
    part_of: str | None = None
    expected_seconds: float | None = None

    def __post_init__(self) -> None:
        source = self.data.source
        for name, found in (
            ("image_size", self.data.side),
            ("image_channels", source.channels),
            ("classes", source.classes),
        ):
            if found is not None and getattr(self.size, name) != found:
                raise ValueError(
                    f"size: {name} is {getattr(self.size, name)}, but {found} in the data {self.data.name!r}"
                )
        if type(self.evaluation_batch) is not int or self.evaluation_batch < 1:
            raise ValueError(f"evaluation_batch: {self.evaluation_batch!r} is not a positive integer")
        if not (isinstance(self.evaluation_noise, (int, float)) and 0 <= self.evaluation_noise < math.inf):
            raise ValueError(f"evaluation_noise: {self.evaluation_noise!r} is not a finite number from 0 up")
        object.__setattr__(self, "mask", self.masked_space.mask)

    @property
    @abstractmethod
    def kind(self) -> str:
        """What sort of ranker it is, as a study's file names it: 'one-shot', or the kind of the estimator."""

    # Of a run's time, what comes before the first score; for progress bars.
    preparing: ClassVar[float]

    @property
    @abstractmethod
    def measures(self) -> tuple[str, ...]:
        """The ways in which each architecture is scored, all by one run; the first is what the run's state and its
        TensorBoard log are about."""

    @property
    def needs_images(self) -> bool:
        """Whether a run of it reads `data`."""
        return True

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """What the study reports."""
        return (Ranking(self.name, self.measures),)

    @property
    def masked_space(self) -> Space:
        return get_space(self.space, self.mask)

    @property
    def evaluation_spaces(self) -> tuple[Space, ...]:
        """The subsets of the trained space that are scored as well."""
        return tuple(get_space(self.space, (*self.mask, *mask)) for mask in self.evaluation_masks)

    def check_classes(self, data: DataSet) -> None:
        """ValueError unless the networks have the data's classes, which only the data know for a folder of images."""
        if data.classes != self.size.classes:
            raise ValueError(
                f"size: classes is {self.size.classes}, but {data.classes} in the data {data.name!r}"
            )

    def trained_under(self, space: Space) -> Self:
        """The same, trained under another mask of its space."""
        return replace(self, mask=space.mask, evaluation_masks=())

    def config(self, seed: int) -> dict[str, Any]:
        """All that the scores depend on, as plain data."""
        inherited = {} if self.parent is None else {"parent": self.parent.config(seed)}
        return self._own_config | inherited | {"seed": seed}

    @cached_property
    def _own_config(self) -> dict[str, Any]:
        """What is the same for every seed: most of the time that a large grid takes, so once."""
        own = [f.name for f in fields(self) if f.name not in self.omitted()]
        return {name: plain(getattr(self, name)) for name in own}

    @classmethod
    def omitted(cls) -> set[str]:
        """Fields that change nothing of what a run computes, and the parent, whose own configuration counts."""
        return {"name", "evaluation_masks", "parent", "part_of", "expected_seconds"}

    def run_id(self, seed: int) -> str:
        """Twelve hex digits of the hash of the canonical JSON of `config(seed)`."""
        text = json.dumps(self.config(seed), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]
