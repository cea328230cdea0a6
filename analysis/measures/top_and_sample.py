"""Does a table of scores hold a true top-N and a random sample, as a run of a study does? Then a coefficient over both
describes neither, but a set that is rich in the best.

Told by the scores themselves. A random set of so few architectures would hardly contain the whole of a true top-N; and
the samples of this project are drawn by a seed (scored.py), so that the sample can be drawn again and compared.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from analysis.store.scored import ScoredSet
from analysis.store.tables import Joined, Table

FEWEST = 10  # architectures of a top that is looked for
BY_CHANCE = 1e-6  # probability below which a whole top among the scored ones is no accident
PARTS = ("sample", "top", "both")
DEFAULT = "default"  # the whole by the sample, the true tops by all


@dataclass(frozen=True, eq=False)
class TopAndSample:
    """top: its size. order (n,): rows of the truth table from the highest truth down. sample: bool (n,), the rows
    of the random sample, None if it cannot be drawn again: of another seed, a masked space, or a truth
    in another order."""

    top: int
    order: np.ndarray
    sample: np.ndarray | None

    @property
    def words(self) -> str:
        other = "others that are no sample of this truth by seed 0"
        if self.sample is not None:
            other = f"a random sample of {int(self.sample.sum()):,}"
        return f"the true top-{self.top} and {other}"


def top_and_sample(truth: Table, scored: np.ndarray) -> TopAndSample | None:
    """What a set of the rows of a truth table, bool (n,), is made of; None if it is no true top and others."""
    n, m = len(scored), int(scored.sum())
    order = np.argsort(-np.where(truth.known, truth.numbers, -np.inf), kind="stable")
    held = scored[order]
    top = n if held.all() else int(np.argmin(held))
    if m in (n, top) or top < FEWEST or (m / n) ** top > BY_CHANCE:
        return None
    best = np.zeros(n, dtype=bool)
    best[order[:top]] = True
    # Python draws few and many rows by different methods: no one order holds the samples of all sizes.
    found = (_sizes(count, best, scored) for count in range(m, m - top - 1, -1))
    sizes = next((sizes for sizes in found if sizes), [])
    # A row that is of the top anyway may follow the sample in its random order: sizes are round.
    for size in sorted(sizes, key=lambda r: len(str(r).rstrip("0")) - len(str(r))):
        sample = _rows(n, ScoredSet(random=size).sample(np.ones(n, dtype=bool)))
        if (sample | best == scored).all():
            return TopAndSample(top, order, sample)
    return TopAndSample(top, order, None)


def _rows(n: int, rows: list[int]) -> np.ndarray:
    inside = np.zeros(n, dtype=bool)
    inside[rows] = True
    return inside


def _sizes(count: int, best: np.ndarray, scored: np.ndarray) -> list[int]:
    """The sizes that a sample may have which is drawn as one of `count`, so that with the best it is what is scored."""
    drawn = random.Random(0).sample(range(len(best)), count)
    most = next((k for k, row in enumerate(drawn) if not scored[row]), count)
    if most < scored.sum() - best.sum() or not (_rows(len(best), drawn[:most]) | best == scored).all():
        return []
    sizes = [most]  # the last rows of the sample may be of the top
    while sizes[-1] > 1 and best[drawn[sizes[-1] - 1]]:
        sizes.append(sizes[-1] - 1)
    return sizes


def choose(
    truth: Table, joined: Joined, part: str | None
) -> tuple[TopAndSample | None, np.ndarray, np.ndarray]:
    """What the scores of `joined`, whose table is `truth`, hold; which of its rows are compared, and which of those
    stand for the whole, bool each.

    part: one of PARTS; None is as in the report of a study: the whole by the sample, the true tops by all. ValueError
    for a part that the scores do not hold."""
    everything = np.ones(len(joined.positions), dtype=bool)
    scored = _rows(len(truth.texts), joined.positions[joined.scored].tolist())
    held = top_and_sample(truth, scored)
    if part is not None and part not in PARTS:
        raise ValueError(f"part: {part!r} is not one of {', '.join(PARTS)}")
    if held is None:
        if part in ("sample", "top"):
            raise ValueError(f"part: {part!r}: the scores do not hold a true top-N and others, but one set")
        return None, everything, everything
    if part == "top":
        inside = np.isin(joined.positions, held.order[: held.top])
        return held, inside, inside[inside]
    if held.sample is None:
        if part == "sample":
            raise ValueError(f"part: 'sample': the scores hold {held.words}; choose top or both")
        return held, everything, everything
    sampled = held.sample[joined.positions]
    if part == "sample":
        return held, sampled, sampled[sampled]
    whole = part == "both" or not joined.scored.all()
    return held, everything, everything if whole else sampled
