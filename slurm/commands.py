"""`slurm submit | status | logs | retry | cancel`: what the commands do; their arguments are in __main__.py."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from analysis.tables import Column, Table, write
from slurm import profile, queue, records
from slurm.profile import Profile
from slurm.records import ACTIVE, COMPLETE, ORDER, WRONG, State
from slurm.submitter import Submitter
from studies import __main__ as studies
from studies.commands.plan import study_words, words_from_args, work_plan_from_args

DEFAULT_RUNS = Path("runs")


def submit(args: argparse.Namespace) -> int:
    """What is left of a study goes to the cluster, or to processes of this machine."""
    if args.local is not None:
        return run_here(args)
    if not args.dry_run:
        queue.require()
    if args.profile is None:
        raise ValueError(
            f"--profile: needed, the cluster's profile, a TOML file; {profile.EXAMPLE} is one to start from. Or "
            "--local N"
        )
    asked = profile.read(args.profile)
    plan = work_plan_from_args(args, may_lack_truth=args.dry_run)
    submitter = Submitter(plan, words_from_args(args, plan), asked)
    if args.dry_run:
        submitter.dry_run()
    else:
        submitter.submit()
    return 0


def run_here(args: argparse.Namespace) -> int:
    """The same as `studies run --workers N`."""
    if args.local < 1:
        raise ValueError(f"--local: {args.local} is not a positive integer")
    for flag in ("profile", "dry_run"):
        if getattr(args, flag):
            raise ValueError(f"--{flag.replace('_', '-')}: is for a cluster; leave it out with --local")
    words = ["run", *words_from_args(args), "--workers", str(args.local)]
    for variant in args.only or ():
        words += ["--only", variant]
    if args.seeds is not None:
        words += ["--seeds", args.seeds]
    print(f"slurm: this machine, {args.local} processes", file=sys.stderr)
    return studies.main(words)


def retry(args: argparse.Namespace) -> int:
    """What was submitted, is not complete and not in the queue any more is submitted again."""
    queue.require()
    plan = work_plan_from_args(args)
    of_study = records.read_study(plan.folder)
    if not of_study:
        raise ValueError(f"retry: {plan.study.name} was never submitted with results in {plan.root}")
    asked = profile.read(args.profile) if args.profile else checked(of_study[-1].profile)
    Submitter(plan, words_from_args(args, plan), asked, wanted=lambda state: state.job is not None).submit()
    return 0


def checked(recorded: Profile) -> Profile:
    """The profile, by the rules of today. ValueError where an earlier version took what this one refuses."""
    try:
        return replace(recorded)
    except ValueError as error:
        raise ValueError(
            f"retry: the profile of the last submission: {error}; give another --profile"
        ) from None


def cancel(args: argparse.Namespace) -> int:
    """Take a study's jobs out of the queue. ValueError for a part of a study: jobs may hold several runs."""
    queue.require()
    for flag in ("only", "seeds"):
        if getattr(args, flag) is not None:
            raise ValueError(f"--{flag}: jobs may hold several runs; cancel takes a whole study")
    plan = work_plan_from_args(args)
    submissions = records.read_study(plan.folder)
    entries = queue.entries(records.clusters(submissions))
    ours = {(s.name, job_id) for s in records.found_again(submissions, entries) for job_id in s.ids()}
    jobs = [entry for entry in entries if (entry.name, entry.id) in ours]
    queue.cancel(jobs)
    print(f"{plan.study.name}: cancelled {len(jobs)} jobs; `submit` or `retry` resumes them")
    return 0


def logs(args: argparse.Namespace) -> int:
    """What the job of a run printed. ValueError for an id that no job or more than one run has."""
    if args.lines < 0:
        raise ValueError(f"--lines: {args.lines} is not an integer >= 0")
    jobs = records.jobs_of(records.read_all(args.runs), [])
    ids = sorted(run_id for run_id in jobs if run_id.startswith(args.run))
    if not ids:
        raise ValueError(f"run: {args.run!r} is not the id of a run that was submitted from {args.runs}")
    if len(ids) > 1:
        raise ValueError(f"run: {args.run!r} is the beginning of {', '.join(ids[:5])}; give more of it")
    paths = [jobs[ids[0]].log, args.runs / "trainings" / ids[0] / "error.log"]
    written = [path for path in paths if path.exists()]
    if not written:
        raise ValueError(f"logs: job {jobs[ids[0]].job_id} has not started: there is no {paths[0]} yet")
    for path in written:
        lines = path.read_text(errors="replace").splitlines()
        print(f"==> {path}")
        print("\n".join(lines[-args.lines :]))
    return 0


def status(args: argparse.Namespace) -> int:
    """Every run's state. Exit code 1 if runs failed or were lost, once nothing is active."""
    queue.require()
    if args.watch is not None and not args.watch > 0:
        raise ValueError(f"--watch: {args.watch:g} is not a number of seconds > 0")
    plan = work_plan_from_args(args)
    while True:
        states = records.current_states(plan)
        told = summary(plan.study.name, states, shlex.join(study_words(args)), args.runs)
        print(write(table(states), args.format, after=told), flush=True)
        active = any(state.state in ACTIVE for state in states)
        if args.watch is None or not active:
            return 1 if not active and any(state.state in WRONG for state in states) else 0
        time.sleep(args.watch)
        print()


def table(states: list[State]) -> Table:
    """A row a run; the log of what has gone wrong."""
    rows = []
    for each in states:
        variant = each.run.variant
        wrong = each.state in (*WRONG, "diverged") and each.job is not None
        rows.append(
            {
                "run": each.run_id,
                "space": variant.space,
                "variant": variant.name,
                "seed": each.run.seed,
                "state": each.state,
                "job": each.job.job_id if each.job else "",
                "reason": each.reason,
                "log": str(each.job.log) if each.job and wrong else "",
            }
        )
    names = ("run", "space", "variant", "seed", "state", "job", "reason")
    columns = [Column(name, words=name != "seed") for name in names]
    columns.append(Column("log", words=True, hidden=not any(row["log"] for row in rows)))
    return Table(columns, rows, name="runs")


def summary(name: str, states: list[State], study: str, runs: Path = DEFAULT_RUNS) -> str:
    """Numbers of each state, and what to do about it; how to make the report once there is something to report. study:
    the words that name it on a command line."""
    counts = Counter(state.state for state in states)
    told = ", ".join(f"{counts[state]} {state}" for state in ORDER if counts[state])
    wrong = any(counts[state] for state in WRONG)
    complete = sum(counts[state] for state in COMPLETE)
    next_step = f"; `python -m slurm retry {study}` submits these again" if wrong else ""
    numbers = f"{name}: {complete} of {len(states)} complete: {told}{next_step}"
    if not complete:
        return numbers
    where = "" if runs == DEFAULT_RUNS else f" --runs {shlex.quote(str(runs))}"
    return f"{numbers}\nreport of what is complete: python -m analysis report {name}{where}"
