"""What ranks a macro space of which every model is known? All of Blox without bconv, ST2 and ST4, on a laptop.

Question: how do supernets, blocks that were distilled on their own, proxies and parameters rank the 2,197 models that
13 blocks make, all of them and the true best? Is a supernet that was trained for these alone better than one of all of
Blox?
Command: python -m studies run blox_small_digits
Jobs: 4 seeds of {supernets of 25 epochs: uniform paths of these models, of all of Blox; strictly fair groups of two;
the 13 blocks of each stage distilled for 4 epochs from the best, the median and the worst model by validation
accuracy; all proxies}, beside parameters and MACs, and the accuracies of the same models fine-tuned from the best and
from the worst teacher (tables that `studies truth build --finetune-from` made).
Data: scikit-learn's digits; ground truth trained by this project, two seeds.
Scored: all 2,197 models. Measured, with searches by these rankings: docs/results/blox_small_digits.md.
Expected: 28 runs that train, of half a minute (blocks) to four minutes (proxies) of one core each, 40 minutes in all.
Smoke: python -m studies run blox_small_digits --smoke
"""

from __future__ import annotations

from dataclasses import replace

from analysis.store.scored import ScoredSet
from studies import embedded
from studies.catalog import blockwise_digits, quickstart
from studies.estimators import Estimator
from studies.estimators.blockwise import TEACHERS
from studies.estimators.table_column import TableColumn
from studies.estimators.zero_cost import ZeroCost
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from supernet.training.sampling import SamplingConfig

TABLE = "blox-small-digits"
MASK = ("bconv", "ST2", "ST4")
EPOCHS = 4  # of distillation
COLUMNS = ("digits_test", "digits_valid")
TUNED = {
    "fine-tuned, best teacher": f"{TABLE}-fine-tuned-best",
    "fine-tuned for 1 epoch, best teacher": f"{TABLE}-fine-tuned-best-1-epoch",
    "fine-tuned, worst teacher": f"{TABLE}-fine-tuned-worst",
    "fine-tuned for 1 epoch, worst teacher": f"{TABLE}-fine-tuned-worst-1-epoch",
}
SECONDS = {"supernet": 90.0, "blocks": 30.0, "proxies": 240.0}  # a run, one core


def study() -> Study:
    first = next(one for one in quickstart.study().variants if (one.space, one.name) == ("blox", "uniform"))
    uniform = first.changed(mask=MASK, expected_seconds=SECONDS["supernet"])
    fair = SamplingConfig(kind="fair", batches="consecutive", gradients="sum")
    return Study(
        name="blox_small_digits",
        title="All models of a part of Blox",
        question="How do supernets, distilled blocks and proxies rank a macro space of which every model is known?",
        note=embedded.NOTE,
        variants=(
            uniform,
            first.changed(name="uniform, all of Blox", expected_seconds=SECONDS["supernet"]),
            uniform.changed(name="strictly fair", sampling=fair),
            *(_blocks(teacher) for teacher in TEACHERS),
            _entry("zero-cost", ZeroCost(initialisations=1), SECONDS["proxies"]),
            *(_entry(name, TableColumn(table=table, columns=COLUMNS)) for name, table in TUNED.items()),
        ),
        truth={"blox": Truth(TABLE, "digits_test")},
        seeds=(0, 1, 2, 3),
        scored=ScoredSet(),
        top=(10, 50, 110, 500),
    )


def _blocks(teacher: str) -> Variant:
    name, seconds = f"blocks, {teacher} teacher", SECONDS["blocks"]
    distilled = blockwise_digits.blockwise(teacher, EPOCHS)
    return distilled.changed(name=name, table=TABLE, mask=MASK, expected_seconds=seconds)


def _entry(name: str, estimator: Estimator, seconds: float | None = None) -> Variant:
    return replace(blockwise_digits.entry(name, estimator, seconds=seconds), mask=MASK)
