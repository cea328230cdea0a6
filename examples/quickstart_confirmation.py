"""Does what the quickstart shows hold over seeds that nobody had looked at?

Question: do linear transformers rank worse than none on NAS-Bench-201, over seeds 4 to 7?
Command: python -m studies run examples/quickstart_confirmation.py
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from studies.catalog import quickstart
from studies.model.study import Study

COMPARED = ("uniform", "linear transformers")


def study() -> Study:
    whole = quickstart.study()
    space = "nasbench201"
    return replace(
        whole,
        name=Path(__file__).stem,
        title="Linear transformers of the quickstart, over other seeds",
        question="Do linear transformers rank worse than none, over seeds 4 to 7?",
        variants=tuple(one for one in whole.variants if one.space == space and one.name in COMPARED),
        truth={space: whole.truth[space]},
        seeds=(4, 5, 6, 7),
    )
