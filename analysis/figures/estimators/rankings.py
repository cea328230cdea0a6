"""What the figures of other ways to rank are given, and the colour and marker of each kind of ranking in them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.measures.estimator_scores import SideBySide
from analysis.measures.yardstick import Yardstick
from analysis.store.run import ONE_SHOT
from analysis.store.study import Study, mask_text

CIFAR10, CIFAR100, IMAGENET = "cifar10", "cifar100", "imagenet16"
DATA = {CIFAR10: "CIFAR-10", CIFAR100: "CIFAR-100", IMAGENET: "ImageNet16-120"}


@dataclass(frozen=True, kw_only=True)
class Rankings:
    """The rankings of one space and mask of a study: what a figure with Source.RANKINGS is given.

    yardstick: of the whole study. group: of that space and mask."""

    yardstick: Yardstick
    group: SideBySide

    @property
    def name(self) -> str:
        """Of the space and mask, as in names of files; empty where the study has no others."""
        if len(self.yardstick.side_by_side) < 2:
            return ""
        return "-".join([self.group.space.name, *self.group.space.mask])

    @property
    def column(self) -> str:
        """The column of the truth."""
        return self.yardstick.study.truths[self.group.space.name].column

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Those of this space and mask in a frame of the whole study."""
        return rows_of(frame, self.group)

    def note(self, data: str = "", lacking: Iterable[str] = ()) -> str:
        """Space, mask, truth and data of a figure, and what the study lacks for it. data: the data set of the paper's
        figure, as a column of ground truth begins; empty if the paper's has several or the figure is no paper's."""
        text = note_of_group(self.yardstick.study, self.group)
        if data not in ("", self.column.partition("_")[0]):
            text += f" The paper's figure is of {DATA[data]}."
        return " ".join([text, *(f"Not in the study: {what}." for what in lacking)])


def rows_of(frame: pd.DataFrame, group: SideBySide) -> pd.DataFrame:
    """The rows of one space and mask."""
    rows = (frame["space"] == group.space.name) & (frame["mask"] == mask_text(group.space))
    return frame[rows].reset_index(drop=True)


def note_of_group(study: Study, group: SideBySide) -> str:
    """Space, mask, truth and data of a figure."""
    title = style.panel_title(group.space.name, mask_text(group.space))
    data = f" Data: {study.note}." if study.note else ""
    return f"{title}, truth: {study.truths[group.space.name].title}.{data}"


BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK = style.PALETTE
KINDS = {  # the paper's colours, where it has one
    "fear": (RED, "D"),
    "short-training": (BLUE, "o"),
    "zero-cost": (GREEN, "^"),
    "zero-cost-while-training": (GREEN, "<"),
    ONE_SHOT: (BLACK, "s"),
    "short-training-from-supernet": (PURPLE, "p"),
    "cost": (style.GREY, "v"),
    "table-column": (SKY, "P"),
    "combination": (PURPLE, "*"),
    "predictor": (ORANGE, "X"),
    "random-order": (style.GREY, "d"),
}
OTHERS = ((ORANGE, "h"), (ORANGE, "8"))
NAMES = {
    "fear": "FEAR", "short-training": "short training", "zero-cost": "zero-cost", ONE_SHOT: "one-shot",
    "zero-cost-while-training": "zero-cost while training", "short-training-from-supernet": "fine-tuned supernet",
    "cost": "params, MACs", "table-column": "column of a table", "random-order": "random order",
}  # fmt: skip


def marks(kinds: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each kind, by first appearance; kinds without one of their own share two in turn."""
    kinds = list(dict.fromkeys(kinds))
    others = dict(zip((kind for kind in kinds if kind not in KINDS), itertools.cycle(OTHERS), strict=False))
    return {kind: KINDS.get(kind) or others[kind] for kind in kinds}


def handles(kinds: Iterable[str]) -> list[Line2D]:
    """The legend of rankings of these kinds: a mark for each kind, and how many rankings it stands for."""
    counts = Counter(kinds)
    return [
        Line2D(
            [], [], linestyle="", color=colour, marker=marker, markersize=5,
            label=f"{NAMES.get(kind, kind)}: {counts[kind]} ranking{'s' * (counts[kind] != 1)}",
        )
        for kind, (colour, marker) in marks(counts).items()
    ]  # fmt: skip
