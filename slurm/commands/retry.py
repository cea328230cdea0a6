"""`slurm retry STUDY`: what was submitted, is not complete and not in the queue any more is submitted again."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from slurm import queue, records, request
from slurm.profile import Profile, read
from slurm.sending import Sending

HELP = "submit again what was submitted and is neither complete nor queued nor running"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    request.add_arguments(parser)
    parser.add_argument(
        "--profile", type=Path, metavar="TOML", help="another than that of the last submission"
    )


def main(args: argparse.Namespace) -> int:
    queue.require()
    plan = request.of(args)
    of_study = records.read_study(plan.folder)
    if not of_study:
        raise ValueError(f"retry: {plan.study.name} was never submitted with results in {plan.root}")
    profile = read(args.profile) if args.profile else checked(of_study[-1].profile)
    Sending(plan, request.words(args), profile, wanted=lambda state: state.job is not None).send()
    return 0


def checked(profile: Profile) -> Profile:
    """The profile, by the rules of today. ValueError where an earlier version took what this one refuses."""
    try:
        return replace(profile)
    except ValueError as error:
        raise ValueError(
            f"retry: the profile of the last submission: {error}; give another --profile"
        ) from None
