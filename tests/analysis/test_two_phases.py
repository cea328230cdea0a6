"""Searches by short fine-tuning whose best are trained anew: against a walk over the events; figures and the table."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_study import SIZES

from analysis.__main__ import main
from analysis.measures.iterations import iterations
from analysis.measures.retraining import SEARCHED, read_two_phases
from analysis.store import search
from supernet.spaces import get_space

SPACE = get_space("blox", ("bconv", "mbconv"))  # 6 blocks a stage
GOOD, BAD = (SPACE.text(one) for one in SPACE.sample(2, 0))
RUNS, EPOCHS = 6, 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables short (2 epochs), long (4), other (4, of another teacher), scratch; searches of `short` in `s`."""
    path, rng = tmp_path_factory.mktemp("phases"), np.random.default_rng(0)
    texts = [SPACE.text(one) for one in SPACE.enumerate()]
    base = rng.uniform(40, 80, len(texts))
    frames = {}
    for name, gain, teacher, epochs in (
        ("short", 0, GOOD, 2), ("long", 8, GOOD, 4), ("other", -5, BAD, 4), ("scratch", 4, None, None),
    ):  # fmt: skip
        frame = pd.DataFrame({"arch": texts})
        for column in ("digits_valid_seed0", "digits_valid_seed1", "digits_test"):
            frame[column] = base + gain + rng.normal(0, 2, len(texts))
        frame.to_parquet(path / f"{name}.parquet")
        manifest = {
            "space": "blox", "title": name, "data": "digits", "size": asdict(SIZES["blox"]), "mask": list(SPACE.mask),
            "columns": list(frame)[1:], "seeds": 2, "training": {"epochs": EPOCHS},
            "checksum": hashlib.sha256((path / f"{name}.parquet").read_bytes()).hexdigest(),
        }  # fmt: skip
        if teacher is not None:
            tuned = {"teacher": teacher, "distillation": {"epochs": 4}, "fine_tuning": {"epochs": epochs}}
            manifest["fine_tuned"] = tuned
        (path / f"{name}.json").write_text(json.dumps(manifest))
        frames[name] = frame
    rows = []
    for method in ("random", "other method"):
        for run in range(RUNS):
            for row in rng.choice(len(texts), 20, replace=False):
                value = frames["short"][f"digits_valid_seed{run % 2}"][row]
                rows.append(
                    (method, run, "trained", texts[row], 1.0, value, frames["short"]["digits_test"][row])
                )
    events = pd.DataFrame(rows, columns=["method", "run", "kind", "arch", "trainings", "value", "truth"])
    content = {
        "table": "short.parquet", "title": "", "space": "blox", "mask": list(SPACE.mask), "column": "digits_test",
        "objective": ["digits_valid_seed0", "digits_valid_seed1"], "encodings": "unique", "architectures": len(texts),
        "unit": "trainings", "units": ["trainings"], "budget": 20.0, "runs": RUNS, "best": 80.0, "mean": 60.0,
        "methods": [{"name": one, "settings": {}} for one in ("random", "other method")], "exact": None,
        "command": None,
    }  # fmt: skip
    search.write(path / "s", content, events)
    return path


def test_the_curves_are_a_walk_over_the_events(folder: Path) -> None:
    names = ("short", "long", "other", "scratch")
    tables = {name: pd.read_parquet(folder / f"{name}.parquet").set_index("arch") for name in names}
    two = read_two_phases(folder / "s", [folder / f"{name}.parquet" for name in names])
    blocks = 3 * len(SPACE.allowed_blocks) * 4 / EPOCHS
    assert two.short.distillation == blocks
    switch, costs = blocks + 3.0, [blocks + 0.1, blocks + 2, blocks + 3, blocks + 4.1, blocks + 11]
    curves = two.curves(costs, switch)
    prices = {"long": (0.5, 0), "other": (0.5, blocks), "scratch": (1, 0)}
    for name, (price, distilled) in prices.items():
        key = "from scratch" if name == "scratch" else f"{name}, 4 epochs"
        for run in range(RUNS):
            events = two.results.events
            own = events[(events["method"] == "random") & (events["run"] == run)]
            column = f"digits_valid_seed{run % 2}"
            trained = [str(arch) for arch in own["arch"]][: round(3 / 0.25)]  # of 2 of 8 epochs each
            order = sorted(trained, key=lambda arch: -tables["short"][column][arch])
            for place, cost in enumerate(costs):
                searched = [arch for i, arch in enumerate(trained, 1) if blocks + 0.25 * i <= cost + 1e-9]
                again = [
                    arch for i, arch in enumerate(order, 1) if switch + distilled + price * i <= cost + 1e-9
                ]
                expected = np.nan
                for done, table in ((searched, tables["short"]), (again, tables[name])):
                    if done:
                        expected = table["digits_test"][max(done, key=lambda arch: table[column][arch])]
                np.testing.assert_equal(curves["random", key][run, place], expected)
    searched = two.curves([blocks + 0.1, two.end, two.end + 1], switch)["random", SEARCHED]
    assert two.end == blocks + 20 * 0.25
    assert np.isnan(searched).all(0).tolist() == [
        True,
        False,
        True,
    ]  # before the first and after the last training


@pytest.fixture(scope="module")
def iterated(folder: Path) -> Path:
    """Two searches by the iterative teacher from network 0: a round, in the second run two."""
    texts = [SPACE.text(one) for one in SPACE.enumerate()]
    begin = [("trained", 0, 1.0, 40.0, 41.0), ("distilled", 0, 9.0, np.nan, np.nan)]
    first = [
        ("fine_tuned", 5, 0.5, 50.0, 51.0),
        ("fine_tuned", 0, 0.5, 45.0, 46.0),
        ("trained", 5, 1.0, 60.0, 61.0),
    ]
    second = [("distilled", 5, 9.0, np.nan, np.nan), ("fine_tuned", 7, 0.5, 70.0, 71.0)]
    second.append(("distilled", 7, 9.0, np.nan, np.nan))  # so that the search has not ended with its best
    rows = [
        ("iterative-teacher:worst", run, kind, texts[row], cost, value, truth)
        for run, own in enumerate(([*begin, *first], [*begin, *first, *second]))
        for kind, row, cost, value, truth in own
    ]
    columns = ["method", "run", "kind", "arch", "trainings", "value", "truth"]
    content = search.read(folder / "s").content | {"table": "scratch.parquet", "runs": 2}
    content["methods"] = [{"name": "iterative-teacher:worst", "settings": {}}]
    search.write(folder / "i", content, pd.DataFrame(rows, columns=columns))
    return folder / "i"


def test_table_5_and_the_curve_of_figure_12_are_the_ledgers(
    iterated: Path, folder: Path, tmp_path: Path, capsys
) -> None:
    whole = iterations(search.read(iterated), "iterative-teacher:worst", 1)
    assert list(whole.networks) == ["m1", "m2", "m3"]
    assert whole.networks["m2"] == whole.first
    rows = whole.rows.astype(object).where(whole.rows.notna(), None).to_numpy().tolist()
    assert rows == [
        [1, "fine-tuned", "m2", 11.0, 51.0, 46.0, None],
        [1, "from scratch", "m2", 12.0, 61.0, None, None],
        [2, "fine-tuned", "m1", 21.5, None, None, 71.0],
    ]
    assert main(["iterations", str(iterated), "--run", "1", "--format", "csv"]) == 0
    assert "71.0" in capsys.readouterr().out
    given = [str(folder / name) for name in ("s", "short.parquet", "long.parquet")]
    for more, waits in (([], True), ([str(iterated)], False)):
        paths = ",".join([*given, str(folder / "other.parquet"), *more])
        assert main(["figure", "blox-12", paths, "--out", str(tmp_path), "--format", "svg"]) == 0
        assert ("missing: the iterative teacher" in capsys.readouterr().err) == waits
    drawn = pd.read_csv(tmp_path / "blox-12.csv").query("trained == 'iterative-teacher:worst'")
    for _, row in drawn.iterrows():
        second = 71.0 if row["cost"] >= 21.5 else 61.0
        assert row["mean"] == pytest.approx(
            (61 + second) / 2 if row["cost"] >= 12 else 51 if row["cost"] >= 10.5 else 41
        )
    assert {row > 21.5 for row in drawn["cost"]} == {True, False}
    assert main(["iterations", str(folder / "s")]) == 2
    assert "has no search by the iterative teacher" in capsys.readouterr().err
    assert main(["two-phases", *given, str(iterated)]) == 2
    assert "has 2 runs" in capsys.readouterr().err


def test_figures_and_table(folder: Path, tmp_path: Path, capsys) -> None:
    def paths(*names: str) -> list[str]:
        return [str(folder / f"{name}.parquet") for name in names]

    shown = {
        "blox-11": {SEARCHED, "long, 4 epochs"},
        "blox-12": {SEARCHED, "long, 4 epochs", "other, 4 epochs"},
    }
    given = ",".join([str(folder / "s"), *paths("short", "long", "other")])
    for name in ("blox-11", "blox-12", "blox-20"):
        assert main(["figure", name, given, "--out", str(tmp_path), "--format", "svg"]) == 0
        drawn = pd.read_csv(tmp_path / f"{name}.csv")
        if name in shown:
            assert set(drawn["trained"]) == shown[name]
        else:
            assert set(drawn["method"]) == {"random", "other method"}
    capsys.readouterr()
    words = ["two-phases", str(folder / "s"), *paths("short", "long", "scratch")]
    assert main([*words, "--at", "12", "--format", "csv"]) == 0
    rows = pd.read_csv(pd.io.common.StringIO(capsys.readouterr().out))
    assert len(rows) == 6
    assert rows["mean"].is_monotonic_decreasing
    reached = []
    assert main([*words, "--switch", "9.1"]) == 0  # before anything is found: nothing is trained anew
    capsys.readouterr()
    for more in (["--at", "12"], ["--at", "13"]):  # what a search takes to the target is its own
        assert main([*words, *more, "--switch", "11.1", "--target", "79", "--format", "csv"]) == 0
        again = pd.read_csv(pd.io.common.StringIO(capsys.readouterr().out)).set_index(["method", "trained"])
        reached.append(again["reached"].sort_index())
    pd.testing.assert_series_equal(*reached)
    two = read_two_phases(folder / "s", [Path(path) for path in paths("short", "long", "scratch")])
    known = reached[0].dropna()
    assert len(known)
    for (method, trained), cost in known.items():
        before, then = two.curves([cost - 1e-6, cost], 11.1)[method, trained].mean(0)
        assert not before >= 79
        assert then >= 79
    searches = str(folder / "s")
    for wrong, message in (
        (
            ["figure", "blox-12", ",".join([searches, *paths("short", "long")])],
            "fine-tuned by another teacher",
        ),
        (
            ["figure", "blox-11", ",".join([searches, *paths("long")])],
            "lack short.parquet, which was searched",
        ),
        (["two-phases", searches, *paths("short")], "lack a table to train the best anew by"),
        ([*words, "--switch", "1"], "--switch: 1 is not above 9"),
        ([*words, "--switch", "15"], "--switch: 15 is beyond 14"),
        ([*words, "--target", "nan"], "--target: nan is not a number"),
        ([*words, "--at", "30", "--conventional", searches], "ends at 20 trainings, before --at 30"),
    ):
        assert main(wrong) == 2
        assert message in capsys.readouterr().err
