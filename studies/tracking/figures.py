"""A run's figures as PNG: truth against score, and the true top-N set by set."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import scatter, style, topn
from analysis.measures.references import expected
from analysis.measures.score_sets import points
from analysis.statistics.topn import topn_means
from analysis.store.study import mask_text
from studies.model.study import Run
from studies.tracking.comparison import Comparison

DOTS_PER_INCH = 150  # a picture of a column's width is shown as it is, so that its text can be read
FEWEST = 100  # architectures; a figure of fewer shows nothing that is worth the half second


def pictures(run: Run, compared: Comparison, scores: np.ndarray, column: str) -> dict[str, bytes]:
    """By tag, of the scores (n,); none for a run with few scores, and no top-N without all of them."""
    scored = np.isfinite(scores)
    if scored.sum() < FEWEST:
        return {}
    variant = run.variant
    group = {"space": variant.space, "mask": mask_text(variant.masked_space), "variant": variant.name}
    drawable = points(compared.texts, compared.truth, scores, compared.sampled, 1).assign(**group)[scored]
    tau = compared.whole(scores).get("tau_b", np.nan)
    middle = max((n for n in compared.top if n <= 50), default=min(compared.top, default=10))
    with style.sized("column"):
        drawn = {
            "summary_figures/scatter": scatter.scatter(
                drawable, pd.DataFrame([{**group, "tau_b": tau}]), top=middle, truth=column
            )
        }
        if compared.top and scored.all():
            taus = compared.taus(compared.sets(), scores)
            means = topn_means(compared.truth, scores, compared.top)
            rows = [
                {
                    **group,
                    "seed": run.seed,
                    "top": n,
                    "tau_b": taus.get(f"top{n}", np.nan),
                    "mean_score": mean,
                }
                | expected(None)
                for n, mean in zip(compared.top, means, strict=True)
            ]
            none = pd.DataFrame(columns=["space", "mask", "reference", "top", "tau_b"])
            drawn["summary_figures/topn"] = topn.topn(topn.series_of(pd.DataFrame(rows)), none)
    encoded = {}
    for tag, figure in drawn.items():
        assert isinstance(figure, Figure)
        file = io.BytesIO()
        with style.look():
            figure.savefig(file, format="png", dpi=DOTS_PER_INCH)
        encoded[tag] = file.getvalue()
    return encoded
