"""What a study is: variants x seeds, and the ground truth that their scores are compared with.

A run is one training: its id is a hash of all that the training depends on, so two studies that ask for the same
training share it, and a changed setting is another run.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis.scored import ScoredSet
from studies import lineage
from studies.tracking.settings import Tracking
from supernet.data import DEFAULT_ROOT, DataConfig
from supernet.sampling import SamplingConfig
from supernet.scoring import BnMode
from supernet.spaces import Size, Space, get_space
from supernet.training import TrainingConfig


def _plain(value: Any) -> Any:
    """A configuration as a dictionary; other values as they are."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to train a supernet; `training`, `sampling` and the rest are explained where they are defined.

    name: unique in a study. bn_modes: how BN normalises while scoring, all from one checkpoint; the first is
    what the study reports. evaluation_noise: Gaussian noise of the evaluation images, part of the task.
    evaluation_masks: masks under which the trained supernet is judged as well, without being trained for them: it also
    scores what a supernet trained without these (and without what `mask` names) does.
    parent: the variant whose trained weights, of the same seed, it starts from; None: from random ones. part_of: the
    name under which it is ranked together with others, each with its part of the parent's space (studies/lineage.py).
    expected_seconds: of one run, one thread of a 2020s CPU core, for estimates before anything has run.
    """

    name: str
    space: str
    size: Size
    training: TrainingConfig
    data: DataConfig
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    mask: tuple[str, ...] = ()
    linear_transformers: str = "none"
    node_reduction: str = "sum"
    affine: bool = False
    evaluation_noise: float = 0.0
    evaluation_batch: int = 512
    bn_modes: tuple[str, ...] = ("batch",)
    evaluation_masks: tuple[tuple[str, ...], ...] = ()
    parent: Variant | None = None
    part_of: str | None = None
    expected_seconds: float | None = None

    def __post_init__(self) -> None:
        if not self.bn_modes:
            raise ValueError("bn_modes: at least one is needed")
        for mode in self.bn_modes:
            BnMode(mode)
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
        object.__setattr__(self, "mask", self.masked_space.mask)
        if self.sampling.kind == "fair":
            _ = self.masked_space.fair_group_size  # refuses a mask that strict fairness is not defined for
        lineage.check_variant(self)
        self._check_evaluation_masks()

    def _check_evaluation_masks(self) -> None:
        spaces = self.evaluation_spaces
        for mask, space in zip(self.evaluation_masks, spaces, strict=True):
            if space == self.masked_space:
                raise ValueError(
                    f"evaluation_masks: {mask!r} leaves out nothing that the training's mask {self.mask!r} does not"
                )
        if len(set(spaces)) < len(spaces):
            raise ValueError(f"evaluation_masks: {self.evaluation_masks!r} has the same subset twice")

    @property
    def masked_space(self) -> Space:
        return get_space(self.space, self.mask)

    @property
    def evaluation_spaces(self) -> tuple[Space, ...]:
        """The subsets of the trained space that are scored as well."""
        return tuple(get_space(self.space, (*self.mask, *mask)) for mask in self.evaluation_masks)

    def trained_under(self, space: Space) -> Variant:
        """The same variant, trained under another mask of its space."""
        return replace(self, mask=space.mask, evaluation_masks=())

    def config(self, seed: int) -> dict[str, Any]:
        """All that training and evaluation images depend on, as plain data."""
        inherited = {} if self.parent is None else {"parent": self.parent.config(seed)}
        return self._own_config | inherited | {"seed": seed}

    @cached_property
    def _own_config(self) -> dict[str, Any]:
        """What is the same for every seed: most of the time that a large grid takes, so once."""
        omitted = {"name", "bn_modes", "evaluation_masks", "parent", "part_of", "expected_seconds"}
        own = [f.name for f in fields(self) if f.name not in omitted]
        return {name: _plain(getattr(self, name)) for name in own}

    def run_id(self, seed: int) -> str:
        """Twelve hex digits of the hash of the canonical JSON of `config(seed)`."""
        text = json.dumps(self.config(seed), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


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
        variant = self.variant.parent
        if variant is None:
            return None
        return Run(variant, self.seed, self.folder.parent / variant.run_id(self.seed), self.data_root)

    def result(self) -> dict[str, Any] | None:
        """What `result.json` says; None while there is none. ValueError if it is damaged."""
        path = self.folder / "result.json"
        if not path.exists():
            return None
        try:
            return dict(json.loads(path.read_text()))
        except (json.JSONDecodeError, TypeError, ValueError) as error:
            raise ValueError(f"result: {path} is damaged ({error}); delete it") from error


@dataclass(frozen=True)
class Truth:
    """The ground truth of one space: table (a Parquet file or an embedded table's name) and column."""

    table: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Study:
    """A question: variants x seeds. truth: by space. top: the N of the true top-N sets. note: what the data are,
    printed wherever results are."""

    name: str
    title: str
    question: str
    note: str
    variants: tuple[Variant, ...]
    truth: dict[str, Truth]
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    top: tuple[int, ...] = (10, 25, 50, 150, 250, 500)
    scored: ScoredSet = field(default_factory=ScoredSet)

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
