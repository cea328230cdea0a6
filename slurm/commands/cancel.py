"""`slurm cancel STUDY`: take a study's jobs out of the queue; what they have done stays."""

from __future__ import annotations

import argparse

from slurm import queue, records, request
from slurm.state import found_again

HELP = "take a study's jobs, waiting and running, out of the queue; results stay"
add_arguments = request.add_arguments


def main(args: argparse.Namespace) -> int:
    """ValueError for a part of a study: jobs may hold several runs."""
    queue.require()
    for flag in ("only", "seeds"):
        if getattr(args, flag) is not None:
            raise ValueError(f"--{flag}: jobs may hold several runs; cancel takes a whole study")
    plan = request.of(args)
    submissions = records.read_study(plan.folder)
    entries = queue.entries(records.clusters(submissions) or [""])
    ours = {(s.name, job_id) for s in found_again(submissions, entries) for job_id in s.ids()}
    jobs = [entry for entry in entries if (entry.name, entry.id) in ours]
    queue.cancel(jobs)
    print(f"{plan.study.name}: cancelled {len(jobs)} jobs; `submit` or `retry` goes on from where they were")
    return 0
