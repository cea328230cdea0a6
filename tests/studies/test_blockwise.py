"""The estimator `blockwise`: what it sums, from which teacher, and what is left of a run that was killed."""

from __future__ import annotations

import random
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from digits_tables import digits_task

from analysis.measures.blocks import at_stage, contributions
from analysis.store import config, signatures
from studies.estimators.blockwise import MEASURES, Blockwise
from studies.estimators.compute.blockwise import chosen_teacher
from studies.estimators.compute.task import Task
from studies.truth.table import load, resolve
from supernet.distillation.config import Distillation
from supernet.distillation.stages import candidates
from supernet.spaces import get_space
from supernet.training.config import TrainingConfig

BLOX = get_space("blox")
CONV = ("mbconv", "bconv", "ST3", "ST5", "ST6")  # leaves three blocks a stage
TEACHER = "[[[0], [0, 1, 0, 0]], [[0], [0, 1, 0, 1]], [[0], [0, 0, 1, 0]]]"
SHORT = Blockwise(
    teacher=TEACHER,
    training=TrainingConfig(epochs=2, batch_size=50, lr=0.05),
    distillation=Distillation(epochs=2, batch_size=100, noise=0.3),
)


def silent(done: float, detail: str) -> None:
    pass


def task_of(folder: Path) -> Task:
    return replace(digits_task(folder, "blox", noise=0.3), space=get_space("blox", CONV))


def made_up(folder: Path) -> pd.DataFrame:
    """Signatures of all 135 blocks that nobody measured."""
    generator = np.random.default_rng(0)
    places = [(stage, block) for stage, own in enumerate(candidates(BLOX, BLOX.published)) for block in own]
    frame = pd.DataFrame({"stage": [s for s, _ in places], "block": [signatures.text(b) for _, b in places]})
    for name in ("epoch", "dead_channels"):
        frame[name] = 1
    for name in ("mse", "nsr", "accuracy_change", "loss_change", "train_loss", "seconds"):
        frame[name] = generator.uniform(0.1, 2, len(frame))
    signatures.write(frame, folder, "")
    return frame


def test_a_sum_is_largest_where_each_stage_is_and_equals_brute_force_over_all(tmp_path: Path) -> None:
    """All 91,125 sums as a broadcast of three times 45 numbers, in the official order of blocks; the scores of some,
    drawn from all encodings, are looked up there."""
    frame = made_up(tmp_path)
    native = {
        "mse": -frame["mse"],
        "log_mse": -np.log(frame["mse"]),
        "nsr": -frame["nsr"],
        "log_nsr": -np.log(frame["nsr"]),
        "accuracy_change": frame["accuracy_change"],
        "loss_change": -frame["loss_change"],
    }
    settings, task = Blockwise(), digits_task(tmp_path, "blox")
    drawn = random.Random(0)
    encodings = [tuple(drawn.randrange(3 if i % 5 < 2 else 2) for i in range(15)) for _ in range(60)]
    for measure, values in native.items():
        first, second, third = values.to_numpy().reshape(3, 45)
        sums = (third[:, None, None] + second[:, None] + first).ravel()  # at i0 + 45 i1 + 2025 i2
        best = sum(int(own.argmax()) * 45**stage for stage, own in enumerate((first, second, third)))
        assert best == sums.argmax()
        top = next(a for i, a in enumerate(BLOX.enumerate()) if i == best)
        records = settings.score(task, [top, *encodings], silent)
        scores = {r.architecture: r for r in records if r.measure == measure}
        assert scores[top].score == pytest.approx(sums.max(), rel=1e-12)
        for one in encodings:
            index = BLOX.index(one)
            if index is None:
                assert (scores[one].score, scores[one].status) == (None, "disconnected")
            else:
                assert scores[one].score == pytest.approx(sums[index], rel=1e-12)


def test_what_is_not_finite_is_no_score(tmp_path: Path) -> None:
    """An error of 0 has no logarithm, a block that diverged no signature; sums without them are as they were."""
    frame = made_up(tmp_path)
    block = signatures.text((BLOX.cells_of(BLOX.parse(TEACHER))[0],))
    at = (frame["stage"] == 0) & (frame["block"] == block)
    assert at.sum() == 1
    frame.loc[at, ["mse", "accuracy_change"]] = 0.0, np.nan
    signatures.write(frame, tmp_path, "")
    found = Blockwise().score(digits_task(tmp_path, "blox"), [BLOX.parse(TEACHER)], silent)
    assert {r.measure: r.status for r in found} == dict.fromkeys(MEASURES, "ok") | {
        "log_mse": "nan",
        "accuracy_change": "nan",
    }
    assert np.isnan(contributions(frame)["log_mse"][0, block])


def test_a_run_that_was_killed_ends_with_the_same_bits_and_groups_change_rounding_only(
    tmp_path: Path,
) -> None:
    """Killed after the teacher, and in the middle of each stage."""
    folders = {name: tmp_path / name for name in ("whole", "killed", "apart")}
    for folder in folders.values():
        folder.mkdir()
    facts = SHORT.prepare(task_of(folders["whole"]), silent)
    assert facts["blocks"] == 9  # ST1, ST2 and ST4 in three stages
    assert facts["updates"] == 2 * 4 + 9 * 2 * 2

    class Killed(Exception):
        pass

    def dies_at(call: int) -> Task:
        calls = iter(range(100))

        def check() -> None:
            if next(calls) == call:
                raise Killed

        return replace(task_of(folders["killed"]), check=check)

    for call in (1, 1, 2, 2, 1):
        with pytest.raises(Killed):
            SHORT.prepare(dies_at(call), silent)
    SHORT.prepare(task_of(folders["killed"]), silent)
    one = SHORT.distillation
    replace(SHORT, distillation=replace(one, together=1)).prepare(task_of(folders["apart"]), silent)
    whole, killed, apart = (signatures.read(folder).drop(columns="seconds") for folder in folders.values())
    pd.testing.assert_frame_equal(killed, whole, check_exact=True)
    # The class of an image near a boundary turns over with the last bit, by processor: of 397 images some twenty.
    each = [frame.pop("accuracy_change").to_numpy() for frame in (apart, whole)]
    assert each[0] == pytest.approx(each[1], abs=5)
    pd.testing.assert_frame_equal(apart, whole, rtol=1e-3, atol=1e-5)
    assert len(list(folders["apart"].glob("stage-*.pt"))) == 9
    weights = [torch.load(folders[name] / "stage-1-blocks-0-2.pt")["weights"] for name in ("whole", "killed")]
    assert all(map(torch.equal, *weights))
    with pytest.raises(ValueError, match=r"teacher: .*teacher\.pt is .* with seed 1, not .* with seed 3"):
        replace(SHORT, teacher_seed=3).prepare(task_of(folders["whole"]), silent)


def test_the_teacher_is_the_tables_best_median_or_worst_under_the_mask() -> None:
    table = load(resolve("blox-digits"))
    space = get_space("blox", ("bconv",))
    values = table.frame["digits_valid"]
    allowed = {a: v for a, v in zip(table.architectures, values, strict=True) if space.in_mask(a)}
    chosen = {name: chosen_teacher(Blockwise(teacher=name), space) for name in ("best", "median", "worst")}
    found = [allowed[architecture] for architecture in chosen.values()]
    assert found[0] == max(allowed.values())
    assert found[2] == min(allowed.values())
    above = sum(value > found[1] for value in allowed.values())
    below = sum(value < found[1] for value in allowed.values())
    assert abs(above - below) <= 1
    given = "[[[2], [1, 0, 0, 1]], [[0], [1, 1, 0, 0]], [[0], [1, 0, 1, 1]]]"
    assert chosen_teacher(Blockwise(teacher=given), BLOX) == BLOX.canonical(BLOX.parse(given))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bn": "batch"}, "bn: 'batch' is not one of running, recalibrated"),
        ({"score_by": ("mse", "kl")}, "score_by: .* is not a selection of mse, log_mse"),
        ({"teacher_seed": -1}, "teacher_seed: -1 is neither an integer from 0 up nor none"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Blockwise(**settings)


def test_wrong_teachers_and_spaces_are_refused() -> None:
    with pytest.raises(ValueError, match="teacher: not one of best, median, worst, and no architecture"):
        Blockwise(teacher="good").check(BLOX)
    with pytest.raises(ValueError, match="has no path from its input to its output"):
        Blockwise(teacher=TEACHER.replace("[0, 1, 0, 0]", "[0, 0, 0, 0]")).check(BLOX)
    with pytest.raises(ValueError, match="'nasbench201' repeats one cell in all stages"):
        Blockwise().check(get_space("nasbench201"))


def test_a_stage_alone_is_a_member_and_the_stages_add_up_to_the_sum(tmp_path: Path) -> None:
    frame = made_up(tmp_path)
    task = digits_task(tmp_path, "blox")
    sample = BLOX.sample(20, 1)
    texts = [BLOX.text(architecture) for architecture in sample]
    config.write(tmp_path, {"space": "blox", "mask": [], "size": asdict(task.size)})
    records = Blockwise().score(task, sample, silent)
    whole = {r.architecture: r.score for r in records if r.measure == "log_mse"}
    each = [at_stage(tmp_path, "", "log_mse", stage, texts) for stage in range(3)]
    assert sum(each).tolist() == pytest.approx([whole[architecture] for architecture in sample])
    lowest = frame[frame["stage"] == 1].sort_values("mse")["block"].iloc[0]
    assert contributions(frame)["log_mse"][1, lowest] == max(
        value for (stage, _), value in contributions(frame)["log_mse"].items() if stage == 1
    )
    assert "log_mse@2" in Blockwise().for_members
