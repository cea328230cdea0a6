"""Train a teacher, distil its stages into all candidate blocks, and sum what is said of them.

The run's folder keeps `teacher.pt`, the blocks that were trained side by side in `stage-S-blocks-A-B.pt` (numbers of
blocks, from 0, in the order of `candidates`), written after every epoch, and `signatures.parquet`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import pandas as pd
import torch

from analysis.measures.blocks import blocks_of, contributions
from analysis.store import signatures
from studies.configuration import derived_seed
from studies.estimators.blockwise import TEACHERS, Blockwise
from studies.estimators.compute.table_column import values_of
from studies.estimators.compute.task import Task
from studies.estimators.estimator import Record, Report, without_score
from studies.truth.stand_alone import trained
from studies.truth.table import load, resolve
from supernet.data.dataset import evaluation_set
from supernet.distillation.distil import Distiller
from supernet.distillation.features import StageFeatures, noisy_copies
from supernet.distillation.shared import distiller_of
from supernet.distillation.signatures import changes
from supernet.distillation.stages import Block, Teacher, candidates, new_block
from supernet.network import NetworkConfig, StandAlone
from supernet.spaces import Architecture, Path, Space
from supernet.training import checkpoint

TEACHER_FILE = "teacher.pt"


def prepare(settings: Blockwise, task: Task, report: Report) -> dict[str, Any]:
    """Distil every block, from what an earlier call has left, and write the signatures."""
    kept = teacher_of(settings, task)
    facts = {
        "teacher": {name: kept[name] for name in ("arch", "seed", "accuracy", "loss")},
        "epochs": settings.distillation.epochs,
        "updates": kept["updates"],
        "train_seconds": kept["seconds"],
    }
    if kept["status"] != "finished":
        return facts | {"status": "diverged", "reason": f"the teacher {kept['arch']} diverged"}
    work = Work.of(settings, task, kept)
    frames = []
    for number, (stage, first) in enumerate(work.groups):
        distiller = work.distiller(stage, first)
        after_epoch = partial(_report, report, number, len(work.groups), stage, distiller)
        distiller.run(work.path(stage, first), after_epoch, task.check)
        frames.append(work.rows(stage, distiller))
        facts["updates"] += distiller.steps * settings.distillation.trainings(len(distiller.blocks), 1)
    frame = pd.concat(frames, ignore_index=True)
    task.check()
    signatures.write(frame, task.folder, task.run_id or "")
    seconds = round(facts["train_seconds"] + float(frame["seconds"].sum()), 2)
    students = settings.distillation.trainings(len(frame), frame["stage"].nunique())
    shared = {"students": students} if settings.distillation.students == "stage" else {}
    return facts | {"train_seconds": seconds, "blocks": len(frame)} | shared


def _report(report: Report, before: int, groups: int, stage: int, distiller: Distiller, epoch: int) -> None:
    epochs = distiller.config.epochs
    detail = f"stage {stage}: epoch {epoch}/{epochs} of {len(distiller.blocks)} blocks"
    report((before + epoch / epochs) / groups, detail)


def score(
    settings: Blockwise, task: Task, architectures: Sequence[Architecture], report: Report
) -> Iterator[Record]:
    """Records of every measure: looked up and summed."""
    values = contributions(signatures.read(task.folder, task.run_id))
    for done, architecture in enumerate(architectures, 1):
        form = task.space.supernet_form(architecture)
        if not task.space.is_valid(form):
            yield from without_score(architecture, settings.measures, "disconnected")
            continue
        places = list(enumerate(blocks_of(task.space, architecture, task.size)))
        for measure in settings.measures:
            total = math.fsum(values[measure].get(place, math.nan) for place in places)
            known = math.isfinite(total)
            yield Record(
                architecture=architecture,
                measure=measure,
                score=total if known else None,
                status="ok" if known else "nan",
            )
        report(done / len(architectures), f"{done}/{len(architectures)} sums")


# The teacher


def teacher_of(settings: Blockwise, task: Task) -> dict[str, Any]:
    """The teacher's file: arch, seed, status, weights, accuracy and loss on the task's validation images, seconds and
    updates. It is trained if there is none. ValueError if the file is of another teacher."""
    path = task.folder / TEACHER_FILE
    architecture = chosen_teacher(settings, task.space)
    arch = task.space.text(architecture)
    seed = task.seed if settings.teacher_seed is None else settings.teacher_seed
    if path.exists():
        kept = checkpoint.load(path, task.device, task.run_id)
        if (kept["arch"], kept["seed"]) != (arch, seed):
            raise ValueError(
                f"teacher: {path} is {kept['arch']} with seed {kept['seed']}, not {arch} with seed {seed}; did the "
                "table change? Delete the run's folder to start again"
            )
        return kept
    begin = time.perf_counter()
    (network,), (status,) = trained(task.space, arch, [seed], task.size, settings.training, task.data)
    accuracy, loss = evaluated(network, task)
    training = settings.training
    epochs = training.total_epochs(len(task.data.train))
    kept = {
        "arch": arch,
        "seed": seed,
        "status": status,
        "weights": network.state_dict(),
        "accuracy": accuracy,
        "loss": loss,
        "seconds": time.perf_counter() - begin,
        "updates": training.updates or epochs * training.batches(len(task.data.train)),
        "run_id": task.run_id,
    }
    task.check()
    checkpoint.save(kept, path)
    return kept


def chosen_teacher(settings: Blockwise, space: Space) -> Architecture:
    """ValueError if the table is of another space, or has no such column, or nothing under the mask."""
    if settings.teacher not in TEACHERS:
        return space.stand_alone_form(space.parse(settings.teacher))
    table = load(resolve(settings.table.replace("{space}", space.name)))
    if table.space.name != space.name:
        raise ValueError(f"table: {table.path} is of {table.space.name}, not of {space.name}")
    values = values_of(table, [settings.column])[settings.column]
    found = [
        (float(values[row]), -row)
        for row, a in enumerate(table.architectures)
        if math.isfinite(values[row]) and space.in_mask(a) and space.is_valid(a)
    ]
    if not found:
        raise ValueError(f"column: {settings.column!r} of {table.path} has no value under the mask")
    order = sorted(found, reverse=True)  # of equal ones, the first in the table
    place = {"best": 0, "median": (len(order) - 1) // 2, "worst": -1}[settings.teacher]
    return space.stand_alone_form(table.architectures[-order[place][1]])


def evaluated(network: StandAlone, task: Task) -> tuple[float, float]:
    """Accuracy in percent and mean cross-entropy on the task's validation images."""
    images, labels = evaluation_set(task.data, task.data.valid, task.noise)
    network.eval()
    with torch.no_grad():
        logits = torch.cat([network(part) for part in images.split(task.evaluation_batch)])
    right = (logits.argmax(1) == labels).float().mean()
    return round(100 * float(right), 3), float(torch.nn.functional.cross_entropy(logits, labels))


# The blocks


@dataclass(frozen=True)
class Work:
    """All blocks of a run, stage by stage, in groups of those that are trained side by side."""

    settings: Blockwise
    task: Task
    teacher: Teacher
    features: Callable[[int], tuple[StageFeatures, StageFeatures]]  # of training and validation, by stage
    labels: torch.Tensor  # of the validation images

    @classmethod
    def of(cls, settings: Blockwise, task: Task, kept: dict[str, Any]) -> Work:
        """kept: the teacher's file."""
        space, config, copies = task.space, settings.distillation, settings.distillation.copies
        network = NetworkConfig(space=space, size=task.size, affine=True)
        alone = StandAlone(network, space.parse(kept["arch"])).to(task.device)
        alone.load_state_dict(kept["weights"])
        teacher = Teacher(alone)
        seed = derived_seed("noise of distillation", space.name, task.seed)
        train = noisy_copies(task.data, task.data.train, config.noise, copies, seed)
        valid, labels = evaluation_set(task.data, task.data.valid, task.noise, copies)
        held: dict[int, tuple[StageFeatures, StageFeatures]] = {}

        def features(stage: int) -> tuple[StageFeatures, StageFeatures]:
            if stage not in held:
                held.clear()  # one stage's at a time
                batch = task.evaluation_batch
                held[stage] = (
                    StageFeatures(teacher, stage, train, batch),
                    StageFeatures(teacher, stage, valid, batch),
                )
            return held[stage]

        return cls(settings, task, teacher, features, labels)

    @property
    def groups(self) -> list[tuple[int, int]]:
        """(stage, number of the first block)."""
        return [
            (stage, first)
            for stage, blocks in enumerate(candidates(self.task.space, self.task.size))
            for first in range(0, len(blocks), self._together(stage))
        ]

    def _together(self, stage: int) -> int:
        """One student a stage has all of its blocks."""
        config = self.settings.distillation
        whole = len(candidates(self.task.space, self.task.size)[stage])
        return whole if config.students == "stage" else config.together

    def blocks(self, stage: int, first: int) -> tuple[Path, ...]:
        own = candidates(self.task.space, self.task.size)[stage]
        return own[first : first + self._together(stage)]

    def path(self, stage: int, first: int) -> FilePath:
        last = first + len(self.blocks(stage, first)) - 1
        return self.task.folder / f"stage-{stage}-blocks-{first}-{last}.pt"

    def distiller(self, stage: int, first: int) -> Distiller:
        """Of new blocks, whose weights depend on stage, block and the run's seed alone."""
        task, name = self.task, self.task.space.name
        blocks: list[Block] = [
            new_block(
                self.teacher.config, stage, path, derived_seed("block", name, stage, path, task.seed)
            ).to(task.device)
            for path in self.blocks(stage, first)
        ]
        seed = derived_seed("order of distillation", name, task.seed)
        distiller = distiller_of(self.settings.distillation)(
            self.teacher.config, blocks, *self.features(stage), self.settings.distillation, seed=seed
        )
        distiller.run_id = task.run_id
        return distiller

    def rows(self, stage: int, distiller: Distiller) -> pd.DataFrame:
        """Signatures of blocks that are trained: COLUMNS of analysis/store/signatures.py."""
        begin = time.perf_counter()
        train, valid = self.features(stage)
        change = changes(
            self.teacher,
            stage,
            distiller.kept_group(),
            distiller.blocks,
            train,
            valid,
            self.labels,
            self.settings.bn,
        )
        seconds = (distiller.seconds + time.perf_counter() - begin) / len(distiller.blocks)
        kept = np.array(distiller.kept)
        each = np.arange(len(kept))
        at_epoch = {name: np.array(lines)[kept - 1, each] for name, lines in distiller.curve.items()}
        frame = pd.DataFrame(
            {
                "stage": stage,
                "block": [signatures.text(block.path) for block in distiller.blocks],
                "epoch": kept,
                "mse": at_epoch["mse"],
                "nsr": at_epoch["nsr"],
                "dead_channels": int((valid.variance == 0).sum()),
                "accuracy_change": change.accuracy.numpy(force=True),
                "loss_change": change.loss.numpy(force=True),
                "train_loss": at_epoch["train"],
                "seconds": seconds,
            }
        )
        measured = ["mse", "nsr", "accuracy_change", "loss_change", "train_loss"]
        frame.loc[kept == 0, measured] = np.nan
        return frame
