"""A SLURM of one machine, for trying and for tests: its own folder, ports, key and daemons, beside no other.

Everything is in one folder: slurm.conf, the munge key and socket, state, logs and pid files. Two partitions share
the one node: `debug`, and `urgent`, whose jobs preempt those of `debug`. One made-up GPU (/dev/null) lets profiles
that ask for one pass; nothing can be computed on it.
"""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from studies.running.parallel import available_cores

BINARIES = {"slurmctld": "slurm-wlm", "slurmd": "slurm-wlm", "sbatch": "slurm-wlm", "munged": "munge"}
DAEMONS = ("slurmd", "slurmctld", "munged")  # in the order in which they are stopped
WAIT = 30.0  # seconds for a daemon to answer or to end
ADMINISTRATION = "/usr/sbin:/sbin"  # where the daemons are; often not on a user's PATH


def demo_cluster(args: argparse.Namespace) -> int:
    """`slurm demo-cluster start|stop`."""
    cluster = DemoCluster(args.folder)
    if args.action == "start":
        cluster.start()
        print(f"export SLURM_CONF={cluster.configuration}")
        return 0
    stopped = cluster.stop()
    if not stopped:
        raise ValueError(
            f"demo-cluster: nothing runs in {cluster.folder}; give the --folder it was started with"
        )
    print(f"stopped: {', '.join(stopped)}")
    return 0


class DemoCluster:
    """The cluster of one folder. Start and stop may be in different processes: the state is in files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.configuration = self.folder / "slurm.conf"
        self.environment = os.environ | {
            "SLURM_CONF": str(self.configuration),
            "PATH": f"{os.environ.get('PATH', '')}:{ADMINISTRATION}",
        }

    def start(self) -> None:
        """ValueError if SLURM is not installed or this cluster is already started; OSError if a daemon does not
        come up, with the end of its log."""
        if lacking := missing_packages():
            raise ValueError(
                f"demo-cluster: not installed: {', '.join(lacking)}; "
                f"apt-get install --no-install-recommends {' '.join(lacking)}"
            )
        if running := [name for name in DAEMONS if self.pid(name)]:
            raise ValueError(
                f"demo-cluster: {', '.join(running)} of {self.folder} already started; stop it first, or take "
                "another --folder"
            )
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)  # the socket must be reachable for every user
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        self.configuration.write_text(self.settings(*free_ports(2)))
        (self.folder / "gres.conf").write_text("NodeName=localhost Name=gpu File=/dev/null\n")
        try:
            self.start_daemon("munged")
            self.start_daemon("slurmctld")
            self.start_daemon("slurmd")
            self.wait_for("the node to be idle", self.is_idle)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> list[str]:
        """The daemons that ran, in the order in which they were stopped; jobs end with them."""
        if self.pid("slurmctld"):  # or the steps of running jobs would outlive their daemons
            with suppress(subprocess.TimeoutExpired):
                self.command("scancel", f"--user={getpass.getuser()}")
            if self.pid("slurmd"):
                with suppress(OSError):
                    self.wait_for("jobs to end", lambda: not self.command("squeue", "--noheader").strip())
        stopped = []
        for name in DAEMONS:
            if pid := self.pid(name):
                end(pid)
                stopped.append(name)
            self.pid_file(name).unlink(missing_ok=True)
        self.kill_jobs()  # those of a node daemon that was not there to end them
        return stopped

    def lose_node(self) -> None:
        """End the node daemon and all that it has started at once, as a power failure does."""
        self.kill_daemon("slurmd")
        self.kill_jobs()

    def kill_jobs(self) -> None:
        """End every process of a job on the node; first those that would tell the controller of it."""
        ours = f"SLURM_CONF={self.configuration}".encode()
        steps: list[int] = []
        rest: list[int] = []
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                environment = (path / "environ").read_bytes().split(b"\0")
                is_step = (path / "comm").read_text().startswith("slurmstepd")
                if ours in environment and (
                    is_step or any(v.startswith(b"SLURM_JOB_ID=") for v in environment)
                ):
                    (steps if is_step else rest).append(int(path.name))
        for pid in steps + rest:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def start_daemon(self, name: str) -> None:
        """munged, slurmctld or slurmd; it goes to the background."""
        log = self.folder / f"{name}.log"
        command = {
            "munged": [
                "munged",
                "--force",  # a folder of tests is not as closed as /run/munge
                f"--socket={self.folder}/munge.socket",
                f"--key-file={self.folder}/munge.key",
                f"--pid-file={self.pid_file(name)}",
                f"--seed-file={self.folder}/munge.seed",
                f"--log-file={log}",
            ],
            "slurmctld": ["slurmctld", "-f", str(self.configuration)],
            "slurmd": ["slurmd", "-f", str(self.configuration), "-N", "localhost"],
        }[name]
        result = subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if result.returncode:
            raise OSError(f"{name} did not start: {result.stderr.strip() or tail(log)}")
        self.wait_for(f"{name} to start", lambda: self.pid(name) is not None)

    def kill_daemon(self, name: str) -> None:
        """End a daemon at once, as a crash does."""
        pid = self.pid(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)
        self.wait_for(f"{name} to end", lambda: self.pid(name) is None)

    def command(self, *words: str) -> str:
        """What a SLURM command of this cluster prints; '' if it fails."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=WAIT)
        return done.stdout if done.returncode == 0 else ""

    def is_idle(self) -> bool:
        return self.command("sinfo", "--noheader", "--format=%T").startswith("idle")

    def wait_for(self, what: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT
        while not condition():
            if time.monotonic() > deadline:
                logs = "; ".join(f"{name}: {tail(self.folder / f'{name}.log')}" for name in DAEMONS)
                raise OSError(f"demo-cluster: waited {WAIT:.0f} s for {what}; {logs}")
            time.sleep(0.1)

    def pid_file(self, name: str) -> Path:
        return self.folder / f"{name}.pid"

    def pid(self, name: str) -> int | None:
        """Process id of a daemon that runs; None if it does not."""
        with suppress(OSError, ValueError):
            pid = int(self.pid_file(name).read_text())
            # A number may have gone to another process since, and a process that has ended may not be reaped.
            if name in Path(f"/proc/{pid}/cmdline").read_text():
                return pid
        return None

    def settings(self, controller_port: int, node_port: int) -> str:
        """The text of slurm.conf: all cores and most of the memory of this machine."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        user, folder = getpass.getuser(), self.folder
        settings = {
            "ClusterName": "demo",
            "SlurmctldHost": "localhost",
            "SlurmctldPort": controller_port,
            "SlurmdPort": node_port,
            "AuthType": "auth/munge",
            # A requeued job waits until the credentials of its last start have expired: two minutes by default.
            "AuthInfo": f"socket={folder}/munge.socket,cred_expire=5",
            "SlurmUser": user,
            "SlurmdUser": user,
            "ProctrackType": "proctrack/linuxproc",
            "TaskPlugin": "task/none",
            "SelectType": "select/cons_tres",
            "SelectTypeParameters": "CR_Core_Memory",  # by cores alone a job without a memory would take all
            "DefMemPerCPU": memory * 9 // 10 // available_cores(),
            "StateSaveLocation": folder / "state",
            "SlurmdSpoolDir": folder / "spool",
            "SlurmctldPidFile": self.pid_file("slurmctld"),
            "SlurmdPidFile": self.pid_file("slurmd"),
            "SlurmctldLogFile": folder / "slurmctld.log",
            "SlurmdLogFile": folder / "slurmd.log",
            "MailProg": "/bin/true",
            "ReturnToService": 2,
            "JobRequeue": 1,
            "KillWait": 5,
            "SlurmdTimeout": 20,
            "PreemptType": "preempt/partition_prio",
            "PreemptMode": "REQUEUE",
            "SlurmctldParameters": "preempt_send_user_signal",
            "SchedulerParameters": "sched_interval=1,bf_interval=1",
            "GresTypes": "gpu",
        }
        lines = [f"{name}={value}" for name, value in settings.items()]
        lines += [
            f"NodeName=localhost CPUs={available_cores()} RealMemory={memory * 9 // 10} Gres=gpu:1 State=UNKNOWN",
            "PartitionName=debug Nodes=localhost Default=YES MaxTime=7-0 State=UP PriorityTier=1 GraceTime=10",
            "PartitionName=urgent Nodes=localhost MaxTime=7-0 State=UP PriorityTier=10 PreemptMode=OFF",
        ]
        return "\n".join(lines) + "\n"


def missing_packages() -> list[str]:
    """Debian packages that are needed and not installed."""
    path = f"{os.environ.get('PATH', '')}:{ADMINISTRATION}"
    return sorted({package for name, package in BINARIES.items() if not shutil.which(name, path=path)})


def free_ports(count: int) -> list[int]:
    """TCP ports that nothing listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def end(pid: int) -> None:
    """Ask a process to end and wait; kill it if it does not."""
    deadline = time.monotonic() + WAIT / 3
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            if not Path(f"/proc/{pid}/cmdline").read_bytes():  # ended, and its parent does not reap it
                return
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)


def tail(path: Path, lines: int = 3) -> str:
    """The last lines of a log, in one."""
    if not path.exists():
        return f"{path} was not written"
    return " | ".join(path.read_text(errors="replace").splitlines()[-lines:])
