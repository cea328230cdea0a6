"""Short training against a training loop written by hand; its marks, costs and failures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from by_hand import epochs_by_hand
from digits_tables import digits_task

from studies.estimators import Estimator, Record
from studies.estimators.compute import costs as counted
from studies.estimators.compute.task import Task
from studies.estimators.short_training import MEASURES, ShortTraining
from supernet.data.dataset import evaluation_set
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.scoring.scorer import Scorer
from supernet.spaces import Architecture, Size, get_space
from supernet.training import checkpoint
from supernet.training.config import TrainingConfig

SIZES = {
    "nasbench201": Size(channels=4, stages=2, cells_per_stage=1, image_channels=1, image_size=8),
    "blox": Size(channels=2, stages=3, cells_per_stage=1, image_channels=1, image_size=8, reduction="light"),
}
TRAINING = TrainingConfig(epochs=3, batch_size=50, lr=0.05, lr_final=0.0, nesterov=True, weight_decay=5e-4)
DISCONNECTED = (0,) * 6


def task(folder: Path, space: str = "nasbench201", **changes: object) -> Task:
    return digits_task(folder, space, size=SIZES[space], evaluation_batch=100, **changes)


def records(estimator: Estimator, on: Task, *architectures: Architecture) -> dict[str, Record]:
    """By measure, of one architecture or the last of several."""
    found = estimator.score(on, architectures, lambda done, detail: None)
    return {record.measure: record for record in found}


def by_hand(on: Task, architecture: Architecture, config: TrainingConfig) -> dict[str, list[float]]:
    """Values after each epoch of the training written out."""
    network = on.network(architecture).to(memory_format=torch.channels_last)
    seed = on.seed_of("short training", on.space.stand_alone_form(architecture))
    images, labels = evaluation_set(on.data, on.data.valid, on.noise)
    found: dict[str, list[float]] = {"accuracy": [], "loss": [], "valid": [], "valid_loss": []}
    for accuracy, loss in epochs_by_hand(network, on.data, config, seed, list(network.parameters())):
        found["accuracy"].append(accuracy)
        found["loss"].append(loss)
        network.eval()
        with torch.no_grad():
            logits = network(images)
        found["valid"].append(100 * float((logits.argmax(1) == labels).float().mean()))
        found["valid_loss"].append(float(F.cross_entropy(logits, labels)))
    return found


@pytest.mark.parametrize("space", SIZES)
def test_a_short_training_is_the_training_written_by_hand(space: str, tmp_path: Path) -> None:
    on = task(tmp_path, space)
    architecture = on.space.sample(1, 2)[0]
    gentle = replace(TRAINING, lr=0.0005)  # a larger step would blow up the rounding of sums in another order
    found = records(ShortTraining(training=gentle, at=(1, 2)), on, architecture)
    expected = by_hand(on, architecture, gentle)
    for epoch, suffix in ((1, "@1"), (2, "@2"), (3, "")):
        here = {measure: found[measure + suffix] for measure in MEASURES}
        assert here["train_accuracy"].score == pytest.approx(expected["accuracy"][epoch - 1], abs=0.6)
        assert here["train_accuracy"].loss == pytest.approx(expected["loss"][epoch - 1], rel=1e-5)
        best = max(found["train_accuracy" + s].score or 0 for s in ("@1", "@2", "")[:epoch])
        assert here["best_train_accuracy"].score == best
        assert here["valid_accuracy"].score == pytest.approx(expected["valid"][epoch - 1], abs=0.6)
        assert here["valid_accuracy"].loss == pytest.approx(expected["valid_loss"][epoch - 1], rel=1e-5)
        assert here["sotl"].score == pytest.approx(-sum(expected["loss"][:epoch]), rel=1e-5)
        assert here["sotl"].loss is None


def test_a_head_of_a_schedule_is_not_a_schedule_of_its_own(tmp_path: Path) -> None:
    """The first two epochs of three are the same numbers whether they are looked at or not; two of two are others."""
    on = task(tmp_path)
    architecture = on.space.sample(1, 2)[0]
    head = records(ShortTraining(training=TRAINING, at=(2,)), on, architecture)
    own = records(ShortTraining(training=replace(TRAINING, epochs=2)), on, architecture)
    plain = records(ShortTraining(training=TRAINING), on, architecture)
    for measure in MEASURES:
        assert head[measure].score == plain[measure].score
    assert head["train_accuracy@2"].loss != own["train_accuracy"].loss


def test_costs_add_up_and_say_what_a_measure_alone_takes(tmp_path: Path) -> None:
    on = task(tmp_path)
    architecture = on.space.sample(1, 2)[0]
    found = records(ShortTraining(training=TRAINING, at=(1,)), on, architecture)
    forward = on.space.cost(on.space.stand_alone_form(architecture), on.size).macs
    assert sum(r.steps for r in found.values()) == pytest.approx(12)
    validated = 2 * 2 * forward * len(on.data.valid)  # two BN modes, two marks
    assert sum(r.macs for r in found.values()) == pytest.approx(3 * forward * 600 + validated)
    assert found["sotl@1"].details["alone_steps"] == 4
    assert found["sotl@1"].details["alone_macs"] == 3 * forward * 200
    assert found["valid_accuracy"].details["alone_macs"] == forward * (3 * 600 + len(on.data.valid))
    assert sum(r.seconds for r in found.values()) >= found["sotl"].details["alone_seconds"] > 0


@pytest.mark.parametrize("space", SIZES)
def test_multiply_accumulates_by_module_add_up_to_the_closed_form(space: str, tmp_path: Path) -> None:
    on = task(tmp_path, space)
    for architecture in on.space.sample(4, 0):
        network = on.network(architecture)
        found = counted.count(network)
        own = on.space.stand_alone_form(architecture)
        assert found.total() == on.space.cost(own, on.size).macs
        parts = (network.stem, network.cells, network.reductions, network.head)
        assert sum(counted.inside(found, part) for part in parts) == found.total()
        assert network.training


def test_a_disconnected_architecture_is_not_trained(tmp_path: Path) -> None:
    found = records(ShortTraining(training=TRAINING, at=(1,)), task(tmp_path), DISCONNECTED)
    assert {(r.status, r.score, r.steps, r.macs) for r in found.values()} == {("disconnected", None, 0, 0)}
    assert len(found) == 2 * len(MEASURES)


def test_a_diverged_training_says_so_and_keeps_what_came_before(tmp_path: Path) -> None:
    on = task(tmp_path)
    wild = replace(TRAINING, lr=1e30, warmup_epochs=0)
    found = records(ShortTraining(training=wild, at=(1,)), on, on.space.sample(1, 2)[0])
    assert {record.status for record in found.values()} == {"diverged"}
    assert sum(record.steps for record in found.values()) == pytest.approx(4)
    assert sum(record.macs for record in found.values()) > 0


@pytest.mark.parametrize("space", SIZES)
def test_fine_tuning_starts_from_the_supernets_weights(space: str, tmp_path: Path) -> None:
    """At a learning rate of zero the weights stay: the validation is the supernet's own score of the architecture."""
    on = task(tmp_path, space)
    config = NetworkConfig(space=on.space, size=on.size)
    network = seeded(Supernet, config, seed=5)
    assert isinstance(network, Supernet)
    start = tmp_path / "checkpoint.pt"
    checkpoint.save({"status": "finished", "model": network.state_dict()}, start)
    estimator = ShortTraining(training=replace(TRAINING, epochs=1, lr=0.0), start="supernet")
    architecture = on.space.sample(1, 3)[0]
    with_start = replace(on, start=start, start_config=config)
    score = records(estimator, with_start, architecture)["valid_accuracy_batch"]
    expected = Scorer(network, on.data, on.data.valid, "batch", 100).score(architecture)
    assert score.score == expected.score
    assert score.loss == pytest.approx(expected.loss)
    random = replace(estimator, start="random")
    assert records(random, with_start, architecture)["valid_accuracy_batch"].loss != pytest.approx(score.loss)
    with pytest.raises(ValueError, match="start: 'supernet' needs the checkpoint"):
        records(estimator, on, architecture)


def test_encodings_of_one_network_start_from_the_same_weights(tmp_path: Path) -> None:
    """Blox: where a block takes its input alone, its first operation is dead."""
    config = NetworkConfig(space=get_space("blox"), size=SIZES["blox"])
    start = tmp_path / "checkpoint.pt"
    checkpoint.save({"model": seeded(Supernet, config, seed=5).state_dict()}, start)
    on = replace(task(tmp_path, "blox"), start=start, start_config=config)
    estimator = ShortTraining(training=replace(TRAINING, epochs=1), start="supernet")
    one, other = (records(estimator, on, (dead, 1, 0, 1, 0) * 3) for dead in (0, 2))
    assert {name: record.loss for name, record in one.items()} == {n: r.loss for n, r in other.items()}


def test_only_fine_tuning_needs_a_supernet() -> None:
    assert not ShortTraining().starts_from_supernet
    assert ShortTraining(start="supernet").starts_from_supernet
    assert ShortTraining(start="supernet").small().starts_from_supernet


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": "scratch"}, "start: 'scratch' is not one of random, supernet"),
        ({"at": (3,)}, r"at: \(3,\) is not a list of ascending epochs in 1\.\.2"),
        ({"at": (2, 1)}, r"at: \(2, 1\) is not a list of ascending epochs"),
        ({"at": (1,), "training": TrainingConfig(updates=9)}, r"at: \(1,\) needs a training of so many"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ShortTraining(**{"training": TRAINING} | settings)  # type: ignore[arg-type]
