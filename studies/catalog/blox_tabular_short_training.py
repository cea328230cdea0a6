"""How well does short training rank Blox, by what the benchmark has recorded? No network is trained for it.

Question: how early does a model's accuracy in its 200 epochs rank it?
Command: python -m studies truth import blox FOLDER            (the files blox-base-0 and blox-ext-0)
         python -m studies run blox_tabular_short_training
         python -m analysis yardstick blox_tabular_short_training --front table-column
Jobs: one run that looks up validation accuracy after epochs 2 to 100 and training accuracy after the same.
Data: no images. Validation begins with the second epoch, as the published files hold the best epoch's value in the
place of the first's. The benchmark has one seed: what is looked up is the head of the very training whose test
accuracy is the truth, so it ranks better than another training of the same length would.
Scored: the true top-500 and 1,000 random models; with --all the whole table.
Costs: what so many epochs would have cost, of the benchmark's own seconds, in steps and in multiply-accumulates.
Expected: under a minute, once the table is imported; not run on the published files yet.
Smoke: python -m studies run blox_tabular_short_training --smoke     (the embedded table has no values per epoch)
"""

from __future__ import annotations

from studies import protocol
from studies.estimators.table_column import Recorded, TableColumn
from studies.model.study import Study
from studies.model.variant import Variant

EPOCHS = (2, 4, 8, 12, 16, 32, 50, 100)
BY = ("cifar100_valid", "cifar100_train")
RECORDED = Recorded(images=45_000, batch_size=256, seconds="train_time_s")


def study() -> Study:
    looked_up = Variant(
        name="recorded",
        space="blox",
        size=protocol.BLOX_SIZE,
        data=protocol.CIFAR100,
        estimator=TableColumn(
            table=protocol.BLOX_TRUTH["blox"].table,
            columns=tuple(f"{column}@{epoch}" for column in BY for epoch in EPOCHS),
            recorded=RECORDED,
        ),
        expected_seconds=40.0,
    )
    return protocol.blox_study(
        "blox_tabular_short_training",
        [looked_up],
        title="Short training on Blox, as recorded",
        question="How early does a model's accuracy in its 200 epochs rank it?",
        seeds=(0,),
    )
