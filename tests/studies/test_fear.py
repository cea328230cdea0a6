"""FEAR: HoG against loops, the threshold and its learner, what freezes, both stages against loops, costs, failures."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from by_hand import epochs_by_hand
from digits_tables import digits_task
from tiny_study import Killed

from studies.estimators import Record
from studies.estimators.compute.fear import (
    FrozenFront,
    hog_features,
    parts_in_order,
    split,
    stage2,
    threshold_of,
    unfrozen_share,
)
from studies.estimators.compute.task import Task
from studies.estimators.fear import LEARNER, Fear, HogLearner
from supernet.network import NetworkConfig, StandAlone
from supernet.operations import batch_norms
from supernet.spaces import Architecture, Size, get_space
from supernet.training import checkpoint
from supernet.training.config import TrainingConfig

SIZES = {
    "nasbench201": Size(channels=4, stages=2, cells_per_stage=2, image_channels=1, image_size=8),
    "blox": Size(channels=2, stages=3, cells_per_stage=1, image_channels=1, image_size=8, reduction="light"),
}
STAGE = TrainingConfig(epochs=3, batch_size=50, lr=0.01, lr_final=0.0, nesterov=True, weight_decay=5e-4)
FEAR = Fear(threshold=1.0, stage1=STAGE, stage2=replace(STAGE, epochs=2, batch_size=100), unfrozen_cells=1)
RESNET_LIKE = (3, 1, 3, 1, 1, 3)


def task(folder: Path, space: str = "nasbench201") -> Task:
    return digits_task(folder, space, size=SIZES[space])


def quiet(done: float, detail: str) -> None:
    """Report nothing."""


def both(estimator: Fear, on: Task, architecture: Architecture) -> tuple[Record, Record]:
    """The records of the last epoch and of the best."""
    last, best = estimator.score(on, [architecture], quiet)
    return last, best


# HoG


def hog_by_loops(image: np.ndarray) -> np.ndarray:
    """(H, W, C) -> (324,): central differences, hard bins of 20 degrees, cells, L2-Hys blocks, number by number."""
    height, width, channels = image.shape
    side, cells = height // 4, np.zeros((4, 4, 9))
    for i in range(height):
        for j in range(width):
            down, right, length = 0.0, 0.0, -1.0
            for c in range(channels):
                one = image[i + 1, j, c] - image[i - 1, j, c] if 0 < i < height - 1 else 0.0
                other = image[i, j + 1, c] - image[i, j - 1, c] if 0 < j < width - 1 else 0.0
                if one**2 + other**2 > length**2 or length < 0:
                    down, right, length = one, other, np.hypot(one, other)
            bin_ = int(np.rad2deg(np.arctan2(down, right)) % 180 // 20)
            cells[i // side, j // side, bin_] += length / side**2
    blocks = []
    for i in range(2):
        for j in range(2):
            block = cells[i : i + 3, j : j + 3].ravel()
            block = np.minimum(block / np.sqrt((block**2).sum() + 1e-10), 0.2)
            blocks.append(block / np.sqrt((block**2).sum() + 1e-10))
    return np.concatenate(blocks)


@pytest.mark.parametrize(("side", "channels"), [(8, 1), (16, 3)])
def test_hog_is_what_loops_over_pixels_give(side: int, channels: int) -> None:
    images = torch.randn(2, channels, side, side, generator=torch.Generator().manual_seed(0))
    found = hog_features(images)
    assert found.shape == (2, 324)
    for image, row in zip(images, found, strict=True):
        expected = hog_by_loops(image.permute(1, 2, 0).numpy().astype(float))
        np.testing.assert_allclose(row.numpy(), expected, atol=1e-4)


def test_hog_ignores_brightness_and_contrast_and_sees_directions() -> None:
    image = torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(hog_features(3 * image + 7), hog_features(image), atol=1e-4, rtol=0)
    ramp = torch.arange(16.0).expand(1, 1, 16, 16)
    assert hog_features(ramp).view(-1, 9).sum(0).nonzero().flatten().tolist() == [0]
    assert hog_features(ramp.mT).view(-1, 9).sum(0).nonzero().flatten().tolist() == [4]  # 90 degrees
    assert not hog_features(torch.ones(1, 3, 8, 8)).any()
    with pytest.raises(ValueError, match="image_size: 10 x 10 cannot be cut into 4 x 4 cells"):
        hog_features(torch.ones(1, 3, 10, 10))


# The threshold


def test_a_killed_preparation_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    learner = HogLearner(hidden=8, training=replace(STAGE, epochs=3, lr=0.3))
    estimator = replace(FEAR, threshold=learner)
    folders = {name: tmp_path / name for name in ("whole", "killed")}
    for folder in folders.values():
        folder.mkdir()
    whole = estimator.prepare(task(folders["whole"]), quiet)

    def kill(done: float, detail: str) -> None:
        if "epoch 2/3" in detail:
            raise Killed

    with pytest.raises(Killed):
        estimator.prepare(task(folders["killed"]), kill)
    torch.rand(5)
    assert len(checkpoint.load(folders["killed"] / "hog.pt")["history"]) == 2
    resumed = estimator.prepare(task(folders["killed"]), quiet)
    again = estimator.prepare(task(folders["killed"]), lambda done, detail: pytest.fail("trained again"))
    assert again == resumed
    assert {**resumed, "train_seconds": 0} == {**whole, "train_seconds": 0}
    states = [checkpoint.load(folder / "hog.pt") for folder in folders.values()]
    for name, tensor in states[0]["model"].items():
        assert torch.equal(tensor, states[1]["model"][name]), name
    # epoch, updates, lr, loss, accuracy: the last epoch's accuracy is the threshold
    assert (
        whole["threshold"] == states[0]["history"][-1][4] == threshold_of(estimator, task(folders["whole"]))
    )
    assert whole["updates"] == 12
    assert whole["macs"] == 3 * 600 * (324 * 8 + 8 * 8 + 8 * 10)


@pytest.mark.parametrize("threshold", [0, 150, -1.0, float("nan"), "60", None])
def test_a_threshold_is_a_percentage_or_a_learner(threshold: object) -> None:
    with pytest.raises(ValueError, match=f"threshold: {threshold!r} is neither a percentage above 0 nor a"):
        Fear(threshold=threshold)  # type: ignore[arg-type]


def test_the_threshold_is_found_before_anything_is_scored(tmp_path: Path) -> None:
    learner = LEARNER.small()
    estimator = replace(FEAR, threshold=learner)
    with pytest.raises(ValueError, match=r"threshold: .*fear.json is not there; prepare the estimator first"):
        both(estimator, task(tmp_path), RESNET_LIKE)
    (tmp_path / "fear.json").write_text(
        json.dumps({"threshold": 5.0, "learner": asdict(replace(learner, hidden=9))})
    )
    with pytest.raises(ValueError, match=r"threshold: .* is of another learner"):
        estimator.prepare(task(tmp_path), quiet)


def test_a_given_threshold_costs_nothing(tmp_path: Path) -> None:
    found = FEAR.prepare(task(tmp_path), quiet)
    assert found == {"train_seconds": 0.0, "updates": 0, "threshold": 1.0}
    assert not list(tmp_path.iterdir())


# Freezing


def network_of(space: str, size: Size, architecture: Architecture) -> StandAlone:
    return StandAlone(NetworkConfig(space=get_space(space), size=size, affine=True), architecture)


@pytest.mark.parametrize(
    ("architecture", "share"), [((3,) * 6, 0.58), ((2,) * 6, 0.42), ((1,) * 6, 0.011)], ids=str
)
def test_the_default_unfreezes_what_the_paper_does(architecture: Architecture, share: float) -> None:
    """Cells 13 to 16 of 17 (reductions counted) and the head, at the published size: shares of the published code."""
    network = network_of("nasbench201", get_space("nasbench201").published, architecture)
    frozen, learning = split(network, Fear().unfrozen_cells)
    assert learning == [*network.cells[-4:], network.head]
    assert len(frozen) == 1 + 17 - 4
    FrozenFront(network, frozen, "batch")
    assert unfrozen_share(network) == pytest.approx(share, abs=0.006)


def test_what_is_unfrozen_is_counted_from_the_end() -> None:
    network = network_of("blox", SIZES["blox"], get_space("blox").sample(1, 0)[0])
    parts = parts_in_order(network)
    assert sum(len(list(part.parameters())) for part in parts) == len(list(network.parameters()))
    assert split(network, 1)[1] == [network.cells[2], network.reductions[2], network.head]
    assert split(network, 2)[1] == parts[3:]
    assert split(network, 3)[0] == [network.stem]
    assert split(network, 0)[1] == [network.head]
    assert split(network, None) == ([], parts)


@pytest.mark.parametrize("space", SIZES)
@pytest.mark.parametrize("frozen_bn", ["batch", "eval"])
def test_frozen_weights_stay_and_statistics_do_as_told(space: str, frozen_bn: str, tmp_path: Path) -> None:
    on = task(tmp_path, space)
    network = on.network(on.space.sample(1, 4)[0])
    frozen, learning = split(network, 1)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    trainer = stage2(replace(FEAR, frozen_bn=frozen_bn), network, on, seed=3)
    assert trainer.run() == "finished"
    assert sum(len(batch_norms(part)) for part in frozen) > 0
    place = {module: name for name, module in network.named_modules()}
    for part, learns in [(part, False) for part in frozen] + [(part, True) for part in learning]:
        for name, tensor in part.state_dict().items():
            same = torch.equal(tensor, before[f"{place[part]}.{name}"])
            if "running" in name:
                assert same == (not learns and frozen_bn == "eval"), name
            elif "num_batches" not in name and not name.endswith(
                "0.bias"
            ):  # a bias before BN has no gradient
                assert same == (not learns), name


# Both stages


def test_both_stages_are_the_loops_written_by_hand(tmp_path: Path) -> None:
    """Stage 1 ends where the curve first crosses the threshold; stage 2 trains the last cell and the head."""
    on, gentle = task(tmp_path), replace(STAGE, epochs=8, lr=0.02)
    network = on.network(RESNET_LIKE).to(memory_format=torch.channels_last)
    seeds = [on.seed_of(f"FEAR, stage {stage}", on.space.stand_alone_form(RESNET_LIKE)) for stage in (1, 2)]
    curve = epochs_by_hand(network, on.data, gentle, seeds[0], list(network.parameters()))
    accuracies = [next(curve)[0]]
    while len(accuracies) < 2 or accuracies[-1] < max(accuracies[:-1]) + 2:  # until it has clearly risen
        accuracies.append(next(curve)[0])
    threshold = accuracies[-1] - 1
    stage2 = replace(gentle, epochs=2, batch_size=100)
    estimator = replace(FEAR, threshold=threshold, stage1=gentle, stage2=stage2)
    last, best = both(estimator, on, RESNET_LIKE)
    assert last.details["stage1_epochs"] == len(accuracies)
    assert last.details["stage1_accuracy"] == pytest.approx(accuracies[-1], abs=0.6)
    learning = [*network.cells[-1].parameters(), *network.head.parameters()]
    for parameter in set(network.parameters()) - set(learning):
        parameter.requires_grad_(False)
    expected = list(epochs_by_hand(network, on.data, stage2, seeds[1], learning))
    assert last.score == pytest.approx(expected[-1][0], abs=0.6)
    assert last.loss == pytest.approx(expected[-1][1], rel=1e-4)
    assert best.score == max(best.score or 0, last.score or 0)


@pytest.mark.parametrize("frozen_bn", ["batch", "eval"])
def test_costs_of_both_stages(frozen_bn: str, tmp_path: Path) -> None:
    on = task(tmp_path)
    last, best = both(replace(FEAR, frozen_bn=frozen_bn), on, RESNET_LIKE)
    details, whole = last.details, on.space.cost(RESNET_LIKE, on.size).macs
    assert details["stage1_epochs"] == 1
    assert (details["stage1_steps"], details["stage2_steps"]) == (4, 4)
    assert details["stage1_macs"] == 3 * 200 * whole
    # The last cell: its image has 4 x 4 pixels and 8 channels, three convolutions 3x3; the head is 8 x 10.
    learning = 3 * 16 * 8 * 8 * 9 + 80
    assert details["stage2_macs"] == 2 * 200 * (whole + 2 * learning)
    assert last.steps == best.steps == 4
    assert last.macs + best.macs == details["stage1_macs"] + details["stage2_macs"]
    assert last.seconds + best.seconds == pytest.approx(details["stage1_seconds"] + details["stage2_seconds"])


def test_progress_is_told_after_every_epoch_of_stage_1(tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    never = replace(FEAR, threshold=100.0)
    list(never.score(task(tmp_path), [(0,) * 6, RESNET_LIKE], lambda done, text: told.append((done, text))))
    assert [done for done, _ in told] == [0.5] * 4 + [1.0]
    assert [text.rpartition(":")[0] for _, text in told[1:4]] == [
        f"1/2 networks trained; stage 1, epoch {epoch}" for epoch in (1, 2, 3)
    ]
    assert told[1][1].endswith(" of 100 %")


def test_failures_have_a_status_and_a_cost(tmp_path: Path) -> None:
    on = task(tmp_path)
    never, _ = both(replace(FEAR, threshold=100.0), on, RESNET_LIKE)
    assert (never.status, never.score) == ("not_reached", None)
    assert never.details["stage1_epochs"] == 3
    assert never.steps == 6
    assert "stage2_steps" not in never.details
    wild, _ = both(replace(FEAR, stage1=replace(STAGE, lr=1e30)), on, RESNET_LIKE)
    assert (wild.status, wild.details["stage1_epochs"]) == ("diverged", 0)
    assert wild.macs > 0
    later, _ = both(replace(FEAR, stage2=replace(STAGE, lr=1e30)), on, RESNET_LIKE)
    assert later.status == "diverged"
    assert later.details["stage1_epochs"] == 1
    cut, _ = both(FEAR, on, (0,) * 6)
    assert (cut.status, cut.steps, cut.macs) == ("disconnected", 0, 0)


def test_wrong_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"threshold: 0\.0 is neither a percentage above 0 nor a learner"):
        Fear(threshold=0.0)
    with pytest.raises(ValueError, match="unfrozen_cells: -1 is neither an integer >= 0 nor None"):
        Fear(unfrozen_cells=-1)
    with pytest.raises(ValueError, match="frozen_bn: 'train' is not one of batch, eval"):
        Fear(frozen_bn="train")
    with pytest.raises(ValueError, match="stage2: unused is 'move'"):
        Fear(stage2=replace(STAGE, unused="move"))
    with pytest.raises(ValueError, match=r"unfrozen_cells: 5 is not in 0\.\.4"):
        replace(FEAR, unfrozen_cells=5).prepare(task(tmp_path), quiet)
    with pytest.raises(ValueError, match="hidden: 0 is not a positive integer"):
        HogLearner(hidden=0)
