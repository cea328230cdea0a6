"""A lock on a run's folder: of all processes, on this machine and on others, at most one works on a run.

FOLDER/lock/ holds one empty file whose *name* says who has the run, and whose time of change is a heartbeat.
* To take a free run, a folder with that file in it is renamed to `lock`: that fails where `lock` has a file already.
* To take over from a dead owner, the owner's file is renamed. No other process ever has the same name, so of several
  that try at once one succeeds, and one that judged long ago finds the name gone.
* An owner that lost the run (it was suspended, say) finds its name gone at its next `check`.
Each step is one rename, so it is never half done; this holds on network file systems too.

Dead is an owner on this machine whose process is gone; an earlier start of the same SLURM job; and an owner on another
machine whose heartbeat is older than a limit. A heartbeat far in the future, by a clock that was ahead, says nothing of
when it was: whoever sees it sets it to now. A living owner beats again, a dead one is silent from then on.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

LOCK = "lock"
INTERVAL = 20.0  # seconds between heartbeats
LIMIT = 300.0  # seconds; well above what a network file system may keep a time of change to itself
AHEAD = 60.0  # seconds that clocks may differ
LATEST = 253402300799  # the last second of the year 9999


@dataclass(frozen=True)
class Holder:
    """Who has a run. owner: SLURM's job, or ''; restart: how often that job was requeued; since: seconds since 1970.
    machine, start: what tells one pid from the same pid elsewhere or later."""

    host: str
    machine: str
    pid: int
    start: str
    owner: str
    restart: int
    since: int
    token: str

    @classmethod
    def me(cls, owner: str) -> Holder:
        host, pid = socket.gethostname(), os.getpid()
        restart = int(os.environ.get("SLURM_RESTART_COUNT") or 0)
        words = (_word(host), machine(), pid, _start(pid) or "", _word(owner), restart)
        return cls(*words, int(time.time()), secrets.token_hex(4))

    @classmethod
    def named(cls, name: str) -> Holder | None:
        """The holder of a file's name; None if it is no such name."""
        words = name.split(",")
        if len(words) != 8 or not all(re.fullmatch("[0-9]{1,12}", words[i]) for i in (2, 5, 6)):
            return None
        if int(words[6]) > LATEST:
            return None
        host, where, pid, start, owner, restart, since, token = words
        return cls(host, where, int(pid), start, owner, int(restart), int(since), token)

    @property
    def name(self) -> str:
        return ",".join(map(str, astuple(self)))

    def __str__(self) -> str:
        job = f" ({self.owner})" if self.owner else ""
        return f"{self.host} pid {self.pid}{job} since {datetime.fromtimestamp(self.since, UTC):%Y-%m-%d %H:%M:%S} UTC"

    def is_dead(self, silent: float, limit: float, asking: Holder) -> bool:
        """silent: seconds since the last heartbeat."""
        if self.machine == asking.machine:
            return _start(self.pid) != self.start
        if self.owner and self.owner == asking.owner and self.restart < asking.restart:
            return True
        return silent > limit


class RunLocked(ValueError):
    """Another process has the run; holder: which, or None if this process lost it and nobody has it now."""

    def __init__(self, folder: Path, holder: Holder | None) -> None:
        self.folder, self.holder = folder, holder
        super().__init__(f"held by {holder}" if holder else f"lock: {folder / LOCK} was removed")


@dataclass(frozen=True)
class Lock:
    """A run that this process has."""

    folder: Path
    holder: Holder

    def check(self) -> None:
        """A heartbeat. Raises RunLocked if this process no longer has the run: it must not write then."""
        try:
            os.utime(self.folder / LOCK / self.holder.name)
        except FileNotFoundError:
            raise RunLocked(self.folder, _read(self.folder)) from None


@contextmanager
def lock_run(
    folder: Path, owner: str | None = None, *, interval: float = INTERVAL, limit: float = LIMIT
) -> Iterator[Lock]:
    """Have a run's folder (made if there is none) to oneself. Raises RunLocked at once if a living process has it.

    owner: default: the SLURM job that this process belongs to. interval: seconds between heartbeats; limit: seconds
    without one after which an owner on another machine counts as dead. OSError if the folder cannot be written.
    """
    lock = Lock(folder, Holder.me(slurm_job() if owner is None else owner))
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(interval):
            with suppress(
                OSError, RunLocked
            ):  # a file system that is away for a moment; lost, which the owner finds
                lock.check()

    try:
        _take(folder, lock.holder, limit)
        _remove_beginnings(folder, lock.holder, limit)
        threading.Thread(target=beat, daemon=True).start()
        yield lock
    finally:
        ended.set()
        with suppress(OSError):
            (folder / LOCK / lock.holder.name).unlink()
        with suppress(OSError):  # another process has it already
            (folder / LOCK).rmdir()


@contextmanager
def lock_output(path: Path) -> Iterator[None]:
    """Have the folder that a command writes, or the file (by a folder PATH.lock beside it, removed at the end), to
    oneself. ValueError at once, which names it, if a living process has it."""
    folder = path.with_name(f"{path.name}.lock") if path.suffix == ".parquet" else path
    try:
        with lock_run(folder):
            yield
    except RunLocked as error:
        if error.holder is None or error.folder != folder:
            raise
        raise ValueError(f"{path}: {error}; run this again when it has ended") from None
    finally:
        if folder != path:
            with suppress(OSError):  # another process has it already
                folder.rmdir()


def holder(folder: Path, *, limit: float = LIMIT) -> Holder | None:
    """The living process that has a run, if there is one."""
    current = _read(folder)
    if current is None:
        return None
    try:
        silent = _silent(folder / LOCK / current.name, time.time())
    except OSError:  # just given up
        return None
    return None if current.is_dead(silent, limit, Holder.me("")) else current


def remove_dead(folder: Path) -> None:
    """Remove the lock of a process that was killed just when the run was complete: nobody comes to take it over."""
    if (folder / LOCK).exists():
        with suppress(RunLocked), lock_run(folder):
            pass


def slurm_job() -> str:
    """'job 4711' or 'job 4711_3' of an array; '' outside SLURM."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{name}_ID") for name in ("JOB", "TASK"))
    job = f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID")
    return f"job {job}" if job else ""


def machine() -> str:
    """Eight hex digits that two processes share if one can see whether the other lives: host, boot and, in containers,
    the name space of process ids."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def _take(folder: Path, me: Holder, limit: float) -> None:
    place, new = folder / LOCK, folder / f".{LOCK}.{me.name}.tmp"
    try:
        while True:
            new.mkdir(parents=True, exist_ok=True)
            (new / me.name).touch()
            now = (new / me.name).stat().st_mtime  # by the clock of the file system, as heartbeats are
            try:
                os.rename(new, place)
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                    raise
            current = _read(folder)
            if current == me:  # a network file system did it and lost the answer
                return
            if current is None:  # given up in between
                continue
            with suppress(FileNotFoundError):  # given up, or another was faster
                silent = _silent(place / current.name, now)
                if not current.is_dead(silent, limit, me):
                    raise RunLocked(folder, current)
                os.utime(place / current.name)  # before it has our name: nobody must take us for dead
                os.rename(place / current.name, place / me.name)
                return
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _silent(file: Path, now: float) -> float:
    """Seconds since the last heartbeat; one of the future is set to now. OSError if the file is gone."""
    silent = now - file.stat().st_mtime
    if silent < -AHEAD:
        with suppress(PermissionError):  # of another user, whose lock this process could not take either
            os.utime(file)
    return max(0.0, silent)


def _read(folder: Path) -> Holder | None:
    """Who `lock` names, alive or dead. ValueError if something else is in it."""
    try:
        names = os.listdir(folder / LOCK)
    except FileNotFoundError:
        return None
    holders = [current for current in map(Holder.named, names) if current]
    if names and not holders:
        raise ValueError(f"lock: {folder / LOCK} holds {names[0]!r}, which names no process; delete it")
    return holders[0] if holders else None


def _remove_beginnings(folder: Path, me: Holder, limit: float) -> None:
    """Remove what processes left that died before their first rename."""
    for path in folder.glob(f".{LOCK}.*.tmp"):
        current = Holder.named(path.name[len(LOCK) + 2 : -len(".tmp")])
        with suppress(OSError):
            if current and current.is_dead(time.time() - path.stat().st_mtime, limit, me):
                shutil.rmtree(path)


def _start(pid: int) -> str | None:
    """When a process of this machine started, in the system's own count ('' where it does not say); None if there is
    no such process, or only its entry is left because nobody asked how it ended."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if words[0] in "ZX" else words[19]
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return ""


def _word(text: str) -> str:
    """Text as a part of a file's name."""
    return re.sub(r"[^\w. -]", "-", text)[:60]
