"""Are wide supernets better, and does the metric matter? (Single-path ranking study, figures 11 to 13.)

Question: how do small supernets of 32 and of 96 channels rank by Kendall's tau, Spearman's and Pearson's
correlation, and what do linear transformers do to the wide ones?
Jobs: 60 trainings: wide x {none, LT on skip, LT on skip and pool} x {full space, without none, without
avg_pool_3x3, without both} x 5 seeds; and beside them the 20 small ones of search_space_subsets. Figure 11
compares small and wide, figure 12 adds the linear transformers, figure 13 is the scatter of figure 12. The paper
does not name all masks of these figures; they are taken as these four.
Command: python -m studies run width_and_metrics --data-root datasets     (data and truth: search_space_subsets)
Data: as search_space_subsets. Every report has all three metrics.
Expected: the paper found that bigger is not better. A wide supernet costs about nine times a small one.
Smoke: python -m studies run width_and_metrics --smoke
"""

from __future__ import annotations

from studies import protocol
from studies.model.study import Study
from studies.protocol import POOL, ZERO


def study() -> Study:
    small = protocol.nasbench201("small", protocol.SMALL)
    wide = protocol.nasbench201("wide", protocol.WIDE)
    on_skip = wide.changed(name="wide, LT on skip", linear_transformers="skip")
    on_both = wide.changed(name="wide, LT on skip and pool", linear_transformers="skip+pool")
    masks = ((), ZERO, POOL, ZERO + POOL)
    return protocol.nasbench201_study(
        "width_and_metrics",
        [variant for mask in masks for variant in protocol.under(mask, small, wide, on_skip, on_both)],
        title="Wide supernets and other metrics on NAS-Bench-201",
        question="How do supernets of 32 and of 96 channels rank by Kendall's tau, Spearman's and Pearson's "
        "correlation, with and without linear transformers (LT)?",
    )
