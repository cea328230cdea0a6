"""Do signatures of blocks predict models that are fine-tuned from the same teacher? Blox on a laptop.

Question: which predictor of end-to-end accuracy after distillation and fine-tuning needs the fewest labels? (Blox
paper, figure 9 and question Q4, in small.)
Command: python -m studies run blockwise_digits_fine_tuned
Jobs: 3 seeds of {135 blocks distilled for 1, 4 and 10 epochs from the best model of the table; predictors told 20 and
50 labels, validation accuracies of fine-tuned models, which see what those of `blockwise_digits` do}, parameters and
MACs, accuracies of the same models trained from scratch, and the best sum of free values of blocks. Distillation is
that of `blockwise_digits`.
Data: scikit-learn's digits; the truth is test accuracy after 4 epochs of fine-tuning from the best teacher, a table
that `studies truth build --finetune-from best` made.
Scored: the whole table, a random sample of Blox.
Expected: 2 minutes a seed after blockwise_digits. Measured: docs/results/blockwise.md.
Smoke: python -m studies run blockwise_digits_fine_tuned --smoke
"""

from __future__ import annotations

from studies import embedded
from studies.catalog.blockwise_digits import BEST, EPOCHS, blockwise, entry, predictors
from studies.estimators.cost import NetworkCost
from studies.estimators.separable import Separable
from studies.estimators.table_column import TableColumn
from studies.model.study import Study, Truth

LABELS = (20, 50)


def study() -> Study:
    best = {epochs: blockwise("best", epochs) for epochs in EPOCHS["best"]}
    return Study(
        name="blockwise_digits_fine_tuned",
        title="Blockwise: do signatures predict fine-tuned models?",
        question="Which predictor of accuracy after distillation and fine-tuning needs the fewest labels?",
        note=embedded.NOTE,
        variants=(
            *best.values(),
            entry("size", NetworkCost()),
            entry("from scratch", TableColumn(table="blox-digits", columns=("digits_test",))),
            entry("separable bound", Separable(table=BEST, column="digits_test", by="blocks")),
            *(
                entry(name, model, *members)
                for name, model, members in predictors(best, BEST, "digits_valid", LABELS)
            ),
        ),
        truth={"blox": Truth(BEST, "digits_test")},
        seeds=(0, 1, 2),
        top=(10, 25, 50),
    )
