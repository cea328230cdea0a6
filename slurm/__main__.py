"""`python -m slurm COMMAND`: studies on a cluster."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from analysis import cli
from analysis.cli import Command
from studies.commands.arguments import add_work


def add_submit(parser: argparse.ArgumentParser) -> None:
    add_work(parser)
    parser.add_argument("--profile", type=Path, metavar="TOML", help="the cluster's profile, a TOML file")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print the batch scripts; submit and write nothing; needs no controller",
    )
    parser.add_argument(
        "--local", type=int, metavar="N", help="no cluster: N processes of one thread on this machine"
    )


def add_status(parser: argparse.ArgumentParser) -> None:
    add_work(parser)
    parser.add_argument(
        "--watch",
        type=float,
        nargs="?",
        const=30.0,
        metavar="SECONDS",
        help="repeat every SECONDS (30) until nothing is queued or running",
    )
    cli.add_format(parser)


def add_logs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="id of a run, or its beginning, as `slurm status` prints it")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), help="folder of all results (default: runs)"
    )
    parser.add_argument("--lines", type=int, default=50, help="of the end of the log (default 50; 0: all)")


def add_retry(parser: argparse.ArgumentParser) -> None:
    add_work(parser)
    parser.add_argument(
        "--profile", type=Path, metavar="TOML", help="a profile other than that of the last submission"
    )


def add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", type=Path, metavar="TOML", required=True)
    parser.add_argument(
        "--runs",
        type=Path,
        default=Path("runs"),
        help="folder of all results (default: runs); jobs must see it",
    )
    parser.add_argument(
        "--wait", type=float, default=600.0, help="seconds until the job must have ended (default 600)"
    )
    cli.add_format(parser)


def add_demo_cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("start", "stop"))
    default = Path(tempfile.gettempdir()) / "demo-cluster"
    parser.add_argument(
        "--folder", type=Path, default=default, help=f"its files, not in a home folder (default: {default})"
    )


COMMANDS = {
    "submit": Command(
        "submit a study's unfinished runs; skips what is finished, queued or running",
        "slurm.commands:submit",
        add_submit,
    ),
    "status": Command(
        "state of a study: finished, running, queued, failed with reason and log",
        "slurm.commands:status",
        add_status,
    ),
    "logs": Command("print the log of the last job of a run", "slurm.commands:logs", add_logs),
    "retry": Command(
        "submit again what was submitted and is neither complete nor queued nor running",
        "slurm.commands:retry",
        add_retry,
    ),
    "cancel": Command(
        "cancel a study's jobs, waiting and running; results stay",
        "slurm.commands:cancel",
        add_work,
    ),
    "doctor": Command(
        "check the cluster with a profile: commands, partition, limits, shared folder, a short job",
        "slurm.doctor:doctor",
        add_doctor,
    ),
    "demo-cluster": Command(
        "start or stop a SLURM of one machine, for trying", "slurm.demo:demo_cluster", add_demo_cluster
    ),
}

PROGRAM = cli.Program("slurm", __doc__, COMMANDS)
parser, main = PROGRAM.parser, PROGRAM.main

if __name__ == "__main__":
    sys.exit(main())
