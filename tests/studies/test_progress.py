"""The time left, against a clock that the test turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from studies.model.study import Study
from studies.running import progress as module
from studies.running.plan import Plan
from studies.running.progress import Progress, RunsProgress, duration


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_what_was_done_before_does_not_count_for_the_speed(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress("work", 100, every=0)
    progress.update(60)
    assert capsys.readouterr().err == "work: 60/100\n"
    clock[0] += 30
    progress.update(70)
    assert capsys.readouterr().err == f"work: 70/100, about {duration(90)} left\n"
    progress.update(100)
    assert capsys.readouterr().err == "work: 100/100\n"


def test_a_resumed_study_tells_the_time_left_at_once_and_then_as_measured(
    tiny: Study, tmp_path: Path, clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    runs = list(Plan.of(tiny, tmp_path).runs)[:2]
    progress = RunsProgress("tiny", runs, {run.variant: 100.0 for run in runs}, workers=1)
    preparing = runs[0].variant.estimator.preparing
    progress.every = 0
    progress.note(0, (0, 1), "train", 0.5, earlier=True)  # half of it is in the checkpoint
    rest = 200 - 50 * preparing
    assert f"about {duration(rest)} left" in capsys.readouterr().err  # as other runs of the variants took
    clock[0] += 10_000  # so long that what is measured decides: a hundred times as slow
    progress.note(0, (0, 1), "train", 1.0)
    new = 50 * preparing
    expected = (rest - new) * (10_000 + module.Speed.WORTH) / (new + module.Speed.WORTH)
    assert f"about {duration(expected)} left" in capsys.readouterr().err
    # The second was trained by an earlier run: its first score says so, and is all that counts.
    before = progress._work(progress.before)
    progress.note(1, (0, 1), "score", 0.5)
    assert progress._work(progress.before) - before == pytest.approx(100 * preparing)
