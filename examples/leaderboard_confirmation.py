"""Is the average of three models better than its forest, over draws of labels that nobody had looked at?

Question: the average of forest, boosting and Gaussian process was chosen by a look at other draws of the same truth;
does it hold over draws 100 to 104, on NAS-Bench-201?
Command: python -m studies run examples/leaderboard_confirmation.py --data-root datasets
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from studies.catalog import leaderboard
from studies.model.study import Study

COMPARED = tuple(
    f"{labels} labels, graph{model}" for labels in leaderboard.OF_OTHERS for model in ("", ", forest")
)


def study() -> Study:
    whole = leaderboard.study()
    return replace(
        whole,
        name=Path(__file__).stem,
        title="Average and forest of the leaderboard, over other draws",
        question="Is the average of three models better than its forest, over draws 100 to 104?",
        variants=tuple(one for one in whole.variants if one.name in COMPARED),
        seeds=(100, 101, 102, 103, 104),
    )
