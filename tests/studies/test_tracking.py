"""What TensorBoard is told of a run, read by TensorBoard's own readers."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.compat.proto.event_pb2 import SessionLog
from tensorboard.plugins.hparams import plugin_data_pb2
from tiny_study import Killed, quiet

from analysis.measures.collect import collect
from analysis.statistics.correlation import kendall_tau
from analysis.store import history
from analysis.store import milestones as milestones_file
from analysis.store.scored import ScoredSet
from analysis.store.scores import read as read_scores
from studies.__main__ import main, parser
from studies.commands.plan import parse_milestones, plan_from_args, words_from_args
from studies.estimators.cost import NetworkCost
from studies.model.study import Run, Study, Tracking
from studies.running.execute import execute
from studies.running.plan import Plan
from studies.running.run import run_one
from studies.tracking import figures, milestones
from studies.tracking.comparison import Comparison, comparison
from studies.tracking.events import Log, event_files
from studies.tracking.links import file_name, link_of, log_folder
from studies.tracking.live import Live
from studies.tracking.log import Curves, complete, hparams
from supernet.spaces import get_space
from supernet.training.trainer import Epoch

MILESTONES = (34, 67)  # of three epochs: after the second, and after the last, where all is scored


def tracking_of(run: Run) -> Tracking:
    assert run.tracking is not None
    return run.tracking


def do(plan: Plan, number: int = 0, selected: bool = False) -> Run:
    run = (plan.selected if selected else plan.runs)[number]
    assert run_one(run, plan.architectures(run), "cpu", quiet)["status"] == "finished"
    return run


def read(run: Run) -> EventAccumulator:
    """The run's log as the study's folder shows it, without dropping points."""
    found = EventAccumulator(str(link_of(run, tracking_of(run))), size_guidance={"scalars": 0, "images": 0})
    return found.Reload()


def points(run: Run, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in read(run).Scalars(tag)]


def written(run: Run) -> list[tuple[str, int]]:
    """(tag, step) of everything that the run's event files show: a file that starts a session drops those before it.
    The end of a run stands in a file of its own if a second has passed since the first was made."""
    shown: list[tuple[str, int]] = []
    for path in event_files(log_folder(run, tracking_of(run))):
        for event in EventFileLoader(str(path)).Load():
            if event.session_log.status == SessionLog.START:
                shown = []
            shown += [(value.tag, event.step) for value in event.summary.value]
    return shown


def as_shown(tags: list[str]) -> list[str]:
    """Groups of tags in TensorBoard's order (compareTagNames): '/' and '_' before letters, numbers by their value."""

    def key(name: str) -> list[tuple[int, float, str]]:
        parts = re.findall(r"\d+(?:\.\d+)?|\D", name)
        return [
            (0, float(part), "") if part[0].isdigit() else (int(part not in "/_") * 2 - 1, 0, part)
            for part in parts
        ]

    return sorted({tag.split("/")[0] for tag in tags}, key=key)


def hyperparameters(run: Run) -> dict[str, Any]:
    data = read(run).PluginTagToContent("hparams")["_hparams_/session_start_info"]
    start = plugin_data_pb2.HParamsPluginData.FromString(data).session_start_info
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}


def weights(run: Run) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(run.folder / "checkpoint.pt", weights_only=True)
    state["history"] = [epoch[:5] + epoch[6:] for epoch in state["history"]]  # without seconds
    return state


def assert_equal(one: Any, other: Any) -> None:
    """To the last bit, through containers."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_equal(*pair)
    else:
        assert one == other


@pytest.fixture
def stop_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, bool], Any]:
    """stop_at(epoch, before): a context in which a process ends just before or after an epoch is logged."""

    class Context:
        def __init__(self, epoch: int, before: bool) -> None:
            self.epoch, self.before = epoch, before
            self.patch = pytest.MonkeyPatch()

        def __enter__(self) -> None:
            call = Live.__call__

            def stopping(live: Live, epoch: Epoch) -> None:
                if not (epoch.epoch == self.epoch and self.before):
                    call(live, epoch)
                if epoch.epoch == self.epoch:
                    raise Killed

            self.patch.setattr(Live, "__call__", stopping)

        def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
            self.patch.undo()
            return kind is Killed

    return Context


def test_a_run_shows_its_curves_its_ranking_and_its_settings(
    tiny: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FEWEST", 30)
    plan = Plan.of(tiny, tmp_path / "runs", milestones=MILESTONES)
    run = do(plan)
    place = tmp_path / "runs" / "tiny" / "tensorboard" / "nasbench201" / "uniform" / "seed0"
    assert place.is_symlink()
    assert place.resolve().is_relative_to(run.folder.resolve())
    log = read(run)
    epochs = history.read(run.folder)
    for name, tag in (("loss", "learning/loss"), ("accuracy", "learning/accuracy"), ("lr", "learning/rate")):
        assert points(run, tag) == [(row["epoch"], pytest.approx(row[name], rel=1e-6)) for row in epochs]
    assert [value for _, value in points(run, "learning/updates")] == [4, 8, 12]
    assert all(value > 0 for _, value in points(run, "learning/gradient_norm"))
    speeds = [row["images"] / row["seconds"] for row in epochs]
    assert [value for _, value in points(run, "speed/images_per_s")] == pytest.approx(speeds, rel=1e-5)
    names = [tag for tag in log.Tags()["scalars"] if tag.startswith("sampling/")]
    assert len(names) == 5
    assert sum(points(run, tag)[0][1] for tag in names) == pytest.approx(100)
    assert sum(points(run, f"sampling_0-1/{tag.split('/')[1]}")[2][1] for tag in names) == pytest.approx(100)

    assert [step for step, _ in points(run, "ranking/tau_b/all")] == [2, 3]
    assert [step for step, _ in points(run, "ranking/valid_accuracy")] == [2, 3]
    found, truth = read_scores(run.folder), plan.truth["nasbench201"].frame
    joined = truth.merge(found[found["measure"] == "batch"], on="arch")
    ((step, value),) = points(run, "summary/tau_b")
    expected = kendall_tau(joined["digits_test"], joined["score"]).value
    assert (step, value) == (3, pytest.approx(expected, rel=1e-6))
    assert len(points(run, "summary/topn_mean_tau")) == 1
    best = joined.sort_values("digits_test", ascending=False).head(5)
    inside = kendall_tau(best["digits_test"], best["score"]).value
    assert points(run, "summary/tau_b/top5") == [(3, pytest.approx(inside, rel=1e-6))]
    assert points(run, "summary/topn_mean_tau")[0][1] in (-1, 0, 1)

    groups = as_shown([*log.Tags()["scalars"], *log.Tags()["images"]])
    curves = {tag.split("/")[0] for tag in log.Tags()["scalars"] if len(points(run, tag)) > 1}
    assert groups[:3] == ["learning", "ranking", "sampling"]
    assert groups[-2:] == ["summary", "summary_figures"]
    assert set(groups[:-2]) == curves
    assert set(log.Tags()["images"]) == {"summary_figures/scatter", "summary_figures/topn"}
    assert log.Images("summary_figures/scatter")[0].encoded_image_string.startswith(b"\x89PNG")
    assert log.Images("summary_figures/scatter")[0].width > 300
    settings = hyperparameters(run)
    assert settings["Variant"] == "uniform"
    assert settings["Seed"] == "0"
    assert settings["training/lr"] == 0.05
    assert settings["Mask"] == "full space"
    # In the run's own file and without a list of keys of its own: the dashboard shows the union.
    hparams_tags = {f"_hparams_/session_{what}_info" for what in ("start", "end")}
    assert set(log.PluginTagToContent("hparams")) == hparams_tags


def test_fairness_is_visible(tiny: Study, tmp_path: Path) -> None:
    """Four groups of three in three epochs: even at last. Uniform sampling is not, of so few."""
    fair = do(Plan.of(tiny.only(["fair"], [0]), tmp_path / "runs", milestones=()))
    for point in ("sampling", "sampling_O0", "sampling_O1"):
        shares = [points(fair, f"{point}/{name}")[-1] for name in ("conv", "mbconv", "bconv")]
        assert shares == [(3, pytest.approx(100 / 3, abs=1e-3))] * 3
    uniform = do(Plan.of(tiny.only(["uniform"], [0]), tmp_path / "runs", milestones=()))
    ends = [points(uniform, f"sampling/{name}")[-1][1] for name in get_space("nasbench201").operations]
    assert len(set(ends)) > 1


def test_hyperparameters_have_one_type_in_every_run(tiny: Study, tmp_path: Path) -> None:
    plan = Plan.of(tiny.only(None, [0]), tmp_path / "runs", milestones=())
    found = [hparams(run) for run in plan.runs]
    types: dict[str, set[type]] = {}
    for settings in found:
        for name, value in settings.items():
            types.setdefault(name, set()).add(type(value))
    assert all(len(kinds) == 1 for kinds in types.values())
    assert {settings["Mask"] for settings in found} == {"full space", "none, avg_pool_3x3"}
    assert {settings["sampling/gradients"] for settings in found} == {"sum", "parameter_mean"}


def test_following_a_run_changes_no_bit_of_it(tiny: Study, tmp_path: Path) -> None:
    """In a mode that recalibrates BN, which is the one that touches most of the network."""
    modes = tiny.variants[1].changed(bn_modes=("recalibrate-1", "batch"))
    study = replace(tiny, variants=(modes,), seeds=(0,))
    followed = do(Plan.of(study, tmp_path / "followed", milestones=(34, 67)))
    alone = do(Plan.of(study, tmp_path / "alone"))
    assert not (alone.folder / "tensorboard").exists()
    assert len(milestones_file.read(followed.folder))
    assert_equal(weights(followed), weights(alone))
    pd.testing.assert_frame_equal(
        *(read_scores(run.folder).drop(columns="seconds") for run in (followed, alone)), check_exact=True
    )
    assert set(milestones_file.read(followed.folder)["epoch"]) == {2}


@pytest.mark.parametrize("before", [True, False], ids=["before it is logged", "after it is logged"])
def test_a_resumed_run_has_every_point_once(
    tiny: Study, tmp_path: Path, before: bool, stop_at: Callable[[int, bool], Any]
) -> None:
    study = tiny.only(["fair"], [0])
    whole = do(Plan.of(study, tmp_path / "whole", milestones=MILESTONES))
    plan = Plan.of(study, tmp_path / "broken", milestones=MILESTONES)
    broken = plan.runs[0]
    with stop_at(2, before):
        run_one(broken, plan.architectures(broken), "cpu", quiet)
    assert not (broken.folder / "result.json").exists()
    if not before:
        assert [step for step, _ in points(broken, "learning/loss")] == [1, 2]
    do(plan)
    assert len(event_files(log_folder(broken, tracking_of(broken)))) <= 2
    assert len(set(written(broken))) == len(written(broken))
    assert sorted(written(broken)) == sorted(written(whole))
    for tag in (
        "learning/loss",
        "learning/gradient_norm",
        "sampling/conv",
        "ranking/tau_b/all",
        "summary/tau_b/top5",
    ):
        assert points(broken, tag) == points(whole, tag)
    scores = [milestones_file.read(run.folder).drop(columns="seconds") for run in (whole, broken)]
    pd.testing.assert_frame_equal(*scores, check_exact=True)


def test_a_dashboard_that_has_read_a_log_goes_on_with_the_one_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0})
    now = time.time()
    for second, (steps, expected) in enumerate(((2, 1), (4, 2), (3, 2), (5, 2))):
        monkeypatch.setattr(time, "time", lambda second=second: now + second)
        with Log(tmp_path) as log:
            for step in range(1, steps + 1):
                log.scalars({"learning/loss": second}, step)
        dashboard.Reload()
        fresh = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0}).Reload()
        for reader in (dashboard, fresh):
            points = [(event.step, event.value) for event in reader.Scalars("learning/loss")]
            assert points == [(step, second) for step in range(1, steps + 1)]
        assert len(event_files(tmp_path)) == expected
    with Log(tmp_path) as log:  # in the same second, when names would not tell which comes later
        log.scalars({"learning/loss": 9}, 1)
    assert len(event_files(tmp_path)) == 1
    fresh = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0}).Reload()
    assert [(event.step, event.value) for event in fresh.Scalars("learning/loss")] == [(1, 9)]


def test_runs_that_were_trained_without_it_are_shown_later(tiny: Study, tmp_path: Path) -> None:
    study = tiny.only(None, [0])
    before = Plan.of(study, tmp_path / "runs")
    runs = [do(before, number) for number in (0, 1)]
    plan = Plan.of(study, tmp_path / "runs", milestones=())
    assert [complete(run) for run in plan.runs] == ["written", "written", "still running or not begun"]
    assert [complete(run) for run in plan.runs[:2]] == ["there before"] * 2
    for run, old in zip(plan.runs, runs, strict=False):
        assert [step for step, _ in points(run, "learning/loss")] == [1, 2, 3]
        assert len(points(run, "summary/tau_b")) == 1
        ends = [event.wall_time for event in read(run).Scalars("learning/loss")]
        seconds = [row["seconds"] for row in history.read(old.folder)]
        assert np.diff(ends).tolist() == pytest.approx(seconds[1:], abs=1e-3)
    # An older version's history has less in it.
    path = runs[0].folder / history.FILE
    frame = pd.read_csv(path)
    frame[["epoch", "updates", "lr", "loss", "accuracy", "seconds"]].to_csv(path, index=False)
    assert complete(plan.runs[0]) == "written"
    tags = [tag for tag, _ in written(plan.runs[0])]
    assert tags.count("learning/loss") == 3
    assert "summary_figures/scatter" not in tags  # of 30 architectures
    assert not [tag for tag in tags if tag.startswith(("sampling", "samples", "learning/gradient"))]


def test_studies_that_compare_alike_share_a_log_and_others_have_their_own(
    tiny: Study, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    first = Plan.of(tiny.only(["uniform"], [0]), root, milestones=())
    run = do(first)
    again = Plan.of(replace(first.study, name="again"), root, milestones=())
    other = Plan.of(replace(first.study, name="other", top=(5,)), root, milestones=())
    for plan, what in ((again, "there before"), (other, "written")):
        assert complete(plan.runs[0]) == what
        assert [step for step, _ in points(plan.runs[0], "learning/loss")] == [1, 2, 3]
    one, two, three = (
        link_of(plan.runs[0], tracking_of(plan.runs[0])).resolve() for plan in (first, again, other)
    )
    assert one == two != three
    assert "summary/tau_b/top10" in read(run).Tags()["scalars"]
    assert "summary/tau_b/top10" not in read(other.runs[0]).Tags()["scalars"]
    # The same study asked with another comparison turns its link.
    turned = Plan.of(replace(first.study, top=(5,)), root, milestones=())
    assert complete(turned.runs[0]) == "there before"
    link_of(turned.runs[0], tracking_of(turned.runs[0])).unlink()
    assert complete(turned.runs[0]) == "there before"
    assert link_of(turned.runs[0], tracking_of(turned.runs[0])).resolve() == three


def test_a_run_scored_in_several_processes_is_shown_as_well(tiny: Study, tmp_path: Path) -> None:
    plan = Plan.of(tiny.only(["uniform"], [0]), tmp_path / "runs", milestones=MILESTONES)
    ((run, result),) = execute(plan, plan.runs, "cpu", 2)
    assert result["status"] == "finished"
    assert [step for step, _ in points(run, "learning/loss")] == [1, 2, 3]
    assert len(points(run, "summary/tau_b")) == 1
    assert len(written(run)) == len(set(written(run)))


def test_a_diverged_run_shows_how_far_it_came(tiny: Study, tmp_path: Path) -> None:
    variant = tiny.variants[0]
    study = replace(
        tiny, variants=(variant.changed(training=replace(variant.estimator.training, lr=1e30)),), seeds=(0,)
    )
    plan = Plan.of(study, tmp_path / "runs", milestones=MILESTONES)
    result = run_one(plan.runs[0], plan.architectures(plan.runs[0]), "cpu", quiet)
    assert result["status"] == "diverged"
    assert hyperparameters(plan.runs[0])["training/lr"] == 1e30
    assert len(event_files(log_folder(plan.runs[0], tracking_of(plan.runs[0])))) == 1


def test_a_log_that_cannot_be_written_harms_no_run(
    tiny: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = Plan.of(tiny.only(["uniform"], [0]), tmp_path / "runs", milestones=())
    folder = plan.runs[0].folder
    folder.mkdir(parents=True)
    (folder / "tensorboard").write_text("a file where the folder should be")
    run = do(plan)
    assert json.loads((run.folder / "result.json").read_text())["status"] == "finished"
    assert "no TensorBoard log: " in capsys.readouterr().err


def test_small_sets_keep_to_their_budget_and_are_like_the_whole() -> None:
    truth = np.random.default_rng(0).permutation(2000).astype(float)
    sampled = np.arange(2000) % 2 == 0
    whole = Comparison(tuple(map(str, range(2000))), truth, sampled, "sample", (10, 50, 500))
    names = {"sample"}
    for budget, more in ((20, set()), (55, {"top500"}), (120, {"top50", "top10"})):
        names = names | more
        small = whole.small_sets(budget)
        assert set(small) == names
        assert sum(map(len, small.values())) <= budget
        sets = whole.sets()
        assert all(set(rows) <= set(sets[name]) for name, rows in small.items())
        assert abs(np.mean(truth[small["sample"]]) - np.mean(truth[sets["sample"]])) < 30
    everything = whole.small_sets(10**6)
    assert all(set(everything[name]) == set(rows) for name, rows in whole.sets().items())
    missing = np.where(np.arange(2000) == np.argmax(truth), np.nan, truth)
    taus = whole.taus(whole.sets(), missing)
    assert "top10" not in taus
    assert whole.taus(whole.sets(), truth)["top10"] == 1.0


def test_milestones_are_due_after_epochs_and_never_at_the_end() -> None:
    assert milestones.due((25, 50, 75), 60) == {15, 30, 45}
    assert milestones.due((25, 50, 75), 1) == set()
    assert milestones.due((1, 99), 10) == {1}


def test_what_is_not_known_is_not_shown() -> None:
    row = {"epoch": 1, "updates": 2, "lr": 0.1, "loss": 1.0, "accuracy": 50.0, "seconds": 2.0}
    tags = {"learning/loss", "learning/accuracy", "learning/rate", "learning/updates", "speed/epoch_s"}
    assert set(Curves()(row)) == tags
    more = row | {"images": 100, "gradient_norm": float("nan")}
    more |= {"samples/0-1/none": 1, "samples/0-1/skip_connect": 3}
    curves = Curves()
    found = curves(more)
    assert found["speed/images_per_s"] == 50
    assert found["sampling_0-1/skip_connect"] == found["sampling/skip_connect"] == 75
    assert "learning/gradient_norm" not in found
    later = curves(row | {"samples/0-1/none": 3, "samples/0-1/skip_connect": 1})
    assert later["sampling_0-1/none"] == later["sampling/none"] == 50  # so far


def test_names_of_variants_as_names_of_folders() -> None:
    assert file_name("small, strictly fair") == "small, strictly fair"
    names = ["a/b", "a_b", "a:b", "../..", "x" * 300, "x" * 301, ".hidden", "ends. "]
    made = [file_name(name) for name in names]
    assert len(set(made)) == len(made)
    assert all("/" not in name and not name.startswith(".") and 0 < len(name) < 100 for name in made)


@pytest.mark.parametrize("percent", [0, 100, 2.5, True])
def test_a_milestone_is_a_percentage_between_begin_and_end(tiny: Study, tmp_path: Path, percent: Any) -> None:
    with pytest.raises(ValueError, match=rf"milestones: {percent!r} is not an integer from 1 to 99"):
        Plan.of(tiny, tmp_path, milestones=(percent,))


def test_an_estimate_shows_how_each_of_its_measures_ranks(tiny: Study, tmp_path: Path) -> None:
    size = replace(tiny.variants[0], name="size", estimator=NetworkCost())
    study = replace(tiny, variants=(tiny.variants[0], size), seeds=(0,))
    before = Plan.of(study, tmp_path / "runs").runs[1]
    plan = Plan.of(study, tmp_path / "runs", milestones=())
    assert complete(plan.runs[1]) == "still running or not begun"
    do(Plan.of(study, tmp_path / "runs"), 1)
    assert not (before.folder / "tensorboard").exists()  # without tracking
    assert complete(plan.runs[1]) == "written"
    assert complete(plan.runs[1]) == "there before"
    joined = plan.truth["nasbench201"].frame.merge(read_scores(before.folder), on="arch")
    log = read(plan.runs[1])
    for measure in size.measures:
        rows = joined[joined["measure"] == measure]
        tau = kendall_tau(rows["digits_test"], rows["score"]).value
        assert points(plan.runs[1], f"summary_measures/tau_b/{measure}") == [
            (0, pytest.approx(tau, rel=1e-6))
        ]
    assert points(plan.runs[1], "summary/tau_b") == points(
        plan.runs[1], f"summary_measures/tau_b/{size.measures[0]}"
    )
    settings = hyperparameters(plan.runs[1])
    assert settings["Variant"] == "size"
    assert settings["Seed"] == "0"
    (event,) = log.Tensors("rankings/text_summary")
    (text,) = event.tensor_proto.string_val
    assert all(f"| {measure} | " in text.decode() for measure in size.measures)
    assert text.decode().count("| 30 of 30 |") == len(size.measures)
    shutil.rmtree(before.folder / "tensorboard")
    do(plan, 1)  # complete already: its log is the command's to write
    assert complete(plan.runs[1]) == "written"


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = f"quickstart --smoke --runs {tmp_path} --seeds 0 --only nasbench201/uniform".split()
    run_words = parser().parse_args(["run", *words, "--no-tensorboard"])
    do(plan_from_args(run_words, milestones=parse_milestones(run_words)), selected=True)
    assert not list(tmp_path.rglob("events.out.tfevents.*"))
    assert main(["tensorboard", *words]) == 0
    folder = tmp_path / "quickstart-smoke" / "tensorboard"
    shown = capsys.readouterr().out
    assert "1 written" in shown
    assert shown.splitlines()[-1] == f"tensorboard --logdir {folder}"
    assert list(folder.glob("nasbench201/uniform/seed0/events.out.tfevents.*"))
    shutil.rmtree(folder)
    assert main(["run", *words]) == 0  # nothing to do but to link again
    assert list(folder.glob("nasbench201/uniform/seed0/events.out.tfevents.*"))
    page = EventAccumulator(str(folder / "hparams")).Reload().PluginTagToContent("hparams")
    experiment = plugin_data_pb2.HParamsPluginData.FromString(page["_hparams_/experiment"]).experiment
    infos = {info.name: info for info in experiment.hparam_infos}
    plan = plan_from_args(run_words, milestones=())
    assert set(infos) == {name for one in plan.runs for name in hparams(one)}
    assert infos["Variant"].differs
    assert not infos["training/momentum"].differs
    assert [metric.name.tag for metric in experiment.metric_infos][:2] == [
        "summary/tau_b",
        "summary/topn_mean_tau",
    ]
    capsys.readouterr()
    (history_file,) = tmp_path.glob("trainings/*/history.csv")
    history_file.write_text("no table")
    assert main(["tensorboard", *words]) == 2
    told = capsys.readouterr()
    assert f"error: nasbench201 uniform seed 0: history: {history_file} has no column 'epoch'" in told.err
    assert "tensorboard --logdir" in told.out
    assert main(["run", *words, "--milestones", "50,100"]) == 2
    assert "--milestones: '50,100' is neither 'none' nor integers from 1 to 99" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], (25, 50, 75)), (["--milestones", "none"], ()), (["--milestones", "50,10"], (10, 50))],
)
def test_the_arguments_can_be_said_again(words: list[str], expected: tuple[int, ...]) -> None:
    folders = ["--runs", str(Path("runs").absolute()), "--data-root", str(Path("datasets").absolute())]
    for given in (words, ["--no-tensorboard", *words]):
        args = parser().parse_args(["run", "quickstart", *given])
        assert parse_milestones(args) == (None if "--no-tensorboard" in given else expected)
        assert words_from_args(args) == ("quickstart", *given, *folders)


def test_parts_of_the_comparison_are_the_analysis_of_the_study(tiny: Study, tmp_path: Path) -> None:
    """The sets of a masked space are those that the report judges it by."""
    study = replace(tiny, variants=(tiny.variants[0].changed(mask=("none",)),), seeds=(0,), top=(2, 4))
    plan = Plan.of(replace(study, scored=ScoredSet(top=4, random=5)), tmp_path / "runs", milestones=())
    plan.write()
    run = do(plan)
    row = collect(plan.folder).runs.iloc[0]
    for name in ("tau_b", "topn_mean_tau", "spearman"):
        ((_, value),) = points(run, f"summary/{name}")
        assert value == pytest.approx(row[name], rel=1e-6), name
    compared = comparison(tracking_of(run), run.variant)
    assert compared.sampled.sum() == row["n"] == 5
    assert len(compared.texts) > 5
