"""CSV files as ground truth: what is kept, what is told, what is refused and where."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from studies.__main__ import main
from studies.truth import table
from studies.truth.check import check
from studies.truth.importers.csv import read
from studies.truth.table import save_imported
from supernet.spaces import get_space

NB, BLOX = get_space("nasbench201"), get_space("blox")
ARCHS = [NB.text(a) for _, a in zip(range(4), NB.enumerate(), strict=False)]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def rows(*lines: str, head: str = "arch,cifar10_test") -> str:
    return "\n".join([head, *(f"{ARCHS[i]},{line}" for i, line in enumerate(lines))]) + "\n"


def test_columns_keep_their_names_seeds_get_a_mean_others_are_told(tmp_path: Path) -> None:
    head = "arch,note,cifar10_test_seed0,cifar10_test_seed1,cifar100_valid_best,params,cifar10_test_loss"
    text = rows("x,90,92,50.5,1,0.5", "y,80,,50,2,0.25", ",,,,,", head=head)
    found = read(write(tmp_path / "a.csv", text + "\n"), "nasbench201", title="T", licence="MIT")
    frame = found.frame
    assert list(frame["arch"]) == ARCHS[:3]
    assert frame["cifar10_test"].tolist()[:2] == [91, 80]
    assert math.isnan(frame["cifar10_test"][2])
    assert frame["cifar100_valid_best"].tolist()[:2] == [50.5, 50]
    assert frame["params"].tolist() == [NB.cost(NB.parse(text)).params for text in ARCHS[:3]]
    assert found.warnings == [
        "columns left out, as their names do not say what they are: note",
        "cifar10_test is not in the file: the mean over its seeds, computed here",
        "3 of 15625 architectures of NAS-Bench-201 are in a.csv",
    ]
    manifest = found.manifest
    assert (manifest["data"], manifest["seeds"]) == (["cifar10", "cifar100"], [0, 1])
    assert (manifest["title"], manifest["licence"]) == ("T", "MIT")
    save_imported(found, tmp_path / "t.parquet", "test")
    assert table.load(tmp_path / "t.parquet").frame.equals(frame)


def test_columns_can_be_named_and_numbered_architectures_be_meant(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "index, acc ,test\n1,50,60\n0,51,61\n\n")
    found = read(path, "nasbench201", columns="acc=cifar10_valid")
    assert found.frame[["arch", "cifar10_valid"]].values.tolist() == [[ARCHS[1], 50], [ARCHS[0], 51]]
    assert read(path, "nasbench201", data="svhn").frame["svhn_test"].tolist() == [60, 61]


def test_fractions_become_percent(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", rows("0.5", "0.925"))
    assert read(path, "nasbench201", fraction=True).frame["cifar10_test"].tolist() == [50, 92.5]
    with pytest.raises(ValueError, match=r"the largest cifar10_test is 0.925; .*say --fraction"):
        read(path, "nasbench201")


def test_fractions_among_percentages_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", rows("0.9", "90.4", "91", "0.91"))
    with pytest.raises(ValueError, match=r"fractions and percentages: 0.9 in line 2 and 90.4 in line 3"):
        read(path, "nasbench201")
    chance = write(tmp_path / "b.csv", rows("0.83", "45", "47", "0.84", head="arch,imagenet16_test"))
    assert read(chance, "nasbench201").frame["imagenet16_test"].tolist() == [0.83, 45, 47, 0.84]


def test_other_formats_dialects_and_repeated_rows(tmp_path: Path) -> None:
    cells = [NB.parse(text) for text in ARCHS[:2]]
    records = [
        {"cell": list(cell), "seed": seed, "acc": 80 + seed + i}
        for i, cell in enumerate(cells)
        for seed in (0, 2)
    ]
    path = write(tmp_path / "a.json", json.dumps(records))
    options = {"columns": "acc=cifar10_test", "arch_column": "cell"}
    with pytest.raises(ValueError, match="several dialects; choose one with --dialect"):
        read(path, "nasbench201", **options)
    with pytest.raises(ValueError, match="entry 1 and entry 2 are the same architecture"):
        read(path, "nasbench201", dialect="ints", **options)
    found = read(path, "nasbench201", dialect="ints", average=True, **options)
    assert found.frame[["arch", "cifar10_test"]].values.tolist() == [[ARCHS[0], 81], [ARCHS[1], 82]]
    chosen = read(path, "nasbench201", dialect="ints", where=["seed=2"], **options)
    assert chosen.frame["cifar10_test"].tolist() == [82, 83]
    with pytest.raises(ValueError, match="dialect: 'mine' is not one of string, index, ints, naslib"):
        read(path, "nasbench201", dialect="mine", **options)


def test_two_encodings_of_one_blox_model_meet(tmp_path: Path) -> None:
    other, architecture = next(
        (candidate, BLOX.supernet_form(candidate))
        for canonical in BLOX.enumerate()
        for number in range(len(BLOX.operations))
        for candidate in [(number, *canonical[1:])]
        if BLOX.is_valid(candidate) and BLOX.supernet_form(candidate) != candidate
    )
    head = "arch,cifar100_test"
    one, two = (" ".join(map(str, a)) for a in (architecture, other))
    found = read(write(tmp_path / "a.csv", f"{head}\n{two},50\n{one},50\n"), "blox")
    assert found.frame["arch"].tolist() == [BLOX.text(architecture)]
    assert "1 rows are other encodings of architectures with the same values: merged" in found.warnings
    with pytest.raises(ValueError, match="line 2 and line 3 are one architecture in two encodings, with"):
        read(write(tmp_path / "a.csv", f"{head}\n{two},50\n{one},51\n"), "blox")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (rows("50", "101"), "line 3: cifar10_test is '101', which is not in percent: 0 to 100"),
        (rows("50", "-1"), "line 3: cifar10_test is '-1', which is not in percent"),
        (rows("50", "\n90,", "good"), "line 4 .'90'.: not of the dialect of the others; string reads 3 of 4"),
        (rows("50", "good"), "line 3: cifar10_test is 'good', which is not a number"),
        (rows("50", "inf"), "line 3: cifar10_test is 'inf', which is not a finite number"),
        (rows("50") + "\n" + f"{ARCHS[0]},50\n", "line 2 and line 4 are the same architecture, .*;"),
        (
            f"arch,cifar10_test\n{ARCHS[0]},5\n3 1 0 3 1 9,5\n",
            "line 3 .'3 1 0 3 1 9'.: no architecture of NAS-Bench-201; string reads 1 of 2 rows",
        ),
        (f"arch,cifar10_test\n{ARCHS[0]},50\n,50\n", "line 3: arch is empty"),
        ("index,cifar10_test\n0,50\n15625,50\n", "line 3 .'15625'.: no architecture of NAS-Bench-201; index"),
        ("net,cifar10_test\na,50\n", "no column 'arch', .* or 'index'; it has net, cifar10_test; say which"),
        (
            rows("5", head="arch,acc"),
            "none of .* has a name of the form .* .it has acc.; name the columns to use, for",
        ),
        ("arch,cifar10_test\n", "no rows"),
        ("", "not readable as csv: it is empty"),
        (rows("5,6", head="arch,cifar10_test,cifar10_test "), "has two columns 'cifar10_test'"),
        ("PAR1\0\0", "not a text table"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read(write(tmp_path / "a.csv", text), "nasbench201")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("acc=cifar10_test", "has no column 'acc'; it has cifar10_test"),
        ("cifar10_test=best", "columns: 'best' is not of the form"),
        ("cifar10_test=a_test,cifar10_test=b", "'b' is not of the form"),
    ],
)
def test_columns_that_do_not_exist_are_refused(columns: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read(write(tmp_path / "a.csv", rows("50")), "nasbench201", columns=columns)


def test_another_space_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"line 2: .* is no architecture of Blox in any dialect"):
        read(write(tmp_path / "a.csv", rows("50")), "blox")
    with pytest.raises(ValueError, match="space: 'nb301' is not one of nasbench201, blox"):
        read(write(tmp_path / "a.csv", rows("50")), "nb301")


def test_the_reference_file_imports_as_it_is(reference_data: Path, tmp_path: Path) -> None:
    found = read(reference_data / "nb201" / "nasbench201.csv", "nasbench201")
    assert found.frame.shape == (15625, 12)
    assert found.warnings == [
        "columns left out, as their names do not say what they are: unique_id, params_cifar10"
    ]
    save_imported(found, tmp_path / "t.parquet", "test")
    findings = check(table.load(tmp_path / "t.parquet"))
    assert not [finding for finding in findings if finding.level == "error"]
    texts = [finding.text for finding in findings if finding.level == "ok"]
    assert "best cifar10_test is 94.3733, index 6111" in texts
    assert "best cifar100_test is 73.5133, index 9930" in texts
    assert "best imagenet16_test is 47.3111, index 857" in texts


def test_the_table_is_named_by_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text("index,cifar10_test\n3,91.5\n")
    assert main(["truth", "import", "csv", "mine.csv", "--space", "nasbench201"]) == 0
    assert "runs/truth/mine.parquet" in capsys.readouterr().out
    assert table.load(table.resolve("mine")).frame["cifar10_test"].tolist() == [91.5]
