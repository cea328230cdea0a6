"""What a study is: variants x seeds, and the ground truth that their scores are compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.store import result as result_file
from analysis.store.scored import ScoredSet
from studies.model import lineage
from studies.model.ranker import Ranker
from studies.tracking.settings import Tracking
from supernet.data import DEFAULT_ROOT


@dataclass(frozen=True)
class Run:
    """One variant with one seed, and the folder that holds what comes of it.

    data_root: the folder of all images, which is no part of what the run is; neither is tracking: how TensorBoard
    sees it, None for not at all.
    """

    variant: Ranker
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
        variant = self.variant.parent
        if variant is None:
            return None
        return Run(variant, self.seed, self.folder.parent / variant.run_id(self.seed), self.data_root)

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
    """A question: variants x seeds. truth: by space. top: the N of the true top-N sets. note: what the data are,
    printed wherever results are. scored_otherwise: what its runs may hold where `scored` was changed for a command."""

    name: str
    title: str
    question: str
    note: str
    variants: tuple[Ranker, ...]
    truth: dict[str, Truth]
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    top: tuple[int, ...] = (10, 25, 50, 150, 250, 500)
    scored: ScoredSet = field(default_factory=ScoredSet)
    scored_otherwise: tuple[ScoredSet, ...] = ()

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
        lineage.check_study(self.variants)

    def runs(self, root: Path, data_root: Path = DEFAULT_ROOT) -> Iterator[Run]:
        """Every run of the grid, seeds outermost: an interrupted study has whole seeds. Parents come first."""
        variants, folder = sorted(self.variants, key=lineage.generation), root / "trainings"
        for seed in self.seeds:
            for variant in variants:
                yield Run(variant, seed, folder / variant.run_id(seed), data_root)

    def only(self, names: list[str] | None, seeds: list[int] | None) -> Study:
        """The part of the grid with these variant names (or 'space/name') and seeds; None keeps all. A name that parts
        share stands for them all; what a variant starts from comes with it."""
        if names is None and seeds is None:
            return self
        variants = self.variants
        if names is not None:
            called = {v: {v.name, v.part_of or v.name} for v in variants}
            known = {name for v, own in called.items() for o in own for name in (o, f"{v.space}/{o}")}
            for name in names:
                if name not in known:
                    raise ValueError(f"--only: {name!r} is not one of {', '.join(sorted(known))}")
            chosen = [v for v, own in called.items() if own & {n.removeprefix(f"{v.space}/") for n in names}]
            variants = lineage.with_parents(variants, chosen)
        for seed in seeds or ():
            if seed not in self.seeds:
                raise ValueError(f"--seeds: {seed} is not one of {', '.join(map(str, self.seeds))}")
        return replace(self, variants=variants, seeds=self.seeds if seeds is None else tuple(seeds))
