"""What holds for every estimator: records for all, finite scores, nothing depends on order, sharding or other calls."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from digits_tables import digits_task

from studies.estimators import Estimator, Record, estimators, register
from studies.estimators.compute.task import Task
from supernet.spaces import SPACES, get_space

KINDS = sorted(estimators())
SOURCELESS = [kind for kind in KINDS if not estimators()[kind]().starts_from_supernet]


def accepts(kind: str, space: str) -> bool:
    """Whether the estimator can be used in the space; most can in all."""
    try:
        estimators()[kind]().check(get_space(space))
    except ValueError:
        return False
    return True


PAIRS = [(kind, space) for space in SPACES for kind in SOURCELESS if accepts(kind, space)]
# A combination ranks every model, of Blox 91,125 without a mask; blockwise trains every block.
MASKS = {
    ("combination", "blox"): ("bconv", "ST2", "ST4"),
    ("blockwise", "blox"): ("bconv", "ST3", "ST5"),
    ("blockwise", "macro"): ("mb6_k5",),
}


def task_of(space: str, folder: Path, kind: str = "") -> Task:
    masked = get_space(space, MASKS.get((kind, space), ()))
    return replace(digits_task(folder, space, seed=0, evaluation_batch=100), space=masked)


def scored(estimator: Estimator, task: Task, architectures: list[tuple[int, ...]]) -> list[Record]:
    estimator.prepare(task, lambda done, detail: None)
    return list(estimator.score(task, architectures, lambda done, detail: None))


def facts(records: list[Record]) -> dict[tuple[tuple[int, ...], str], tuple[object, ...]]:
    """All of the records but the time that they took."""
    return {(r.architecture, r.measure): (r.score, r.status, r.loss, r.steps, r.macs) for r in records}


@pytest.mark.parametrize(("kind", "space"), PAIRS)
def test_every_architecture_has_a_record_of_every_measure_whatever_the_order(
    kind: str, space: str, tmp_path: Path
) -> None:
    estimator = estimators()[kind]().small()
    architectures = list(task_of(space, tmp_path, kind).space.sample(2, 0))
    for name in ("whole", "reversed"):
        (tmp_path / name).mkdir()
    whole = scored(estimator, task_of(space, tmp_path / "whole", kind), architectures)
    assert {(r.architecture, r.measure) for r in whole} == {
        (a, m) for a in architectures for m in estimator.measures
    }
    assert all(r.score is None or math.isfinite(r.score) for r in whole)
    assert all(r.seconds >= 0 and r.steps >= 0 and r.macs >= 0 for r in whole)
    torch.rand(7)  # the global stream is nobody's
    task = task_of(space, tmp_path / "reversed", kind)
    estimator.prepare(task, lambda done, detail: None)
    parts = [list(estimator.score(task, [a], lambda done, detail: None)) for a in reversed(architectures)]
    assert facts([record for part in parts for record in part]) == facts(whole)


@pytest.mark.parametrize("kind", [kind for kind in SOURCELESS if estimators()[kind]().one_per_function])
def test_equal_functions_have_equal_records_of_one_computation(kind: str, tmp_path: Path) -> None:
    estimator, task = estimators()[kind]().small(), task_of("nasbench201", tmp_path, kind)
    alike = [(3, 0, 0, 0, 1, 0), (0, 3, 0, 0, 0, 1), (0, 0, 0, 3, 0, 0)]
    other = (0, 0, 0, 2, 0, 0)
    assert len({task.space.stand_alone_form(a) for a in alike}) == 1
    apart = facts(scored(estimator, task, [*alike, other]))
    for measure in estimator.measures:
        assert len({apart[a, measure] for a in alike}) == 1
    pairs = [(measure, a) for measure in estimator.measures for a in (*alike, other)]
    asked: list[tuple[int, ...]] = []
    score = type(estimator).score

    def counted(self: Estimator, task: Task, architectures: list[tuple[int, ...]], report: object) -> object:
        asked.extend(architectures)
        return score(self, task, architectures, report)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(estimator), "score", counted)
        parts = [list(estimator.score_pairs(task, pairs, (k, 2), lambda done, detail: None)) for k in (0, 1)]
    assert asked == [alike[0], other]
    assert facts([record for part in parts for record in part]) == apart


@pytest.mark.parametrize("space", SPACES)
def test_equal_functions_are_all_valid_or_none(space: str) -> None:
    whole = get_space(space)
    valid: dict[tuple[int, ...], set[bool]] = {}
    for architecture in whole.enumerate():
        valid.setdefault(whole.stand_alone_form(architecture), set()).add(whole.is_valid(architecture))
    assert all(len(found) == 1 for found in valid.values())


@pytest.mark.parametrize("kind", KINDS)
def test_config_is_plain_and_names_the_kind(kind: str) -> None:
    config = estimators()[kind]().config()
    assert config["kind"] == kind
    assert len(set(estimators()[kind]().measures)) == len(estimators()[kind]().measures) > 0


def test_a_record_without_a_score_says_why() -> None:
    with pytest.raises(ValueError, match=r"score: 1\.0 does not go with status 'nan'"):
        Record(architecture=(0,), measure="x", score=1.0, status="nan")
    with pytest.raises(ValueError, match="status: 'lost' is not one of ok, nan"):
        Record(architecture=(0,), measure="x", score=None, status="lost")


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="kind: 'cost' is the name of NetworkCost"):
        register("cost")(estimators()["cost"])
