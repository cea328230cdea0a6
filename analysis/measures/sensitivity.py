"""How much a study's numbers depend on choices that a paper makes once: the truth's column, ties, the BatchNorm mode.

Each choice is varied alone, with the mean score over seeds on the sample that stands for the space. What a change of
the column does is said on the same architectures: columns may lack some (a third seed of a benchmark), and another set
of architectures alone moves tau.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.measures.collect import Collected
from analysis.measures.diagnostics import NAMES
from analysis.statistics.correlation import finite_pair, kendall_tau, undefined
from analysis.statistics.pairs import Floats
from analysis.store.column_names import parse
from analysis.store.tables import read_frame
from supernet.spaces import Architecture, Space, get_space

STEP = 0.1  # percentage points of the truth that 'sparse' tau-b takes for equal
PARTS = ("valid", "test", "validtest")  # training accuracy is no truth of a ranking
SEED, COLUMN, TIES, BN_MODE, SCORE = "seed", "column", "ties", "measure", "score"
ISOMORPHIC = "isomorphic_mean"
COLUMNS = [*NAMES, "choice", "option", "tau", "change", "n"]


def tie_handling(truth: ArrayLike, score: ArrayLike, step: float = STEP) -> dict[str, float | None]:
    """tau_b, tau_kendall_a, and tau_b_sparse: tau-b after the truth is floored to multiples of `step` (in its units).

    Sparse: differences too small to matter count as ties. Source: Yu et al., "Evaluating the search phase of neural
    architecture search" (ICLR 2020), without its binning of fractions of 1."""
    if not (math.isfinite(step) and step > 0):
        raise ValueError(f"step: {step!r} is not a positive number")
    truth, score = finite_pair(truth, score)
    # 85.3 / 0.1 is a little less than 853: the millionth keeps a multiple of the step in its own bin.
    floored = np.floor(truth / step + 1e-6)
    return {
        "tau_b": kendall_tau(truth, score).value,
        "tau_kendall_a": kendall_tau(truth, score, "a").value,
        "tau_b_sparse": kendall_tau(floored, score).value,
    }


def other_columns(names: Sequence[str], column: str) -> dict[str, str]:
    """The columns of a truth table that might be the truth in place of `column`, each with its choice.

    SEED: the single trainings whose mean `column` is. COLUMN: means over seeds of validation or test accuracy, of any
    data set, after as many epochs. Never training accuracy, losses or top-5. None where the name of `column` says
    nothing (analysis/store/column_names.py)."""
    own = parse(column)
    if own is None:
        return {}
    found = {}
    for name in names:
        other = parse(name)
        if other is None or name == column or other.part not in PARTS or other.metric:
            continue
        if other.seed is not None and other._replace(seed=None) == own._replace(seed=None):
            found[name] = SEED
        elif other.seed is None and other.epochs == own.epochs:
            found[name] = COLUMN
    return found


def sensitivity(found: Collected) -> pd.DataFrame:
    """A row for each trained variant and option, COLUMNS: tau (tau-b unless the option is another tau), change (less
    tau-b of the study's own choices on the same architectures), n.

    choice: SEED or COLUMN, option a column of the truth; TIES, option tau_kendall_a or tau_b_sparse; SCORE, option
    ISOMORPHIC: each architecture has the mean score of all that were scored and are the same graph; BN_MODE, option
    another mode that the same checkpoints were scored in. Variants without a tau-b are left out."""
    trained = found.primary[found.primary["trained_as"].isna()]
    wanted = {tuple(row) for row in trained[NAMES].itertuples(index=False)}
    frames: dict[str, pd.DataFrame] = {}
    forms: dict[str, Forms] = {}
    rows: list[dict[str, object]] = []
    for key, points in found.points.groupby(NAMES, sort=False):
        group = dict(zip(NAMES, map(str, key), strict=True))
        if tuple(group.values()) not in wanted:
            continue
        averaged = isomorphic_mean(points, forms.setdefault(group["space"], Forms(get_space(group["space"]))))
        sampled = points["sampled"].to_numpy(dtype=bool)
        points, averaged = points[sampled], averaged[sampled]
        truth, score = (points[name].to_numpy(dtype=float) for name in ("truth", "score"))
        if undefined(truth, score):
            continue
        space = group["space"]
        table = found.study.truths[space]
        if space not in frames:
            frames[space] = read_frame(table.path).set_index("arch")
        columns = other_columns(list(frames[space].columns), table.column)
        numbers = frames[space].loc[points["arch"], list(columns)]
        options = [*_by_column(truth, score, numbers, columns), *_by_ties(truth, score)]
        if not np.array_equal(averaged, score):
            usual, tau = (kendall_tau(truth, values).value for values in (score, averaged))
            options.append(_row(SCORE, ISOMORPHIC, tau, usual, len(truth)))
        options += _by_mode(found.variants, group)
        rows += [group | option for option in options]
    return pd.DataFrame(rows, columns=COLUMNS)


class Forms(dict[str, Architecture]):
    """Canonical forms of a space by text; each is made once, as the variants of a study score the same."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space

    def __missing__(self, text: str) -> Architecture:
        found = self[text] = self.space.canonical(self.space.parse(text))
        return found


def isomorphic_mean(points: pd.DataFrame, canonical: Forms) -> Floats:
    """The mean score (n,) of each architecture and of all others of `points` (columns arch, score) that have its
    canonical form: the supernet scores them by different weights, the benchmark trained the same network."""
    forms = pd.Series([canonical[text] for text in points["arch"]])
    scores = pd.Series(points["score"].to_numpy(dtype=float))
    several = forms.duplicated(keep=False)  # the others keep their scores to the last bit
    return scores.where(~several, scores.groupby(forms).transform("mean")).to_numpy()


def _by_column(
    truth: Floats, score: Floats, numbers: pd.DataFrame, columns: dict[str, str]
) -> Iterator[dict[str, object]]:
    whole = kendall_tau(truth, score).value
    for name, choice in columns.items():
        values = numbers[name].to_numpy(dtype=float)
        both = np.isfinite(values)
        usual = whole if both.all() else kendall_tau(truth[both], score[both]).value
        yield _row(choice, name, kendall_tau(values[both], score[both]).value, usual, int(both.sum()))


def _by_ties(truth: Floats, score: Floats) -> Iterator[dict[str, object]]:
    taus = tie_handling(truth, score)
    for name in ("tau_kendall_a", "tau_b_sparse"):
        yield _row(TIES, name, taus[name], taus["tau_b"], len(truth))


def _by_mode(variants: pd.DataFrame, group: dict[str, str]) -> Iterator[dict[str, object]]:
    here = variants[(variants[NAMES] == [group[name] for name in NAMES]).all(axis=1)]
    here = here[here["seedmean_tau_b"].notna()]
    primary = here["primary"].astype(bool)
    if not primary.any():
        return
    usual = float(here.loc[primary, "seedmean_tau_b"].iloc[0])
    for row in here[~primary].to_dict("records"):
        yield _row(BN_MODE, row["measure"], row["seedmean_tau_b"], usual, int(row["n"]))


def _row(choice: str, option: str, tau: float | None, usual: float | None, n: int) -> dict[str, object]:
    change = None if tau is None or usual is None else tau - usual
    return {"choice": choice, "option": option, "tau": tau, "change": change, "n": n}


def orders(rows: pd.DataFrame) -> pd.DataFrame:
    """What an option does to the order of a space's variants: space, choice, option, best (the variant of the highest
    tau), best_usual (of the highest by the study's own choices), swapped of `pairs` that it puts in another order.

    rows: of `sensitivity`. Compared are the variants that have the option."""
    found = []
    known = rows.dropna(subset=["tau", "change"])
    for (space, choice, option), group in known.groupby(["space", "choice", "option"], sort=False):
        tau = group["tau"].to_numpy(dtype=float)
        usual = tau - group["change"].to_numpy(dtype=float)
        i, j = np.triu_indices(len(group), 1)
        # A difference that is lost in rounding is no order.
        signs = [np.sign(np.round(side[i] - side[j], 12)) for side in (tau, usual)]
        found.append(
            {
                "space": space,
                "choice": choice,
                "option": option,
                "best": group["variant"].iloc[int(tau.argmax())],
                "best_usual": group["variant"].iloc[int(usual.argmax())],
                "swapped": int((signs[0] * signs[1] < 0).sum()),
                "pairs": len(i),
            }
        )
    names = ["space", "choice", "option", "best", "best_usual", "swapped", "pairs"]
    return pd.DataFrame(found, columns=names)
