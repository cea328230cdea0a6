"""What a command line stands for: the plan of a study, as it is parsed or as words that another command line takes.

A job on a cluster keeps the words: they outlive any change of classes between submission and start, where a pickled
study would not.
"""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.store.scored import ScoredSet
from studies import catalog, user_study
from studies.commands.arguments import IMPORTS, add_work
from studies.model import settings
from studies.model.smoke import smoke
from studies.model.study import MILESTONES, SHARE, Truth
from studies.running.plan import Plan
from studies.truth import table


def plan_from_args(args: argparse.Namespace, **options: Any) -> Plan:
    """The plan of the part of a study that the arguments of `add_study` name. options: further ones of `Plan.of`."""
    name = catalogued(args.name)
    file = user_study.read(name, getattr(args, "imports", None)) if user_study.is_file(name) else None
    study = catalog.get(name) if file is None else file.study()
    if args.smoke:
        study = smoke(study)
    if args.set:
        study, remarks = settings.change(study, args.set)
        for remark in remarks:
            print(f"note: {remark}", file=sys.stderr)
    if args.all:
        study = replace(study, scored=ScoredSet(), scored_otherwise=(study.scored,))
    if args.truth:
        truths = parse_truths(args.truth)
        if others := [
            f"{truth.table} is of {space}" for space, truth in truths.items() if space not in study.truth
        ]:
            raise ValueError(f"--truth: {others[0]}; {study.name} is of {', '.join(study.truth)}")
        study = replace(study, truth=study.truth | truths)
    part = study.only(args.only, parse_seeds(args.seeds))
    return Plan.of(study, args.runs, part, command=command(args), file=file, **options)


def catalogued(name: str) -> str:
    """The name of the catalogue's study of which `name` is the file; any other as it is."""
    folders = [Path(folder).resolve() for folder in catalog.__path__]
    path = Path(name).resolve()
    return path.stem if user_study.is_file(name) and path.is_file() and path.parent in folders else name


def work_plan_from_args(args: argparse.Namespace, **options: Any) -> Plan:
    """The plan of runs that are to be done: of the arguments of `add_work`."""
    share = SHARE if args.milestone_share is None else args.milestone_share
    if not (math.isfinite(share) and share > 0):
        raise ValueError(f"--milestone-share: {share!r} is not a number above 0")
    return plan_from_args(
        args, data_root=args.data_root, milestones=parse_milestones(args), share=share, **options
    )


def words_from_args(args: argparse.Namespace, plan: Plan | None = None) -> tuple[str, ...]:
    """The words for the whole grid that the arguments of `add_work` name, with folders that hold wherever a job
    starts. Of a study file they name the copy that the plan keeps: what was submitted is what a job does, whatever
    becomes of the file."""
    words = list(study_words(args))
    if plan is not None and plan.file is not None:
        words[0] = str(plan.file.kept(plan.folder).absolute())
        words += [IMPORTS, str(plan.file.imports)]
    words += ["--no-tensorboard"] if args.no_tensorboard else []
    for name in ("milestones", "milestone_share"):
        if getattr(args, name) is not None:
            words += [f"--{name.replace('_', '-')}", str(getattr(args, name))]
    words += ["--runs", str(args.runs.absolute()), "--data-root", str(args.data_root.absolute())]
    return tuple(words)


def plan_from_words(words: Sequence[str]) -> Plan:
    """The plan that the words stand for. ValueError as `studies run` would give it."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_work(parser)
    parser.add_argument(IMPORTS, type=Path)
    return work_plan_from_args(parser.parse_args(list(words)))


def command(args: argparse.Namespace) -> str:
    """What repeats the whole study that the arguments name, wherever its results and images are."""
    return shlex.join(["python", "-m", "studies", "run", *study_words(args)])


def study_words(args: argparse.Namespace) -> tuple[str, ...]:
    """What says which study it is: its name or file, its size, its ground truth and what was set."""
    name = catalogued(args.name)
    words = [str(Path(name).absolute()) if user_study.is_file(name) else name]
    words += [f"--{name}" for name in ("smoke", "all") if getattr(args, name)]
    for name in ("truth", "set"):
        for text in getattr(args, name) or ():
            words += [f"--{name}", text]
    return tuple(words)


def parse_truths(texts: Sequence[str]) -> dict[str, Truth]:
    """By space, the ground truths that texts such as 'nasbench201:cifar10_test' name."""
    truths = {}
    for text in texts:
        name, colon, column = text.rpartition(":")
        if not (name and colon and column):
            raise ValueError(f"--truth: {text!r} is not TABLE:COLUMN")
        path = table.resolve(name)
        space = table.read_manifest(path)["space"]
        if space in truths:
            raise ValueError(f"--truth: {text!r} is a second one of {space}")
        truths[space] = Truth(str(path), column)
    return truths


def parse_seeds(text: str | None) -> list[int] | None:
    """The seeds of a text such as '0,1'."""
    if text is None:
        return None
    words = text.split(",")
    if not all(word.isdigit() for word in words):
        raise ValueError(f"--seeds: {text!r} is not a list of integers >= 0 such as 0,1")
    return [int(word) for word in words]


def parse_milestones(args: argparse.Namespace) -> tuple[int, ...] | None:
    """The milestones in percent; None if runs are not shown. ValueError for what are no percents."""
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


def check_workers(workers: int | None) -> None:
    """ValueError for a number of processes that is none."""
    if workers is not None and workers < 1:
        raise ValueError(f"--workers: {workers} is not a positive integer")


def choose_device(name: str) -> str:
    """'cpu' or 'cuda'. ValueError if cuda is asked for and there is none."""
    import torch  # a plan is made without it

    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ValueError("--device: 'cuda' is not available on this machine; use cpu or auto")
    return "cuda" if available and name != "cpu" else "cpu"
