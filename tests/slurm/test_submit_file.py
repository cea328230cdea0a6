"""A study file on a cluster: its jobs do what was submitted, whatever becomes of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_slurm import Fake, records, slurm

from studies.commands.plan import plan_from_words

STUDY = """
from dataclasses import replace

from studies.catalog import quickstart


def study():
    return replace(quickstart.study(), name="mine", variants=quickstart.study().variants[:2], seeds=(0,))
"""


def test_jobs_start_from_the_file_as_it_was_submitted(
    fake: Fake, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, runs = tmp_path / "mine.py", tmp_path / "runs"
    file.write_text(STUDY)
    words = [file, "--set", "training.epochs=2", "--runs", runs]
    assert slurm("submit", *words, "--profile", profile, "--dry-run") == 0
    assert not runs.exists()
    assert slurm("submit", *words, "--profile", profile) == 0
    file.write_text(STUDY.replace("[:2]", "[2:3]"))
    (record,) = records(runs)
    plan = plan_from_words(record.words)
    assert plan.study.name == "mine+training.epochs=2"
    assert {variant.space for variant in plan.study.variants} == {"nasbench201"}
    assert [run.run_id for run in plan.runs] == [run for job in record.jobs for run in job]
    capsys.readouterr()
    assert slurm("status", *words) == 0
    assert " blox " in capsys.readouterr().out  # of the file as it is now
