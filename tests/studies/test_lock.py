"""The lock of a run: one owner at a time, however owners end, on one machine and between several."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from studies.running import lock
from studies.running.lock import Holder, RunLocked, holder, lock_output, lock_run

FORK = multiprocessing.get_context("fork")  # quick, and what a test has patched stays patched


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def pretend_machine(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(lock, "machine", lambda: name)


def take_and_die(folder: Path) -> None:
    """A process takes the lock and is gone without giving it back."""

    def die() -> None:
        with lock_run(folder):
            os._exit(0)

    process = FORK.Process(target=die)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert len(left(folder)) == 2


def test_a_living_owner_is_named_and_gives_the_run_back(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "run"
    assert holder(folder) is None
    with lock_run(folder, "job 4711_3") as mine:
        mine.check()
        assert holder(folder) == mine.holder
        with pytest.raises(
            RunLocked, match=rf"held by \S+ pid {os.getpid()} \(job 4711_3\) since \d{{4}}-"
        ) as error:
            lock_run(folder).__enter__()
        assert error.value.holder == mine.holder
        mine.check()
    assert holder(folder) is None
    assert left(folder) == []
    with pytest.raises(RuntimeError), lock_run(folder):
        raise RuntimeError
    assert left(folder) == []


def test_what_a_command_writes_is_named_and_nothing_is_left_beside_a_file(tmp_path: Path) -> None:
    for path in (tmp_path / "folder", tmp_path / "new" / "table.parquet"):
        message = rf"^{re.escape(str(path))}: held by \S+ pid {os.getpid()} since .*; run this again"
        with lock_output(path), pytest.raises(ValueError, match=message):
            lock_output(path).__enter__()
        with lock_run(tmp_path / "run"), pytest.raises(RunLocked, match=r"^held by "), lock_output(path):
            lock_run(tmp_path / "run").__enter__()  # another's message stays as it is
    assert sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*")) == ["folder", "new", "run"]


def test_the_lock_of_a_killed_process_is_taken_over_at_once(tmp_path: Path) -> None:
    command = "import sys, time, pathlib; from studies.running.lock import lock_run\n"
    command += "with lock_run(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-c", command, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(RunLocked, match=f"pid {process.pid} "):
        lock_run(tmp_path).__enter__()
    process.send_signal(signal.SIGKILL)
    while lock._start(process.pid) is not None:
        time.sleep(0.01)
    # Its entry is still in the table of processes: nobody has waited for it yet.
    assert holder(tmp_path) is None
    with lock_run(tmp_path) as mine:
        assert holder(tmp_path) == mine.holder
    process.communicate()
    assert left(tmp_path) == []


def test_a_pid_that_another_process_has_now_is_no_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = lock._start
    with monkeypatch.context() as patch:
        patch.setattr(lock, "_start", lambda pid: "1")
        lock_run(tmp_path).__enter__()  # this pid, an earlier process
    assert start(os.getpid()) != "1"
    assert holder(tmp_path) is None
    with lock_run(tmp_path) as mine:
        assert holder(tmp_path) == mine.holder


def test_an_owner_elsewhere_is_dead_when_its_heartbeat_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_machine(monkeypatch, "there")
    take_and_die(tmp_path)
    (file,) = (tmp_path / "lock").iterdir()
    pretend_machine(monkeypatch, "here")
    for age, alive in ((250, True), (350, False)):
        os.utime(file, (time.time() - age,) * 2)
        assert (holder(tmp_path) is not None) == alive
    os.utime(file, (time.time() - 250,) * 2)
    with pytest.raises(RunLocked):
        lock_run(tmp_path).__enter__()
    assert file.exists()
    with lock_run(tmp_path, limit=200) as mine:
        assert holder(tmp_path, limit=1) == mine.holder
    assert left(tmp_path) == []


def test_a_heartbeat_keeps_an_owner_elsewhere_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_machine(monkeypatch, "there")
    with lock_run(tmp_path, interval=0.02) as mine:
        file = tmp_path / "lock" / mine.holder.name
        pretend_machine(monkeypatch, "here")
        os.utime(file, (0, 0))
        while file.stat().st_mtime == 0:
            time.sleep(0.01)
        with pytest.raises(RunLocked):
            lock_run(tmp_path).__enter__()


def test_an_owner_that_was_taken_for_dead_finds_out_and_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_machine(monkeypatch, "there")
    with lock_run(tmp_path, interval=600) as suspended:
        suspended.check()
        os.utime(tmp_path / "lock" / suspended.holder.name, (0, 0))
        pretend_machine(monkeypatch, "here")
        other = lock_run(tmp_path)
        with other as theirs:
            with pytest.raises(RunLocked) as error:
                suspended.check()
            assert error.value.holder == theirs.holder
            theirs.check()
        with pytest.raises(RunLocked, match="was removed"):
            suspended.check()
        again = lock_run(tmp_path)
        mine = again.__enter__()
    mine.check()  # the first owner's end has not given away what another has
    again.__exit__(None, None, None)
    assert left(tmp_path) == []


def test_a_requeued_job_takes_over_from_its_own_earlier_start_on_a_lost_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "4711")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    monkeypatch.setenv("SLURM_JOB_ID", "4714")
    pretend_machine(monkeypatch, "lost")
    take_and_die(tmp_path)
    pretend_machine(monkeypatch, "spare")
    with pytest.raises(RunLocked, match=r"\(job 4711_3\)"):  # not requeued: another process of the same job
        lock_run(tmp_path).__enter__()
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    with lock_run(tmp_path):
        pass
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID")
    assert lock.slurm_job() == "job 4714"


def test_one_that_judged_too_slowly_finds_that_another_was_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_and_die(tmp_path)
    judge, others = Holder.is_dead, []

    def is_dead(self: Holder, *arguments: object) -> bool:
        dead = judge(self, *arguments)  # type: ignore[arg-type]
        if not others:
            others.append(lock_run(tmp_path))
            others[0].theirs = others[0].__enter__()  # type: ignore[attr-defined]
        return dead

    monkeypatch.setattr(Holder, "is_dead", is_dead)
    with pytest.raises(RunLocked) as error:
        lock_run(tmp_path).__enter__()
    assert error.value.holder == others[0].theirs.holder  # type: ignore[attr-defined]
    others[0].theirs.check()  # type: ignore[attr-defined]
    others[0].__exit__(None, None, None)
    assert left(tmp_path) == []


def run_all(work: Callable[..., None], count: int, *arguments: object) -> None:
    """The same work in so many processes at once; all of them succeed."""
    processes = [FORK.Process(target=work, args=arguments) for _ in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * count


def hammer(folder: Path, barrier: Barrier, rounds: int) -> None:
    """In each round, all at once: try; whoever has it makes a file that can be made once, and gives the lock back or,
    in odd rounds, leaves it to a process that is no more."""
    try:
        for number in range(rounds):
            barrier.wait()
            with suppress(RunLocked), lock_run(folder / "run") as mine:
                (folder / f"owner-{number}").touch(exist_ok=False)
                barrier.wait()
                if number % 2:
                    place = folder / "run" / "lock"
                    os.rename(place / mine.holder.name, place / replace(mine.holder, pid=999_999_999).name)
                continue
            barrier.wait()
    except BaseException:
        barrier.abort()  # or the others would wait for ever
        raise


def test_of_many_that_take_a_free_or_an_abandoned_run_at_once_exactly_one_succeeds(tmp_path: Path) -> None:
    count, rounds = 12, 60
    barrier = FORK.Barrier(count)
    run_all(hammer, count, tmp_path, barrier, rounds)
    assert len(list(tmp_path.glob("owner-*"))) == rounds


def count_up(folder: Path, turns: int) -> None:
    """Adds 1 to a number in a file, read and written apart: wrong as soon as two have the lock."""
    done = 0
    while done < turns:
        with suppress(RunLocked), lock_run(folder):
            path = folder / "number"
            number = int(path.read_text()) if path.exists() else 0
            os.sched_yield()
            path.write_text(str(number + 1))
            done += 1


def test_taking_and_giving_back_in_many_processes_loses_no_turn(tmp_path: Path) -> None:
    run_all(count_up, 6, tmp_path, 40)
    assert (tmp_path / "number").read_text() == "240"
    assert left(tmp_path) == ["number"]


def test_what_was_begun_by_the_dead_is_removed_and_what_is_no_lock_is_refused(tmp_path: Path) -> None:
    me = Holder.me("")
    dead = f".lock.{me.name}.tmp".replace(f",{me.pid},", ",999999999,")
    begun = (tmp_path / dead, tmp_path / f".lock.{me.name}.tmp")
    for path in begun:
        path.mkdir()
    with lock_run(tmp_path):
        assert [path.exists() for path in begun] == [False, True]
    (tmp_path / "lock").mkdir()
    (tmp_path / "lock" / "note.txt").touch()
    with pytest.raises(ValueError, match=r"lock: .*lock holds 'note.txt', which names no process; delete it"):
        lock_run(tmp_path).__enter__()


def test_no_thread_outlives_the_lock(tmp_path: Path) -> None:
    before = threading.active_count()
    with lock_run(tmp_path, interval=0.01):
        assert threading.active_count() == before + 1
    while threading.active_count() > before:
        time.sleep(0.01)
