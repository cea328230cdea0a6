"""Searches by the iterative teacher: what they do and pay for, against counts by hand; really computed, in small."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from studies import embedded
from studies.__main__ import main
from studies.search import guided, workshop
from studies.search.bench import Bench, Over
from studies.search.look_up import generator
from studies.search.methods.iterative_teacher import Chosen, Iterating, IterativeTeacher, Library, Student
from studies.search.pool import Pool, Worth, make_pool
from studies.search.workshop import macs_of_blocks
from studies.truth import table
from studies.truth.tasks import get_task, task_of
from supernet.data import DataConfig
from supernet.distillation.stages import candidates
from supernet.network import NetworkConfig
from supernet.spaces import Space, get_space

UNITS = ("trainings", "epochs", "macs", "seconds")
DISTILLED = dict(zip(UNITS, (4.5, 36.0, 7e6, 20.0), strict=True))
TUNED = dict(zip(UNITS, (0.25, 2.0, 5e5, 3.0), strict=True))
EPOCHS = 8


class Made:
    """A workshop of made-up numbers: the signatures of a teacher prefer the networks that are some 20 above it, and
    fine-tuning puts them in their order, 3 above from scratch, 6 from a fine-tuned teacher."""

    def __init__(self, objective: np.ndarray) -> None:
        self.objective = objective

    def distil(self, teacher: Chosen, seed: int) -> Library:
        return Library(-np.abs(self.objective - self.objective[teacher.row] - 20), DISTILLED)

    def fine_tune(self, teacher: Chosen, row: int, seed: int) -> Student:
        value = min(float(self.objective[row]) + (6 if teacher.made else 3), 100.0)
        return Student(value, value - 1, TUNED, f"{teacher.row}-{row}")


@pytest.fixture(scope="module")
def pool() -> tuple[Pool, Worth]:
    """256 networks; the objective is 0 to 85 by row."""
    space = get_space("macro", ["identity"])
    whole = make_pool(space, list(space.enumerate()), unique=True)
    return whole, Worth(objective=np.arange(256) / 3, epochs=EPOCHS, macs=np.arange(1.0, 257))


def searched(pool: tuple[Pool, Worth], teacher: str, budget: float = 1e6, **settings: Any) -> Bench:
    bench = Bench(*pool, budget=budget)
    search = IterativeTeacher(
        settings=Iterating(**settings), teacher=teacher, workshop=Made(pool[1].objective)
    )
    with suppress(Over):
        search.run(bench, generator(0))
    return bench


def test_the_ledgers_totals_are_a_count_by_hand(pool: tuple[Pool, Worth]) -> None:
    """From row 0 the five candidates are those at +58 to +62 rows; the last is the best and the next teacher: 62, 124,
    186, 248. From there 251 to 255 are the nearest, and 255 is the last that is better; nothing is above it."""
    bench = searched(pool, "worst")
    events = bench.ledger.frame()
    teachers = [0, 62, 124, 186, 248, 255]
    assert events.query("kind == 'distilled'")["subject"].tolist() == teachers
    assert events.query("kind == 'trained'")["subject"].tolist() == teachers
    assert events.query("kind == 'fine_tuned'")["subject"].tolist()[:5] == [60, 59, 61, 58, 62]
    assert events["kind"].tolist()[:9] == ["drawn", "trained", "distilled", *["fine_tuned"] * 5, "drawn"]
    trained_macs = 3 * EPOCHS * sum(row + 1 for row in teachers)
    assert bench.ledger.spent["trainings"] == 6 * 1 + 6 * 4.5 + 30 * 0.25
    assert bench.ledger.spent["epochs"] == 6 * EPOCHS + 6 * 36 + 30 * 2
    assert bench.ledger.spent["macs"] == trained_macs + 6 * 7e6 + 30 * 5e5
    tuned = events.query("kind == 'fine_tuned'")
    assert (tuned["truth"] == tuned["value"] - 1).all()  # its own, not the table's
    # The event that reaches the budget still counts, and is the last.
    cut = searched(pool, "worst", budget=7).ledger
    assert (cut.frame()["kind"].tolist()[-1], cut.spent["trainings"]) == ("trained", 7.75)


def test_a_teacher_that_is_the_best_of_the_table_stops_at_once(pool: tuple[Pool, Worth]) -> None:
    for order in ("alternating", "scratch-once"):
        events = searched(pool, "best", order=order).ledger.frame()
        assert events.query("kind == 'distilled'")["subject"].tolist() == [255]
        assert events["kind"].value_counts()["fine_tuned"] == 5
        assert set(events.query("kind == 'trained'")["subject"]) <= {255}


def test_scratch_once_is_the_papers_protocol(pool: tuple[Pool, Worth]) -> None:
    """Five are trained from scratch, once; the same five are then fine-tuned from the best, and from the best of these
    itself, until that gains nothing."""
    events = searched(pool, "median", order="scratch-once", scratch=5).ledger.frame()
    teachers, five = [128, 190, 190, 190], [188, 187, 189, 186, 190]
    assert events.query("kind == 'distilled'")["subject"].tolist() == teachers
    assert events.query("kind == 'fine_tuned'")["subject"].tolist() == five * 4
    assert events.query("kind == 'trained'")["subject"].tolist() == [128, 190, 189, 188, 187, 186]
    best = events.query("kind == 'fine_tuned' and subject == 190")["value"] - 190 / 3
    assert best.tolist() == pytest.approx([3, 3, 6, 6])  # of which the last is no gain


# Really computed

CONV = ("mbconv", "bconv", "ST3", "ST5", "ST6")  # leaves three blocks a stage
TASK = replace(
    get_task("blox", "digits"),
    data=DataConfig(name="digits", subset=200),
    training=replace(embedded.STAND_ALONE["blox"], epochs=2),
)
SHORT = ["iterative-teacher.distil_epochs=1", "iterative-teacher.finetune_epochs=1"]
FEW = ["iterative-teacher.candidates=2", "iterative-teacher.rounds=3", "iterative-teacher.seeds=1"]


@pytest.fixture(scope="module")
def space() -> Space:
    return get_space("blox", CONV)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, space: Space) -> Path:
    """A table of all 27 networks under the mask, with made-up accuracies so low that every student gains."""
    path = tmp_path_factory.mktemp("teachers")
    texts = [space.text(one) for one in space.enumerate()]
    names = ["digits_valid_seed0", "digits_valid", "digits_test"]
    frame = pd.DataFrame({"arch": texts} | {name: np.arange(27) / 27 for name in names})
    images = {k: v for k, v in asdict(TASK.data).items() if k != "name"}
    manifest = {
        "space": "blox", "mask": list(CONV), "data": "digits", "images": images, "title": "made up", "note": "",
        "size": asdict(TASK.size), "training": asdict(TASK.training), "columns": names, "seeds": 1,
        "evaluation": {"noise": TASK.noise, "copies": TASK.copies},
    }  # fmt: skip
    table.save(frame, manifest, path / "made.parquet")
    return path


def here(function: Any, tasks: Sequence[tuple[Any, ...]], workers: int) -> Iterator[Any]:
    """As `run_tasks`, in this process."""
    return ((place, function(*task)) for place, task in enumerate(tasks))


def test_a_search_that_was_killed_is_the_one_that_was_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the command line; killed after a distillation and between two networks. In the third round the teacher is
    a student itself."""
    monkeypatch.setattr(guided, "run_tasks", here)
    words = ["search", str(folder / "made.parquet"), "--runs", "1", "--workers", "1", "--encodings", "unique"]
    words += ["--method", "iterative-teacher:worst", "--set", "iterative-teacher.order=scratch-once"]
    words += [word for text in (*SHORT, *FEW) for word in ("--set", text)]
    assert main([*words, "--out", str(folder / "whole")]) == 0
    whole = pd.read_parquet(folder / "whole/events.parquet")
    teachers = whole.query("kind == 'distilled'")["arch"].tolist()
    tuned = whole.query("kind == 'fine_tuned'")
    rounds = [tuned[place : place + 2] for place in (0, 2, 4)]
    best = [own["arch"].iloc[own["value"].to_numpy().argmax()] for own in rounds]
    assert whole.query("kind == 'trained'")["arch"].tolist() == teachers[:2]
    assert teachers[1:] == best[:2]
    files = [torch.load(path) for path in (folder / "whole/blocks").glob("*/teacher.pt")]
    students = [torch.load(path) for path in (folder / "whole/blocks").glob("*/student-*.pt")]
    taught = [
        one for one in files if one["updates"] == 0
    ]  # the third, of the weights of one of the second round's
    same = [all(map(torch.equal, taught[0]["weights"].values(), one["weights"].values())) for one in students]
    assert (len(files), len(students), len(taught), sum(same)) == (3, 6, 1, 1)

    class Killed(Exception):
        pass

    real, calls = workshop.kept_student, iter(range(100))

    def dies(*args: Any) -> Any:
        if next(calls) in (0, 4):
            raise Killed
        return real(*args)

    monkeypatch.setattr(workshop, "kept_student", dies)
    for _ in range(2):
        with pytest.raises(Killed):
            main([*words, "--out", str(folder / "killed")])
    assert main([*words, "--out", str(folder / "killed")]) == 0
    killed = pd.read_parquet(folder / "killed/events.parquet")
    pd.testing.assert_frame_equal(
        killed.drop(columns="seconds"), whole.drop(columns="seconds"), check_exact=True
    )
    capsys.readouterr()
    for wrong, message in (
        (["--unit", "seconds"], "--unit: seconds of a training from scratch are not known"),
        (
            ["--price", "iterative-teacher:worst=3"],
            "--price: iterative-teacher:worst computes what guides it",
        ),
        (["--set", "iterative-teacher.order=x"], "--set: iterative-teacher.order is given twice"),
        (
            ["--method", "iterative-teacher:good"],
            "--method: the teacher is not one of best, median, worst, and",
        ),
    ):
        assert main([*words, *wrong, "--out", str(folder / "killed")]) == 2
        assert message in capsys.readouterr().err


def test_a_task_is_that_of_the_tables_manifest(folder: Path) -> None:
    manifest = json.loads((folder / "made.json").read_text())
    assert task_of(manifest) == replace(TASK, note="")
    with pytest.raises(ValueError, match="fine-tuned from a teacher"):
        task_of(manifest | {"fine_tuned": {"teacher": ""}})
    with pytest.raises(ValueError, match="does not say how its networks were trained"):
        task_of({"space": "blox"})
    embedded_one = table.load(table.resolve("blox-digits")).manifest
    assert task_of(embedded_one) == get_task("blox", "digits")


def test_macs_of_blocks_sum_up_to_those_of_networks() -> None:
    """Against the space's closed form: two networks that differ in one stage differ by that stage's blocks."""
    config = NetworkConfig(space=get_space("blox", ("bconv", "ST5", "ST6")), size=TASK.size, affine=True)
    counted, blocks = iter(list(macs_of_blocks(config))), candidates(config.space, config.size)
    macs = [{block: next(counted) for block in own} for own in blocks]
    first, *others = config.space.sample(8, 0)
    for other in others:
        expected = [config.space.cost(one, config.size).macs for one in (other, first)]
        paths = [config.space.path(one, config.size) for one in (other, first)]
        sums = [sum(macs[stage][(cell,)] for stage, cell in enumerate(path)) for path in paths]
        assert sums[0] - sums[1] == expected[0] - expected[1]
