"""What a job does, without a cluster: runs one after the other, none twice, none in another's way."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.store import result as result_file
from slurm import worker
from slurm.job import Job
from studies.commands.plan import plan_from_words
from studies.model.study import Run
from studies.running import lock, parallel
from studies.running import run as one_run

start_worker = parallel.start_worker


def start_elsewhere() -> None:
    if multiprocessing.parent_process() is not None:
        start_worker()


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is not a job's: it keeps its signals."""
    monkeypatch.setattr("studies.running.parallel.start_worker", start_elsewhere)


@pytest.fixture
def words(tmp_path: Path, few_architectures: str) -> tuple[str, ...]:
    """Three runs of the quickstart."""
    return ("quickstart", "--smoke", "--truth", few_architectures, "--runs", str(tmp_path / "runs"))


@pytest.fixture
def runs(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(run.variant.run_id(run.seed) for run in plan_from_words(words).runs[:3])


Done = list[str]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Done:
    """Runs take no time: `run_one` writes down which it was asked for, and that it is over."""
    asked: Done = []

    def run_one(run: Run, architectures: object, device: str, report: object) -> dict[str, object]:
        run_id = run.variant.run_id(run.seed)
        try:
            with lock.lock_run(run.folder):
                asked.append(run_id)
                result = {"run_id": run_id, "status": "diverged", "reason": "loss", "train_seconds": 0.0}
                result_file.write(run.folder, result | {"score_seconds": 0.0})
                return result
        except lock.RunLocked as error:
            return {"run_id": run_id, "status": "held", "reason": str(error)}

    monkeypatch.setattr(one_run, "run_one", run_one)
    monkeypatch.setattr(worker, "TRY_EVERY", 0.1)
    return asked


def test_every_run_once_and_none_that_is_complete(
    words: tuple[str, ...], runs: tuple[str, ...], done: Done
) -> None:
    assert list(Job(words, runs[:2], "cpu")()) == list(runs[:2])
    assert Job(words, runs, "cpu")()[runs[0]] == "complete before"
    assert done == list(runs)


def test_runs_side_by_side_are_the_runs_one_after_the_other(
    words: tuple[str, ...], runs: tuple[str, ...], tmp_path: Path, few_architectures: str
) -> None:
    """Three runs, two at a time, in processes; one that is complete is not done again."""
    root, alone = tmp_path / "runs" / "trainings", tmp_path / "alone"
    outcomes = Job(words, runs, "cpu", at_a_time=2)()
    assert all(outcome.startswith("finished") for outcome in outcomes.values()), outcomes
    assert set(Job(words, runs, "cpu", at_a_time=2)().values()) == {"complete before"}
    Job((*words[:-1], str(alone)), runs, "cpu")()
    for run in runs:
        one, other = (
            pd.read_parquet(folder / run / "scores.parquet") for folder in (root, alone / "trainings")
        )
        pd.testing.assert_frame_equal(
            one.drop(columns="seconds"), other.drop(columns="seconds"), check_exact=True
        )


def test_a_run_that_another_process_has_comes_last(
    words: tuple[str, ...], runs: tuple[str, ...], done: Done, tmp_path: Path
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def other() -> None:
        with lock.lock_run(tmp_path / "runs" / "trainings" / runs[0]):
            begun.set()
            may_end.wait(30)

    thread = threading.Thread(target=other)
    thread.start()
    begun.wait()
    threading.Timer(0.5, may_end.set).start()
    Job(words, runs, "cpu", patience=30.0)()
    thread.join()
    assert done == [*runs[1:], runs[0]]


def test_a_run_that_stays_with_another_process_is_told(
    words: tuple[str, ...],
    runs: tuple[str, ...],
    done: Done,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with lock.lock_run(tmp_path / "runs" / "trainings" / runs[1]):
        outcomes = Job(words, runs, "cpu", patience=0.3)()
    assert done == [runs[0], runs[2]]
    assert outcomes[runs[1]].startswith("held by ")
    assert f"({runs[1]}): not done here: held by" in capsys.readouterr().out


def test_a_failure_does_not_stop_the_next_run(
    words: tuple[str, ...], runs: tuple[str, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / "trainings" / runs[0]
    folder.mkdir(parents=True)
    (folder / "checkpoint.pt").mkdir()
    outcomes = Job(words, runs[:2], "cpu")()
    assert outcomes[runs[0]].startswith("failed: ")
    assert "checkpoint.pt" in outcomes[runs[0]]
    assert outcomes[runs[1]].startswith("finished")


def test_a_run_that_the_catalogue_has_no_more_is_refused(words: tuple[str, ...], done: Done) -> None:
    with pytest.raises(ValueError, match="quickstart-smoke has no run 0123 any more: its code has changed"):
        Job(words, ("0123",), "cpu")()
    assert not done


def test_a_gpu_that_is_not_there_is_no_failure_of_the_run(
    words: tuple[str, ...], runs: tuple[str, ...], done: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match=r"job: the profile asks for a GPU, but on \S+ PyTorch \S+ finds"):
        Job(words, runs, "cuda")()
    assert not done
    assert not (tmp_path / "runs").exists()


def test_what_a_killed_checkpoint_left_is_removed(
    words: tuple[str, ...], runs: tuple[str, ...], done: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """submitit refuses to write while it is there."""
    for name, value in {
        "SUBMITIT_EXECUTOR": "slurm",
        "SUBMITIT_FOLDER": str(tmp_path),
        "SLURM_JOB_ID": "9",
        "SLURM_ARRAY_JOB_ID": "7",
        "SLURM_ARRAY_TASK_ID": "2",
    }.items():
        monkeypatch.setenv(name, value)
    left = [tmp_path / f"7_2_{name}.pkl.save_tmp" for name in ("submitted", "0_result")]
    other = tmp_path / "7_1_submitted.pkl.save_tmp"
    for path in (*left, other):
        path.touch()
    Job(words, runs[:1], "cpu")()
    assert [path.exists() for path in (*left, other)] == [False, False, True]


def test_progress_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("slurm.worker.time.monotonic", lambda: clock[0])
    report: Callable[[str, float, str], None] = worker.Log("a run")
    for second in range(61):
        clock[0] = 100.0 + second
        report("train", second / 60, f"epoch {second}/60")
    assert capsys.readouterr().out.splitlines() == [f"a run: epoch {n}/60" for n in (0, 30, 60)]
