"""What a study is: variants x seeds, and the ground truth that their scores are compared with."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.store import result as result_file
from analysis.store.scored import ScoredSet
from studies.model.variant import Variant
from supernet.data import DEFAULT_ROOT
from supernet.spaces import Space

MILESTONES = (25, 50, 75)  # percent of a training's epochs; the end has the scores of record
LOG_LAYOUT = (
    2  # raised when a log's tags change their names: a study then has all of its runs' logs anew, alike
)
SHARE = 0.05  # of the training's passes: what all milestones together may take


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """How a study looks at its runs; no part of what a run is.

    study: the study's folder. truth, checksum: the ground-truth table; column of it. scored, top: the study's score
    sets. milestones: percent of the epochs after which a small fixed part of these sets is scored. share: of the
    training's passes through the network, what all milestones together may take.
    """

    study: Path
    truth: Path
    checksum: str
    column: str
    scored: ScoredSet
    top: tuple[int, ...]
    milestones: tuple[int, ...] = MILESTONES
    share: float = SHARE

    def __post_init__(self) -> None:
        if not (math.isfinite(self.share) and self.share > 0):
            raise ValueError(f"milestone_share: {self.share!r} is not a number above 0")
        for percent in self.milestones:
            if isinstance(percent, bool) or not isinstance(percent, int) or not 1 <= percent <= 99:
                raise ValueError(
                    f"milestones: {percent!r} is not an integer from 1 to 99, percent of the epochs"
                )

    @property
    def key(self) -> str:
        """Eight hex digits of all that a log's correlations and tags depend on: studies that compare alike share a
        log."""
        what = [LOG_LAYOUT, self.checksum, self.column, asdict(self.scored), list(self.top)]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Run:
    """One variant with one seed, and the folder that holds what comes of it.

    data_root: the folder of all images, which is no part of what the run is; neither is tracking: how TensorBoard
    sees it, None for not at all.
    """

    variant: Variant
    seed: int
    folder: Path
    data_root: Path = DEFAULT_ROOT
    tracking: Tracking | None = None

    @property
    def name(self) -> str:
        return f"{self.variant.space} {self.variant.name} seed {self.seed}"

    @property
    def parent(self) -> Run | None:
        """The run that this one starts from."""
        return None if self.variant.parent is None else self.other(self.variant.parent, self.seed)

    @property
    def rests_on(self) -> tuple[Run, ...]:
        """The runs that must have ended before this one begins: its parent and its members'."""
        return tuple(self.other(variant, seed) for variant, seed in self.variant.rests_on(self.seed))

    def other(self, variant: Variant, seed: int) -> Run:
        """A run beside this one."""
        return Run(variant, seed, self.folder.parent / variant.run_id(seed), self.data_root)

    @property
    def run_id(self) -> str:
        """What the run's files say that they are of."""
        return self.variant.run_id(self.seed)

    def result(self) -> dict[str, Any] | None:
        """What `result.json` says; None while there is none. ValueError if it is damaged."""
        try:
            return result_file.read(self.folder, self.run_id)
        except ValueError as error:
            raise ValueError(f"result: {error}; delete it") from error


@dataclass(frozen=True)
class Truth:
    """The ground truth of one space: table (a Parquet file or an embedded table's name) and column."""

    table: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Study:
    """A question: variants x seeds.

    Args:
        truth: ground truth, by space.
        top: the N of the true top-N sets.
        note: what the data are, printed wherever results are.
        scored_otherwise: what its runs may hold where `scored` was changed for a command.
        chosen: those of the variants that are asked for, of a part; the others are there for the seeds that these rest
            on. None: all.
    """

    name: str
    title: str
    question: str
    note: str
    variants: tuple[Variant, ...]
    truth: dict[str, Truth]
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    top: tuple[int, ...] = (10, 25, 50, 150, 250, 500)
    scored: ScoredSet = field(default_factory=ScoredSet)
    scored_otherwise: tuple[ScoredSet, ...] = ()
    chosen: tuple[Variant, ...] | None = None

    def __post_init__(self) -> None:
        names = Counter((variant.space, variant.name) for variant in self.variants)
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            raise ValueError(f"variants: {' '.join(twice[0])} occurs twice")
        seen: dict[str, str] = {}
        for variant in self.variants:
            first = seen.setdefault(variant.run_id(0), variant.name)
            if first != variant.name:
                raise ValueError(f"variants: {first} and {variant.name} are the same training; make them one")
        beyond = [n for n in self.top if self.scored.top is not None and n > self.scored.top]
        if beyond:
            raise ValueError(f"top: {beyond[0]} is more than the true top-{self.scored.top} that is scored")
        without = sorted({variant.space for variant in self.variants} - set(self.truth))
        if without:
            raise ValueError(f"truth: none given for {without[0]}")
        self._check_rests_on()
        self._check_parts()

    def _check_rests_on(self) -> None:
        known = {variant.run_id(0) for variant in self.variants}
        for variant in self.variants:
            for other, _ in variant.rests_on(0):
                if other.run_id(0) not in known:
                    what = "parent" if other == variant.parent else "members"
                    raise ValueError(f"{what}: {other.name!r} of {variant.name!r} is no variant of the study")

    def _check_parts(self) -> None:
        names = {(variant.space, variant.name) for variant in self.variants}
        groups: dict[tuple[str, str], list[Variant]] = {}
        for variant in self.variants:
            if variant.part_of is not None:
                groups.setdefault((variant.space, variant.part_of), []).append(variant)
        for (space, name), parts in groups.items():
            if (space, name) in names:
                raise ValueError(f"part_of: {name!r} is the name of a variant as well")
            check_parts(name, parts)

    def runs(self, root: Path, data_root: Path = DEFAULT_ROOT) -> Iterator[Run]:
        """Every run of the grid, seeds outermost: an interrupted study has whole seeds. What others rest on comes
        first, also with seeds that are not the study's. A variant that depends on no seed has one run."""
        variants, folder = sorted(self.variants, key=lambda variant: variant.generation), root / "trainings"
        own = {variant.run_id(0): variant for variant in variants}  # under the study's own names
        done: set[str] = set()

        def with_needed(variant: Variant, seed: int) -> Iterator[Run]:
            run_id = variant.run_id(seed)
            if run_id in done:
                return
            done.add(run_id)
            for other, of in variant.rests_on(seed):
                yield from with_needed(own.get(other.run_id(0), other), of)
            yield Run(variant, seed, folder / run_id, data_root)

        asked = own if self.chosen is None else {variant.run_id(0) for variant in self.chosen}
        for seed in self.seeds:
            for variant in (variant for variant in variants if variant.run_id(0) in asked):
                yield from with_needed(variant, variant.seed_of(seed))

    def only(self, names: list[str] | None, seeds: list[int] | None) -> Study:
        """The part of the grid with these variant names (or 'space/name') and seeds; None keeps all. A name that parts
        share stands for them all; what a variant rests on comes with it, for the seeds that it rests on."""
        if names is None and seeds is None:
            return self
        variants, asked = self.variants, self.chosen
        if names is not None:
            called = {v: {v.name, v.part_of or v.name} for v in variants}
            known = {full for v, short in called.items() for s in short for full in (s, f"{v.space}/{s}")}
            for name in names:
                if name not in known:
                    raise ValueError(f"--only: {name!r} is not one of {', '.join(sorted(known))}")
            chosen = [v for v, s in called.items() if s & {n.removeprefix(f"{v.space}/") for n in names}]
            variants, asked = with_needed(variants, chosen), tuple(chosen)
        for seed in seeds or ():
            if seed not in self.seeds:
                raise ValueError(f"--seeds: {seed} is not one of {', '.join(map(str, self.seeds))}")
        wanted = self.seeds if seeds is None else tuple(seeds)
        return replace(self, variants=variants, seeds=wanted, chosen=asked)


def generations(runs: Iterable[Run]) -> list[list[Run]]:
    """The runs in their order, those that others rest on before those others."""
    by_generation: dict[int, list[Run]] = {}
    for run in runs:
        by_generation.setdefault(run.variant.generation, []).append(run)
    return [by_generation[number] for number in sorted(by_generation)]


def with_needed(variants: Sequence[Variant], chosen: Sequence[Variant]) -> tuple[Variant, ...]:
    """Those of a study's variants that were chosen or that a chosen one rests on, directly or not."""
    wanted: set[str] = set()

    def want(variant: Variant) -> None:
        run_id = variant.run_id(0)
        if run_id not in wanted:
            wanted.add(run_id)
            for other, _ in variant.rests_on(0):
                want(other)

    for variant in chosen:
        want(variant)
    return tuple(variant for variant in variants if variant.run_id(0) in wanted)


def check_parts(name: str, parts: Sequence[Variant]) -> None:
    """ValueError for parts of one ranking that do not go together."""
    first = parts[0]
    assert first.parent is not None
    for other in parts[1:]:
        assert other.parent is not None
        if other.parent.run_id(0) != first.parent.run_id(0):
            raise ValueError(f"part_of: {first.name!r} and {other.name!r} of {name!r} have two parents")
        if other.measures != first.measures:
            raise ValueError(
                f"part_of: {first.name!r} and {other.name!r} of {name!r} differ in their measures"
            )
    spaces = tuple(part.masked_space for part in parts)
    number = _first_shared(first.parent.masked_space, spaces)
    if number is not None:
        raise ValueError(f"part_of: {parts[number].name!r} has architectures of another part of {name!r}")


@functools.cache
def _first_shared(whole: Space, parts: tuple[Space, ...]) -> int | None:
    """The number of a part that has an architecture of an earlier one; None if there is none."""
    for architecture in whole.enumerate():
        having = [number for number, part in enumerate(parts) if part.in_mask(architecture)]
        if len(having) > 1:
            return having[1]
    return None
