"""How runs are shown in TensorBoard: the arguments that several commands share."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-tensorboard", action="store_true", help="write nothing for TensorBoard")
    parser.add_argument(
        "--milestones",
        metavar="PERCENT,...",
        help="percent of the epochs after which TensorBoard sees how a small part of the score sets ranks, or 'none' "
        "(default: 25,50,75)",
    )


def milestones(args: argparse.Namespace) -> tuple[int, ...] | None:
    """The milestones in percent; None if runs are not shown. ValueError for what are no percents."""
    from studies.tracking.settings import MILESTONES

    if args.no_tensorboard:
        return None
    if args.milestones is None:
        return MILESTONES
    if args.milestones == "none":
        return ()
    words = args.milestones.split(",")
    if not all(word.isdigit() and 1 <= int(word) <= 99 for word in words):
        raise ValueError(
            f"--milestones: {args.milestones!r} is neither 'none' nor integers from 1 to 99 such as 25,50,75"
        )
    return tuple(sorted({int(word) for word in words}))


def words(args: argparse.Namespace) -> list[str]:
    """The arguments again, for another command line."""
    found = ["--no-tensorboard"] * args.no_tensorboard
    return found + (["--milestones", args.milestones] if args.milestones is not None else [])
