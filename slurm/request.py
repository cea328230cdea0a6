"""Which study a job is of, as the words of a command line: they outlive any change of classes between submission and
start, where a pickled study would not."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from studies.commands import data_root, grid, tracked

if TYPE_CHECKING:
    from studies.running.execute import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `studies run` takes too: the study, which part of it, where results and images are."""
    grid.add_arguments(parser)
    tracked.add_arguments(parser)
    data_root.add_argument(parser, "--data-root")


def words(args: argparse.Namespace) -> tuple[str, ...]:
    """The words for the whole grid of a parsed command line, with folders that hold wherever a job starts."""
    found = [args.name]
    found += ["--smoke"] * args.smoke + ["--all"] * args.all
    for truth in args.truth or ():
        found += ["--truth", truth]
    found += tracked.words(args)
    found += ["--runs", str(args.runs.absolute()), "--data-root", str(args.data_root.absolute())]
    return tuple(found)


def plan(given: Sequence[str]) -> Plan:
    """The plan that the words stand for. ValueError as `studies run` would give it."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    return of(parser.parse_args(list(given)))


def of(args: argparse.Namespace, may_lack_truth: bool = False) -> Plan:
    """The plan of a parsed command line."""
    options = tracked.options(args)
    return grid.plan(args, data_root=args.data_root.absolute(), may_lack_truth=may_lack_truth, **options)
