"""Ground-truth tables: building, resuming, reading, refusing; and the embedded ones against their recipe."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis.measures.ceiling import ceiling
from studies import embedded
from studies.__main__ import main
from studies.running.lock import lock_output
from studies.truth import table
from studies.truth.build import Builder
from studies.truth.stand_alone import train
from studies.truth.tasks import get_task
from supernet.files import digest
from supernet.spaces import SPACES, get_space

EVERY = sorted(path.with_suffix(".parquet") for path in table.EMBEDDED.glob("*.json"))
FINE_TUNED = [path for path in EVERY if "fine_tuned" in json.loads(path.with_suffix(".json").read_text())]
STUDENTS = [path for path in FINE_TUNED if "-students-of-" in path.stem]  # of five teachers, each other's
COMPLETE = [path for path in FINE_TUNED if "-small-" in path.stem]
EMBEDDED = [path for path in EVERY if path not in FINE_TUNED]  # trained from scratch


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded recipe, cut to one epoch."""
    recipes = {space: replace(recipe, epochs=1) for space, recipe in embedded.STAND_ALONE.items()}
    monkeypatch.setattr(embedded, "STAND_ALONE", recipes)


def builder(path: Path, architectures: int = 3, seeds: int = 2) -> Builder:
    return Builder(get_space("nasbench201"), get_task("nasbench201", "digits"), architectures, seeds, 0, path)


def ignore(done: int, total: int) -> None:
    """Report nothing."""


@pytest.mark.usefixtures("short")
def test_an_interrupted_build_resumes_to_the_same_table(tmp_path: Path) -> None:
    one, two = builder(tmp_path / "one.parquet"), builder(tmp_path / "two.parquet")
    one.run(2, ignore)
    lines = one.records_path.read_bytes().splitlines(keepends=True)
    assert len(lines) == 7
    # Killed while it wrote the second architecture's first record.
    two.records_path.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    seen = []
    frame = two.run(1, lambda done, total: seen.append((done, total)))
    assert seen == [(2, 6), (4, 6), (6, 6)]
    pd.testing.assert_frame_equal(one.export(), frame, check_exact=True)
    assert digest(one.path) == digest(two.path)


@pytest.mark.usefixtures("short")
def test_a_larger_table_contains_the_smaller_one(tmp_path: Path) -> None:
    small = builder(tmp_path / "t.parquet", architectures=1).run(1, ignore)
    large = builder(tmp_path / "t.parquet", architectures=2).run(1, ignore)
    pd.testing.assert_frame_equal(large.head(1), small)
    row = large.iloc[1]
    assert row["digits_test"] == pytest.approx((row["digits_test_seed0"] + row["digits_test_seed1"]) / 2)
    space = get_space("nasbench201")
    assert row["params"] == space.cost(space.parse(row["arch"]), embedded.SIZES["nasbench201"]).params


@pytest.mark.usefixtures("short")
def test_a_table_can_be_extended_without_its_records(tmp_path: Path) -> None:
    """As from an embedded table, whose records are not kept: what it holds is not trained again."""
    small, large = (builder(tmp_path / "t.parquet", architectures=n) for n in (2, 3))
    frame = small.run(2, ignore)
    small.records_path.unlink()
    manifest = json.loads(small.path.with_suffix(".json").read_text())
    del manifest["training"]["stacking"]  # as a table that was made before there was this setting
    table.save(frame, manifest, small.path)
    seen = []
    extended = large.run(1, lambda done, total: seen.append((done, total)))
    assert seen == [(4, 6), (6, 6)]
    pd.testing.assert_frame_equal(extended.head(2), frame, check_exact=True)


@pytest.mark.usefixtures("short")
def test_all_architectures_have_the_values_of_those_that_stand_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a mask that leaves skips and nothing: 2^6 = 64 cells."""
    space = get_space("nasbench201", ["nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"])
    build = Builder(space, get_task("nasbench201", "digits"), None, 1, 0, tmp_path / "t.parquet")
    # By hand: sums of k paths of skips from input to output, k = 0 (disconnected) to 4.
    assert len(build.to_train) == 5
    frame = build.run(1, ignore)
    assert len(frame) == 64
    assert list(frame["arch"]) == [space.text(a) for a in space.enumerate()]
    assert frame.groupby("trained_as")["digits_test"].nunique().eq(1).all()
    disconnected = frame[~frame["arch"].map(lambda text: space.is_valid(space.parse(text)))]
    assert set(disconnected["trained_as"]) == {space.text((0,) * 6)}
    manifest = table.load(build.path).manifest
    assert (manifest["architectures"], manifest["networks"]) == (64, 5)
    assert "--architectures all" in manifest["command"]


def test_all_of_a_masked_space_with_curves_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By one process at a time. Cut off, the table is still exported; the curve's last value is the table's."""
    recipe = replace(embedded.STAND_ALONE["nasbench201"], epochs=3)
    monkeypatch.setitem(embedded.STAND_ALONE, "nasbench201", recipe)
    path = tmp_path / "blox-digits.parquet"
    words = "--space nasbench201 --mask nor_conv_1x1,nor_conv_3x3,avg_pool_3x3 --seeds 2 --curves --workers 1"
    command = ["truth", "build", *words.split(), "--architectures", "all", "--out", str(path)]
    with lock_output(path):
        assert main(command) == 2
    assert f"error: {path}: held by " in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert main(command) == 0
    assert "note: the name blox-digits means" in capsys.readouterr().err
    records = path.with_suffix(".records.jsonl")
    whole = records.read_text().splitlines(keepends=True)
    assert len(whole) == 1 + 5 * 2
    records.write_text("".join(whole[:5]))
    assert main([*command, "--export"]) == 0
    found = table.load(path)
    assert found.manifest["networks"] == 2
    assert "--mask" in found.manifest["command"]
    curves = table.curves(path, ["digits_valid_seed1"])["digits_valid_seed1"]
    assert curves.shape == (len(found.frame), 3)
    assert list(curves[:, -1]) == pytest.approx(list(found.frame["digits_valid_seed1"]), abs=1e-3)


@pytest.mark.usefixtures("short")
def test_records_of_another_recipe_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder(tmp_path / "t.parquet", architectures=1, seeds=1).run(1, ignore)
    monkeypatch.setattr(embedded, "NOISE", 0.5)
    with pytest.raises(ValueError, match=r"t.records.jsonl was begun with other settings \(evaluation\)"):
        builder(tmp_path / "t.parquet").run(1, ignore)


@pytest.mark.usefixtures("short")
def test_tables_that_are_not_what_their_manifest_says_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = builder(path, architectures=1, seeds=1).run(1, ignore)
    assert len(table.load(path).frame) == 1
    frame.assign(digits_test=99.0).to_parquet(path)
    with pytest.raises(ValueError, match="checksum differs"):
        table.load(path)
    manifest = json.loads(path.with_suffix(".json").read_text())
    table.save(frame.drop(columns="digits_test"), manifest, path)
    with pytest.raises(ValueError, match="lacks the columns digits_test"):
        table.load(path)
    path.with_suffix(".json").write_text("{}")
    with pytest.raises(ValueError, match=r"t\.json: 'space' is missing"):
        table.load(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(ValueError, match="has no manifest"):
        table.load(path)
    with pytest.raises(ValueError, match=r"'nowhere' is neither a Parquet file nor a table that has a name"):
        table.resolve("nowhere")


def test_there_is_an_embedded_table_of_each_space() -> None:
    whole = [path.stem for path in EMBEDDED if not table.load(path).manifest["mask"]]
    assert whole == sorted(f"{space}-digits" for space in SPACES)


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_embedded_tables_hold_what_they_say(path: Path) -> None:
    found = table.load(path)
    space, manifest, frame = found.space, found.manifest, found.frame
    assert len(frame) == manifest["architectures"]
    assert found.size == embedded.SIZES[space.name]
    for metric in ("digits_valid", "digits_test"):
        seeds = [f"{metric}_seed{seed}" for seed in range(manifest["seeds"])]
        assert frame[seeds].to_numpy() == pytest.approx(frame[seeds].to_numpy().clip(0, 100))
        assert frame[metric].to_numpy() == pytest.approx(frame[seeds].mean(axis=1).to_numpy())


@pytest.mark.parametrize(
    "name",
    [
        "blox-digits",
        "macro-digits",
        *(path.stem for path in FINE_TUNED if path not in (*STUDENTS, *COMPLETE)),
    ],
)
def test_an_embedded_table_of_a_part_is_a_random_sample(name: str) -> None:
    found = table.load(table.resolve(name))
    space, manifest = found.space, found.manifest
    sample = space.sample(manifest["architectures"], manifest["sample_seed"])
    assert [space.text(a) for a in sample] == list(found.frame["arch"])
    assert len({space.canonical(a) for a in sample}) == len(sample)
    assert all(space.is_valid(a) for a in sample)


def test_the_embedded_part_of_blox_is_complete() -> None:
    """All 13^3 models of 13 blocks, with curves that end at the table's values."""
    path = table.resolve("blox-small-digits")
    found = table.load(path)
    assert set(found.manifest["mask"]) == {"bconv", "ST2", "ST4"}
    space, frame = get_space("blox", found.manifest["mask"]), found.frame
    assert {space.text(one) for one in space.unique()} == set(frame["arch"])
    assert len(frame) == frame["arch"].nunique() == frame["trained_as"].nunique() == 13**3
    for name, values in table.curves(path, ["digits_valid_seed0", "digits_valid_seed1"]).items():
        assert values.shape == (13**3, found.manifest["training"]["epochs"])
        assert values[:, -1] == pytest.approx(frame[name].to_numpy(), abs=1e-4)


def test_fine_tuned_tables_say_their_teacher_and_are_of_models_of_the_table() -> None:
    """The teachers are the best and the worst by validation accuracy, or the students' own architectures."""
    for path in FINE_TUNED:
        found = table.load(path)
        normal = table.load(table.resolve(f"blox-{'small-' * (path in COMPLETE)}digits")).frame
        order = list(normal.sort_values("digits_valid")["arch"])
        allowed = (
            found.frame["arch"] if path in STUDENTS else [order[-1] if "-best" in path.stem else order[0]]
        )
        assert found.manifest["fine_tuned"]["teacher"] in list(allowed)
        assert set(found.frame["arch"]) <= set(order)
        if path in COMPLETE:
            assert len(found.frame) == len(order)
    five = [table.load(path) for path in STUDENTS]
    assert {one.manifest["fine_tuned"]["teacher"] for one in five} == set(five[0].frame["arch"])
    assert {tuple(one.frame["arch"]) for one in five} == {tuple(five[0].frame["arch"])}


def test_the_embedded_nasbench201_table_is_complete() -> None:
    """5,260 stand-alone functions stand for the 15,625 cells; equal functions have equal values."""
    found = table.load(table.resolve("nasbench201-digits"))
    space, frame = found.space, found.frame
    architectures = list(space.enumerate())
    assert [space.text(a) for a in architectures] == list(frame["arch"])
    assert [space.text(space.stand_alone_form(a)) for a in architectures] == list(frame["trained_as"])
    assert frame["trained_as"].nunique() == found.manifest["networks"] == 5260
    values = frame.groupby("trained_as")[found.manifest["columns"]].nunique(dropna=False)
    assert values.eq(1).all(axis=None)
    # 400 test images in four copies: a network that ignores its input is right as often as its one answer.
    disconnected = [not space.is_valid(a) for a in architectures]
    assert frame["digits_test"][disconnected].between(5, 15).all()


@pytest.mark.parametrize("path", EMBEDDED, ids=lambda path: path.stem)
def test_training_again_gives_the_embedded_accuracy(path: Path) -> None:
    """The first architecture of the table, one seed. Another processor rounds otherwise: some points of leeway."""
    found = table.load(path)
    row, name = found.frame.iloc[0], found.space.name
    trained = row.get("trained_as", row["arch"])
    task = get_task(name, "digits")
    assert task.size == found.size
    (again,) = train(name, trained, [0], task)
    assert again["status"] == "finished"
    assert again["test"] == pytest.approx(row["digits_test_seed0"], abs=6)


@pytest.mark.parametrize("path", EMBEDDED, ids=lambda path: path.stem)
def test_embedded_truth_is_no_noise(path: Path) -> None:
    """Seeds agree far better than chance, whose standard deviation of tau is below .04 for 400 architectures."""
    found = table.load(path)
    estimates = ceiling(found.frame, "digits_test")
    assert estimates is not None
    assert estimates["seed_to_seed"]["tau_b"] > 0.5
