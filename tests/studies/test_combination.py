"""Entries that rank by others: what they are, what runs first, and the scores of a combination against brute force."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from digits_tables import DIGITS, SIZE
from tiny_study import quiet

from analysis.measures.baselines import CONTROLS
from analysis.measures.collect import collect
from analysis.store import scores
from analysis.store.scored import ScoredSet
from slurm.submitter import Submitter
from studies.estimators import Estimator
from studies.estimators.combination import BASELINES, Combination
from studies.estimators.compute import members
from studies.estimators.cost import NetworkCost
from studies.estimators.random_order import RandomOrder
from studies.estimators.table_column import TableColumn
from studies.model.member import Member
from studies.model.settings import change
from studies.model.smoke import smoke
from studies.model.study import Study, Truth, generations
from studies.model.variant import Variant
from studies.running.plan import Plan
from studies.running.run import run_one, score, task_of
from studies.running.state import is_complete
from supernet.spaces import get_space

SPACE = "nasbench201"
SUM = Combination(baselines=())


def entry(name: str, estimator: Estimator, *members: Member) -> Variant:
    return Variant(
        name=name, space=SPACE, size=SIZE[SPACE], data=DIGITS, estimator=estimator, members=members
    )


@pytest.fixture
def ranked(tiny: Study) -> Study:
    """Random orders and costs, combined: with the run's seed, over seeds, and a combination of a combination."""
    order, cost = entry("order", RandomOrder()), entry("size", NetworkCost())
    own, macs = Member(variant=order), Member(variant=cost, measure="macs")
    mean = entry("mean", SUM, Member(variant=order, seeds=(0, 1)))
    both = entry("both", replace(SUM, weights=(2.0, 1.0)), own, macs)
    nested = entry("nested", Combination(baselines=("layers",)), Member(variant=both), own)
    truth = {SPACE: tiny.truth[SPACE]}
    return replace(tiny, variants=(nested, order, mean, both, cost), truth=truth, seeds=(0, 1), top=(5,))


def run_all(plan: Plan) -> None:
    for run in (run for wave in generations(plan.selected) for run in wave):
        assert run_one(run, plan.architectures(run), "cpu", quiet)["status"] == "finished"


def scores_of(plan: Plan, name: str, seed: int, measure: str | None = None) -> pd.Series:
    (run,) = (run for run in plan.runs if run.variant.name == name and run.seed == seed)
    frame = scores.read(run.folder, run.run_id)
    return frame[frame["measure"] == (measure or run.variant.measures[0])].set_index("arch")["score"]


def rank(values: pd.Series) -> dict[str, float]:
    """Rank by rank, 1 the worst, ties at their mean rank: by counting."""
    numbers = values.to_dict()
    return {
        text: (
            sum(other < own for other in numbers.values())
            + sum(other <= own for other in numbers.values())
            + 1
        )
        / 2
        for text, own in numbers.items()
    }


def test_scores_are_those_of_brute_force(ranked: Study, tmp_path: Path) -> None:
    plan = Plan.of(ranked, tmp_path)
    run_all(plan)
    orders = {seed: scores_of(plan, "order", seed) for seed in (0, 1)}
    mean = rank((orders[0] + orders[1]) / 2)
    found = scores_of(plan, "mean", 0)
    assert found.to_dict() == pytest.approx({text: math.log(r / len(mean)) for text, r in mean.items()})
    for seed in (0, 1):
        first, macs = rank(orders[seed]), rank(scores_of(plan, "size", seed, "macs"))
        expected = {text: 2 * math.log(first[text] / 30) + math.log(macs[text] / 30) for text in first}
        assert scores_of(plan, "both", seed).to_dict() == pytest.approx(expected)
    folder = tmp_path / ranked.name
    plan.write()
    assert collect(folder).primary.set_index("variant").loc["mean", ["finished", "n"]].tolist() == [1, 30]


def test_equal_functions_share_a_members_mean(ranked: Study, tmp_path: Path) -> None:
    order, few = ranked.variants[1], ("nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")  # 2^6 cells are left
    order, shared = (one.changed(mask=few) for one in (order, entry("shared", SUM, Member(variant=order))))
    member = Member(variant=order, equal_functions="mean")
    shared = replace(shared, members=(member,))
    truth = {SPACE: Truth("nasbench201-digits", "digits_test")}
    study = replace(ranked, variants=(order, shared), seeds=(0,), top=(), scored=ScoredSet(), truth=truth)
    plan = Plan.of(study, tmp_path)
    run_all(plan)
    own, found = scores_of(plan, "order", 0).dropna(), scores_of(plan, "shared", 0).dropna()
    space, groups = order.masked_space, dict[object, list[str]]()
    for text in own.index:
        groups.setdefault(space.stand_alone_form(space.parse(text)), []).append(text)
    assert len(groups) < len(own) == len(found)
    mean = {text: sum(own[other] for other in same) / len(same) for same in groups.values() for text in same}
    ranks = rank(pd.Series(mean).round(12))
    assert found.to_dict() == pytest.approx({text: math.log(r / len(ranks)) for text, r in ranks.items()})
    assert shared.run_id(0) != replace(shared, members=(Member(variant=order),)).run_id(0)


def test_a_function_that_one_encoding_has_a_score_of_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where functions are one, the score of an encoding is that of all; what nobody asked for stays unknown."""
    texts = ["00000001", "00000010", "00000100", "22222222", "22222221"]  # the first two are one function
    rows = {
        "value": [-1.0, np.nan, np.nan, -0.5, np.nan],
        "status": ["ok", "nan", "unknown", "ok", "nan"],
    }
    monkeypatch.setattr(members, "_rows", lambda member, run: pd.DataFrame(rows, index=texts))
    member = SimpleNamespace(runs=(None,), equal_functions="mean")
    value, status = members._mean_of(member, get_space("macro"), "worst")  # type: ignore[arg-type]
    same = get_space("macro").stand_alone_form((0, 0, 0, 0, 0, 0, 1, 0))
    assert same == get_space("macro").stand_alone_form((0, 0, 0, 0, 0, 0, 0, 1))
    assert value.tolist()[:2] == [-1.0, -1.0]
    assert np.isnan(value["00000100"])
    assert value["22222221"] == -np.inf
    assert status.tolist() == ["ok", "ok", "unknown", "ok", "ok"]


@pytest.mark.parametrize("rule", ["mean-rank", "vote"])
def test_the_other_rules(ranked: Study, tmp_path: Path, rule: str) -> None:
    order, cost = ranked.variants[1], ranked.variants[4]
    members = (Member(variant=order), Member(variant=cost, measure="params"))
    both = entry("both", Combination(rule=rule, baselines=()), *members)
    plan = Plan.of(replace(ranked, variants=(order, cost, both), seeds=(0,)), tmp_path)
    run_all(plan)
    ranks = [rank(scores_of(plan, "order", 0)), rank(scores_of(plan, "size", 0, "params"))]
    mean = {text: (ranks[0][text] + ranks[1][text]) / 2 for text in ranks[0]}
    expected = {"mean-rank": lambda r: r / 30, "vote": lambda r: (r - 1) / 29}[rule]
    assert scores_of(plan, "both", 0).to_dict() == pytest.approx({t: expected(r) for t, r in mean.items()})


def test_members_come_first_and_come_along(ranked: Study, tmp_path: Path) -> None:
    runs = list(ranked.runs(tmp_path))
    names = [run.variant.name for run in runs]
    assert sorted(names) == sorted(["order", "size", "both", "nested"] * 2 + ["mean"])  # the mean has no seed
    assert [len(wave) for wave in generations(reversed(runs))] == [4, 3, 2]
    only = ranked.only(["nested"], [1])
    assert {(run.variant.name, run.seed) for run in only.runs(tmp_path)} == {
        (name, 1) for name in ("order", "size", "both", "nested")
    }
    brought = ranked.only(["mean"], [1]).runs(tmp_path)
    assert {(run.variant.name, run.seed) for run in brought} == {("order", 0), ("order", 1), ("mean", 0)}
    alone = entry("alone", Combination(baselines=()), Member(variant=ranked.variants[1], seeds=(1,)))
    wider = replace(ranked, variants=(*ranked.variants, alone)).only(["alone"], None)
    assert [(run.variant.name, run.seed) for run in wider.runs(tmp_path)] == [("order", 1), ("alone", 0)]
    small = smoke(ranked)
    assert [run.variant.name for run in small.runs(tmp_path)].count("order") == 1
    changed, _ = change(ranked, ["size.channels=6"])
    assert {one.variant.size.channels for v in changed.variants for one in v.members} == {6}


def test_a_cluster_waits_for_members(ranked: Study, tmp_path: Path) -> None:
    plan = Plan.of(ranked, tmp_path)
    waves = generations(plan.runs)
    made = [
        SimpleNamespace(job_id=str(number), jobs=[[run.run_id] for run in wave])
        for number, wave in enumerate(waves[:2], start=1)
    ]
    submitter = Submitter(plan, (), None)  # type: ignore[arg-type]
    assert submitter.awaited(waves[1], made[:1]) == ("1",)  # type: ignore[arg-type]
    assert submitter.awaited(waves[2], made) == ("1", "2")  # type: ignore[arg-type]


def test_ids_follow_what_members_are_and_not_their_names(ranked: Study) -> None:
    nested, order, _, both, _ = ranked.variants
    renamed = replace(both, members=(Member(variant=order.changed(name="x")), both.members[1]))
    assert renamed.run_id(0) == both.run_id(0)
    ids = {
        both.run_id(0),
        both.run_id(1),
        both.changed(weights=()).run_id(0),
        replace(both, members=both.members[::-1]).run_id(0),
        replace(both, members=(Member(variant=order, seeds=(0,)), both.members[1])).run_id(0),
        nested.run_id(0),
    }
    assert len(ids) == 6
    assert "members" not in order.config(0)


def test_a_member_without_scores_is_an_error_and_no_number(ranked: Study, tmp_path: Path) -> None:
    plan = Plan.of(ranked, tmp_path)
    runs = {run.variant.name: run for run in plan.runs if run.seed == 0}
    failed = run_one(runs["both"], plan.architectures(runs["both"]), "cpu", quiet)
    assert failed["status"] == "failed"
    assert failed["reason"] == (
        f"members: nasbench201 order seed 0 ({runs['order'].run_id}) has not finished: not run yet; run it first"
    )
    assert not scores.files(runs["both"].folder)


def test_parts_and_a_second_start_change_nothing_and_a_larger_set_changes_all(
    ranked: Study, tmp_path: Path
) -> None:
    part = replace(ranked, scored=ScoredSet(top=5, random=8))
    plan = Plan.of(part, tmp_path)
    run_all(plan)
    both = next(run for run in plan.runs if run.variant.name == "both" and run.seed == 0)
    few = scores_of(plan, "both", 0)
    asked = plan.architectures(both)
    assert len(few) == len(asked) < 30
    digest = json.loads((both.folder / "result.json").read_text())["ranked"]
    (both.folder / "scores.parquet").unlink()
    (both.folder / "result.json").unlink()
    both.variant.estimator.prepare(task_of(both, "cpu"), lambda done, detail: None)
    pairs = [("log-rank", architecture) for architecture in asked]
    for number in range(2):
        score(both, pairs, (number, 2), "cpu", quiet)
    assert run_one(both, asked, "cpu", quiet)["ranked"] == digest
    pd.testing.assert_series_equal(scores_of(plan, "both", 0), few)
    whole = Plan.of(ranked, tmp_path)
    run_all(whole)
    grown = scores_of(whole, "both", 0)
    assert len(grown) == 30
    first, macs = rank(scores_of(whole, "order", 0)), rank(scores_of(whole, "size", 0, "macs"))
    text = few.index[0]
    assert grown[text] == pytest.approx(2 * math.log(first[text] / 30) + math.log(macs[text] / 30))
    assert is_complete(both, asked)  # what was asked for before is there as well


def test_costs_add_up_and_each_member_counts_once(ranked: Study, tmp_path: Path) -> None:
    plan = Plan.of(replace(ranked, seeds=(0,)), tmp_path)
    for run in (run for wave in generations(plan.selected) for run in wave):
        run_one(run, plan.architectures(run), "cpu", quiet)
        if run.variant.name in ("order", "size"):  # made up: these take no time
            frame = scores.read_file(run.folder / scores.FILE).assign(
                seconds=2.0 if run.variant.name == "order" else 3.0
            )
            (run.folder / "result.json").unlink()
            (run.folder / scores.FILE).unlink()
            rows = scores.Part(run.folder, run.run_id, 0)
            for row in frame.to_dict("records"):
                rows.add(row)
            rows.write()
            run_one(run, plan.architectures(run), "cpu", quiet)
    nested = next(run for run in plan.runs if run.variant.name == "nested")
    details = scores.read(nested.folder, nested.run_id)["details"].map(json.loads)
    own = scores.read(nested.folder, nested.run_id)["seconds"]
    assert (
        (details.map(lambda one: one["alone_seconds"]) - own).between(5.0, 5.5).all()
    )  # 2 + 3, and the inner sum's own
    plan.write()
    rows = collect(tmp_path / ranked.name).runs.set_index("variant")
    assert rows.loc["nested", "score_seconds"] == pytest.approx(150, abs=15)
    assert rows.loc["nested", "train_seconds"] < 1


def test_what_does_not_go_together_is_named(ranked: Study, tiny: Study, tmp_path: Path) -> None:
    _, order, _, both, cost = ranked.variants

    def refused(message: str, build: Callable[[], object]) -> None:
        with pytest.raises(ValueError, match=message):
            build()

    refused("measure: 'x' is not one of params, macs of 'size'", lambda: Member(variant=cost, measure="x"))
    refused(r"seeds: \(0, 0\) is not a tuple of different", lambda: Member(variant=order, seeds=(0, 0)))
    refused("by: 'rank' is not one of score, loss", lambda: Member(variant=order, by="rank"))
    refused(
        "equal_functions: 'sum' is not one of apart, mean",
        lambda: Member(variant=order, equal_functions="sum"),
    )
    refused("members: 'one-shot' has none", lambda: replace(tiny.variants[0], members=both.members))
    refused("weights: 2 for 0 baselines and 1 members", lambda: replace(both, members=both.members[:1]))
    refused("members: a combination needs members or baselines", lambda: entry("none", SUM))
    assert BASELINES == CONTROLS
    refused(
        "baselines: 'flops' is not one of params, macs, layers", lambda: Combination(baselines=("flops",))
    )
    masked = order.changed(mask=("none",))
    refused("members: 'order' is without none, of which", lambda: entry("m", SUM, Member(variant=masked)))
    blox = Member(variant=tiny.variants[1])
    refused("members: 'fair' is of blox, not of nasbench201", lambda: entry("m", SUM, blox))
    refused("members: 'order' of 'both' is no variant", lambda: replace(ranked, variants=(both, cost)))
    truth = tiny.truth[SPACE].table
    for column in ("digits_test", "digits_test_seed1"):
        judge = entry("judge", TableColumn(table=truth, columns=(column,)))
        leaking = entry("leaking", SUM, Member(variant=judge))
        refused(
            f"column: '{column}', which 'judge', a member of 'leaking' is told, has a part in 'digits_test'",
            lambda leaking=leaking, judge=judge: Plan.of(  # type: ignore[misc]
                replace(ranked, variants=(judge, leaking)), tmp_path
            ),
        )


def test_by_loss_needs_a_loss(ranked: Study, tmp_path: Path) -> None:
    order = ranked.variants[1]
    by_loss = entry("by loss", SUM, Member(variant=order, by="loss"))
    plan = Plan.of(replace(ranked, variants=(order, by_loss), seeds=(0,)), tmp_path)
    results = [run_one(run, plan.architectures(run), "cpu", quiet) for run in plan.runs]
    assert [one["status"] for one in results] == ["finished", "failed"]
    assert results[1]["reason"].endswith("random has no loss")
