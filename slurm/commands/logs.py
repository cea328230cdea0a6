"""`slurm logs RUN`: what the job of a run printed."""

from __future__ import annotations

import argparse
from pathlib import Path

from slurm import records
from slurm.state import jobs_of

HELP = "the log of the last job of a run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="id of a run, or its beginning, as `slurm status` prints it")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), help="folder of all results (default: runs)"
    )
    parser.add_argument("--lines", type=int, default=50, help="of the end of the log (default 50; 0: all)")


def main(args: argparse.Namespace) -> int:
    """ValueError for an id that no job or more than one run has."""
    if args.lines < 0:
        raise ValueError(f"--lines: {args.lines} is not an integer >= 0")
    jobs = jobs_of(records.read_all(args.runs), [])
    ids = sorted(run_id for run_id in jobs if run_id.startswith(args.run))
    if not ids:
        raise ValueError(f"run: {args.run!r} is not the id of a run that was submitted from {args.runs}")
    if len(ids) > 1:
        raise ValueError(f"run: {args.run!r} is the beginning of {', '.join(ids[:5])}; give more of it")
    paths = [jobs[ids[0]].log, args.runs / "trainings" / ids[0] / "error.log"]
    found = [path for path in paths if path.exists()]
    if not found:
        raise ValueError(f"logs: job {jobs[ids[0]].job_id} has not started: there is no {paths[0]} yet")
    for path in found:
        lines = path.read_text(errors="replace").splitlines()
        print(f"==> {path}")
        print("\n".join(lines[-args.lines :]))
    return 0
