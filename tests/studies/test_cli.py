"""The command line as a user meets it: real processes, right and wrong input."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis.cli import Command, work
from studies.__main__ import main
from studies.running.lock import Holder, lock_run
from supernet_ranking.__main__ import PROGRAM

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def studies(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "studies", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=ENVIRONMENT)


def assert_refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code 2 and one clear line, no traceback."""
    assert result.returncode == 2, result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert all(word in last for word in words), last


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, supernet_ranking.__main__ as m; m.PROGRAM.parser(); "
        "print([n for n in ('torch', 'pandas', 'numpy', 'scipy', 'matplotlib', 'sklearn') if n in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    assert result.stdout.strip() == "[]"


def test_every_command_has_its_work() -> None:
    groups = [PROGRAM.commands]
    for commands in groups:
        for command in commands.values():
            if isinstance(command, Command):
                assert bool(command.work) != bool(command.commands)
                assert not command.work or callable(work(command.work))
                groups += [command.commands]


SHOWN = {
    "text": "  ",
    "markdown": "|---|",
    "csv": ",",
    "latex": r"\begin{tabular}",
    "json": "[",
    "html": "<table>",
}


@pytest.mark.parametrize(
    ("words", "cell"),
    [
        (["list"], "quickstart"),
        (["show", "quickstart"], "strictly fair"),
        (["truth", "list"], "blox-digits"),
        (["truth", "show", "blox-digits"], "digits_test"),
        (["space", "nasbench201", "--mask", "none"], "raw"),
        (["data", "list"], "imagenet16"),
        (["data", "check", "digits"], "train"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_tables_in_every_format(
    words: list[str],
    cell: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for form, sign in SHOWN.items():
        assert main([*words, "--format", form]) == 0
        printed = capsys.readouterr().out
        assert sign in printed
        assert cell in printed.replace(r"\_", "_")
        if form == "json":
            json.loads(printed)
        if form == "csv":
            frame = pd.read_csv(io.StringIO(printed))
            assert frame.iloc[:, :2].eq(cell).any(axis=None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "quickstat"], ["study: 'quickstat' is not one of", "quickstart"]),
        (["run", "quickstart", "--only", "unifrom"], ["--only: 'unifrom' is not one of", "strictly fair"]),
        (["run", "quickstart", "--seeds", "a"], ["--seeds: 'a' is not a list of integers"]),
        (["run", "quickstart", "--seeds", "7"], ["--seeds: 7 is not one of 0, 1, 2, 3"]),
        (["run", "quickstart", "--workers", "0"], ["--workers: 0 is not a positive integer"]),
        (["show", "nothing"], ["study: 'nothing' is not one of"]),
        (["space", "nasbench201", "--mask", "pool"], ["mask: 'pool' is not one of none, skip_connect"]),
        (["space", "darts"], ["darts", "nasbench201"]),
        (["describe", "blox", "1 2 3"], ["architecture: '1 2 3'"]),
        (["truth", "show", "nowhere"], ["table: 'nowhere' is neither"]),
        (
            ["truth", "build", "--space", "nasbench201", "--architectures", "9999", "--seeds", "1"],
            ["architectures: 9999 is not between"],
        ),
        (
            [
                "truth",
                "build",
                "--space",
                "nasbench201",
                "--data",
                "cifar",
                "--architectures",
                "1",
                "--seeds",
                "1",
            ],
            ["data: 'cifar' is not one of digits"],
        ),
        (
            ["truth", "build", "--space", "blox", "--architectures", "1", "--seeds", "0"],
            ["seeds: 0 is not a positive"],
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_mistakes_end_with_one_line_and_exit_code_2(
    arguments: list[str], words: list[str], tmp_path: Path
) -> None:
    assert_refused(studies(*arguments, cwd=tmp_path), *words)
    assert not list(tmp_path.rglob("*.json"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    assert_refused(studies("run", "quickstart", "--smoke", cwd=tmp_path), "runs")


def test_list_show_and_truth_show(tmp_path: Path) -> None:
    listed = studies("list")
    assert listed.returncode == 0
    assert "Quickstart: do supernets rank?" in listed.stdout
    shown = studies("show", "quickstart", "--runs", tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "strictly fair" in shown.stdout
    assert "0 complete" in shown.stdout
    truth = studies("truth", "show", "nasbench201-digits", "--json")
    assert truth.returncode == 0, truth.stderr
    assert json.loads(truth.stdout)["ceilings"]["digits_test"]["seed_to_seed"]["tau_b"] > 0
    assert "not the published benchmarks" in studies("truth", "show", "blox-digits").stdout


def test_the_whole_study_in_small(tmp_path: Path) -> None:
    """Killed in the middle, run again, run once more: complete, reported, and nothing done twice."""
    command = [sys.executable, "-m", "studies", "run", "quickstart", "--smoke", "--runs", str(tmp_path)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, start_new_session=True, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and not list(tmp_path.glob("trainings/*/result.json")):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    early = {path: path.stat().st_mtime_ns for path in tmp_path.glob("trainings/*/result.json")}

    result = studies("run", "quickstart", "--smoke", "--runs", tmp_path)
    assert result.returncode == 0, result.stderr
    folder = tmp_path / "quickstart-smoke"
    study = json.loads((folder / "study.json").read_text())
    runs = [folder / run["folder"] for run in study["runs"]]
    assert {json.loads((run / "result.json").read_text())["status"] for run in runs} == {"finished"}
    assert all(path.stat().st_mtime_ns == when for path, when in early.items())
    assert all(pd.read_parquet(run / "scores.parquet")["score"].between(0, 100).all() for run in runs)
    page = (folder / "report.html").read_text()
    assert "SMOKE SIZE" in page
    assert "not the published benchmarks" in page
    for suffix in ("png", "pdf", "svg", "csv"):
        assert list((folder / "figures").glob(f"*.{suffix}"))
    shown = studies("show", "quickstart", "--smoke", "--runs", tmp_path)
    assert f"{len(runs)} jobs, {len(runs)} complete, 0 to do" in shown.stdout

    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("trainings/*/*")}
    again = studies("run", "quickstart", "--smoke", "--runs", tmp_path)
    assert again.returncode == 0, again.stderr
    assert f"of which {len(runs)} were complete" in again.stdout
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.glob("trainings/*/*")}

    with lock_run(runs[1], "job 5"):
        (runs[1] / "result.json").unlink()
        left = studies("run", "quickstart", "--smoke", "--runs", tmp_path)
    assert left.returncode == 2
    assert f"pid {os.getpid()} (job 5) since " in left.stderr
    assert "; skipped" in left.stderr
    assert left.stderr.splitlines()[-1].startswith("error: not complete: another process is on ")
    (runs[0] / "lock").mkdir()  # of a process that was killed after its last word
    ended = replace(Holder.me(""), pid=999_999_999)
    (runs[0] / "lock" / ended.name).touch()
    assert studies("run", "quickstart", "--smoke", "--runs", tmp_path).returncode == 0
    assert not list(tmp_path.rglob("lock"))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("trainings/*/*")}

    damaged = runs[0] / "checkpoint.pt"
    scores = pd.read_parquet(runs[0] / "scores.parquet")
    scores.head(3).to_parquet(runs[0] / "scores.parquet")  # another file than the run's own
    damaged.write_bytes(damaged.read_bytes()[:500])
    shown = studies("show", "quickstart", "--smoke", "--runs", tmp_path)
    assert shown.returncode == 2
    errors = [line for line in shown.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert f"{damaged.parent.name}/scores.parquet is damaged" in errors[0]
    repaired = studies("run", "quickstart", "--smoke", "--runs", tmp_path)
    assert repaired.returncode == 0, repaired.stderr
    notes = [line for line in repaired.stderr.splitlines() if line.startswith("note: ")]
    assert [Path(line.split("/")[-1]).name.split()[0] for line in notes] == [
        "checkpoint.pt",
        "scores.parquet",
    ]
    again = pd.read_parquet(runs[0] / "scores.parquet")
    pd.testing.assert_frame_equal(
        again.drop(columns="seconds"), scores.drop(columns="seconds"), check_exact=True
    )
    others = {path: when for path, when in kept.items() if path.parent.name != damaged.parent.name}
    assert all(path.stat().st_mtime_ns == when for path, when in others.items())
