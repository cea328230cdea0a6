"""The diagnostics of each variant of a study: of its mean score over seeds, on the sample that stands for its space."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.baselines import COSTS, costs_of
from analysis.collect import Collected
from analysis.correlation import kendall_tau, undefined
from analysis.diagnostics import confusion, features, rank_residuals, residuals_by
from analysis.partial import partial_kendall, partial_spearman
from analysis.uncertainty import SMALLEST
from supernet.spaces import Architecture, Space, get_space

NAMES = ["space", "mask", "variant"]


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """Frames of one study; each has space, mask and variant. Empty where every variant has too few architectures.

    variants: a row a variant: n, tau_b; partial_params and partial_macs (Spearman, given that cost), partial_tau_params
      and partial_tau_macs (Kendall), each with _low and _high.
    residuals: rows of `residuals_by`. confusion: rows of `confusion`.
    """

    variants: pd.DataFrame
    residuals: pd.DataFrame
    confusion: pd.DataFrame


def diagnose(found: Collected) -> Diagnostics:
    """Diagnostics of the variants that were trained, not of those that are only judged under a mask.

    Left out: those with fewer than SMALLEST sampled architectures, or a constant truth or score."""
    trained = found.primary[found.primary["trained_as"].isna()]
    wanted = {tuple(row) for row in trained[NAMES].itertuples(index=False)}
    known = {name: _known(found, name) for name in dict.fromkeys(found.points["space"])}
    variants: list[dict[str, object]] = []
    residuals: list[pd.DataFrame] = []
    tops: list[pd.DataFrame] = []
    for key, points in found.points.groupby(NAMES, sort=False):
        group = dict(zip(NAMES, map(str, key), strict=True))
        points = points[points["sampled"].astype(bool)]
        truth, score = (points[name].to_numpy(dtype=float) for name in ("truth", "score"))
        if tuple(group.values()) not in wanted or len(points) < SMALLEST or undefined(truth, score):
            continue
        made_of, costs = (frame.loc[points["arch"]] for frame in known[group["space"]])
        row: dict[str, object] = {**group, "n": len(points), "tau_b": kendall_tau(truth, score).value}
        for name in COSTS:
            for kind, function in (("partial", partial_spearman), ("partial_tau", partial_kendall)):
                partial = function(truth, score, costs[name])
                row |= {f"{kind}_{name}": partial.value}
                row |= {f"{kind}_{name}_low": partial.low, f"{kind}_{name}_high": partial.high}
        variants.append(row)
        residuals.append(residuals_by(made_of, rank_residuals(truth, score)).assign(**group))
        tops.append(confusion(truth, score).assign(**group))
    return Diagnostics(variants=pd.DataFrame(variants), residuals=_joined(residuals), confusion=_joined(tops))


def _known(found: Collected, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features and costs of all architectures of a space in the study, by their texts; each is parsed once."""
    space: Space = get_space(name)
    texts = found.points.loc[found.points["space"] == name, "arch"].unique()
    architectures: list[Architecture] = [space.parse(text) for text in texts]
    made_of = features(space, architectures)
    made_of.index = pd.Index(texts)
    size = found.study.truths[name].size
    return made_of, costs_of(space, architectures, size).set_axis(texts)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame()
    frame = pd.concat(frames, ignore_index=True)
    return frame[[*NAMES, *(name for name in frame.columns if name not in NAMES)]]
