"""Proxies while training: those of networks trained by hand; the training is not disturbed; costs, failures, cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from digits_tables import digits_task as task

from studies.catalog import estimators as catalogued
from studies.estimators import Record
from studies.estimators.compute import zero_cost_while_training
from studies.estimators.compute.task import Task
from studies.estimators.proxies import fixed_batch, proxies_of
from studies.estimators.zero_cost import WHILE_TRAINING, ZeroCost, ZeroCostWhileTraining
from supernet.network import StandAlone
from supernet.spaces import Architecture
from supernet.training.config import TrainingConfig
from supernet.training.trainer import Epoch, Trainer

CELL = (3, 1, 2, 4, 2, 3)
TRAINING = TrainingConfig(epochs=3, batch_size=50, lr=0.05, lr_final=0.0, nesterov=True, weight_decay=5e-4)


def records(estimator: Any, on: Task, architecture: Architecture = CELL) -> dict[str, Record]:
    found = list(estimator.score(on, [architecture], lambda done, detail: None))
    assert [record.measure for record in found] == list(estimator.measures)
    return {record.measure: record for record in found}


def trained(on: Task, epochs: int) -> Trainer:
    """The training, never looked at, stopped after so many of its epochs."""
    seed = on.seed_of("proxies while training", on.space.stand_alone_form(CELL))
    trainer = Trainer(on.network(CELL, "zero-cost weights 0"), on.data, TRAINING, seed=seed)

    def stop(epoch: Epoch, total: int) -> None:
        if epoch.epoch == epochs:
            trainer.status = "finished"

    trainer.run(report=stop)
    return trainer


def test_a_look_sees_the_network_that_was_trained_so_long(tmp_path: Path) -> None:
    on = task(tmp_path)
    found = records(ZeroCostWhileTraining(training=TRAINING, at=(0, 1, 3), batch_size=16), on)
    batch = fixed_batch(on.data, 16, on.seed)
    for epochs in (1, 3):
        network = trained(on, epochs).model
        assert isinstance(network, StandAlone)
        expected = proxies_of(network, batch, WHILE_TRAINING, zen_images=2, seed=0)
        assert {name: found[f"{name}@{epochs}"].score for name in WHILE_TRAINING} == {
            name: value.value for name, value in expected.items()
        }
    scores = {name: [found[f"{name}@{epoch}"].score for epoch in (0, 1, 3)] for name in WHILE_TRAINING}
    assert all(len(set(values)) == 3 for values in scores.values())


def test_looking_does_not_disturb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights, momentum, BN statistics, the random stream and the loss are those of a training without looks."""
    seen: list[Trainer] = []

    class Watched(Trainer):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            seen.append(self)

    monkeypatch.setattr(zero_cost_while_training, "Trainer", Watched)
    on = task(tmp_path)
    stream = torch.get_rng_state()
    records(ZeroCostWhileTraining(training=TRAINING, at=(0, 1, 2, 3)), on)
    assert torch.equal(torch.get_rng_state(), stream)
    ours, plain = seen[0].state_dict(), trained(on, 3).state_dict()
    for name in ("model", "optimizer"):
        ours_flat, plain_flat = tensors(ours[name]), tensors(plain[name])
        assert len(ours_flat) == len(plain_flat) > 10
        assert all(torch.equal(a, b) for a, b in zip(ours_flat, plain_flat, strict=True))
    assert torch.equal(ours["generator"], plain["generator"])
    assert [epoch.loss for epoch in seen[0].history] == [epoch.loss for epoch in trained(on, 3).history]


def tensors(state: Any) -> list[torch.Tensor]:
    """All tensors of a nested state, in order."""
    if isinstance(state, torch.Tensor):
        return [state]
    parts = state.values() if isinstance(state, dict) else state if isinstance(state, (list, tuple)) else ()
    return [tensor for part in parts for tensor in tensors(part)]


@pytest.mark.parametrize("space", ["nasbench201", "blox"])
def test_the_untrained_look_is_the_zero_cost_estimator(space: str, tmp_path: Path) -> None:
    on = task(tmp_path, space)
    architecture = on.space.sample(1, 2)[0]
    found = records(ZeroCostWhileTraining(at=(0,), batch_size=16), on, architecture)
    plain = ZeroCost(measures=WHILE_TRAINING, batch_size=16, initialisations=1)
    for name, one in records(plain, on, architecture).items():
        assert found[f"{name}@0"].score == one.score
        assert found[f"{name}@0"].status == one.status  # synflow_bn of the small Blox networks: nan
        assert found[f"{name}@0"].macs == one.macs
        assert found[f"{name}@0"].steps == 0
    digests = [estimator.prepare(on, lambda done, detail: None)["batch"] for estimator in (
        ZeroCostWhileTraining(batch_size=16), plain)]  # fmt: skip
    assert digests[0] == digests[1]


def test_costs_add_up_and_training_is_apart_from_the_proxy(tmp_path: Path) -> None:
    on = task(tmp_path)
    chosen = ("snip", "synflow")
    found = records(ZeroCostWhileTraining(proxies=chosen, training=TRAINING, at=(0, 2)), on)
    forward = on.space.cost(on.space.stand_alone_form(CELL), on.size).macs
    assert sum(one.steps for one in found.values()) == pytest.approx(8)  # not the third epoch: nobody looks
    of_proxies = sum(one.details["proxy_macs"] for one in found.values())
    assert sum(one.macs for one in found.values()) == pytest.approx(3 * forward * 400 + of_proxies)
    for name in chosen:
        untrained, later = found[f"{name}@0"].details, found[f"{name}@2"].details
        assert untrained["alone_steps"] == 0
        assert untrained["alone_macs"] == untrained["proxy_macs"] == later["proxy_macs"] > 0
        assert later["alone_steps"] == 8
        assert later["alone_macs"] == 3 * forward * 400 + later["proxy_macs"]
        assert later["alone_seconds"] > later["proxy_seconds"] > 0
        assert later["epochs"] == 2


def test_a_diverged_training_says_so_and_keeps_what_was_seen_before(tmp_path: Path) -> None:
    on = task(tmp_path)
    wild = replace(TRAINING, lr=1e30)
    found = records(ZeroCostWhileTraining(proxies=("snip",), training=wild, at=(0, 1, 2)), on)
    assert found["snip@0"].status == "ok"
    for measure in ("snip@1", "snip@2"):
        assert (found[measure].status, found[measure].score) == ("diverged", None)
        assert found[measure].details["alone_steps"] == 4  # what was lost on it
        assert found[measure].details["proxy_seconds"] == 0
    assert sum(one.steps for one in found.values()) == pytest.approx(4)


def test_a_disconnected_architecture_is_not_trained(tmp_path: Path) -> None:
    found = records(ZeroCostWhileTraining(training=TRAINING, at=(0, 3)), task(tmp_path), (0, 3, 0, 0, 3, 0))
    assert {(r.status, r.score, r.steps, r.macs) for r in found.values()} == {("disconnected", None, 0, 0)}


def test_the_report_ranks_by_the_first_measure_alone() -> None:
    estimate = next(v for v in catalogued.study().variants if v.name == "while training")
    (ranking,) = estimate.rankings
    assert ranking.name == "while training: synflow@12"
    assert ranking.measures == ("synflow@12",)
    assert ranking.apart == estimate.measures[1:]
    assert len(estimate.measures) == 6 * len(WHILE_TRAINING)
    others = next(v for v in catalogued.study().variants if v.name == "zero-cost").rankings
    assert not any(one.apart for one in others)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"proxies": ("snip", "zen")}, "proxies: 'zen' is not one of synflow, naswot, jacob_cov, snip"),
        ({"proxies": ()}, r"proxies: \(\) is not one of synflow"),
        ({"proxies": ("snip", "snip")}, "proxies: snip, snip names one twice"),
        ({"at": ()}, r"at: \(\) is not a list of ascending epochs in 0\.\.3"),
        ({"at": (2, 1)}, r"at: \(2, 1\) is not a list of ascending epochs in 0\.\.3"),
        ({"at": (0, 4)}, r"at: \(0, 4\) is not a list of ascending epochs in 0\.\.3"),
        ({"training": TrainingConfig(updates=9)}, "training: a budget of 9 updates; looks need one in"),
        ({"batch_size": 1}, "batch_size: 1 is not an integer of at least 2"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ZeroCostWhileTraining(**{"training": TRAINING, "at": (0, 1)} | settings)
