"""One colour and marker for each kind of ranking, in all these figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.store.run import ONE_SHOT

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
}
OTHERS = ((ORANGE, "X"), (ORANGE, "*"))
NAMES = {
    "fear": "FEAR", "short-training": "short training", "zero-cost": "zero-cost", ONE_SHOT: "one-shot",
    "zero-cost-while-training": "zero-cost while training", "short-training-from-supernet": "fine-tuned supernet",
    "cost": "params, MACs", "table-column": "column of a table",
}  # fmt: skip


def looks(kinds: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each kind, by first appearance; kinds without one of their own share two in turn."""
    found: dict[str, tuple[str, str]] = {}
    for kind in kinds:
        if kind not in found:
            strange = sum(name not in KINDS for name in found)
            found[kind] = KINDS.get(kind, OTHERS[strange % len(OTHERS)])
    return found


def handles(kinds: Iterable[str]) -> list[Line2D]:
    """The legend of rankings of these kinds: a mark for each kind, and how many rankings it stands for."""
    counts = Counter(kinds)
    own = looks(counts)
    return [
        Line2D(
            [], [], linestyle="", color=own[kind][0], marker=own[kind][1], markersize=5,
            label=f"{NAMES.get(kind, kind)}: {count} ranking{'s' * (count != 1)}",
        )
        for kind, count in counts.items()
    ]  # fmt: skip
