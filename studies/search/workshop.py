"""Teachers, blocks and students of searches by the iterative teacher, really trained, and kept on disk.

What is there is read, so a search that was killed goes on from its last stage, epoch or network. In `folder` are the
`blocks/<hash>/` of each teacher and seed, as those of `truth build --finetune-from`, with the students in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from analysis.measures.blocks import blocks_of, contributions
from analysis.store import column_names, signatures
from analysis.store.costs import PASSES
from studies.search.methods.iterative_teacher import Chosen, Iterating, Library, Student
from studies.search.price import Costs
from studies.search.source import Source
from studies.truth.fine_tuned import FineTuned, FineTuningSetup, defaults, kept_student
from studies.truth.tasks import Task
from supernet.data.loading import ready
from supernet.distillation.config import Distillation, FineTuning
from supernet.distillation.stages import Teacher, candidates, check, new_block
from supernet.network import NetworkConfig, StandAlone
from supernet.spaces import Architecture, Space

T = TypeVar("T", Distillation, FineTuning)


@dataclass(frozen=True, kw_only=True)
class Training:
    """What is trained: networks of a table, which `task` describes, in `space` under its mask.

    objective, truth: 'valid' or 'test', which accuracies stand for the table's."""

    space: Space
    task: Task
    architectures: tuple[Architecture, ...]
    objective: str
    truth: str
    distillation: Distillation
    fine_tuning: FineTuning
    signature: str

    @classmethod
    def of(
        cls,
        space: Space,
        task: Task,
        architectures: tuple[Architecture, ...],
        columns: tuple[str, str],
        settings: Iterating,
    ) -> Training:
        """columns: of the objective and the truth.

        Raises ValueError for one that is no accuracy on the task's images, and for a setting that is not allowed."""
        parts = []
        for column in columns:
            name = column_names.parse(column)
            if name is None or name.data != task.label or name.metric or name.part not in ("valid", "test"):
                raise ValueError(
                    f"column: {column!r} is not an accuracy on validation or test images of {task.label}, which a"
                    " fine-tuned network is evaluated on"
                )
            parts.append(name.part)
        distillation, fine_tuning = defaults(task)
        if task.training.epochs is None:
            raise ValueError(
                "--method: the table counts updates, not epochs, so shares of a training are not known"
            )
        return cls(
            space=space,
            task=replace(task, best=False),
            architectures=architectures,
            objective=parts[0],
            truth=parts[1],
            distillation=_changed(distillation, epochs=settings.distil_epochs),
            fine_tuning=_changed(fine_tuning, epochs=settings.finetune_epochs, lr=settings.finetune_lr),
            signature=settings.signature,
        )


@dataclass(frozen=True)
class RealWorkshop:
    """A Workshop (methods/iterative_teacher.py). root: of images.

    Costs: an epoch of a block or a network is an epoch, and so many of them as a whole training of the table has are
    one training, as in the Blox paper. Multiply-accumulates are a block's own, and those of the teacher's forward
    passes: one for each copy of an image in distillation, one an epoch in fine-tuning."""

    training: Training
    folder: Path
    root: Path

    def distil(self, teacher: Chosen, seed: int) -> Library:
        """Raises ValueError if the teacher diverges."""
        setup = self._setup(teacher)
        try:
            setup.distil(seed)
        except ValueError as error:
            raise ValueError(f"--method: {str(error).removeprefix('--finetune-from: ')}") from None
        frame = signatures.read(setup.place(seed), setup.place(seed).name)
        values = contributions(frame)[self.training.signature]
        scores = [sum(values.get(place, np.nan) for place in enumerate(blocks)) for blocks in self._blocks]
        own = self.training.distillation
        macs = own.epochs * PASSES * self._macs_of_blocks + own.copies * self._macs(teacher.row)
        seconds = float(frame["seconds"].sum())
        return Library(np.array(scores), self._costs(len(frame) * own.epochs, macs, seconds))

    def fine_tune(self, teacher: Chosen, row: int, seed: int) -> Student:
        training, setup = self.training, self._setup(teacher)
        text = self._text(row)
        kept = kept_student(setup, text, seed)
        epochs = training.fine_tuning.epochs
        macs = float(epochs * (PASSES * self._macs(row) + self._macs(teacher.row)))
        return Student(
            kept[training.objective],
            kept[training.truth],
            self._costs(epochs, macs, kept["seconds"]),
            str(setup.student_path(text, seed).relative_to(setup.folder)),
        )

    def _setup(self, teacher: Chosen) -> FineTuningSetup:
        training = self.training
        how = FineTuned(
            teacher=self._text(teacher.row),
            distillation=training.distillation,
            fine_tuning=training.fine_tuning,
        )
        folder = self.folder / "blocks"
        return FineTuningSetup(how, training.space, training.task, folder, self.root, "cpu", teacher.made)

    def _text(self, row: int) -> str:
        return self.training.space.text(
            self.training.space.stand_alone_form(self.training.architectures[row])
        )

    def _costs(self, epochs: int, macs: float, seconds: float) -> Costs:
        whole = self.training.task.training.epochs
        assert whole is not None
        share = epochs / whole
        return {"trainings": share, "epochs": float(epochs), "macs": macs, "seconds": seconds}

    def _macs(self, row: int) -> int:
        return self.training.space.cost(self.training.architectures[row], self.training.task.size).macs

    @cached_property
    def _blocks(self) -> list[tuple[str, ...]]:
        training = self.training
        return [blocks_of(training.space, one, training.task.size) for one in training.architectures]

    @cached_property
    def _macs_of_blocks(self) -> int:
        return sum(
            macs_of_blocks(
                NetworkConfig(space=self.training.space, size=self.training.task.size, affine=True)
            )
        )


def _changed(settings: T, **values: Any) -> T:
    """The settings with the values that are not None."""
    return replace(settings, **{name: value for name, value in values.items() if value is not None})


def workshop_of(source: Source, task: Task, settings: Iterating, folder: Path, root: Path) -> RealWorkshop:
    """For searches of a table whose networks were trained on `task`. Raises ValueError as Training.of, and for a space
    whose stages are not chosen apart."""
    check(source.space)
    columns = (source.objective[0], source.truth.column)
    training = Training.of(source.space, task, tuple(source.truth.architectures), columns, settings)
    ready(task.data, root)
    return RealWorkshop(training, folder, root)


def macs_of_blocks(config: NetworkConfig) -> Iterator[int]:
    """Multiply-accumulates of every candidate block with its reduction, for one image, as PyTorch counts them."""
    size = config.size
    network = Teacher(StandAlone(config, next(iter(config.space.enumerate()))))
    image = torch.zeros(1, size.image_channels, size.image_size, size.image_size)
    for stage, blocks in enumerate(candidates(config.space, size)):
        with torch.no_grad():
            features = network.stage_input(image, stage)
        for path in blocks:
            block = new_block(config, stage, path, seed=0).eval()
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                block(features)
            yield counter.get_total_flops() // 2
