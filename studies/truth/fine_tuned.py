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
from studies.configuration import derived_seed, plain_data, short_hash
from studies.estimators.blockwise import Blockwise
from studies.estimators.compute import blockwise
from studies.estimators.compute.block_library import BlockLibrary
from studies.estimators.compute.task import Task as OnImages
from studies.truth.stand_alone import accuracies, load_images
from studies.truth.tasks import Task
from supernet.distillation.config import Distillation, FineTuning
from supernet.distillation.fine_tuning import fine_tune
from supernet.network import StandAlone
from supernet.spaces import Space
from supernet.training import checkpoint
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
        return asdict(self) | {"distillation": plain_data(self.distillation)}

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
    """Where teacher and blocks are made and kept: `folder`, a folder in it for each seed.

    teacher_from: the file, seen from `folder`, of a student (`student_path`) that is the teacher; '': the teacher is
    trained from scratch."""

    how: FineTuned
    space: Space
    task: Task
    folder: Path
    root: Path
    device: str
    teacher_from: str = ""

    def place(self, seed: int) -> Path:
        made_of = {
            "space": self.space.name,
            "mask": list(self.space.mask),
            "data": asdict(self.task.data),
            "size": asdict(self.task.size),
            "noise": self.task.noise,
            "training": asdict(self.task.training),
            "teacher": self.how.teacher,
            "distillation": plain_data(self.how.distillation),
            "seed": seed,
        }
        made_of |= {"teacher_from": self.teacher_from} if self.teacher_from else {}
        return self.folder / short_hash(made_of)

    def student_path(self, text: str, seed: int) -> Path:
        """Of a fine-tuned network that is kept with its weights."""
        made_of = {"arch": text, "fine_tuning": asdict(self.how.fine_tuning)}
        return self.place(seed) / f"student-{short_hash(made_of)}.pt"

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
        if self.teacher_from:
            self._take_teacher(seed)
        settings = self.how.blockwise(self.task)
        facts = settings.prepare(self.on_images(seed), lambda done, detail: report(detail))
        if facts.get("status") == "diverged":
            raise ValueError(f"--finetune-from: {facts['reason']}")

    def _take_teacher(self, seed: int) -> None:
        """The student's file becomes that of the teacher, if there is none yet."""
        path = self.place(seed) / blockwise.TEACHER_FILE
        if not path.exists():
            kept = checkpoint.load(self.folder / self.teacher_from)
            names = ("arch", "seed", "status", "weights", "accuracy", "loss")
            taken = {name: kept[name] for name in names} | {"seconds": 0.0, "updates": 0}
            checkpoint.save(taken | {"run_id": self.place(seed).name}, path)

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
    return [tuned(setup, text, seed)[1] for seed in seeds]


def tuned(setup: FineTuningSetup, text: str, seed: int) -> tuple[StandAlone, dict[str, Any]]:
    """A fine-tuned network and its record."""
    task, data = setup.task, load_images(setup.task.data, setup.root, setup.device)
    set_numerics(torch.device(setup.device), **task.training.numerics)
    library = _library(setup, seed)
    begin = time.perf_counter()
    student = library.student(setup.space.parse(text))
    own = derived_seed("fine-tuning", setup.space.name, text, seed)
    status = fine_tune(student, library.teacher, data, setup.how.fine_tuning, seed=own)
    record: dict[str, Any] = {"arch": text, "seed": seed, "status": status}
    record |= accuracies(student, task, setup.root, setup.device, status)
    return student, record | {"seconds": round(time.perf_counter() - begin, 2)}


def kept_student(setup: FineTuningSetup, text: str, seed: int) -> dict[str, Any]:
    """The record of a fine-tuned network from its file, which is made if there is none: with 'weights', and 'accuracy'
    and 'loss' as a teacher's file has them. Teacher and blocks must be there."""
    path = setup.student_path(text, seed)
    run_id = setup.place(seed).name
    if path.exists():
        return checkpoint.load(path, run_id=run_id)
    student, record = tuned(setup, text, seed)
    accuracy, loss = blockwise.evaluated(student, setup.on_images(seed))
    kept = record | {"weights": student.state_dict(), "accuracy": accuracy, "loss": loss, "run_id": run_id}
    checkpoint.save(kept, path)
    return kept
