"""Random search: its arithmetic against a walk epoch by epoch; sharing, resuming, the command."""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.figures.search import found as measured
from analysis.measures.search import incumbents
from analysis.store import search as store
from studies import embedded
from studies.__main__ import main
from studies.estimators import Record
from studies.estimators.fear import Fear
from studies.estimators.short_training import ShortTraining
from studies.running.lock import lock_run
from studies.search import compare
from studies.search.compare import Comparison, Method, methods, summary
from studies.search.cut_off import Trial, random_search
from studies.search.trials import Setting, as_trial
from studies.search.units import UNITS
from studies.truth import table
from supernet.data import DataConfig
from supernet.spaces import get_space

STEPS_AN_EPOCH = 4


def made_up(rng: random.Random) -> Trial:
    """A trial of FEAR's form with costs in whole steps; a second is ten steps."""
    epochs, rest = rng.randint(1, 30), rng.randint(1, 9)
    reached = rng.random() < 0.8
    score = round(rng.uniform(0, 100), 1) if reached and rng.random() < 0.9 else None
    first = {"steps": float(STEPS_AN_EPOCH * epochs), "seconds": 0.4 * epochs, "macs": 100.0 * epochs}
    after = {"steps": float(rest), "seconds": rest / 10, "macs": 25.0 * rest}
    return Trial(
        score=score,
        status="ok" if score is not None else "diverged" if reached else "not_reached",
        first=first,
        epochs=epochs,
        reached=reached,
        rest=after if reached else dict.fromkeys(UNITS, 0.0),
    )


def walk(trials: list[Trial], budget: int, ratio: float) -> tuple[int | None, int, int, int]:
    """(chosen, drawn, cut off, steps spent) of a search that does every step and looks after every epoch."""
    best, chosen, fastest, drawn, cut, spent = -1.0, None, float("inf"), 0, 0, 0
    for number, trial in enumerate(trials):
        if spent == budget:
            break
        drawn += 1
        own, given_up = 0, False
        for _ in range(trial.epochs):
            for _ in range(STEPS_AN_EPOCH):
                if spent == budget:
                    return chosen, drawn, cut, spent
                spent, own = spent + 1, own + 1
            if own >= ratio * fastest:
                given_up = True
                break
        if given_up:
            cut += 1
            continue
        if not trial.reached:
            continue
        fastest = min(fastest, own)
        for _ in range(int(trial.rest["steps"])):
            if spent == budget:
                return chosen, drawn, cut, spent
            spent += 1
        if trial.score is not None and trial.score > best:
            best, chosen = trial.score, number
    return chosen, drawn, cut, spent


def test_a_search_over_recorded_costs_is_the_search_step_by_step() -> None:
    rng, cut_offs = random.Random(0), 0
    for _ in range(300):
        trials = [made_up(rng) for _ in range(30)]
        budget, ratio = rng.randint(1, 900), rng.choice([1.0, 1.2, 2.5, 4.0])
        found = random_search(range(30), lambda n, trials=trials: trials[n], budget=budget, ratio=ratio)
        assert (found.chosen, found.drawn, found.cut_off, found.spent["steps"]) == walk(trials, budget, ratio)
        assert found.waits_for is None
        cut_offs += found.cut_off
    assert cut_offs > 300


def test_seconds_go_with_the_steps_that_were_done() -> None:
    """A second is ten steps in every trial, so also in what was cut off and in the last one, half done."""
    rng = random.Random(1)
    trials = [made_up(rng) for _ in range(30)]
    found = random_search(range(30), trials.__getitem__, budget=333, ratio=1.2)
    assert found.cut_off > 0
    assert found.spent["steps"] == 333
    assert found.spent["seconds"] == pytest.approx(33.3)
    in_seconds = random_search(range(30), trials.__getitem__, budget=33.3, ratio=1.2, unit="seconds")
    assert in_seconds.chosen == found.chosen
    assert in_seconds.spent["steps"] == pytest.approx(333)


def trial(score: float | None, epochs: int) -> Trial:
    first = dict.fromkeys(UNITS, 10.0 * epochs)
    return Trial(
        score=score, status="ok", first=first, epochs=epochs, reached=True, rest=dict.fromkeys(UNITS, 5.0)
    )


def test_the_cut_off_by_hand() -> None:
    """The fastest takes 20, so 40 and more is cut off at a ratio of 2: where it is 40, after the fourth epoch."""
    trials = {"a": trial(50, 3), "b": trial(40, 2), "c": trial(99, 4), "d": trial(98, 9), "e": trial(60, 3)}
    found = random_search(trials, trials.get, budget=1000, ratio=2)
    assert (found.chosen, found.drawn, found.cut_off, found.failed) == ("e", 5, 2, 0)
    assert found.spent["steps"] == 35 + 25 + 40 + 40 + 35
    whole = random_search(trials, trials.get, budget=1000)
    assert (whole.chosen, whole.spent["steps"]) == ("c", 35 + 25 + 45 + 95 + 35)
    del trials["d"]
    halfway = random_search(["a", "d", "b"], trials.get, budget=1000)
    assert (halfway.waits_for, halfway.drawn) == ("d", 1)


def test_what_costs_nothing_and_what_fails() -> None:
    free = Trial(
        score=None,
        status="disconnected",
        first=dict.fromkeys(UNITS, 0.0),
        epochs=0,
        reached=False,
        rest=dict.fromkeys(UNITS, 0.0),
    )
    found = random_search([0, 1, 2], lambda n: free, budget=10, ratio=2)
    assert (found.chosen, found.drawn, found.failed, found.spent["steps"]) == (None, 3, 3, 0)


def test_a_trial_is_made_of_records() -> None:
    details = {"stage1_epochs": 2, "stage1_seconds": 1.0, "stage1_steps": 8, "stage1_macs": 40}
    details |= {"stage2_steps": 4}
    common: dict[str, Any] = {"architecture": (0,), "seconds": 1.0, "steps": 6.0, "macs": 30.0}
    common["details"] = details
    last = Record(measure="last", score=1.0, **common)
    best = Record(measure="best", score=2.0, **common)
    found = Trial(**as_trial([last, best], "best"))
    assert (found.score, found.epochs, found.reached) == (2.0, 2, True)
    assert found.first == {"steps": 8, "seconds": 1.0, "macs": 40}
    assert found.rest == {"steps": 4, "seconds": 1.0, "macs": 20}


# A comparison


def serial(
    function: Callable[..., Any], tasks: list[Any], workers: int, then: Callable[..., Any] = lambda p, r: ()
) -> Iterator[tuple[int, Any]]:
    """`run_tasks` in this process."""
    todo, count = deque(enumerate(tasks)), len(tasks)
    while todo:
        position, task = todo.popleft()
        result = function(*task)
        more = list(then(position, result))
        todo.extend(enumerate(more, count))
        count += len(more)
        yield position, result


@pytest.fixture
def comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    """Two searches by three methods on the embedded truth, a few steps each."""
    monkeypatch.setattr(compare, "run_tasks", serial)
    truth = table.load(table.resolve("nasbench201-digits"))
    size = replace(embedded.SIZES["nasbench201"], channels=2)
    fear = replace(Fear(unfrozen_cells=1).small(), threshold=5.0)
    compared = [
        Method(name="cut off", estimates="fear", estimator=fear, ratio=1.0),
        Method(name="fear", estimates="fear", estimator=fear),
        Method(name="short", estimates="short", estimator=ShortTraining().small()),
    ]
    settings = {
        method.estimates: Setting(
            space="nasbench201",
            size=size,
            data=DataConfig(name="digits", subset=200),
            data_root=tmp_path,
            noise=0.0,
            seed=0,
            estimator=method.estimator,
            measure=method.measure,
            root=tmp_path,
            name=method.estimates,
        )
        for method in compared
    }
    return Comparison(
        table=truth,
        column="digits_test",
        methods=compared,
        settings=settings,
        seeds=(0, 1),
        budget=30,
        unit="steps",
    )


def without_seconds(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns=["seconds", "prepare_seconds"])


def test_a_comparison_goes_on_where_it_was_killed(comparison: Comparison) -> None:
    done: list[tuple[int, int]] = []
    rows = comparison.run(1, lambda complete, total: done.append((complete, total)))
    assert done[-1] == (6, 6)
    assert list(rows["method"]) == ["cut off"] * 2 + ["fear"] * 2 + ["short"] * 2
    assert (rows["steps"] == 30).all()
    assert (rows["cut_off"] > 0).tolist() == [True, True, False, False, False, False]
    values = dict(zip(comparison.table.frame["arch"], comparison.table.frame["digits_test"], strict=True))
    chosen = rows.dropna(subset="architecture")
    assert len(chosen) > 0
    assert [values[name] for name in chosen["architecture"]] == chosen["truth"].tolist()
    assert (chosen["regret"] >= 0).all()

    paths = [setting.folder / "trials.jsonl" for setting in comparison.settings.values()]
    whole = [path.read_text() for path in paths]
    again = replace(comparison).run(1, lambda complete, total: pytest.fail("a trial was made again"))
    pd.testing.assert_frame_equal(again, rows)
    lines = whole[0].splitlines(keepends=True)
    assert len(lines) > 2
    paths[0].write_text("".join(lines[:1]) + lines[1][:30])
    resumed = replace(comparison).run(1, lambda complete, total: None)
    pd.testing.assert_frame_equal(without_seconds(resumed), without_seconds(rows))
    assert sorted(json.loads(line)["arch"] for line in paths[0].read_text().splitlines()) == sorted(
        json.loads(line)["arch"] for line in lines
    )


def test_all_methods_of_a_seed_draw_the_same_and_seeds_draw_others(comparison: Comparison) -> None:
    orders = [comparison.order(seed) for seed in (0, 1, 0)]
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(comparison.truth)
    assert len(set(orders[0])) == len(orders[0]) == 15625


def test_the_summary_is_of_means() -> None:
    columns = ["regret", "drawn", "cut_off", "failed", *UNITS, "prepare_steps", "prepare_seconds"]
    rows = pd.DataFrame({"method": ["b", "b", "a"], "truth": [1.0, 3.0, 5.0], **dict.fromkeys(columns, 2.0)})
    found = summary(rows)
    assert found["method"].tolist() == ["b", "a"]
    assert found["truth"].tolist() == [2.0, 5.0]
    assert found["truth_sem"].tolist()[0] == pytest.approx(1.0)
    assert found["searches"].tolist() == [2, 1]


def test_published_settings_are_the_papers() -> None:
    size = get_space("nasbench201").published
    cut, plain, short = methods("nasbench201", "cifar100", size, ratio=4, threshold=30, epochs=None)
    assert isinstance(cut.estimator, Fear)
    assert (cut.ratio, cut.estimator.threshold, cut.estimator.unfrozen_cells) == (4, 30, 4)
    assert (cut.estimator.stage1.epochs, cut.estimator.stage2.epochs) == (200, 10)
    assert cut.estimator == plain.estimator
    assert isinstance(short.estimator, ShortTraining)
    assert (short.estimator.training.epochs, short.estimator.training.batch_size) == (50, 1024)


# The command


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "error: table: 'nowhere' is neither a Parquet file"),
        (["nasbench201-digits", "--column", "x_test"], "error: --column: 'x_test' is not one of digits"),
        (["nasbench201-digits", "--runs", "0"], "error: --runs: 0 is not a positive integer"),
        (["nasbench201-digits", "--epochs", "0"], "error: --epochs: 0 is not a positive integer"),
        (["nasbench201-digits", "--ratio", "0.5"], "error: --ratio: 0.5 is not a number >= 1"),
        (["nasbench201-digits", "--budget", "0"], "error: --budget: 0 is not a number above 0"),
        (
            ["nasbench201-digits", "--limit", "params=3"],
            "error: --limit: no option of fear, which trains networks",
        ),
        (["nasbench201-digits", "--threshold", "101"], "error: --threshold: 101 is not a percentage above 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_mistakes_end_with_one_line_and_exit_code_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["search", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(message)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_every_search_and_prints_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compare, "run_tasks", serial)
    words = "search nasbench201-digits --runs 2 --budget 20 --epochs 1 --threshold 5"
    command = words.split()
    with lock_run(tmp_path):
        assert main([*command, "--out", str(tmp_path)]) == 2
    assert f"error: {tmp_path}: held by" in capsys.readouterr().err
    assert main([*command, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "15625 architectures" in printed
    assert "FEAR, cut-off 4" in printed
    rows = pd.read_csv(tmp_path / "search.csv")
    assert len(rows) == 6
    assert (rows["steps"] == 20).all()
    assert (rows["drawn"] >= 1).all()
    # The saved events are the same account, and a figure is drawn of them.
    results = store.read(tmp_path)
    spent = results.events.groupby(["method", "run"], observed=True)["steps"].sum()
    assert (spent == 20).all()
    assert len(spent) == 6
    found = incumbents(results, "steps", [20])
    for method, group in rows.groupby("method"):
        np.testing.assert_array_equal(found[method][:, 0], group["truth"])
    (drawn,) = measured(results)
    assert drawn.frame["mean"].max() <= results.content["best"]
    # The same trials, but no search can pay for its first.
    assert main([*command, "--out", str(tmp_path), "--budget", "1"]) == 2
    assert "error: --budget: 1 steps is less than one network takes by any method" in capsys.readouterr().err
