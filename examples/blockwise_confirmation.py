"""Do blocks distilled for one epoch rank fine-tuned models better than parameters, also with other seeds of teachers?

Question: of three lengths of distillation, one epoch was chosen by a look at seeds 0 to 2; does the difference from
parameters hold over seeds 100 to 105, each with a teacher and blocks of its own?
Command: python -m studies run examples/blockwise_confirmation.py
         python -m analysis blockwise blockwise_confirmation
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from studies.catalog import blockwise_digits_fine_tuned
from studies.model.study import Study


def study() -> Study:
    whole = blockwise_digits_fine_tuned.study()
    return replace(
        whole,
        name=Path(__file__).stem,
        title="One epoch of distillation, over other seeds",
        question="Do blocks distilled for one epoch rank fine-tuned models better than parameters?",
        variants=tuple(one for one in whole.variants if one.name in ("blocks, 1 epoch", "size")),
        seeds=(100, 101, 102, 103, 104, 105),
    )
