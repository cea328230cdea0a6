"""Figure 7a of Blox: students by teachers, of made-up tables of networks that were fine-tuned from each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.figures import registry
from analysis.figures.registry import Drawn
from analysis.user_tables.plain_table import PlainTable
from supernet.spaces import get_space

SPACE = get_space("blox")
NETWORKS = [SPACE.stand_alone_form(one) for one in SPACE.sample(4, 0)]
SCRATCH = [60.0, 90.0, 80.0, 70.0]
GOOD, BAD = 1, 0  # rows of the teachers
TUNED = {GOOD: [85.0, 91.0, 88.0, 84.0], BAD: [59.0, 75.0, 70.0, 62.0]}


def table(values: Sequence[float], rows: Sequence[int], teacher: int | None = None) -> PlainTable:
    how = {"teacher": SPACE.text(NETWORKS[teacher or 0]), "fine_tuning": {"epochs": 4}}
    return PlainTable(
        path=Path(f"{teacher}.parquet"), title="Blox", column="digits_test",
        accuracy=np.array([values[row] for row in rows]), costs={}, texts=[SPACE.text(NETWORKS[row]) for row in rows],
        manifest={"seeds": 1} if teacher is None else {"fine_tuned": how, "seeds": 1},
    )  # fmt: skip


def drawn(tables: Sequence[PlainTable]) -> list[Drawn]:
    return list(registry.get("blox-7a").draw(tables))


SCRATCH_TABLE = table(SCRATCH, range(4))


def test_each_cell_is_the_students_accuracy_in_the_teachers_table() -> None:
    tuned = [table(TUNED[row], rows, row) for row, rows in ((BAD, (0, 1, 3)), (GOOD, (3, 1, 0)))]
    (one,) = drawn([tuned[0], SCRATCH_TABLE, tuned[1]])
    rows = one.frame.set_index(["teacher", "student"])
    for teacher, of in (("M1", GOOD), ("M2", BAD)):
        for student, row in (("M1", GOOD), ("M2", BAD)):
            cell = rows.loc[(teacher, student)]
            assert cell["accuracy"] == TUNED[of][row]
            assert (cell["from_scratch"], cell["of_teacher"]) == (SCRATCH[row], SCRATCH[of])
    texts = [text.get_text() for text in one.figure.axes[0].texts]  # type: ignore[union-attr]
    assert texts == ["91.0", "85.0", "75.0", "59.0"]  # teachers down, the best first
    said = " ".join(text.get_text() for text in one.figure.texts).replace("\n", " ")  # type: ignore[union-attr]
    # Above the teacher: the best by itself, the good by the bad; above itself from scratch: both by the good.
    assert "Here 2 of 4 are above their teacher, 2 above themselves from scratch" in said


def test_what_the_tables_lack() -> None:
    good, bad = table(TUNED[GOOD], range(4), GOOD), table(TUNED[BAD], range(4), BAD)
    assert drawn([SCRATCH_TABLE, good]) == []  # one teacher
    assert drawn([good, bad]) == []
    others = [table(TUNED[row], (2, 3), row) for row in TUNED]  # not the teachers themselves
    assert drawn([SCRATCH_TABLE, *others]) == []
    with pytest.raises(ValueError, match="two are of one teacher"):
        drawn([SCRATCH_TABLE, good, good])
    with pytest.raises(ValueError, match=r"None\.parquet lacks the teacher"):
        drawn([table(SCRATCH, (0, 2)), good, bad])
    with pytest.raises(ValueError, match=r"None\.parquet is not of Blox: architecture: '2'"):
        drawn([replace(SCRATCH_TABLE, texts=list("2222")), good, bad])
