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
from PIL import Image

from analysis.cli import Command, run, work
from analysis.figures import style
from studies.__main__ import main
from studies.running.lock import Holder, lock_run
from supernet_ranking.__main__ import PROGRAM

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
BUILD = "truth build --space"


def test_every_command_has_its_work() -> None:
    groups = [PROGRAM.commands]
    for commands in groups:
        for command in commands.values():
            if isinstance(command, Command):
                assert bool(command.work) != bool(command.commands)
                assert not command.work or callable(work(command.work))
                groups += [command.commands]


SHOWN = {"text": "  ", "markdown": "|---|", "csv": ",", "json": "[", "html": "<table>"}
SHOWN["latex"] = r"\begin{tabular}"


@pytest.mark.parametrize(
    ("words", "cell"),
    [
        ("list", "quickstart"),
        ("show quickstart", "strictly fair"),
        ("truth list", "blox-digits"),
        ("truth show blox-digits", "digits_test"),
        ("space nasbench201 --mask none", "raw"),
        ("data list", "imagenet16"),
        ("data check digits", "train"),
    ],
)
def test_tables_in_every_format(
    words: str, cell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for form, sign in SHOWN.items():
        assert main([*words.split(), "--format", form]) == 0
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
        ("run quickstat", ["study: 'quickstat' is not one of", "quickstart"]),
        ("run quickstart --only unifrom", ["--only: 'unifrom' is not one of", "strictly fair"]),
        ("run quickstart --seeds a", ["--seeds: 'a' is not a list of integers"]),
        ("run quickstart --seeds 7", ["--seeds: 7 is not one of 0, 1, 2, 3"]),
        ("run quickstart --workers 0", ["--workers: 0 is not a positive integer"]),
        ("show nothing", ["study: 'nothing' is not one of"]),
        ("space nasbench201 --mask pool", ["mask: 'pool' is not one of none, skip_connect"]),
        ("space darts", ["darts", "nasbench201"]),
        ("describe blox 1,2,3", ["architecture: '1,2,3'"]),
        ("truth show nowhere", ["table: 'nowhere' is neither"]),
        (f"{BUILD} nasbench201 --architectures 9999 --seeds 1", ["architectures: 9999 is not between"]),
        (
            f"{BUILD} nasbench201 --data cifar --architectures 1 --seeds 1",
            ["data: 'cifar' is not one of dig"],
        ),
        (f"{BUILD} blox --architectures 1 --seeds 0", ["seeds: 0 is not a positive"]),
        ("run quickstart --smoke --runs file", ["file"]),
    ],
)
def test_mistakes_end_with_one_line_and_exit_code_2(
    arguments: str,
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("a file where the folder should be")
    try:
        assert main(arguments.split()) == 2
    except SystemExit as ended:  # the parser's own
        assert ended.code == 2  # noqa: PT017
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert all(word in last for word in words), last
    assert not list(tmp_path.rglob("*.json"))


def test_an_interrupt_is_one_word(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert (run(interrupted), capsys.readouterr().err) == (130, "interrupted\n")


def test_list_show_and_truth_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        ("list", ["Quickstart: do supernets rank?"]),
        (f"show quickstart --runs {tmp_path}", ["strictly fair", "0 complete"]),
        ("truth show blox-digits", ["not the published benchmarks"]),
        ("truth show nasbench201-digits --json", ['"ceilings"']),
    ):
        assert main(words.split()) == 0
        told = capsys.readouterr().out
        assert all(word in told for word in said)
    assert json.loads(told)["ceilings"]["digits_test"]["seed_to_seed"]["tau_b"] > 0


def test_the_whole_study_in_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed in the middle, run again, run once more: complete, reported, and nothing done twice."""
    dot = tmp_path / "dot.png"
    Image.new("RGB", (1, 1)).save(dot)
    words = ["quickstart", "--smoke", "--runs", str(tmp_path)]

    def again(command: str, code: int) -> tuple[str, str]:
        capsys.readouterr()
        assert main([command, *words]) == code
        return capsys.readouterr()

    command = [sys.executable, "-m", "studies", "run", *words]
    process = subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, start_new_session=True, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and not list(tmp_path.glob("trainings/*/result.json")):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    early = {path: path.stat().st_mtime_ns for path in tmp_path.glob("trainings/*/result.json")}

    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT)
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
    monkeypatch.setattr(style, "save", lambda *_: [dot])  # in this process nothing more is drawn
    assert f"{len(runs)} jobs, {len(runs)} complete, 0 to do" in again("show", 0)[0]
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("trainings/*/*")}
    assert f"of which {len(runs)} were complete" in again("run", 0)[0]
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.glob("trainings/*/*")}

    with lock_run(runs[1], "job 5"):
        (runs[1] / "result.json").unlink()
        _, told = again("run", 2)
    assert f"pid {os.getpid()} (job 5) since " in told
    assert "; skipped" in told
    assert told.splitlines()[-1].startswith("error: not complete: another process is on ")
    (runs[0] / "lock").mkdir()  # of a process that was killed after its last word
    ended = replace(Holder.me(""), pid=999_999_999)
    (runs[0] / "lock" / ended.name).touch()
    damaged = runs[0] / "checkpoint.pt"
    scores = pd.read_parquet(runs[0] / "scores.parquet")
    scores.head(3).to_parquet(runs[0] / "scores.parquet")  # another file than the run's own
    damaged.write_bytes(damaged.read_bytes()[:500])
    (error,) = (line for line in again("show", 2)[1].splitlines() if line.startswith("error: "))
    assert f"{damaged.parent.name}/scores.parquet is damaged" in error
    undrawn = f"""
from pathlib import Path
from analysis.figures import style
from studies.__main__ import main
style.save = lambda *_: [Path({str(dot)!r})]
raise SystemExit(main({["run", *words]}))
"""
    command = [sys.executable, "-c", undrawn]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT)
    assert result.returncode == 0, result.stderr
    repaired = result.stderr
    assert not list(tmp_path.rglob("lock"))
    notes = [line for line in repaired.splitlines() if line.startswith("note: ")]
    names = [Path(line.split("/")[-1]).name.split()[0] for line in notes]
    assert names == ["checkpoint.pt", "scores.parquet"]
    made = pd.read_parquet(runs[0] / "scores.parquet")
    pd.testing.assert_frame_equal(
        made.drop(columns="seconds"), scores.drop(columns="seconds"), check_exact=True
    )
    touched = [run.name for run in runs[:2]]
    others = {path: when for path, when in kept.items() if path.parent.name not in touched}
    assert all(path.stat().st_mtime_ns == when for path, when in others.items())
