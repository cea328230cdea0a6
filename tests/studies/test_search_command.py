"""`studies search` without training: what it saves, what is derived from that, and mistakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main as analysis
from analysis.measures.search import compared, differing, incumbents
from analysis.store import search as store
from studies.__main__ import main
from supernet.spaces import get_space


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four methods on a user's CSV of all networks of NAS-Bench-Macro, six runs each."""
    path = tmp_path_factory.mktemp("search")
    space = get_space("macro")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"arch": [space.text(one) for one in space.enumerate()]})
    base = np.array([sum(one) for one in space.enumerate()], dtype=float) * 5
    for name in ("digits_valid_seed0", "digits_valid_seed1", "digits_test"):
        frame[name] = (base + rng.normal(size=len(base)) * 4).clip(0, 100)
    frame.to_csv(path / "macro.csv", index=False)
    words = ["search", str(path / "macro.csv"), "--method", "random,evolution,ranking:params,ilp:-macs"]
    assert main([*words, "--runs", "6", "--budget", "40", "--workers", "1", "--out", str(path / "out")]) == 0
    return path


def test_the_curves_are_sums_of_the_events(folder: Path) -> None:
    """Against a walk over each search's events."""
    results = store.read(folder / "out")
    assert results.content["objective"] == ["digits_valid_seed0", "digits_valid_seed1"]
    assert results.content["units"] == ["trainings"]  # a CSV says nothing of epochs
    table = pd.read_csv(folder / "macro.csv", dtype={"arch": str}).set_index("arch")
    found = incumbents(results, "trainings", [1, 30, 40])
    for (method, run), events in results.events.groupby(["method", "run"], observed=True):
        column, spent, best, curve = f"digits_valid_seed{run % 2}", 0.0, -1.0, {}
        for event in events.to_dict("records"):
            spent += event["trainings"]
            if event["kind"] == "trained":
                assert event["value"] == table[column][event["arch"]]
                if event["value"] > best:
                    best, chosen = event["value"], event["arch"]
                curve[spent] = table["digits_test"][chosen]
        assert spent == 40
        assert found[method][run].tolist() == [curve[1], curve[30], curve[40]]
    # All methods that begin at random begin alike; the ILP trains the smallest network first.
    assert (found["random"][:, 0] == found["evolution"][:, 0]).all()
    first = results.events.query("method == 'ilp:-macs' and kind == 'trained'")["arch"].iloc[0]
    assert first == "00000000"
    rows = compared(results, "trainings", 40)
    assert rows["mean"].is_monotonic_decreasing
    assert rows.set_index("method").loc["random", "mean"] == pytest.approx(found["random"][:, 2].mean())
    with pytest.raises(ValueError, match="unit: 'epochs' is not one of trainings"):
        incumbents(results, "epochs", [1])


def test_methods_differ_only_if_they_do_on_every_objective() -> None:
    rng = np.random.default_rng(0)
    base, noise = rng.normal(size=60), rng.normal(size=60) / 10
    one_sided = base + np.where(np.arange(60) % 2, 3.0, -0.5) + noise
    values = {"a": base, "b": base + 1 + noise, "c": one_sided}
    assert differing(values, 2) == {("a", "b")}
    assert ("a", "c") in differing(values)


def test_the_figure_is_drawn_from_the_saved_events(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert analysis(["figure", "search", str(folder / "out"), "--format", "svg", "--out", str(folder)]) == 0
    frame = pd.read_csv(folder / "search.csv")
    assert list(dict.fromkeys(frame["method"])) == [
        *store.read(folder / "out").methods,
        "random, in expectation",
    ]
    assert analysis(["figure", "blox-5", str(folder / "out")]) == 2
    assert "has nothing for blox-5; it lacks searches over a table of Blox" in capsys.readouterr().err
    (folder / "out" / store.EVENTS).write_bytes(b"")
    assert analysis(["figure", "search", str(folder / "out")]) == 2
    assert "is not the file that search.json describes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--method annealing", "--method: 'annealing' is not one of fear, short-training, evolution"),
        ("--method random,fear", "--method: fear trains networks and random looks trainings up"),
        (
            "--method ranking:nothing",
            "--method: the ranking 'nothing' is not one of params, macs, digits_valid_seed0",
        ),
        ("--method ilp:digits_test", "--method: digits_test is not a sum over places"),
        ("--method hyperband", "--method: hyperband needs the objective after every epoch"),
        ("--method random --unit seconds", "--unit: 'seconds' is not one of trainings"),
        ("--method random --runs 0", "--runs: 0 is not a positive integer"),
        (
            "--method random --ratio 2",
            "--ratio: no option of random, which looks trainings up",
        ),
        ("--method random --at 200", "--at: '200' is not a list of numbers above 0 and up to the budget 100"),
        (
            "--method random --limit size=3",
            "--limit: 'size=3' is not params=N or macs=N or latency=N with N above 0",
        ),
        ("--method random --limit params=3", "--limit: every network of macro.csv has more than 3 params"),
        ("--method evolution --set evolution.sample=x", "--set: evolution.sample: 'x' is not an integer"),
        (
            "--method iterative-teacher:worst --set iterative-teacher.order=x",
            "--set: order: 'x' is not one of alternating, scratch-once",
        ),
        ("--method evolution --set evolution.size=3", "--set: evolution has no 'size'; it has pool, sample"),
        ("--method random --objective x", "column: 'x' of macro.csv is not one of"),
        ("--method random --budget 1e7", "--budget: 1e+07 is not a number above 0 and up to 1,000,000"),
        ("--method random --limit params=9e6 --limit params=8e6", "--limit: params is given twice"),
        (
            "--method evolution --set evolution.pool=8 --set evolution.pool=9",
            "--set: evolution.pool is given twice",
        ),
        ("--method random --mask mb3_k3,mb6_k5", "table: macro.csv has 1 network to search"),
    ],
)
def test_mistakes_end_with_one_line(
    words: str,
    message: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    assert main(["search", "macro.csv", *words.split()]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {message}")
    assert not (folder / "runs").exists()


def test_seconds_must_be_known_of_every_network(folder: Path, tmp_path: Path, capsys) -> None:
    table, path = pd.read_csv(folder / "macro.csv", dtype={"arch": str}), tmp_path / "timed.csv"
    out = tmp_path / "out"
    how = "--method random --seconds time --unit seconds --budget 15 --runs 2"
    words = ["search", str(path), *how.split(), "--out", str(out)]
    for value in (np.nan, 0.0, -1.0, np.inf):
        table.assign(time=[1.0, value, *[1.0] * (len(table) - 2)]).to_csv(path, index=False)
        assert main(words) == 2
        assert f"time of {path} is {value:g} for 00000001" in capsys.readouterr().err
    table.assign(time=10.0).to_csv(path, index=False)
    assert main(words) == 0
    trained = store.read(out).events.query("kind == 'trained'")
    assert len(trained) == 4  # the second of a search reaches the budget and counts


def test_what_a_search_gave_up_or_replaced_is_said(folder: Path, tmp_path: Path, capsys) -> None:
    """A ranking of three networks ends; the random curve is of what the only run sees; the command loses no digit."""
    part, out = tmp_path / "part.csv", tmp_path / "out"
    table = pd.read_csv(folder / "macro.csv", dtype={"arch": str})
    score = table["digits_test"].where(table.index.isin([3, 4, 5]))
    table.assign(score=score).to_csv(part, index=False)
    words = ["search", str(part), "--runs", "1", "--budget", "12.34567891", "--out", str(out), "--method"]
    assert main([*words, "random,ranking:score"]) == 0
    printed = capsys.readouterr()
    assert "ranking:score: 1 of 1 searches ended before the budget, after 3 trainings" in printed.out
    assert "note:" not in printed.err
    content = store.read(out).content
    assert content["objective"] == ["digits_valid_seed0"]
    best = table["digits_valid_seed0"].to_numpy()
    assert content["exact"]["objective"][0] == pytest.approx(best.mean())
    assert "--budget 12.34567891" in content["command"]
    assert main([*words, "random", "--objective", "digits_test"]) == 0
    assert f"note: {out / store.FILE} was of other searches, python -m" in capsys.readouterr().err
    before = (out / store.FILE).read_bytes()
    words[words.index("--budget") + 1] = "0.5"
    assert main([*words, "random"]) == 2
    assert "--budget: 0.5 trainings is less than one network takes" in capsys.readouterr().err
    assert (out / store.FILE).read_bytes() == before
    file = out / store.FILE
    for before, after, message in (
        ('"runs": 1', '"runs": 0', "has runs 0 and budget"),
        ('"name": "random"', '"name": "other"', "does not have the method 'random'"),
    ):
        kept = file.read_text()
        file.write_text(kept.replace(before, after))
        assert analysis(["figure", "search", str(out)]) == 2
        assert message in capsys.readouterr().err
        file.write_text(kept)


def test_an_integer_program_ranks_small_scores_too(folder: Path, tmp_path: Path) -> None:
    table, path = pd.read_csv(folder / "macro.csv", dtype={"arch": str}), tmp_path / "tiny.csv"
    digits = np.array([[int(one) for one in text] for text in table["arch"]])
    table.assign(score=5 + 1e-13 * digits @ 3.0 ** np.arange(8) * 100).to_csv(path, index=False)
    words = ["search", str(path), "--method", "ilp:score,ranking:score", "--runs", "1", "--budget", "9"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    events = store.read(tmp_path / "out").events.query("kind == 'trained'")
    by = {str(name): list(map(str, one)) for name, one in events.groupby("method", observed=True)["arch"]}
    assert by["ilp:score"] == by["ranking:score"]


def test_a_table_with_gaps_is_refused_or_said_to_be_invalid(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = folder / "part.csv"
    part.write_text("".join((folder / "macro.csv").read_text().splitlines(keepends=True)[:401]))
    words = [
        "search",
        str(part),
        "--method",
        "random",
        "--runs",
        "2",
        "--budget",
        "5",
        "--out",
        str(folder / "gaps"),
    ]
    assert main(words) == 2
    assert "lacks" in capsys.readouterr().err
    assert main([*words, "--missing", "invalid"]) == 0
    words[words.index("random")] = "ilp:params"
    assert main([*words, "--missing", "invalid"]) == 2
    assert "ilp:params needs a table of every model of the space" in capsys.readouterr().err
