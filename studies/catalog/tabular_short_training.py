"""How well does short training rank NAS-Bench-201, by what the benchmark has recorded? No network is trained for it.

Question: how early does a network's accuracy rank it, and is a short schedule of its own better than the head of the
long one? (FEAR paper, the short training of its figures 2 to 5, for free.)
Command: python -m studies truth import nasbench201 SOURCE
         python -m studies run tabular_short_training
         python -m analysis yardstick tabular_short_training --front table-column --cost macs
Jobs: one run that looks up validation accuracy and training accuracy after epochs 1 to 50 of the 200-epoch schedule,
and after the benchmark's schedule of 12 epochs.
Data: no images. Means over the benchmark's seeds; networks trained on half of CIFAR-10's training images, validated on
the other half. Truth: mean test accuracy of other networks, trained on all of them.
Scored: the true top-500 and 1,000 random architectures; with --all the whole table.
Costs: what so many epochs would have cost, in optimizer steps and multiply-accumulates; the seconds are those of the
looking up, so a comparison in seconds says that it is free.
Expected: seconds, once the table is imported; not run on the published files yet.
Smoke: python -m studies run tabular_short_training --smoke     (the embedded table, which has no values per epoch)
"""

from __future__ import annotations

from studies import protocol
from studies.estimators.table_column import Recorded, TableColumn
from studies.model.study import Study
from studies.model.variant import Variant
from supernet.spaces import get_space

EPOCHS = (1, 2, 4, 8, 12, 16, 32, 50)
BY = ("cifar10_valid", "cifar10valid_train")
RECORDED = Recorded(images=25_000, batch_size=256)


def study() -> Study:
    space = get_space("nasbench201")
    columns = [f"{column}{after}" for column in BY for after in ("_ep12", *(f"@{e}" for e in EPOCHS))]
    looked_up = Variant(
        name="recorded",
        space=space.name,
        size=space.published,
        data=protocol.CIFAR10,
        estimator=TableColumn(
            table=protocol.NASBENCH201_TRUTH[space.name].table, columns=tuple(columns), recorded=RECORDED
        ),
        expected_seconds=10.0,
    )
    return protocol.nasbench201_study(
        "tabular_short_training",
        [looked_up],
        title="Short training on NAS-Bench-201, as recorded",
        question="How early does a network's recorded accuracy rank it, and is a short schedule of its own better than "
        "the head of the long one?",
        seeds=(0,),
    )
