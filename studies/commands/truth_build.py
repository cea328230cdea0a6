"""`studies truth build`: ground truth trained by this project."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from studies.commands.arguments import ALL
from studies.commands.plan import check_workers, choose_device
from studies.commands.truth_build_arguments import ASKED
from studies.running.lock import lock_output
from studies.running.parallel import default_workers
from studies.running.progress import Progress
from studies.truth.build import Builder
from studies.truth.fine_tuned import FineTuned, defaults, teacher_of
from studies.truth.table import known
from studies.truth.tasks import Asked, Task, get_task
from supernet.data.catalog import count_classes
from supernet.data.loading import ready
from supernet.distillation.config import Distillation, FineTuning
from supernet.spaces import Architecture, Space, get_space

T = TypeVar("T", Distillation, FineTuning)


def build(args: argparse.Namespace) -> int:
    space = get_space(args.space, [name for name in args.mask.split(",") if name])
    fields = [name.replace("-", "_") for name in ASKED]
    asked = Asked(**{name: getattr(args, name) for name in fields})
    task = get_task(args.space, args.data, asked, count_classes(args.data, args.data_root))
    how = _fine_tuned(args, space, task)
    name = f"{args.space}-{task.label}" + ("-fine-tuned" if how else "")
    path = args.out or Path("runs/truth") / f"{name}.parquet"
    if path.suffix != ".parquet":
        raise ValueError(f"--out: {str(path)!r} does not end in .parquet")
    check_workers(args.workers)
    builder = Builder(
        space,
        task,
        parse_all(space, args.arch)
        if args.arch
        else None
        if args.architectures == ALL
        else args.architectures,
        args.seeds,
        args.sample_seed,
        path,
        root=args.data_root,
        device=choose_device(args.device),
        curves=args.curves,
        asked=asked,
        how=how,
    )
    if args.export:
        frame = builder.export()
    else:
        ready(task.data, args.data_root)
        workers = args.workers or default_workers(builder.device, len(builder.to_train))
        progress = Progress(f"networks of {space.title}", len(builder.to_train) * args.seeds)
        try:
            with lock_output(path):
                frame = builder.run(workers, lambda done, total: progress.update(done))
        finally:
            progress.close()
    print(f"{len(frame)} architectures x {args.seeds} seeds: {path}")
    named = known().get(path.stem)
    if named is not None and named.resolve() != path.resolve():
        print(f"note: the name {path.stem} means {named}; name this table by its path", file=sys.stderr)
    return 0


def _fine_tuned(args: argparse.Namespace, space: Space, task: Task) -> FineTuned | None:
    """What --finetune-from and the options beside it ask for; None without it."""
    options = ("teacher-table", "distil-epochs", "finetune-epochs", "finetune-lr")
    values = {option: getattr(args, option.replace("-", "_")) for option in options}
    given = [option for option, value in values.items() if value is not None]
    if args.finetune_from is None:
        if given:
            raise ValueError(f"--{given[0]}: goes with --finetune-from")
        return None
    table = args.teacher_table or f"{space.name}-{task.label}"
    try:
        teacher = teacher_of(args.finetune_from, space, table, f"{task.label}_valid")
    except ValueError as error:
        raise ValueError(f"--finetune-from: {str(error).removeprefix('teacher: ')}") from None
    distillation, fine_tuning = defaults(task)
    return FineTuned(
        teacher=teacher,
        distillation=_changed("distil", distillation, epochs=args.distil_epochs),
        fine_tuning=_changed("finetune", fine_tuning, epochs=args.finetune_epochs, lr=args.finetune_lr),
    )


def _changed(option: str, settings: T, **values: Any) -> T:
    """The settings with the values that are not None. ValueError, naming the option, for one that is not allowed."""
    given = {name: value for name, value in values.items() if value is not None}
    try:
        return replace(settings, **given)
    except ValueError as error:
        raise ValueError(f"--{option}-{error}") from None


def parse_all(space: Space, texts: list[str]) -> list[Architecture]:
    """The architectures of the texts. ValueError for one that is none of the space under its mask, or repeated."""
    by_text: dict[Architecture, str] = {}
    for text in texts:
        architecture = space.parse(text)
        if space.index(architecture) is None:
            raise ValueError(f"--arch: {text!r} is no valid architecture of {space.title}")
        architecture = space.supernet_form(architecture)
        if not space.in_mask(architecture):
            raise ValueError(f"--arch: {text!r} uses what the mask {', '.join(space.mask)} leaves out")
        if architecture in by_text:
            raise ValueError(
                f"--arch: {text!r} and {by_text[architecture]!r} are one architecture; leave one out"
            )
        by_text[architecture] = text
    return list(by_text)
