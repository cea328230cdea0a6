"""Networks of a table that are not trained from scratch: blocks distilled from a teacher, put together and fine-tuned.

A network's seed is that of the whole chain: of the teacher's training, the blocks' distillation and the fine-tuning.
Teacher and blocks are kept in `blocks/<hash>/` beside the table, where every table of this teacher finds them.

Source: Chau et al., Blox (NeurIPS 2022), figure 6 and supplement, table 4.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from analysis.store import signatures
from studies import embedded
from studies.configuration import derived_seed, short_hash
from studies.estimators.blockwise import Blockwise
from studies.estimators.compute import blockwise
from studies.estimators.compute.block_library import BlockLibrary
from studies.estimators.compute.task import Task as OnImages
from studies.truth.stand_alone import accuracies, load_images
from studies.truth.tasks import Task
from supernet.distillation.config import Distillation, FineTuning
from supernet.distillation.fine_tuning import fine_tune
from supernet.spaces import Space
from supernet.training.precision import set_numerics


@dataclass(frozen=True, kw_only=True)
class FineTuned:
    """How a table's networks are made. teacher: an architecture's text; it is trained by the task's own recipe."""

    teacher: str
    distillation: Distillation
    fine_tuning: FineTuning

    @property
    def facts(self) -> dict[str, Any]:
        """As a manifest has them."""
        return asdict(self)

    def blockwise(self, task: Task) -> Blockwise:
        return Blockwise(teacher=self.teacher, training=task.training, distillation=self.distillation)


def defaults(task: Task) -> tuple[Distillation, FineTuning]:
    """The paper's; for the embedded digits, of which an epoch has 16 steps, smaller batches and larger steps."""
    augmentation = task.training.augmentation
    if task.data.name != embedded.DATA:
        return Distillation(), FineTuning(augmentation=augmentation)
    distillation = Distillation(epochs=4, batch_size=64, copies=embedded.COPIES, noise=embedded.NOISE)
    return distillation, FineTuning(epochs=4, batch_size=64, lr=1e-3, augmentation=augmentation)


def words(how: FineTuned, task: Task) -> list[str]:
    """The options of `truth build` that say it."""
    distillation, fine_tuning = defaults(task)
    options = {
        "--distil-epochs": (how.distillation.epochs, distillation.epochs),
        "--finetune-epochs": (how.fine_tuning.epochs, fine_tuning.epochs),
        "--finetune-lr": (how.fine_tuning.lr, fine_tuning.lr),
    }
    differ = [(option, str(value)) for option, (value, usual) in options.items() if value != usual]
    return ["--finetune-from", how.teacher, *(word for one in differ for word in one)]


def teacher_of(text: str, space: Space, table: str, column: str) -> str:
    """The text of the architecture that is meant, by its text or as a table's best, median or worst under the mask.

    Raises ValueError for a text of no architecture, and for a table that does not say."""
    settings = Blockwise(teacher=text, table=table, column=column)
    settings.check(space)
    return space.text(blockwise.chosen_teacher(settings, space))


@dataclass(frozen=True)
class FineTuningSetup:
    """Where teacher and blocks of one table are made and kept: `folder`, a folder in it for each seed."""

    how: FineTuned
    space: Space
    task: Task
    folder: Path
    root: Path
    device: str

    def place(self, seed: int) -> Path:
        made_of = {
            "space": self.space.name,
            "mask": list(self.space.mask),
            "data": asdict(self.task.data),
            "size": asdict(self.task.size),
            "noise": self.task.noise,
            "training": asdict(self.task.training),
            "teacher": self.how.teacher,
            "distillation": asdict(self.how.distillation),
            "seed": seed,
        }
        return self.folder / short_hash(made_of)

    def on_images(self, seed: int) -> OnImages:
        folder = self.place(seed)
        return OnImages(
            space=self.space,
            size=self.task.size,
            data=load_images(self.task.data, self.root, self.device),
            seed=seed,
            folder=folder,
            device=torch.device(self.device),
            noise=self.task.noise,
            run_id=folder.name,
        )

    def distil(self, seed: int, report: Callable[[str], None] = lambda detail: None) -> None:
        """Train the teacher and its blocks, or what is missing of them. ValueError if the teacher diverges."""
        if (self.place(seed) / signatures.FILE).exists():  # written last
            return
        set_numerics(torch.device(self.device), **self.task.training.numerics)
        self.place(seed).mkdir(parents=True, exist_ok=True)
        settings = self.how.blockwise(self.task)
        facts = settings.prepare(self.on_images(seed), lambda done, detail: report(detail))
        if facts.get("status") == "diverged":
            raise ValueError(f"--finetune-from: {facts['reason']}")

    def library(self, seed: int) -> BlockLibrary:
        return BlockLibrary.read(self.how.blockwise(self.task), self.on_images(seed))


@lru_cache(maxsize=2)
def _library(setup: FineTuningSetup, seed: int) -> BlockLibrary:
    return setup.library(seed)


def distil(setup: FineTuningSetup, seed: int) -> int:
    """A worker's task: teacher and blocks of a seed, which is returned."""
    setup.distil(seed)
    return seed


def train(setup: FineTuningSetup, text: str, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Fine-tune one architecture's network from each of `seeds`, and evaluate it; records as those of
    `studies.truth.stand_alone.train`. Teacher and blocks must be there."""
    task, data = setup.task, load_images(setup.task.data, setup.root, setup.device)
    set_numerics(torch.device(setup.device), **task.training.numerics)
    records = []
    for seed in seeds:
        library = _library(setup, seed)
        begin = time.perf_counter()
        student = library.student(setup.space.parse(text))
        own = derived_seed("fine-tuning", setup.space.name, text, seed)
        status = fine_tune(student, library.teacher, data, setup.how.fine_tuning, seed=own)
        record: dict[str, Any] = {"arch": text, "seed": seed, "status": status}
        record |= accuracies(student, task, setup.root, setup.device, status)
        records.append(record | {"seconds": round(time.perf_counter() - begin, 2)})
    return records
