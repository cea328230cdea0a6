"""Do deeper supernets rank better? (Single-path ranking study, figure 14.)

Question: how does the number of normal cells a stage change how a strictly fair supernet of 32 channels ranks the
full space?
Jobs: 20 trainings: {1, 3, 4, 5} cells a stage x 5 seeds; and the 5 of search_space_subsets with two (small).
Command: python -m studies run depth --data-root datasets     (data and truth: search_space_subsets)
Data: as search_space_subsets.
Expected: the paper found smaller supernets to be the better predictors of the full space. Cost grows with the
cells: one cell a stage costs about two thirds of a small supernet.
Smoke: python -m studies run depth --smoke
"""

from __future__ import annotations

from dataclasses import replace

from studies import protocol
from studies.model.study import Study


def study() -> Study:
    return protocol.nasbench201_study(
        "depth",
        [
            protocol.nasbench201(
                f"{cells} cell{'s' * (cells > 1)} a stage", replace(protocol.SMALL, cells_per_stage=cells)
            )
            for cells in range(1, 6)
        ],
        title="Depth of supernets of NAS-Bench-201",
        question="How does the number of cells a stage change how a strictly fair supernet ranks the full space?",
    )
