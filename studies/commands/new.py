"""`studies new FILE`: a study file to start from, commented, which runs as it is."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from studies import embedded, user_study
from studies.catalog import quickstart
from studies.estimators.one_shot import OneShot
from studies.truth import table
from studies.truth.tasks import Asked, Task, get_task
from supernet.data import DataConfig
from supernet.data.catalog import count_classes
from supernet.data.config import FACTS
from supernet.files import write_text
from supernet.spaces import get_space
from supernet.training.config import TrainingConfig

CLIP_NORM = 5.0  # a supernet's steps are less even than those of one network

PAGE = '''"""{question}

Run:    python -m studies run {file}
        python -m studies run {file} --smoke                    # a minute: shows that it works
        python -m studies run {file} --set training.epochs=5    # another value, for a try
Report: python -m analysis report {file}
{needs}"""

from __future__ import annotations

from pathlib import Path

from analysis.store.scored import ScoredSet
from studies.estimators.one_shot import OneShot
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from supernet.data import DataConfig
from supernet.spaces import Size
from supernet.training.config import {configs}
from supernet.training.sampling import SamplingConfig

# The networks: {size_note}.
SIZE = {size}

# How the supernet is trained; supernet/training/config.py explains every setting.
TRAINING = {training}


def study() -> Study:
    """Variants x seeds, and the ground truth that their scores are compared with."""
    uniform = Variant(
        name="uniform",
        space="{space}",
        size=SIZE,
        data={data},{noise}
        estimator=OneShot(training=TRAINING),
    )
    # A variant says what differs from another one, in its own settings or in those of
    # its estimator. Add yours to `variants` below; only runs that are new are trained.
    fair = uniform.changed(name="strictly fair", sampling=SamplingConfig(kind="fair"))
    # longer = uniform.changed(name="longer", training=replace(TRAINING, epochs={longer}))
    # masked = uniform.changed(name="without {masked}", mask=("{masked}",))
    # zero_cost = uniform.changed(name="zero-cost", estimator=ZeroCost())
    # (from dataclasses import replace; from studies.estimators.zero_cost import ZeroCost)
    return Study(
        name=Path(__file__).stem,  # results go to runs/NAME
        title="{title}",
        question="{question}",
        note="{note}",
        variants=(uniform, fair),
        truth={{"{space}": Truth("{table}", "{column}")}},
        seeds=(0, 1),  # each variant is trained once for each; differences need several
        # Scored: the true best, and a random sample. ScoredSet() is the whole table.
        scored=ScoredSet(top=100, random=500),
        top=(10, 25, 50, 100),
    )
'''


def new(args: argparse.Namespace) -> int:
    """Write the file; never over one that is there, unless told to."""
    path = user_study.check_name(str(args.file))
    if path.exists() and not args.force:
        raise ValueError(f"{args.file}: is there already; --force writes over it")
    if not path.parent.is_dir():
        raise ValueError(f"{args.file}: there is no folder {path.parent}")
    task = get_task(args.space, args.data, Asked(image_size=args.image_size), classes(args))
    truth = find_truth(args.space, task)
    write_text(path, page(args, task, truth))
    print(f"{args.file}: two variants, two seeds")
    for command in (*needs(args, truth), f"python -m studies run {args.file}"):
        print(f"  {command}")
    return 0


def classes(args: argparse.Namespace) -> int | None:
    """Those of a folder of images, which only its files tell."""
    return None if args.data in FACTS else count_classes(args.data, args.data_root)


@dataclass(frozen=True)
class TruthName:
    """Where the study's ground truth is. command: what brings it; '' if it is here."""

    table: str
    column: str
    command: str


def find_truth(space: str, task: Task) -> TruthName:
    """A table that is here, else the published one, else one that is to be trained."""
    column, own = f"{task.label}_test", f"{space}-{task.label}"
    here = {name: table.read_manifest(path) for name, path in table.known().items()}
    having = [name for name, of in here.items() if of["space"] == space and column in of["columns"]]
    if having:
        return TruthName(own if own in having else having[0], column, "")
    importer = get_space(space).importer
    if importer is not None and task.data.name in importer.data:
        return TruthName(space, column, f"python -m studies truth import {space} SOURCE")
    size = "" if task.data.name in FACTS else f" --image-size {task.data.side}"
    what = f"--space {space} --data {task.data.name}{size} --architectures 100 --seeds 2"
    return TruthName(own, column, f"python -m studies truth build {what}")


def needs(args: argparse.Namespace, truth: TruthName) -> list[str]:
    """Commands that bring what the study needs and this project does not ship."""
    images = args.data != embedded.DATA and args.data in FACTS
    return [f"python -m studies data get {args.data}"] * images + [truth.command] * bool(truth.command)


def page(args: argparse.Namespace, task: Task, truth: TruthName) -> str:
    """The study's file."""
    space, side = get_space(args.space), args.image_size
    on_digits = args.data == embedded.DATA
    training = supernet_training(args.space, task)
    data = DataConfig(name=args.data, image_size=side)
    commands = needs(args, truth)
    question = f"Does strict fairness rank {space.title} better than uniform sampling?"
    return PAGE.format(
        file=args.file.name,
        needs="".join(f"{line}\n" for line in ("Needs:", *(f"    {line}" for line in commands)) if commands),
        configs="Augmentation, TrainingConfig" if "Augmentation(" in source(training) else "TrainingConfig",
        size_note="small ones, as those of the embedded ground truth" if on_digits else "the benchmark's own",
        size=source(task.size),
        training=source(training),
        space=args.space,
        data=f'DataConfig(name="{args.data}"{f", image_size={data.side}" if side else ""})',
        noise=f"\n        evaluation_noise={task.noise}," if task.noise else "",
        longer=2 * epochs(training),
        masked=space.maskable[-1],
        title=f"{space.title} on {args.data}",
        question=question,
        note=task.note if on_digits else f"{data.name}, {data.side}x{data.side} pixels, split {data.split}",
        table=truth.table,
        column=truth.column,
    )


def supernet_training(space: str, task: Task) -> TrainingConfig:
    """That of the quickstart where it has this space on these images, else the stand-alone networks' with bounded
    steps."""
    for variant in quickstart.study().variants:
        if (variant.space, variant.data) == (space, task.data) and isinstance(variant.estimator, OneShot):
            return variant.estimator.training
    return replace(task.training, clip_norm=CLIP_NORM)


def epochs(training: TrainingConfig) -> int:
    """Of a recipe, whose budget is in epochs."""
    assert training.epochs is not None
    return training.epochs


def source(config: Any, indent: str = "") -> str:
    """Python that makes a configuration, a line for each setting that is not its default."""
    lines = []
    for item in fields(config):
        value = getattr(config, item.name)
        default = item.default_factory() if callable(item.default_factory) else item.default
        if value != default:
            text = source(value, f"{indent}    ") if is_dataclass(value) else repr(value).replace("'", '"')
            lines.append(f"{indent}    {item.name}={text},\n")
    return f"{type(config).__name__}(\n{''.join(lines)}{indent})"
