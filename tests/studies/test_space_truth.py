"""`studies space --truth`: what it prints and draws of a table, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from digits_tables import write_table

from studies.__main__ import main
from studies.truth import table
from supernet.spaces import get_space


def test_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_table(tmp_path, "blox", 40)
    assert main(["space", "blox", "--truth", str(path), "--column", "digits_valid"]) == 0
    text = capsys.readouterr().out
    assert "digits_valid of blox.parquet: 40 architectures" in text
    assert "operation in the true top-N" in text
    assert "connectivity in the true top-N" in text
    assert "data sets" not in text


def test_a_mask_leaves_fewer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_table(tmp_path, "nasbench201", 60)
    found = table.load(path)
    left = sum("none" not in text for text in found.frame["arch"])
    assert 0 < left < 60
    assert main(["space", "nasbench201", "--truth", str(path), "--mask", "none"]) == 0
    assert f"digits_test of nasbench201.parquet: {left} architectures" in capsys.readouterr().out


def test_several_data_sets_are_compared_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_table(tmp_path, "nasbench201", 30)
    found = table.load(path)
    frame = found.frame.assign(other_test=found.frame["digits_test"] ** 2)
    columns = [*found.manifest["columns"], "other_test"]
    table.save(frame, found.manifest | {"data": ["digits", "other"], "columns": columns}, path)
    folder = tmp_path / "figures"
    assert main(["space", "nasbench201", "--truth", str(path), "--figures", str(folder)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "digits_test other_test 30 1.000 1.000" in text
    stems = ("nasbench201-operation-digits_test", "nasbench201-data-sets-digits_test")
    assert {p.name for p in folder.iterdir()} == {
        f"{s}.{x}" for s in stems for x in ("png", "pdf", "svg", "csv")
    }
    drawn = [pd.read_csv(folder / f"{stem}.csv") for stem in stems]
    assert set(drawn[0]["mask"]) == {"full space", *get_space("nasbench201").operations}
    assert list(drawn[1]) == ["arch", "digits_test", "other_test"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["space", "blox", "--truth", "{table}"], "a table of nasbench201, not of blox"),
        (["space", "nasbench201", "--truth", "{table}", "--column", "accuracy"], "not one of digits_"),
        (["space", "nasbench201", "--truth", "nowhere"], "'nowhere' is neither a Parquet file nor"),
        (["space", "nasbench201", "--figures", "folder"], "--figures: is of a table; give its name with"),
        (["space", "nasbench201", "--column", "digits_test"], "--column: is of a table"),
    ],
)
def test_refusals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    path = write_table(tmp_path, "nasbench201", 5)
    assert main([argument.format(table=path) for argument in arguments]) == 2
    assert message in capsys.readouterr().err


def test_columns_without_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_table(tmp_path, "nasbench201", 5)
    found = table.load(path)
    table.save(found.frame.assign(digits_valid=float("nan")), found.manifest, path)
    assert main(["space", "nasbench201", "--truth", str(path), "--column", "digits_valid"]) == 2
    assert "column: 'digits_valid' has no values" in capsys.readouterr().err
