"""What goes to the cluster, against fake commands: scripts, arrays, nothing twice, nothing lost."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from fake_slurm import ROOT, SMOKE, Fake, finish, records, slurm

from slurm.job import Job
from slurm.profile import Profile
from slurm.submitter import Submitter
from studies.catalog import quickstart
from studies.commands.plan import plan_from_words
from studies.running import lock
from studies.running.plan import Plan

GOLDEN = Path(__file__).parent / "golden.sh"


def test_the_batch_script(fake: Fake, tmp_path: Path) -> None:
    text = """
        time = "1-12:00:00"
        partition = "gpu"
        account = "project"
        cpus = 4
        gpus = 1
        memory_gb = 7.5
        parallel_jobs = 3
        runs_per_job = 2
        signal_delay_s = 90
        setup = ["module load cuda", "source '/opt/my venv/activate'"]
        python = "python3"
        options = {qos = "normal", exclusive = true}
    """
    path = tmp_path / "p.toml"
    path.write_text(text)
    assert slurm("submit", *SMOKE, "--runs", tmp_path / "runs", "--profile", path) == 0
    (script,) = fake.scripts()
    (record,) = records(tmp_path / "runs")
    for name, value in ((str(record.folder), "FOLDER"), (record.name, "NAME"), (str(ROOT), "REPOSITORY")):
        script = script.replace(name, value)
    assert script == GOLDEN.read_text()
    assert record.profile.gpus == 1
    assert [len(job) for job in record.jobs] == [2, 2, 2, 2]


def test_arrays_are_split_at_the_size_that_the_cluster_takes(
    fake: Fake, profile: Path, tmp_path: Path
) -> None:
    fake.set("max", "5")
    assert slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile) == 0
    assert [re.search(r"--array=(\S+)", script)[1] for script in fake.scripts()] == ["0-4%5", "0-2%3"]
    arrays = records(tmp_path)
    assert [array.ids()[-1] for array in arrays] == ["100_4", "101_2"]
    runs = [run for array in arrays for job in array.jobs for run in job]
    assert len(runs) == len(set(runs)) == 8


def test_a_last_array_of_one_is_a_job(fake: Fake, profile: Path, tmp_path: Path) -> None:
    fake.set("max", "7")
    assert slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile) == 0
    assert [array.ids()[-1] for array in records(tmp_path)] == ["100_6", "101"]
    assert slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile) == 0
    assert len(fake.scripts()) == 2


def test_what_is_pickled_is_the_job_alone(fake: Fake, profile: Path, tmp_path: Path) -> None:
    from submitit.core.utils import DelayedSubmission

    slurm("submit", *SMOKE, "--seeds", "0", "--runs", tmp_path, "--profile", profile)
    (record,) = records(tmp_path)
    pickles = [record.folder / f"{job_id}_submitted.pkl" for job_id in record.ids()]
    jobs = [DelayedSubmission.load(path).function for path in pickles]
    assert jobs == [Job(record.words, runs, "cpu") for runs in record.jobs]
    assert max(path.stat().st_size for path in pickles) < 2000
    again = jobs[0].checkpoint()
    assert again.function == jobs[0]


def test_nothing_is_submitted_twice(
    fake: Fake, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*SMOKE, "--runs", tmp_path, "--profile", profile]
    slurm("submit", *words)
    slurm("submit", *words)
    assert "submitted 0 runs in 0 jobs, 0 arrays; 0 complete, 8 queued or running" in capsys.readouterr().out
    # One run is complete, and of two jobs nothing is left in the queue.
    (record,) = records(tmp_path)
    finish(tmp_path, list(record.jobs[0]))
    fake.set("queue", "\n".join(fake.queue()[3:]))
    slurm("submit", *words)
    assert (
        "submitted 2 runs in 2 jobs, 1 array (101); 1 complete, 5 queued or running"
        in capsys.readouterr().out
    )
    assert [job for each in records(tmp_path)[1:] for job in each.jobs] == list(record.jobs[1:3])


def test_a_run_that_a_process_is_on_is_not_submitted(fake: Fake, profile: Path, tmp_path: Path) -> None:
    words = [*SMOKE, "--only", "nasbench201/uniform", "--runs", tmp_path, "--profile", profile]
    slurm("submit", *words, "--dry-run")
    run = quickstart_runs(tmp_path)[0]
    with lock.lock_run(tmp_path / "trainings" / run):
        slurm("submit", *words)
    assert not fake.scripts()
    slurm("submit", *words)
    assert len(fake.scripts()) == 1


def quickstart_runs(root: Path) -> list[str]:
    from studies.model.smoke import smoke

    return [run.variant.run_id(run.seed) for run in smoke(quickstart.study()).runs(root)]


def test_two_submitters_at_once(
    fake: Fake, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with lock.lock_run(tmp_path / "quickstart-smoke" / "slurm"):
        assert slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile) == 2
    assert "submit: this study is being submitted already, held by " in capsys.readouterr().err
    assert not fake.scripts()


def test_a_submitter_that_is_killed_before_it_knows_the_id_has_submitted(
    fake: Fake, profile: Path, tmp_path: Path
) -> None:
    words = [*SMOKE, "--runs", tmp_path, "--profile", profile]
    slurm("submit", *words)
    (path,) = tmp_path.glob("*/slurm/*/array.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"job_id": None}))
    for submitted in path.parent.glob("*_submitted.pkl"):
        submitted.unlink()
    slurm("submit", *words)
    assert len(fake.scripts()) == 1
    (record,) = records(tmp_path)
    assert record.job_id == "100"
    assert all((record.folder / f"{own}_submitted.pkl").exists() for own in record.ids())
    assert slurm("cancel", *SMOKE, "--runs", tmp_path) == 0
    assert not fake.queue()


def test_a_cluster_that_refuses_leaves_nothing_behind(
    fake: Fake, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.set("refuse", "Invalid account")
    assert slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile) == 2
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("error: slurm: sbatch refused: ")
    assert "Invalid account" in message
    assert not records(tmp_path)
    (fake.folder / "refuse").unlink()
    assert slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile) == 0


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between tries."""
    monkeypatch.setattr("slurm.arrays.PAUSES", (0.0, 0.0, 0.0))


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("fates", "calls", "job_id"),
    [
        ("accept", 1, "100"),  # accepted, and nobody was told
        ("drop", 2, "100"),
        ("drop accept", 2, "100"),
        ("late", 2, "100"),  # accepted only after it was looked for
        ("drop drop drop", 4, "100"),
    ],
)
def test_a_time_out_of_sbatch_is_tried_again_and_never_submits_twice(
    fake: Fake, profile: Path, tmp_path: Path, fates: str, calls: int, job_id: str
) -> None:
    fake.set("silent", fates.replace(" ", "\n"))
    assert slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile) == 0
    assert len(fake.calls("sbatch")) == calls
    (record,) = records(tmp_path)
    assert record.job_id == job_id
    assert [line.split("|")[0] for line in fake.queue() if line] == record.ids()
    assert all((record.folder / f"{own}_submitted.pkl").exists() for own in record.ids())
    assert slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile) == 0
    assert len(fake.calls("sbatch")) == calls


@pytest.mark.usefixtures("patient")
def test_a_controller_that_never_answers(
    fake: Fake, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.set("silent", "drop\ndrop\ndrop\ndrop")
    assert slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile) == 2
    assert "Socket timed out" in capsys.readouterr().err
    assert not records(tmp_path)
    # The queue falls silent as well, after the job was accepted: what was sent is found later, not sent again.
    fake.set("silent", "accept")
    squeue = (fake.folder / "squeue").read_text()
    deaf = squeue.replace("import json", "import json, time", 1).replace(
        'elif name == "squeue":',
        'elif name == "squeue" and (here / "script-100").exists():\n'
        '    sys.exit("slurm_load_jobs error: Unable to contact slurm controller")\nelif name == "squeue":',
    )
    (fake.folder / "squeue").write_text(deaf)
    assert slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile) == 2
    assert "it is not known whether" in capsys.readouterr().err
    assert len(records(tmp_path)) == 1
    (fake.folder / "squeue").write_text(squeue)
    assert slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile) == 0
    assert len(fake.scripts()) == 1
    assert "8 queued or running" in capsys.readouterr().out


def test_clusters_are_asked_by_name_and_jobs_of_one_id_are_told_apart(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.toml"
    path.write_text('time = "1:00:00"\n[options]\nclusters = "far,near"\n')
    fake.set("queue-near", "100_0|RUNNING|another|None")
    words = [*SMOKE, "--runs", tmp_path / "runs"]
    assert slurm("submit", *words, "--profile", path) == 0
    (script,) = fake.scripts()
    assert "#SBATCH --clusters=far,near" in script
    assert ["--clusters=far", "show", "config"] in fake.calls("scontrol")
    capsys.readouterr()
    assert slurm("status", *words) == 0
    assert "0 of 8 complete: 8 queued" in capsys.readouterr().out
    assert [call[0] for call in fake.calls("squeue")[-2:]] == ["--clusters=far", "--clusters=near"]
    assert slurm("cancel", *words) == 0
    assert fake.calls("scancel") == [["--clusters=far", *(f"100_{i}" for i in range(8))]]
    assert (fake.folder / "queue-near").read_text().startswith("100_0|RUNNING|another")
    chained = ["few_shot", "--smoke", "--runs", tmp_path / "runs", "--profile", path]
    assert slurm("submit", *chained) == 2
    assert "all must go to one cluster" in capsys.readouterr().err


def test_defaults_of_the_user_do_not_hide_jobs(
    fake: Fake, profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fake.folder / "squeue").write_text('#!/bin/sh\nenv > "$(dirname "$0")/environment"\n')
    for name in ("SQUEUE_STATES", "SLURM_CLUSTERS"):
        monkeypatch.setenv(name, "RUNNING")
    slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile)
    assert "=RUNNING" not in (fake.folder / "environment").read_text()


def test_a_dry_run_needs_no_controller_and_no_ground_truth(
    tmp_path: Path, profile: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert slurm("submit", "few_shot", "--profile", profile, "--dry-run") == 0
    printed = capsys.readouterr()
    assert "note: slurm: no scontrol on the PATH; shown for an empty queue and arrays of 1001" in printed.err
    assert "#SBATCH --array=0-" in printed.out
    assert "would submit 40 runs in 40 jobs" in printed.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cluster.toml"]
    assert slurm("submit", "few_shot", "--profile", profile) == 2


def test_runs_share_the_gpu_of_their_job(fake: Fake, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('time = "1:00:00"\ngpus = 1\ngpu_type = "a100"\nruns_per_gpu = 3\n')
    assert slurm("submit", *SMOKE, "--runs", tmp_path / "runs", "--profile", path) == 0
    (script,) = fake.scripts()
    assert "#SBATCH --gpus-per-node=a100:1" in script
    assert "#SBATCH --cpus-per-task=3" in script
    (record,) = records(tmp_path / "runs")
    assert [len(job) for job in record.jobs] == [3, 3, 2]
    from submitit.core.utils import DelayedSubmission

    job = DelayedSubmission.load(record.folder / "100_0_submitted.pkl").function
    assert job == Job(record.words, record.jobs[0], "cuda", at_a_time=3)
    assert job.checkpoint().function == job


def test_jobs_of_earlier_versions_start() -> None:
    """A job that was pickled before is read by the name of its module and its fields."""
    pickled = (
        b"\x80\x04\x95\x96\x00\x00\x00\x00\x00\x00\x00\x8c\tslurm.job\x94\x8c\x03Job\x94\x93\x94)\x81\x94}\x94(\x8c\x05words\x94("
        b"\x8c\nquickstart\x94\x8c\x07--smoke\x94\x8c\x0c--milestones\x94\x8c\x04none\x94t\x94\x8c\x04runs\x94\x8c\x0cec1c6b076a98"
        b"\x94\x85\x94\x8c\x06device\x94\x8c\x03cpu\x94\x8c\x08patience\x94N\x8c\tat_a_time\x94K\x02ub."
    )
    words = ("quickstart", "--smoke", "--milestones", "none")
    job = pickle.loads(pickled)
    assert job == Job(words, ("ec1c6b076a98",), "cpu", at_a_time=2)
    assert plan_from_words(job.words).study.name == "quickstart-smoke"


@pytest.mark.parametrize("words", [["--dry-run"], []])
def test_a_cluster_that_slurm_does_not_know(
    fake: Fake, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """It is the user's slip, and not a controller that does not answer."""
    refusal = "echo \"scontrol: error: No cluster 'tpyo' known by database.\" >&2; exit 1"
    real = fake.folder / "scontrol"
    real.rename(fake.folder / "known")
    real.write_text(
        f'#!/bin/sh\ncase "$1" in --clusters=tpyo) {refusal};; esac\nexec "$(dirname "$0")/known" "$@"\n'
    )
    real.chmod(0o700)
    profile.write_text(profile.read_text() + '[options]\nclusters = "tpyo"\n')
    assert slurm("submit", *SMOKE, "--runs", tmp_path / "runs", "--profile", profile, *words) == 2
    told = capsys.readouterr()
    assert told.err.startswith(
        "error: options: clusters: SLURM knows no cluster 'tpyo'; `sacctmgr list clusters`"
    )
    assert told.out == ""
    assert not fake.scripts()
    assert not records(tmp_path / "runs")


def test_a_dry_run_prints_the_script_and_writes_nothing(
    fake: Fake, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert slurm("submit", *SMOKE, "--runs", tmp_path / "runs", "--profile", profile, "--dry-run") == 0
    told = capsys.readouterr().out
    assert "#SBATCH --array=0-7%8" in told
    assert "would submit 8 runs in 8 jobs, 1 array" in told
    assert not fake.calls("sbatch")
    assert not (tmp_path / "runs").exists()


def test_from_inside_a_job_its_settings_stay_there_but_the_cluster_is_known(
    fake: Fake, profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "64")
    monkeypatch.setenv("SLURM_CONF", "/etc/here.conf")
    slurm("submit", *SMOKE, "--runs", tmp_path, "--profile", profile)
    assert fake.environments("sbatch") == [{"SLURM_CONF": "/etc/here.conf"}]
    assert os.environ["SLURM_JOB_ID"] == "7"


def test_2000_runs(fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = quickstart.study()
    many = replace(study, name="many", seeds=tuple(range(250)))
    submitter = Submitter(Plan.of(many, tmp_path), ("many",), Profile(time="1:00:00", runs_per_job=1))
    submitter.dry_run()
    assert "would submit 2000 runs in 2000 jobs, 2 arrays" in capsys.readouterr().out


def test_runs_that_start_from_others_wait_for_these(fake: Fake, profile: Path, tmp_path: Path) -> None:
    assert slurm("submit", "few_shot", "--smoke", "--runs", tmp_path, "--profile", profile) == 0
    arrays = records(tmp_path)
    assert len(arrays) >= 2
    assert arrays[0].after == ()
    assert "--dependency" not in fake.scripts()[0]
    assert arrays[1].after == (arrays[0].job_id,)
    assert f"#SBATCH --dependency=afterany:{arrays[0].job_id}" in fake.scripts()[1]
    # The parents are still in the queue when their children are submitted again.
    fake.set("queue", "\n".join(line for line in fake.queue() if line.startswith("100")))
    slurm("submit", "few_shot", "--smoke", "--runs", tmp_path, "--profile", profile)
    assert {job.split("_")[0] for job in records(tmp_path)[-1].after} == {"100"}


def test_without_slurm_there_is_one_clear_message(
    tmp_path: Path, profile: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for words in (["submit", *SMOKE, "--profile", profile], ["status", *SMOKE], ["retry", *SMOKE]):
        assert slurm(*words) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert all(word in line for word in ("this machine has no SLURM", "--local N", "demo-cluster start"))


def test_local_is_studies_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr("studies.__main__.main", lambda words: called.append(words) or 0)
    words = [*SMOKE, "--only", "blox/uniform", "--seeds", "0", "--runs", tmp_path, "--data-root", tmp_path]
    assert slurm("submit", *words, "--local", "3") == 0
    given = ["--runs", str(tmp_path), "--data-root", str(tmp_path), "--workers", "3"]
    assert called == [["run", *SMOKE, *given, "--only", "blox/uniform", "--seeds", "0"]]
    assert slurm("submit", *words, "--local", "0") == 2
    assert slurm("submit", *words, "--local", "1", "--dry-run") == 2
    assert len(called) == 1


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_the_script_is_valid_bash() -> None:
    subprocess.run(["bash", "-n", str(GOLDEN)], check=True)
