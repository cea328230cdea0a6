"""What `studies show` and `studies run` share: which study, which part of it, which device."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studies.model.study import Truth
    from studies.running.execute import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="a study of `python -m studies list`")
    parser.add_argument("--seeds", help="only these seeds: 0,1")
    parser.add_argument(
        "--only", action="append", metavar="VARIANT", help="only this variant; may be repeated"
    )
    parser.add_argument(
        "--smoke", action="store_true", help="the same grid at a size that only shows that it works"
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="score every architecture of the ground truth, where the study scores a part of them",
    )
    parser.add_argument(
        "--truth",
        action="append",
        metavar="TABLE:COLUMN",
        help="another ground truth than the study's for the table's space; may be repeated",
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), help="folder of all results (default: runs)"
    )


def plan(args: argparse.Namespace, **options: Any) -> Plan:
    """The plan of the part of the study that the arguments name."""
    from analysis.store.scored import ScoredSet
    from studies import catalog
    from studies.model.smoke import smoke
    from studies.running.execute import Plan

    study = catalog.get(args.name)
    if args.smoke:
        study = smoke(study)
    if args.all:
        study = replace(study, scored=ScoredSet(), scored_otherwise=(study.scored,))
    if args.truth:
        study = replace(study, truth=study.truth | truths(args.truth))
    part = study.only(args.only, seeds(args.seeds))
    return Plan.of(study, args.runs, part, command=command(args), **options)


def command(args: argparse.Namespace) -> str:
    """What repeats the whole study that the arguments name, wherever its results and images are."""
    words = ["python", "-m", "studies", "run", args.name]
    words += [f"--{name}" for name in ("smoke", "all") if getattr(args, name)]
    for text in args.truth or ():
        words += ["--truth", text]
    return shlex.join(words)


def truths(texts: list[str]) -> dict[str, Truth]:
    """By space, the ground truths that texts such as 'nasbench201:cifar10_test' name."""
    from studies.model.study import Truth
    from studies.truth import table

    found = {}
    for text in texts:
        name, colon, column = text.rpartition(":")
        if not (name and colon and column):
            raise ValueError(f"--truth: {text!r} is not TABLE:COLUMN")
        path = table.resolve(name)
        found[table.read_manifest(path)["space"]] = Truth(str(path), column)
    return found


def seeds(text: str | None) -> list[int] | None:
    """The seeds of a text such as '0,1'."""
    if text is None:
        return None
    words = text.split(",")
    if not all(word.isdigit() for word in words):
        raise ValueError(f"--seeds: {text!r} is not a list of integers >= 0 such as 0,1")
    return [int(word) for word in words]
