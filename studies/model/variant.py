"""A study's entry: what is to be ranked and how, a task and an estimator.

A run is one variant with one seed: its id is a hash of all that its scores depend on, so two studies that ask for the
same share it, and a changed setting is another run.

A variant with a `parent` starts from the weights with which the parent's training with the same seed ended. Variants
with one `part_of` are parts of one ranking: each scores the architectures of the parent's space that its own mask
allows. A variant with `members`, a combination or a predictor, ranks by what these say. A variant rests on its parent
and on its members: their runs come first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from studies.configuration import plain_data, short_hash
from studies.estimators import Estimator
from studies.estimators.estimator import Ranking
from studies.model.member import Member
from supernet.data import DataConfig
from supernet.spaces import Size, Space, get_space

# Fields that change nothing of what a run computes, and those whose own configuration counts.
_NOT_PLAIN = {"name", "evaluation_masks", "parent", "members", "part_of", "expected_seconds", "estimator"}
ONLY_SEED = 0  # of the one run of a variant that depends on no seed


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A task (space, mask, size, images and how they evaluate) and the estimator that ranks its architectures.

    Args:
        name: unique in a study.
        size: of the networks.
        evaluation_noise: Gaussian noise of the evaluation images, in standard deviations of the data.
        evaluation_masks: masked subspaces on which the trained supernet is also evaluated.
        parent: the variant, a supernet, whose trained weights it starts from; None: from random ones.
        members: what it ranks by, other entries of the study.
        part_of: the name under which it is ranked together with others.
        expected_seconds: of one run, one thread of a 2020s CPU core, for estimates before anything has run.
    """

    name: str
    space: str
    size: Size
    data: DataConfig
    estimator: Estimator
    mask: tuple[str, ...] = ()
    evaluation_noise: float = 0.0
    evaluation_batch: int = 512
    evaluation_masks: tuple[tuple[str, ...], ...] = ()
    parent: Variant | None = None
    members: tuple[Member, ...] = ()
    part_of: str | None = None
    expected_seconds: float | None = None

    def __post_init__(self) -> None:
        facts = self.data.facts
        for name, of_data in (
            ("image_size", self.data.side),
            ("image_channels", facts.channels),
            ("classes", facts.classes),
        ):
            if of_data is not None and getattr(self.size, name) != of_data:
                raise ValueError(
                    f"size: {name} is {getattr(self.size, name)}, but {of_data} in the data {self.data.name!r}"
                )
        if type(self.evaluation_batch) is not int or self.evaluation_batch < 1:
            raise ValueError(f"evaluation_batch: {self.evaluation_batch!r} is not a positive integer")
        if not (isinstance(self.evaluation_noise, (int, float)) and 0 <= self.evaluation_noise < math.inf):
            raise ValueError(f"evaluation_noise: {self.evaluation_noise!r} is not a finite number from 0 up")
        object.__setattr__(self, "mask", self.masked_space.mask)
        self.masked_space.check_size(self.size)
        self.estimator.check(self.masked_space)
        if self.estimator.trains_supernet:
            self._check_part()
            self._check_evaluation_masks()
        else:
            self._check_no_supernet()
        self._check_parent()
        self._check_members()

    def changed(self, **settings: Any) -> Variant:
        """The same with other settings, its own or the estimator's: `changed(name="uniform", sampling=UNIFORM)`.

        Raises:
            ValueError: for settings that do not go together.
            TypeError: for a setting that neither has.
        """
        names = {item.name for item in fields(self)}
        of_estimator = {name: value for name, value in settings.items() if name not in names}
        own = {name: value for name, value in settings.items() if name in names}
        if of_estimator:
            own["estimator"] = replace(own.get("estimator", self.estimator), **of_estimator)
        return replace(self, **own)

    @property
    def kind(self) -> str:
        """That of the estimator, as a study's file names it; another where it starts from a supernet, whose training is
        a cost beside its own."""
        kind = self.estimator.kind
        return kind if self.parent is None or self.estimator.trains_supernet else f"{kind}-from-supernet"

    @property
    def measures(self) -> tuple[str, ...]:
        return self.estimator.measures

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """What the study reports."""
        return self.estimator.rankings(self.name)

    @property
    def masked_space(self) -> Space:
        return get_space(self.space, self.mask)

    @property
    def whole_space(self) -> Space:
        """The space whose true top-N and sample the ranking is about."""
        if self.part_of is None:
            return self.masked_space
        assert self.parent is not None
        return self.parent.masked_space

    @property
    def evaluation_spaces(self) -> tuple[Space, ...]:
        """The subsets of the trained space that are scored as well."""
        return tuple(get_space(self.space, (*self.mask, *mask)) for mask in self.evaluation_masks)

    def rests_on(self, seed: int) -> tuple[tuple[Variant, int], ...]:
        """The runs, each a variant and a seed, that its run with this seed needs: its parent's and its members'."""
        needed = [] if self.parent is None else [(self.parent, seed)]
        needed += [(one.variant, of) for one in self.members for of in one.seeds_of(seed)]
        return tuple(dict.fromkeys(needed))

    @property
    def generation(self) -> int:
        """0 for a variant that rests on no other, else one more than the last of those that it rests on."""
        return max((1 + variant.generation for variant, _ in self.rests_on(ONLY_SEED)), default=0)

    @property
    def depends_on_seed(self) -> bool:
        """Whether its runs with different seeds are different. A combination of what depends on none, a mean over seeds
        for one, is one ranking, and not as many as there are seeds."""
        return self.estimator.draws or any(one.depends_on_seed for one in self.members)

    def seed_of(self, seed: int) -> int:
        """The seed of its run, where one with this seed is asked for."""
        return seed if self.depends_on_seed else ONLY_SEED

    def trained_under(self, space: Space) -> Variant:
        """The same, trained under another mask of its space."""
        return replace(self, mask=space.mask, evaluation_masks=())

    def config(self, seed: int) -> dict[str, Any]:
        """All that the scores depend on, as plain data."""
        inherited: dict[str, Any] = {} if self.parent is None else {"parent": self.parent.config(seed)}
        if self.members:
            inherited["members"] = [one.config(seed) for one in self.members]
        return self._config | inherited | {"seed": seed}

    @cached_property
    def _config(self) -> dict[str, Any]:
        """What is the same for every seed: most of the time that a large grid takes, so once."""
        names = [item.name for item in fields(self) if item.name not in _NOT_PLAIN]
        return {name: plain_data(getattr(self, name)) for name in names} | self.estimator.run_config()

    def run_id(self, seed: int) -> str:
        """Twelve hex digits of the hash of `config(seed)`."""
        return short_hash(self.config(seed))

    def _check_no_supernet(self) -> None:
        kind = self.estimator.kind
        for name in ("evaluation_masks", "part_of"):
            if value := getattr(self, name):
                raise ValueError(f"{name}: {value!r} is for supernets, not for {kind!r}")
        needed = self.estimator.starts_from_supernet
        if needed != (self.parent is not None):
            lack = "needs a supernet to start from" if needed else "does not start from a supernet"
            raise ValueError(f"parent: {self.name!r} ({kind}) {lack}")

    def _check_part(self) -> None:
        if self.part_of is None:
            return
        if self.parent is None:
            raise ValueError(f"part_of: {self.part_of!r} needs a parent, whose space is the whole")
        if self.evaluation_masks:
            raise ValueError(
                f"evaluation_masks: {self.evaluation_masks!r} are not for a part of {self.part_of!r}"
            )

    def _check_evaluation_masks(self) -> None:
        spaces = self.evaluation_spaces
        for mask, space in zip(self.evaluation_masks, spaces, strict=True):
            if space == self.masked_space:
                raise ValueError(
                    f"evaluation_masks: {mask!r} leaves out nothing that the training's mask {self.mask!r} does not"
                )
        if len(set(spaces)) < len(spaces):
            raise ValueError(f"evaluation_masks: {self.evaluation_masks!r} has the same subset twice")

    def _check_parent(self) -> None:
        """ValueError unless the parent is a supernet of the same make whose space holds all of this one."""
        parent = self.parent
        if parent is None:
            return
        if not parent.estimator.trains_supernet:
            raise ValueError(f"parent: {parent.name!r} ({parent.estimator.kind}) is no supernet")
        make = {"space": (self.space, parent.space), "size": (self.size, parent.size)}
        for name, value in self.estimator.network_options.items():
            make[name] = value, parent.estimator.network_options[name]
        for name, (own, theirs) in make.items():
            if own != theirs:
                raise ValueError(f"parent: {name} of {parent.name!r} is {theirs!r}, not {own!r}")
        if not self.masked_space.within(parent.masked_space):
            raise ValueError(
                f"parent: {parent.name!r} is without {', '.join(parent.mask)}, of which {self.name!r} allows some"
            )

    def _check_members(self) -> None:
        """ValueError unless the estimator can do with the members, and each of them ranks the variant's whole space."""
        self.estimator.check_members(len(self.members))
        for one in self.members:
            other = one.variant
            if other.space != self.space:
                raise ValueError(f"members: {other.name!r} is of {other.space}, not of {self.space}")
            if other.part_of is not None:
                raise ValueError(
                    f"members: {other.name!r} is a part of {other.part_of!r}, no ranking of its own"
                )
            if not self.masked_space.within(other.masked_space):
                raise ValueError(
                    f"members: {other.name!r} is without {', '.join(other.mask)}, of which {self.name!r} allows some"
                )
