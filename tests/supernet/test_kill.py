"""Real processes, killed with SIGKILL and started again, end with the bits of one that nobody disturbed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from forked import TOO_LONG, Forked
from tiny import assert_same

from supernet.training import checkpoint

pytestmark = pytest.mark.xdist_group("kill")  # the undisturbed training is made once

HERE = Path(__file__).parent


class Runner(Forked):
    """Starts trainings by killed.py, each a process of its own."""

    def __init__(self) -> None:
        super().__init__(HERE / "killed.py")

    def begin(self, folder: Path, moment: str = "") -> int:
        """The process's id. moment: where it halts; none: nowhere."""
        return self.start(folder, moment)

    def run(self, folder: Path) -> None:
        self.begin(folder)
        assert self.code() == 0

    def run_until(self, folder: Path, moment: str) -> None:
        """Start the training, wait until it halts at the moment, kill it there."""
        number = self.begin(folder, moment)
        assert self.read() == "halted", f"{moment} never came"
        os.kill(number, signal.SIGKILL)
        assert self.code() == -signal.SIGKILL


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def undisturbed(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    runner.run(folder)
    return folder


# In each row one training is killed again and again. There are four batches an epoch and five paths a group.
@pytest.mark.parametrize(
    ("moments", "updates"),
    [
        # Before anything is saved, and inside the group that the first epoch leaves half done.
        (["forward:1", "forward:4", "saved:1", "forward:1", "update:1", "forward:3"], [0, 0, 0, 0, 0, 0]),
        # While a checkpoint is written: the first of all, then those that replace another.
        (["saving:1", "renaming:1", "saved:2", "saving:1", "renaming:1"], [None, None, 1, 1, 1]),
        # After the last epoch, and while scoring.
        (["saved:4", "scored:2", "scored:5"], [3, 3, 3]),
    ],
    ids=["in a group", "writing", "scoring"],
)
def test_a_killed_training_ends_with_the_same_bits(
    runner: Runner, tmp_path: Path, undisturbed: Path, moments: list[str], updates: list[int | None]
) -> None:
    path = tmp_path / "checkpoint.pt"
    for moment, expected in zip(moments, updates, strict=True):
        runner.run_until(tmp_path, moment)
        assert not (tmp_path / "scores.json").exists()
        # What is there is whole.
        if path.exists():
            state = checkpoint.load(path)
            if expected is not None:
                assert state["updates"] == expected, moment
        else:
            assert not expected, moment
    runner.run(tmp_path)
    result = json.loads((tmp_path / "scores.json").read_text())
    assert result == json.loads((undisturbed / "scores.json").read_text())
    assert (result["status"], result["updates"], len(result["scores"])) == ("finished", 3, 5)
    weights = [torch.load(folder / "weights.pt", weights_only=True) for folder in (tmp_path, undisturbed)]
    assert_same(*weights)


def test_a_training_killed_without_warning_ends_with_the_same_bits(
    runner: Runner, tmp_path: Path, undisturbed: Path
) -> None:
    """Killed as soon as its first checkpoint is seen, wherever it may be then: perhaps already at its end."""
    number = runner.begin(tmp_path)
    deadline = time.monotonic() + TOO_LONG
    while not (tmp_path / "checkpoint.pt").exists() and time.monotonic() < deadline:
        os.sched_yield()
    with contextlib.suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)
    assert runner.read() in ("ended 0", f"ended {-signal.SIGKILL}")
    checkpoint.load(tmp_path / "checkpoint.pt")
    runner.run(tmp_path)
    assert (tmp_path / "scores.json").read_text() == (undisturbed / "scores.json").read_text()
    assert_same(*(torch.load(f / "weights.pt", weights_only=True) for f in (tmp_path, undisturbed)))
