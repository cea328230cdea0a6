"""Figure 7a of Blox: students by teachers, of a made-up pair of tables that hold the teachers themselves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.figures import registry
from analysis.measures.blockwise import BlockwiseStudy, Distilled, Tuned
from analysis.store.tables import Table
from supernet.spaces import get_space

SPACE = get_space("blox")
TEXTS = [SPACE.text(one) for one in SPACE.sample(4, 0)]
SCRATCH = [90.0, 60.0, 80.0, 70.0]
GOOD, BAD = 0, 1  # rows of the teachers
TABLES = {GOOD: [91.0, 85.0, 88.0, 84.0], BAD: [75.0, 65.0, np.nan, 62.0]}


def made(tables: dict[int, list[float]]) -> BlockwiseStudy:
    truth = Table(frame=pd.DataFrame({"arch": TEXTS, "t": SCRATCH}), column="t", source="made up")
    study: Any = SimpleNamespace(note="made up")
    whole = BlockwiseStudy(study, SPACE, SPACE.published, truth)
    names = {GOOD: "best", BAD: "worst"}
    distilled = [
        Distilled(teacher=TEXTS[row], name=name, epochs=4, seed=0, frame=pd.DataFrame())
        for row, name in names.items()
    ]
    tuned = [
        Tuned(
            variant=f"{epochs} {row}",
            teacher=TEXTS[row],
            epochs=epochs,
            distillation_epochs=4,
            test=test,
            valid=None,
        )
        for row, values in tables.items()
        for epochs, test in ((1, np.zeros(4)), (4, np.array(values)))
    ]  # the longest is shown
    whole.__dict__.update(distilled=tuple(distilled), tuned=tuple(tuned))
    return whole


def drawn(monkeypatch: pytest.MonkeyPatch, whole: BlockwiseStudy) -> list[Any]:
    monkeypatch.setattr(BlockwiseStudy, "of", classmethod(lambda cls, study: whole))
    return list(registry.get("blox-7a").draw(whole.study))


def test_each_cell_is_the_students_accuracy_in_the_teachers_table(monkeypatch: pytest.MonkeyPatch) -> None:
    (one,) = drawn(monkeypatch, made(TABLES))
    rows = one.frame.set_index(["teacher", "student"])
    for teacher, of in (("best", GOOD), ("worst", BAD)):
        for student, row in (("best", GOOD), ("worst", BAD)):
            cell = rows.loc[(teacher, student)]
            assert cell["accuracy"] == TABLES[of][row]
            assert (cell["from_scratch"], cell["of_teacher"]) == (SCRATCH[row], SCRATCH[of])
    texts = [text.get_text() for text in one.figure.axes[0].texts]
    assert texts == ["91.00", "85.00", "75.00", "65.00"]  # teachers down
    said = " ".join(text.get_text() for text in one.figure.texts).replace("\n", " ")
    # Above the teacher: all but the worst from the best; above itself from scratch: all but the best from the worst.
    assert "Here 3 of 4 are above their teacher, 3 above themselves from scratch" in said


def test_tables_without_the_teachers_give_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = {row: [np.nan, np.nan, 80.0, 70.0] for row in TABLES}
    assert drawn(monkeypatch, made(absent)) == []
