"""Imported tables: all or nothing on disk, found by name, checked, shown, loaded quickly whatever is beside them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.store import file_set
from studies.__main__ import main
from studies.truth import table
from studies.truth.check import check
from studies.truth.table import save_imported
from supernet.spaces import get_space
from supernet.spaces.imported import Imported, published_size, with_costs

ROOT = Path(__file__).parents[2]
SPACE = get_space("nasbench201")


def made(
    value: float = 50.0, curves: bool = True, seeds: int = 3, rows: int = 12, **columns: Any
) -> Imported:
    """A table of random accuracies around `value`: a column with its seeds, validation beside it."""
    rng = np.random.default_rng(0)
    architectures = [a for _, a in zip(range(rows), SPACE.enumerate(), strict=False)]
    frame = pd.DataFrame({"arch": [SPACE.text(a) for a in architectures]})
    frame["c_valid"] = rng.uniform(value - 9, value + 9, rows)
    own = [f"c_test_seed{seed}" for seed in range(seeds)]
    for name in own:
        frame[name] = frame["c_valid"] + rng.normal(size=rows)
    frame.insert(2, "c_test", frame[own].mean(axis=1))
    for name, values in columns.items():
        frame[name] = values
    per_epoch = np.tile(frame["c_valid"].to_numpy()[:, None], (1, 4))
    per_epoch[:, :3] = np.nan
    manifest = {
        "space": SPACE.name, "title": "random", "data": ["c"], "size": published_size(SPACE),
        "columns": [name for name in frame if name != "arch"], "units": "percent", "epochs": {"full": 4},
        "seeds": list(range(seeds)), "source": {"what": "a test", "files": 0, "checksums": {}}, "licence": "none",
        "note": "random",
    }  # fmt: skip
    return Imported(
        frame=with_costs(frame, SPACE, architectures),
        manifest=manifest,
        curves={"c_valid": per_epoch} if curves else None,
        warnings=["a warning"],
    )


def levels(found: table.TruthTable) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {"error": [], "note": [], "ok": []}
    for finding in check(found):
        result[finding.level].append(finding.text)
    return result


# On disk


def test_a_table_without_curves_takes_the_place_of_one_with_them(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    save_imported(made(), path, "first")
    curves = table.curves(path, ["c_valid"])["c_valid"]
    assert curves.shape == (12, 4)
    assert curves.dtype == np.float32
    assert np.isnan(curves[:, :3]).all()
    save_imported(made(curves=False), path, "second")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.json", "t.parquet"]
    with pytest.raises(ValueError, match=r"has no values per epoch of 'c_valid'; it has those of none"):
        table.curves(path, ["c_valid"])


@pytest.mark.parametrize("failing", ["t.parquet", "t.curves.parquet", "t.json"])
def test_what_fails_while_it_is_written_leaves_the_old_table(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.parquet"
    save_imported(made(50), path, "first")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    real = file_set.os.fsync
    writing: list[str] = []

    def full(descriptor: int) -> None:
        writing.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        if writing[-1] == failing:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(file_set.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_imported(made(60), path, "second")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_crash_between_the_renames_is_mended_by_the_next_reader(
    done: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.parquet"
    save_imported(made(50), path, "first")
    real, left = os.replace, [done]

    class Crash(BaseException):
        pass

    def replace(a: Path, b: Path) -> None:
        if left[0] == 0:
            raise Crash
        left[0] -= 1
        real(a, b)

    monkeypatch.setattr(file_set.os, "replace", replace)
    with pytest.raises(Crash):
        save_imported(made(60), path, "second")
    monkeypatch.undo()
    found = table.load(path)
    assert found.frame.equals(made(60).frame)
    assert found.manifest["command"] == "second"
    assert table.curves(path, ["c_valid"])["c_valid"][0, -1] == pytest.approx(found.frame["c_valid"][0])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.curves.parquet", "t.json", "t.parquet"]


def test_an_import_that_is_killed_leaves_the_old_table(tmp_path: Path) -> None:
    """For real, in the middle of writing."""
    path = tmp_path / "t.parquet"
    save_imported(made(50), path, "first")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    script = (
        "import sys, time; sys.path[:0] = sys.argv[1:3]\n"
        "import test_truth_tables as t\n"
        "real = t.file_set.os.fsync\n"
        "def stop(d):\n    real(d); print('writing', flush=True); time.sleep(60)\n"
        "t.file_set.os.fsync = stop\n"
        "t.save_imported(t.made(60), t.Path(sys.argv[3]), 'second')\n"
    )
    arguments = [sys.executable, "-c", script, str(ROOT), str(ROOT / "tests/studies"), str(path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        process.send_signal(signal.SIGKILL)
    assert table.load(path).frame.equals(made(50).frame)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before
    (left,) = (p for p in tmp_path.iterdir() if p.is_dir())
    hours_ago = time.time() - 7200
    os.utime(left, (hours_ago, hours_ago))
    save_imported(made(70), path, "third")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.curves.parquet", "t.json", "t.parquet"]


def test_damaged_curves_are_refused_and_the_table_is_not_slowed_by_them(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    save_imported(made(), path, "x")
    with table.curves_path(path).open("ab") as file:
        file.write(b"x")
    assert len(table.load(path).frame) == 12
    with pytest.raises(ValueError, match=r"t.curves.parquet is not the file that t.json describes"):
        table.curves(path, ["c_valid"])
    assert any("checksum differs" in text for text in levels(table.load(path))["error"])


# What check finds


def test_a_sound_table_has_no_errors(tmp_path: Path) -> None:
    save_imported(made(), tmp_path / "t.parquet", "x")
    found = levels(table.load(tmp_path / "t.parquet"))
    assert found["error"] == []
    assert found["note"] == ["12 of 15625 architectures of NAS-Bench-201"]
    assert "1 columns are the mean of their seeds where they have all (to 0.02 points)" in found["ok"]
    assert "1 curves end at their columns' values" in found["ok"]


@pytest.mark.parametrize(
    ("column", "row", "value", "level", "text"),
    [
        ("arch", 3, "|none~0|", "error", "1 texts name no architecture; row 4: architecture: '|none~0|' is"),
        ("arch", 3, "0 0 0 0 0 0", "error", "1 architectures are not in the official form; row 4: '0 0 0 0"),
        ("arch", 3, SPACE.text(next(SPACE.enumerate())), "error", "1 architectures come twice; row 4:"),
        ("c_valid", 3, 101.0, "error", "c_valid has values of "),
        ("c_valid", 3, -1.0, "error", "c_valid has values of -1 to "),
        ("c_test", 3, 10.0, "error", "c_test is not the mean of its 3 seeds in 1 rows"),
        ("c_test_seed1", 3, np.nan, "note", "1 rows lack some of the 3 seeds of c_test; in 1 the mean is of"),
        ("c_valid", 3, np.nan, "note", "c_valid is missing for 1 architectures"),
        ("c_valid", 3, 55.5, "error", "the last epoch of the curve of c_valid is not the column's value"),
    ],
)
def test_what_is_wrong_is_found(
    column: str, row: int, value: Any, level: str, text: str, tmp_path: Path
) -> None:
    imported = made()
    imported.frame.loc[row, column] = value
    save_imported(imported, tmp_path / "t.parquet", "x")
    assert any(found.startswith(text) for found in levels(table.load(tmp_path / "t.parquet"))[level])


def test_copied_rows_fractions_and_unknown_names_are_found(tmp_path: Path) -> None:
    imported = made(o_test=np.linspace(0, 0.9, 12), speed=1.0, curves=False)
    columns = [name for name in imported.frame if name not in ("arch", "params", "macs")]
    imported.frame.loc[5, columns] = imported.frame.loc[2, columns]
    save_imported(imported, tmp_path / "t.parquet", "x")
    found = levels(table.load(tmp_path / "t.parquet"))
    assert found["error"] == ["o_test is 0.9 at most: fractions, not percent?"]
    assert any(
        text.startswith("1 columns have no name of the form") and "speed" in text for text in found["note"]
    )
    assert any(text.startswith("2 architectures have the values of another") for text in found["note"])
    assert any("among them are 1 groups of unlike functions" in text for text in found["note"])


# The commands


def test_import_list_show_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"{text},{50 + i},{50 - i}" for i, text in enumerate(made().frame["arch"])]
    Path("a.csv").write_text("\n".join(["arch,cifar10_valid,cifar10_test", *lines]))
    assert main(["truth", "import", "csv", "a.csv", "--space", "nasbench201", "--title", "A table"]) == 0
    printed = capsys.readouterr()
    assert "12 architectures, 2 columns: runs/truth/a.parquet" in printed.out
    assert "note: 12 of 15625 architectures of NAS-Bench-201 are in a.csv" in printed.err
    assert main(["truth", "list"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("a ")] == [
        ["a", "nasbench201", "cifar10", "12", "2", "0"]
    ]
    assert main(["truth", "show", "a"]) == 0
    shown = capsys.readouterr().out
    assert "A table" in shown
    assert "--space nasbench201 --title 'A table'" in shown
    assert "validation against test  -1.000" in shown
    assert main(["truth", "check", "a"]) == 0
    assert "note   12 of 15625" in capsys.readouterr().out
    imported = made(100)  # above 100
    save_imported(imported, Path("runs/truth/bad.parquet"), "x")
    assert main(["truth", "check", "bad"]) == 1
    assert "error  c_valid has values of" in capsys.readouterr().out
    # A failed import leaves what there is, and no trace.
    before = sorted(Path("runs/truth").iterdir())
    assert main(["truth", "import", "csv", "a.csv", "--space", "nasbench201", "--fraction"]) == 2
    assert "line 2: cifar10_valid is '50', which is not a fraction: 0 to 1" in capsys.readouterr().err
    assert sorted(Path("runs/truth").iterdir()) == before
    assert main(["truth", "import", "nasbench201", "nowhere", "--out", "x.parquet"]) == 2
    assert capsys.readouterr().err == "error: nowhere: No such file or directory\n"
    assert main(["truth", "import", "csv", "a.csv", "--space", "nasbench201", "--out", "x.json"]) == 2
    assert "'x.json' does not end in .parquet" in capsys.readouterr().err


def test_a_damaged_table_is_listed_with_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    save_imported(made(), Path("runs/truth/good.parquet"), "x")
    Path("runs/truth/torn.json").write_text('{"space": ')
    assert main(["truth", "list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["good"]["curves"] == 1
    assert "torn.json: not readable as JSON" in rows["torn"]["error"]
    assert rows["nasbench201-digits"]["space"] == "nasbench201"


def test_a_table_of_many_columns_stays_readable(tmp_path: Path, capsys: Any) -> None:
    """Sixty columns: the accuracies of the full schedule are shown, the others by --all."""
    more = {
        f"d{i}_{part}{which}{schedule}": 50.0 + np.arange(12)
        for i in range(4)
        for part in ("train", "valid", "test", "test_loss")
        for which in ("", "_last3")
        for schedule in ("", "_ep12")
        if not (part == "test_loss" and which)
    }
    save_imported(made(**more), tmp_path / "t.parquet", "x")
    assert main(["truth", "show", str(tmp_path / "t.parquet")]) == 0
    shown = capsys.readouterr().out
    values, _, ceilings = shown.partition("noise ceiling")
    assert [line.split()[0] for line in values.partition("column  ")[2].splitlines()[1:] if line] == [
        "c_valid", "c_test", *(f"d{i}_{part}" for i in range(4) for part in ("valid", "test")),
    ]  # fmt: skip
    assert "c_test (seeds 0 1 2)" in values
    assert "48 more columns (other epochs, losses): --all" in ceilings
    assert main(["truth", "show", str(tmp_path / "t.parquet"), "--all"]) == 0
    assert "d3_test_last3_ep12" in capsys.readouterr().out.partition("noise ceiling")[2]


def test_loading_does_not_read_the_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_imported(made(), tmp_path / "t.parquet", "x")
    table.curves_path(tmp_path / "t.parquet").unlink()
    assert len(table.load(tmp_path / "t.parquet").frame) == 12
