"""Blox as ground truth: the same table from every format, the right values in the right rows, and what is said."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from blox_files import FORMATS, rows_of, write

from studies.__main__ import main
from studies.truth import table
from studies.truth.table import save_imported
from supernet.spaces import Architecture
from supernet.spaces.blox import importer as blox
from supernet.spaces.blox.hash import model_hash
from supernet.spaces.blox.space import Blox
from supernet.spaces.imported import Imported

SPACE = Blox()
PARTS = ("base", "ext", "info", "env", "bench")
# Early in the official list, so that their hashes are found at once; not in its order.
MODELS = random.Random(0).sample([a for a, _ in zip(SPACE.enumerate(), range(300), strict=False)], 12)


def folder_of(
    path: Path, suffix: str, parts: tuple[str, ...] = PARTS, models: list[Architecture] = MODELS
) -> Path:
    path.mkdir(exist_ok=True)
    for part in parts:
        write(path, part, suffix, rows_of(part, models))
    return path


def same(a: Imported, b: Imported) -> None:
    pd.testing.assert_frame_equal(a.frame, b.frame, check_exact=True)
    assert (a.curves is None) == (b.curves is None)
    if a.curves is not None and b.curves is not None:
        assert list(a.curves) == list(b.curves)
        for name, values in a.curves.items():
            np.testing.assert_array_equal(values, b.curves[name])
    assert a.warnings == [text.replace(*suffixes(b, a)) for text in b.warnings]
    for key in ("columns", "units", "epochs", "environment"):
        assert a.manifest.get(key) == b.manifest.get(key)


def suffixes(one: Imported, two: Imported) -> tuple[str, str]:
    first, second = (Path(imported.manifest["source"]["files"][0]).suffix for imported in (one, two))
    return first, second


@pytest.mark.parametrize("parts", [PARTS, *((part,) for part in PARTS if part != "env")], ids="-".join)
def test_all_formats_give_one_table(tmp_path: Path, parts: tuple[str, ...]) -> None:
    tables = {s: blox.read(folder_of(tmp_path / s, s, parts)) for s in FORMATS}
    same(tables["blox"], tables["csv"])
    same(tables["blox"], tables["pickle"])
    assert list(tables["blox"].frame["arch"]) == [SPACE.text(a) for a in sorted(MODELS, key=SPACE.index)]


@pytest.mark.parametrize("name", ["dataset-10-epochs", "dataset-200-epochs"])
def test_files_of_the_benchmarks_own_writer(reference_data: Path, tmp_path: Path, name: str) -> None:
    """Random values; with and without `info`, which then is found by the own hash."""
    tables = {}
    for suffix in FORMATS:
        (tmp_path / suffix).mkdir()
        for path in (reference_data / "blox" / name).glob(f"*.{suffix}"):
            shutil.copy(path, tmp_path / suffix)
        tables[suffix] = blox.read(tmp_path / suffix)
    same(tables["blox"], tables["csv"])
    same(tables["blox"], tables["pickle"])
    imported = tables["blox"]
    assert len(imported.frame) == {"dataset-10-epochs": 60, "dataset-200-epochs": 200}[name]
    assert any(f"params of {len(imported.frame)} of" in text for text in imported.warnings)  # they are random


def test_values_are_in_their_rows(tmp_path: Path) -> None:
    imported = blox.read(folder_of(tmp_path / "csv", "csv"))
    base, ext = ({row["model_hash"]: row for row in rows_of(part, MODELS)} for part in ("base", "ext"))
    bench = {row["model_hash"]: row["latency"] for row in rows_of("bench", MODELS)}
    save_imported(imported, tmp_path / "t.parquet", "test")
    found = table.load(tmp_path / "t.parquet")
    curves = table.curves(found.path, list(found.manifest["curves"]))
    for i, row in found.frame.iterrows():
        architecture = SPACE.parse(row["arch"])
        digest, cost = model_hash(architecture), SPACE.cost(architecture)
        assert digest is not None
        b, e = base[digest], ext[digest]
        assert row["cifar100_valid"] == b["val_top1"][-1]
        assert row["cifar100_valid_best"] == max(b["val_top1"])
        assert row["cifar100_valid_last3"] == pytest.approx(sum(b["val_top1"][-3:]) / 3)
        assert (row["cifar100_test"], row["train_time_s"]) == (b["test_top1"], b["train_time_s"])
        assert row["cifar100_train"] == e["train_top1"][-1]
        assert row["cifar100_valid_loss"] == e["val_loss"][-1]
        assert (row["cifar100_test_loss"], row["cifar100_test_top5"]) == (e["test_loss"], e["test_top5"])
        assert row["latency_phone"] == bench[digest]
        assert (row["params"], row["macs"]) == (cost.params, cost.macs)
        for name, values in {
            "cifar100_valid": b["val_top1"],
            "cifar100_train": e["train_top1"],
            "cifar100_train_loss": e["train_loss"],
            "cifar100_train_top5": e["train_top5"],
            "cifar100_valid_loss": e["val_loss"],
            "cifar100_valid_top5": e["val_top5"],
        }.items():
            assert curves[name][i].tolist() == np.float32(values).tolist()  # type: ignore[call-overload]
    manifest = found.manifest
    assert (manifest["space"], manifest["epochs"], manifest["data"]) == ("blox", 5, ["cifar100"])
    assert "percent" in manifest["units"]
    assert "best validation accuracy" in manifest["note"]
    assert "NC" in manifest["licence"]
    assert len(manifest["source"]["checksums"]) == 5
    assert sum(manifest["environment"]["gpu"].values()) == len(MODELS)


def test_the_first_epoch_is_counted_and_can_be_left_out(tmp_path: Path) -> None:
    rows = rows_of("base", MODELS, artefact=False)
    for row in rows[:5]:
        row["val_top1"][0] = row["val_top1"][-1]
    rows[0]["val_top1"][0] += 2  # here the first epoch is the only best one
    write(tmp_path, "base", "blox", rows)
    write(tmp_path, "ext", "blox", rows_of("ext", MODELS))
    kept, dropped = blox.read(tmp_path), blox.read(tmp_path, drop_first_epoch=True)
    assert any(text.startswith("5 of 12 rows of blox-base-0.blox: ") for text in kept.warnings)
    assert any("5 of 12" in text and "left out" in text for text in dropped.warnings)
    differing = (kept.frame != dropped.frame).sum()
    assert dict(differing[differing > 0]) == {"cifar100_valid_best": 1}
    for name, imported in (("kept", kept), ("dropped", dropped)):
        save_imported(imported, tmp_path / f"{name}.parquet", "test")
    names = ["cifar100_valid", "cifar100_valid_loss", "cifar100_valid_top5", "cifar100_train"]
    before, after = (table.curves(tmp_path / f"{n}.parquet", names) for n in ("kept", "dropped"))
    for name in names:
        valid = "valid" in name
        assert np.isnan(after[name][:, 0]).all() == valid
        assert np.array_equal(after[name][:, valid:], before[name][:, valid:])
    write(tmp_path, "base", "blox", rows_of("base", MODELS, epochs=1))
    (tmp_path / "blox-ext-0.blox").unlink()
    with pytest.raises(ValueError, match="drop-first-epoch: there is no other epoch"):
        blox.read(tmp_path, drop_first_epoch=True)


def test_parts_of_other_models_leave_gaps_that_are_told(tmp_path: Path) -> None:
    write(tmp_path, "base", "csv", rows_of("base", MODELS[:10]))
    write(tmp_path, "ext", "csv", rows_of("ext", MODELS[4:]))
    write(tmp_path, "info", "csv", rows_of("info", MODELS[2:]))  # the rest are found by the own hash
    imported = blox.read(tmp_path)
    assert len(imported.frame) == 12
    assert imported.frame["cifar100_test"].isna().sum() == imported.frame["train_time_s"].isna().sum() == 2
    assert imported.frame["cifar100_train"].isna().sum() == 4
    text = " ".join(imported.warnings)
    assert "12 of Blox's 91,125 models: 91,113 are missing" in text
    assert "blox-base-0.csv lacks 2 models" in text
    assert "blox-ext-0.csv lacks 4 models" in text
    expected = {SPACE.text(a) for a in MODELS[10:]}
    assert set(imported.frame["arch"][imported.frame["cifar100_test"].isna()]) == expected


def test_one_file_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "base", "pickle", rows_of("base", MODELS), name="any name.pickle")
    assert len(blox.read(path).frame) == 12
    env = write(tmp_path, "env", "csv", rows_of("env", MODELS))
    with pytest.raises(ValueError, match="env alone says nothing of a model"):
        blox.read(env)


def test_operations_are_mapped_by_name(tmp_path: Path) -> None:
    """A file whose numbers mean other operations: its hashes are of its numbers, its models are ours."""
    order = ["bconv", "conv", "mbconv"]
    numbers = {0: 1, 1: 2, 2: 0}  # ours: conv, mbconv, bconv

    def renumbered(model: Architecture) -> Architecture:
        return tuple(numbers[v] if i % 5 < 2 else v for i, v in enumerate(model))

    search_space = {"shape": [[[3], [3, 2, 2, 2]]] * 3, "nodes": 2, "stages": 3, "ops": order}
    for suffix in FORMATS:
        for parts in (("base", "info"), ("base",)):
            folder = tmp_path / f"{suffix}{len(parts)}"
            folder.mkdir()
            for part in parts:
                rows = rows_of(part, MODELS)
                for row, model in zip(rows, MODELS, strict=True):
                    row["model_hash"] = model_hash(renumbered(model))
                    if part == "info":
                        stages = SPACE.cells_of(renumbered(model))
                        row["arch_vec"] = [[[o0], list(rest)] for o0, *rest in stages]
                write(folder, part, suffix, rows, search_space=search_space)
            imported = blox.read(folder)
            own = {SPACE.text(m): r for m, r in zip(MODELS, rows_of("base", MODELS), strict=True)}
            assert [own[text]["test_top1"] for text in imported.frame["arch"]] == list(
                imported.frame["cifar100_test"]
            )
            assert not any("params" in text for text in imported.warnings)


def test_costs_are_checked_against_the_networks_built_here(tmp_path: Path) -> None:
    rows = rows_of("info", MODELS)
    assert not any("params" in text for text in blox.read(write(tmp_path, "info", "csv", rows)).warnings)
    rows[3]["params"] += 1
    rows[5]["flops"] += 1
    rows[6]["flops"] += 1
    warnings = " ".join(blox.read(write(tmp_path, "info", "csv", rows)).warnings)
    assert "params of 1 of 12 models" in warnings
    assert "flops of 2 of 12 models" in warnings


def test_a_stated_unit_is_in_the_name(tmp_path: Path) -> None:
    rows = rows_of("bench", MODELS)
    stated = blox.read(write(tmp_path, "bench", "csv", rows, unit="ms"))
    assert "latency_phone_ms" in stated.frame
    unstated = blox.read(write(tmp_path, "bench", "csv", rows))
    assert "latency_phone" in unstated.frame
    assert any("does not state the unit" in text for text in unstated.warnings)
    write(tmp_path, "bench", "csv", rows, device="desk", unit="us")
    assert {"latency_phone", "latency_desk_us"} <= set(blox.read(tmp_path).frame)


def test_one_of_several_formats_is_read_and_the_others_named(tmp_path: Path) -> None:
    for suffix in FORMATS:
        write(tmp_path, "base", suffix, rows_of("base", MODELS))
    imported = blox.read(tmp_path)
    assert imported.manifest["source"]["files"] == ["blox-base-0.blox"]
    assert any("blox-base-0.csv, blox-base-0.pickle" in text for text in imported.warnings)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = folder_of(tmp_path / "files", "blox"), tmp_path / "table.parquet"
    assert main(["truth", "import", "blox", str(source), "--drop-first-epoch", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "12 architectures, 13 columns" in said.out
    assert "12 of 12 rows of blox-base-0.blox" in said.err
    found = table.load(out)
    assert any("left out" in warning for warning in found.manifest["warnings"])
    # Another import that fails leaves the table as it is.
    (source / "blox-base-0.blox").write_bytes((source / "blox-base-0.blox").read_bytes()[:-5])
    assert main(["truth", "import", "blox", str(source), "--out", str(out)]) == 2
    assert "blox-base-0.blox: the file is cut off" in capsys.readouterr().err
    pd.testing.assert_frame_equal(table.load(out).frame, found.frame)
