"""A run's weights as files that need no run, and its scores as files for other programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_study import tiny_study

import analysis
from analysis.__main__ import main as analysis_main
from studies import Export, Plan, trained_run
from studies.__main__ import main
from studies.running.run import run_one
from supernet import Scorer, StandAlone, get_space

SPACE = get_space("nasbench201")
ARCH = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
MASKED = "|avg_pool_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Seed 0 of three variants; 'masked' has not run."""
    folder = tmp_path_factory.mktemp("export")
    study = tiny_study(folder)
    plan = Plan.of(study, folder / "runs", study.only(["uniform"], [0]))
    plan.write()
    for run in plan.selected:
        assert run_one(run, plan.architectures(run), "cpu", lambda *_: None)["status"] == "finished"
    return plan


def export(plan: Plan, *arguments: object) -> int:
    run = plan.selected[0].folder
    return main(["export", run.name, "--runs", str(plan.root), *map(str, arguments)])


def images() -> torch.Tensor:
    return torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(3))


def test_the_printed_lines_load_the_same_network(plan: Plan, tmp_path: Path, capsys) -> None:
    """In an interpreter that has these lines alone: the logits of the supernet's path, bit for bit."""
    images_at, script, logits = tmp_path / "x.pt", "", []
    torch.save(images(), images_at)
    for name, arch, more in (("whole", [], f", {SPACE.parse(ARCH)}"), ("part", ["--arch", ARCH], "")):
        assert export(plan, "--out", tmp_path / f"{name}.pt", *arch) == 0
        logits.append(tmp_path / f"{name}_logits.pt")
        script += capsys.readouterr().out
        script += f"torch.save(net(torch.load({str(images_at)!r}){more}), {str(logits[-1])!r})\n"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
    expected = trained_run(plan.selected[0].folder).supernet()(images(), SPACE.parse(ARCH))
    assert [torch.equal(torch.load(path), expected) for path in logits] == [True, True]


def test_a_program_of_torch_export(plan: Plan, tmp_path: Path, capsys) -> None:
    out = tmp_path / "net.pt2"
    assert export(plan, "--out", out, "--arch", ARCH) == 0
    loaded: dict = {}
    exec(capsys.readouterr().out, loaded)
    expected = trained_run(plan.selected[0].folder).supernet()(images(), SPACE.parse(ARCH))
    torch.testing.assert_close(loaded["net"](images()), expected)


def test_recalibrated_it_scores_as_the_bn_mode_of_that_name(plan: Plan, tmp_path: Path) -> None:
    run = trained_run(plan.selected[0].folder)
    data, arch = run.data(), SPACE.parse(ARCH)
    Export(run=run, architecture=arch, data=data, recalibrate=2).write(tmp_path / "net.pt")
    saved = torch.load(tmp_path / "net.pt", weights_only=True)
    net = StandAlone(run.network, arch)
    net.load_state_dict(saved["weights"])
    scorer = Scorer(
        run.supernet(), data, data.valid, "reset-recalibrate-2", noise=run.config["evaluation_noise"]
    )
    ((x, labels),) = scorer.batches
    correct = (net.eval()(x).argmax(1) == labels).float().mean().item()
    assert 100 * correct == pytest.approx(scorer.score(arch).score, abs=1e-4)
    raw = torch.tensor(saved["pixels"]["mean"]) + torch.tensor(saved["pixels"]["std"])
    assert data.normalise(raw.view(1, 1, 1, 1).expand(1, 1, 8, 8)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "{there}"], "out: {there} is there already; it is not written over"),
        (["--out", "{new}.pt2"], "format: 'pt2' is of one sub-network; say which with --arch"),
        (["--out", "{new}.tar"], "--out: the suffix of '{new}.tar' is none of pt, pt2, onnx; say --format"),
        (["--out", "{new}.pt", "--averaged"], "keeps no average of its weights (training.ema is 0)"),
        (["--out", "{new}.pt", "--arch", "|x|"], "architecture: "),
        (
            ["--out", "{new}.pt", "--recalibrate", "2"],
            "recalibrate: is of one sub-network; say which with --arch",
        ),
    ],
)
def test_what_cannot_be_exported_is_one_message(
    plan: Plan, tmp_path: Path, capsys, arguments: list[str], message: str
) -> None:
    names = {"there": tmp_path / "there.pt", "new": tmp_path / "new"}
    names["there"].write_text("kept")
    assert export(plan, *(word.format(**names) for word in arguments)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message.format(**names) in line
    assert [path.read_text() for path in tmp_path.iterdir()] == ["kept"]


def test_a_run_that_cannot_be_exported_is_named(plan: Plan, tmp_path: Path, capsys, monkeypatch) -> None:
    def refused(name: str, *more: str) -> str:
        assert main(["export", name, "--runs", str(plan.root), "--out", str(tmp_path / "x.pt"), *more]) == 2
        return capsys.readouterr().err

    done, masked = plan.selected[0], next(run for run in plan.runs if run.variant.name == "masked")
    assert f"run: 'nope' is no run in {plan.root}/trainings; runs there: {done.run_id}" in refused("nope")
    half = tmp_path / masked.run_id
    half.mkdir()
    assert "has no config.json" in refused(str(half))
    (half / "config.json").write_text('{"estimator": {"kind": "fear"}}')
    assert "has no weights of a supernet: it is of the estimator 'fear'" in refused(str(half))
    (half / "config.json").write_text("{}")
    assert f"run: {half.name} is missing: not run yet" in refused(str(half))
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install onnx onnxscript" in refused(done.run_id, "--arch", ARCH, "--format", "onnx")


def test_a_masked_architecture_is_refused(plan: Plan) -> None:
    run = trained_run(plan.selected[0].folder)
    masked = get_space("nasbench201", ["avg_pool_3x3"])
    object.__setattr__(run.network, "space", masked)
    with pytest.raises(ValueError, match="uses what is masked: avg_pool_3x3"):
        Export(run=run, architecture=SPACE.parse(MASKED))


def test_scores_in_every_form_are_the_runs_files_beside_the_truth(plan: Plan, tmp_path: Path, capsys) -> None:
    study, runs = plan.study.name, str(plan.root)
    read = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "jsonl": lambda path: pd.read_json(path, lines=True, precise_float=True),
    }
    for form, reader in read.items():
        out = tmp_path / f"scores.{form}"
        assert analysis_main(["scores", study, "--runs", runs, "--out", str(out)]) == 0
        frame = reader(out)
        own = pd.read_parquet(plan.selected[0].folder / "scores.parquet")
        truth = plan.truth["nasbench201"].frame.set_index("arch")["digits_test"]
        merged = own.merge(frame, on=["arch", "measure"], suffixes=("", "_out"), validate="1:1")
        assert len(merged) == len(own) == len(frame) == 60  # 30 architectures in two BN modes
        assert np.array_equal(merged["score"], merged["score_out"])
        assert np.array_equal(merged["truth"], truth[merged["arch"]])
        assert set(frame["variant"]) == {"uniform"}
        assert capsys.readouterr().err.splitlines()[1:] == [
            "note: tiny: 5 of 6 runs have no scores (5 missing)"
        ]
    assert analysis_main(["scores", study, "--runs", runs]) == 0
    assert capsys.readouterr().out == (tmp_path / "scores.csv").read_text()
    assert analysis_main(["scores", study, "--runs", runs, "--out", "x.xlsx"]) == 2
    assert "the suffix of 'x.xlsx' is not one of csv, parquet, jsonl" in capsys.readouterr().err


def test_a_single_run_as_frames(plan: Plan) -> None:
    folder = plan.selected[0].folder
    run = analysis.load_run(folder)
    assert (run.seed, run.space.name, run.run_id) == (0, "nasbench201", folder.name)
    assert len(analysis.scores_frame(run)) == 60
    assert analysis.history_frame(run)["epoch"].tolist() == [1, 2, 3]
    of_study = analysis.history_frame(analysis.load_study(plan.folder))
    pd.testing.assert_frame_equal(of_study[["epoch", "loss"]], analysis.history_frame(run)[["epoch", "loss"]])
    with pytest.raises(ValueError, match="is not the folder of a run"):
        analysis.load_run(folder.parent)
