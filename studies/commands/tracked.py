"""How runs are shown in TensorBoard: the arguments that several commands share."""

from __future__ import annotations

import argparse
import math
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-tensorboard", action="store_true", help="write nothing for TensorBoard")
    parser.add_argument(
        "--milestones",
        metavar="PERCENT,...",
        help="percent of the epochs after which TensorBoard sees how a small part of the score sets ranks, or 'none' "
        "(default: 25,50,75)",
    )
    parser.add_argument(
        "--milestone-share",
        type=float,
        metavar="SHARE",
        help="of a training's passes through the network, what all its milestones together may take (default: 0.05; "
        "a learning curve worth printing takes more)",
    )


def options(args: argparse.Namespace) -> dict[str, Any]:
    """What `Plan.of` is to know of it. ValueError for what is no share or no percents."""
    from studies.tracking.settings import SHARE

    share = SHARE if args.milestone_share is None else args.milestone_share
    if not (math.isfinite(share) and share > 0):
        raise ValueError(f"--milestone-share: {share!r} is not a number above 0")
    return {"milestones": milestones(args), "share": share}


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
    found += ["--milestones", args.milestones] if args.milestones is not None else []
    return found + (
        ["--milestone-share", f"{args.milestone_share}"] if args.milestone_share is not None else []
    )
