"""Worker processes and what is beside them: whoever is killed or interrupted, it is told, and none stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from forked import ROOT, TOO_LONG

from studies.running.parallel import run_tasks

HERE = Path(__file__).parent
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)]), "OMP_NUM_THREADS": "1"}


def until(what: str, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + TOO_LONG
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def alive(session: int) -> dict[int, int]:
    """The processes of a session that are not just entries that nobody has asked for: process to parent."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent, _, of = path.read_text().rpartition(")")[2].split()[:4]
            if int(of) == session and state not in "ZX":
                found[int(path.parent.name)] = int(parent)
    return found


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """workers.py in a session of its own, with tmp_path / "workers" for its folder."""
    folder = tmp_path / "workers"
    folder.mkdir()
    command = [sys.executable, str(HERE / "workers.py"), str(folder)]
    process = subprocess.Popen(
        command, env=ENVIRONMENT, start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        for pid in alive(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def started(starting: subprocess.Popen[str], tmp_path: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """workers.py with both of its workers at work; and the workers."""
    folder = tmp_path / "workers"
    until("both workers", lambda: starting.poll() is not None or len(list(folder.iterdir())) == 2)
    return starting, [int(path.name) for path in folder.iterdir()]


def assert_all_end(process: subprocess.Popen[str]) -> None:
    until("all processes to end", lambda: not alive(process.pid))


@pytest.mark.parametrize("who", ["a worker", "what workers are forked from"])
def test_a_killed_process_is_told_and_ends_all(
    started: tuple[subprocess.Popen[str], list[int]], who: str
) -> None:
    process, workers = started
    os.kill(workers[0] if who == "a worker" else alive(process.pid)[workers[0]], signal.SIGKILL)
    _, told = process.communicate(timeout=TOO_LONG)
    assert process.returncode == 2
    assert told.startswith(
        "error: a worker process died (killed, or out of memory); the same command continues"
    )
    assert "Traceback" not in told
    assert_all_end(process)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_process_has_started_ends_with_it(
    started: tuple[subprocess.Popen[str], list[int]], number: signal.Signals
) -> None:
    """Its workers, what they are forked from and what has their messages, though it had no time to end them."""
    process, workers = started
    assert len(alive(process.pid)) >= 3 + len(workers)
    os.kill(process.pid, number)
    assert process.wait(TOO_LONG) == -number
    assert_all_end(process)


@pytest.mark.parametrize("whom", ["all", "the first"])
def test_an_interrupt_ends_all_without_a_word(
    started: tuple[subprocess.Popen[str], list[int]], whom: str
) -> None:
    """As a terminal does, to all; and to the first process alone."""
    process, _ = started
    (os.killpg if whom == "all" else os.kill)(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=TOO_LONG)
    assert (process.returncode, told) == (130, "")
    assert_all_end(process)


def test_an_interrupt_while_workers_start_ends_all_without_a_word(starting: subprocess.Popen[str]) -> None:
    until("what workers are forked from", lambda: len(alive(starting.pid)) > 2)
    os.killpg(starting.pid, signal.SIGINT)
    _, told = starting.communicate(timeout=TOO_LONG)
    assert (starting.returncode, told) == (130, "")
    assert_all_end(starting)


def forked_from() -> tuple[int, list[str]]:
    """What a worker is forked from: its id and the devices of GPUs that it has open."""
    parent = Path(f"/proc/{os.getppid()}")
    opened = []
    for path in (parent / "fd").iterdir():
        with suppress(OSError):
            opened.append(os.readlink(path))
    return int(parent.name), [path for path in opened if path.startswith("/dev/nvidia")]


def test_workers_are_forked_from_one_process_that_has_no_gpu() -> None:
    found = [result for _, result in run_tasks(forked_from, [()] * 4, 2)]
    assert {gpus for _, opened in found for gpus in opened} == set()
    (parent,) = {pid for pid, _ in found}
    assert parent != os.getpid()


def test_what_workers_import_asks_for_no_gpu() -> None:
    """A process that has asked for one could not give it to those that it forks."""
    code = (
        "import torch, studies.running.parallel, importlib\n"
        "def refuse(*_): raise AssertionError('asked for a GPU')\n"
        "for name in ('is_available', 'device_count', 'init', '_lazy_init', 'current_device'):\n"
        "    setattr(torch.cuda, name, refuse)\n"
        "for name in studies.running.parallel.PRELOAD: importlib.import_module(name)\n"
    )
    subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=True)
