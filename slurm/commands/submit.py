"""`slurm submit STUDY`: what is left of a study goes to the cluster, or to processes of this machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from slurm import queue, request
from slurm.profile import read
from slurm.sending import Sending

HELP = "put what is left of a study into the queue; skips what is finished, queued or running"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    request.add_arguments(parser)
    parser.add_argument("--profile", type=Path, metavar="TOML", help="what to ask the cluster for")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print the batch scripts; submit and write nothing; needs no controller",
    )
    parser.add_argument(
        "--local", type=int, metavar="N", help="no cluster: N processes of one thread on this machine"
    )


def main(args: argparse.Namespace) -> int:
    if args.local is not None:
        return local(args)
    if not args.dry_run:
        queue.require()
    if args.profile is None:
        raise ValueError(
            "--profile: needed, a TOML file that says what to ask the cluster for; slurm/example.toml is one to "
            "start from. Or --local N"
        )
    profile = read(args.profile)
    sending = Sending(request.of(args, may_lack_truth=args.dry_run), request.words(args), profile)
    if args.dry_run:
        sending.show()
    else:
        sending.send()
    return 0


def local(args: argparse.Namespace) -> int:
    """The same as `studies run --workers N`."""
    if args.local < 1:
        raise ValueError(f"--local: {args.local} is not a positive integer")
    for flag in ("profile", "dry_run"):
        if getattr(args, flag):
            raise ValueError(f"--{flag.replace('_', '-')}: is for a cluster; leave it out with --local")
    from studies.__main__ import main as studies

    words = ["run", *request.words(args), "--workers", str(args.local)]
    for variant in args.only or ():
        words += ["--only", variant]
    if args.seeds is not None:
        words += ["--seeds", args.seeds]
    print(f"slurm: this machine, {args.local} processes", file=sys.stderr)
    return studies(words)
