"""Tables of fine-tuned networks: what students are made of, and what is left of a build that was killed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from analysis.store import signatures
from studies import embedded
from studies.estimators.compute.blockwise import evaluated
from studies.truth import build, table
from studies.truth.build import Builder
from studies.truth.fine_tuned import FineTuned, FineTuningSetup, defaults, teacher_of
from studies.truth.tasks import get_task
from supernet.data import DataConfig
from supernet.distillation.config import Distillation, FineTuning
from supernet.distillation.stages import assemble, new_block, set_values
from supernet.spaces import get_space

CONV = ("mbconv", "bconv", "ST3", "ST5", "ST6")  # leaves three blocks a stage
BLOX = get_space("blox", CONV)
TASK = replace(
    get_task("blox", "digits"),
    data=DataConfig(name="digits", subset=200),
    training=replace(embedded.STAND_ALONE["blox"], epochs=2),
)
TEACHER = "[[[0], [0, 1, 0, 0]], [[0], [0, 1, 0, 1]], [[0], [0, 0, 1, 0]]]"
HOW = FineTuned(
    teacher=teacher_of(TEACHER, BLOX, "none", "none"),
    distillation=Distillation(epochs=1, batch_size=100, noise=0.3),
    fine_tuning=FineTuning(epochs=1, batch_size=100, lr=1e-3, augmentation=embedded.AUGMENTATION),
)


def builder(folder: Path, how: FineTuned = HOW) -> Builder:
    return Builder(BLOX, TASK, 3, 1, 0, folder / "tuned.parquet", how=how)


def here(function: Any, tasks: Sequence[tuple[Any, ...]], workers: int) -> Any:
    """As `run_tasks`, in this process."""
    return (((), function(*task)) for task in tasks)


def test_a_build_that_was_killed_ends_with_the_same_bits_and_its_manifest_says_the_teacher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "run_tasks", here)
    whole = builder(tmp_path / "whole").run(1, lambda done, total: None)
    (tmp_path / "killed").mkdir()
    cut = builder(tmp_path / "killed")
    lines = (tmp_path / "whole/tuned.records.jsonl").read_text().splitlines(keepends=True)
    cut.records_path.write_text("".join(lines[:2]) + lines[2][:20])
    pd.testing.assert_frame_equal(cut.run(1, lambda done, total: None), whole, check_exact=True)
    manifest = table.load(tmp_path / "killed/tuned.parquet").manifest
    assert manifest["fine_tuned"]["teacher"] == HOW.teacher
    assert f"--finetune-from '{HOW.teacher}' --distil-epochs 1 --finetune-epochs 1" in manifest["command"]
    assert json.loads(lines[0])["fine_tuned"] == manifest["fine_tuned"]
    with pytest.raises(ValueError, match=r"begun with other settings \(fine_tuned\)"):
        builder(tmp_path / "whole", replace(HOW, fine_tuning=FineTuning())).run(1, lambda done, total: None)

    # The library's blocks are those that the signatures are of: a network built around each by itself agrees.
    setup = FineTuningSetup(HOW, BLOX, TASK, tmp_path / "whole/blocks", Path("datasets"), "cpu")
    library, task = setup.library(0), setup.on_images(0)
    before = evaluated(library.teacher, task)
    frame = signatures.read(setup.place(0)).set_index(["stage", "block"])
    for (stage, path), values in library.weights.items():
        block = new_block(library.teacher.config, stage, path, seed=1)
        set_values(block, values)
        accuracy, loss = evaluated(assemble(library.teacher, {stage: block}), task)
        row = frame.loc[(stage, signatures.text(path))]
        images = 100 / len(task.data.valid)
        assert abs(accuracy - before[0] - row["accuracy_change"]) < images + 0.01  # ties within rounding
        assert loss - before[1] == pytest.approx(row["loss_change"], abs=2e-3)
    student = library.student(BLOX.parse(HOW.teacher))
    for own, other in ((student.stem, library.teacher.stem), (student.head, library.teacher.head)):
        assert all(map(torch.equal, own.state_dict().values(), other.state_dict().values()))


def test_defaults_are_the_papers_but_for_the_digits() -> None:
    distillation, fine_tuning = defaults(get_task("blox", "cifar10"))
    assert (distillation.epochs, distillation.lr, fine_tuning.lr) == (10, 0.005, 5e-5)
    assert fine_tuning.augmentation == get_task("blox", "cifar10").training.augmentation
    assert defaults(get_task("blox", "digits"))[1].lr == 1e-3
