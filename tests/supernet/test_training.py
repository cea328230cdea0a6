"""The training loop against steps computed by hand, and resuming to the same bits."""

from __future__ import annotations

import copy
import itertools
import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tiny import SPACES, assert_same, digits, one_masked, randomise, stand_alone, supernet, trainer
from torch import Tensor, nn

from supernet.data.dataset import DataSet, Split
from supernet.operations import Conv2d
from supernet.spaces import Size, get_space
from supernet.spaces.nasbench201.space import NasBench201
from supernet.training import checkpoint
from supernet.training.config import TrainingConfig
from supernet.training.sampling import Sampler, SamplingConfig
from supernet.training.trainer import Epoch, Trainer

FAIR = {"kind": "fair"}


def recorded(running: Trainer) -> list[tuple[Tensor, Any]]:
    """Every (images, path) that the model is called with from now on."""
    calls: list[tuple[Tensor, Any]] = []
    running.model.register_forward_pre_hook(lambda _, inputs: calls.append((inputs[0].clone(), inputs[1])))
    return calls


# Steps by hand


def labels_of(data: DataSet, images: Tensor) -> Tensor:
    """Labels of normalised images that were not augmented."""
    known = data.normalise(data.train.images).flatten(1)
    matches = (images.flatten(1)[:, None] == known[None]).all(2)
    assert torch.all(matches.sum(1) == 1)
    return data.train.labels[matches.int().argmax(1)]


class ByHand:
    """SGD with momentum and weight decay, written from its definition, on a copy of the trainer's first model."""

    def __init__(self, running: Trainer) -> None:
        self.model = copy.deepcopy(running.model)
        self.config, self.data = running.config, running.data
        self.parameters = list(self.model.parameters())
        self.momentum: dict[int, Tensor] = {}

    def gradients(self, images: Tensor, path: Any) -> list[Tensor | None]:
        logits = self.model(images, path)
        log_p = torch.log_softmax(logits, 1)
        smooth = self.config.label_smoothing
        own = log_p.gather(1, labels_of(self.data, images)[:, None])[:, 0]
        loss = -((1 - smooth) * own + smooth * log_p.mean(1)).mean()
        return list(torch.autograd.grad(loss, self.parameters, allow_unused=True))

    def step(self, paths: list[list[Tensor | None]], combine: str, lr: float) -> None:
        combined: list[Tensor | None] = []
        for column in zip(*paths, strict=True):
            used = [gradient for gradient in column if gradient is not None]
            total = sum(used) if used else None
            if total is not None and combine != "sum":
                total = total / (len(paths) if combine == "mean" else len(used))
            combined.append(total)  # type: ignore[arg-type]
        if self.config.clip_norm:
            norm = math.sqrt(sum(float((g**2).sum()) for g in combined if g is not None))
            scale = min(1.0, self.config.clip_norm / (norm + 1e-6))  # PyTorch's clipping adds this much
            combined = [None if g is None else g * scale for g in combined]
        for index, (parameter, gradient) in enumerate(zip(self.parameters, combined, strict=True)):
            if gradient is None:
                continue
            decay = self.config.weight_decay if parameter.ndim > 1 else 0.0
            gradient = gradient + decay * parameter.detach()
            if index in self.momentum:
                self.momentum[index] = self.config.momentum * self.momentum[index] + gradient
            else:
                self.momentum[index] = gradient
            if self.config.nesterov:
                gradient = gradient + self.config.momentum * self.momentum[index]
            else:
                gradient = self.momentum[index]
            with torch.no_grad():
                parameter -= lr * gradient

    def assert_like(self, model: nn.Module) -> None:
        state = model.state_dict()
        for name, tensor in self.model.state_dict().items():
            torch.testing.assert_close(state[name], tensor, rtol=1e-6, atol=1e-8, msg=name)


@pytest.mark.parametrize("combine", ["sum", "mean", "parameter_mean"])
@pytest.mark.parametrize("batches", ["consecutive", "same"])
@pytest.mark.parametrize("name", SPACES)
def test_a_fair_group_makes_one_step_of_its_combined_gradients(name: str, batches: str, combine: str) -> None:
    space = get_space(name, one_masked(name) if name == "nasbench201" else ())
    epochs = 2 if batches == "consecutive" else 1
    running = trainer(
        space,
        training={
            "epochs": epochs,
            "lr": 0.02,
            "weight_decay": 0.1,
            "label_smoothing": 0.1,
            "stacking": "never",  # path by path: each is looked at
        },
        sampling={**FAIR, "batches": batches, "gradients": combine},
        precise=True,
    )
    assert running.group == 3
    by_hand, calls = ByHand(running), recorded(running)
    running.run()
    per_epoch = 4 * (3 if batches == "same" else 1)
    assert len(calls) == epochs * per_epoch
    group = []
    for number, (images, path) in enumerate(calls):
        lr = running.config.learning_rate(number // per_epoch, epochs)
        group.append(by_hand.gradients(images, path))
        if len(group) == 3:
            by_hand.step(group, combine, lr)
            group = []
    assert running.updates == len(calls) // 3
    by_hand.assert_like(running.model)
    # Which images the paths of a group had.
    for start in range(0, len(calls) - 2, 3):
        images = [calls[start + i][0] for i in range(3)]
        for one, other in itertools.pairwise(images):
            assert (one.shape == other.shape and torch.equal(one, other)) == (batches == "same")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"nesterov": True},
        {"clip_norm": 0.5},
        {"momentum": 0.0, "weight_decay": 0.0},
        {"warmup_epochs": 2},
    ],
    ids=str,
)
def test_uniform_training_makes_a_step_a_batch(settings: dict[str, Any]) -> None:
    running = trainer(training={"epochs": 3, "lr": 0.05, "weight_decay": 0.05, **settings}, precise=True)
    by_hand, calls = ByHand(running), recorded(running)
    running.run()
    for number, (images, path) in enumerate(calls):
        lr = running.config.learning_rate(number // 4, 3)
        by_hand.step([by_hand.gradients(images, path)], "sum", lr)
    assert running.updates == len(calls) == 12
    by_hand.assert_like(running.model)


def test_an_epoch_shows_every_image_once_in_another_order() -> None:
    running = trainer(training={"epochs": 3})
    calls = recorded(running)
    running.run()
    known = running.data.normalise(running.data.train.images).flatten(1)
    orders = []
    for epoch in range(3):
        seen = torch.cat([images for images, _ in calls[4 * epoch : 4 * epoch + 4]]).flatten(1)
        order = (seen[:, None] == known[None]).all(2).int().argmax(1).tolist()
        assert sorted(order) == list(range(60))
        orders.append(order)
    assert orders[0] != orders[1] != orders[2]


def test_history_holds_the_means_over_the_images_seen() -> None:
    running = trainer(training={"epochs": 1, "lr": 0.0})
    data, outputs = running.data, []
    running.model.register_forward_hook(
        lambda _, inputs, out: outputs.append((labels_of(data, inputs[0]), out.detach()))
    )
    running.run()
    labels, logits = (torch.cat(column) for column in zip(*outputs, strict=True))
    (epoch,) = running.history
    assert len(labels) == 60
    assert epoch.loss == pytest.approx(float(F.cross_entropy(logits, labels)), rel=1e-5)
    assert epoch.accuracy == pytest.approx(100 * float((logits.argmax(1) == labels).float().mean()))
    assert (epoch.epoch, epoch.updates, epoch.lr) == (1, 4, 0.0)


# Details of a step


def test_weight_decay_is_not_on_bn_and_biases() -> None:
    networks = []
    for decay in (0.0, 0.3):
        network = supernet("blox", affine=True)  # its convolutions have biases
        randomise(network)
        start = copy.deepcopy(network.state_dict())
        sampler = Sampler(SamplingConfig(), network.config.space, network.config.size, 0)
        settings = TrainingConfig(updates=1, batch_size=16, lr=0.1, weight_decay=decay)
        Trainer(network, digits(), settings, seed=0, sampler=sampler).run()
        networks.append(network)
    without, with_ = (dict(network.named_parameters()) for network in networks)
    decayed = set()
    for name, parameter in without.items():
        if not torch.equal(parameter, with_[name]):
            decayed.add(name)
            torch.testing.assert_close(with_[name], parameter - 0.1 * 0.3 * start[name], rtol=1e-4, atol=1e-6)
    modules = dict(networks[0].named_modules())
    owners = {(type(modules[name.rpartition(".")[0]]), name.rpartition(".")[2]) for name in decayed}
    assert owners == {(Conv2d, "weight"), (nn.Conv2d, "weight"), (nn.Linear, "weight")}


@pytest.mark.parametrize(("bound", "clipped"), [(0.01, True), (1e6, False)])
def test_clipping_bounds_the_norm_of_the_whole_gradient(bound: float, clipped: bool) -> None:
    steps = []
    for clip in (0.0, bound):
        running = trainer(
            training={"updates": 1, "lr": 1.0, "momentum": 0.0, "weight_decay": 0.0, "clip_norm": clip}
        )
        start = [parameter.detach().clone() for parameter in running.model.parameters()]
        running.run()
        pairs = zip(running.model.parameters(), start, strict=True)
        steps.append(torch.cat([(parameter - before).detach().flatten() for parameter, before in pairs]))
    whole, bounded = steps
    if clipped:
        assert float(bounded.norm()) == pytest.approx(bound, rel=1e-3)
        torch.testing.assert_close(bounded, whole * bound / whole.norm(), rtol=1e-2, atol=1e-6)
    else:
        assert torch.equal(bounded, whole)


@pytest.mark.parametrize("sampling", [{}, FAIR, {**FAIR, "gradients": "parameter_mean"}], ids=str)
def test_what_no_path_used_keeps_weights_and_momentum(sampling: dict[str, Any]) -> None:
    space = NasBench201(("none",)) if sampling else NasBench201()
    running = trainer(space, training={"epochs": 6, "lr": 0.1, "weight_decay": 0.1}, sampling=sampling)
    names = dict(running.model.named_parameters())
    checked = 0
    step = running.optimizer.step

    def checked_step() -> None:
        nonlocal checked
        unused = {name: parameter for name, parameter in names.items() if parameter.grad is None}

        def states() -> dict[str, Any]:
            return {
                name: (p.detach().clone(), copy.deepcopy(running.optimizer.buffers.get(p)))
                for name, p in unused.items()
            }

        before = states()
        step()
        assert_same(states(), before)
        checked += sum(momentum is not None for _, momentum in before.values())

    running.optimizer.step = checked_step  # type: ignore[method-assign]
    running.run()
    assert sampling or checked > 0  # a fair group uses every operation, so nothing is unused there


def test_a_fair_group_trains_every_operation() -> None:
    space = NasBench201(("none",))  # so that no cell is cut off from input or output
    running = trainer(space, training={"updates": 1}, sampling=FAIR)
    before = copy.deepcopy(running.model.state_dict())
    running.run()
    for name, parameter in running.model.named_parameters():
        assert not torch.equal(parameter, before[name]), name


# Learning rate


@pytest.mark.parametrize(("epochs", "lr", "final"), [(250, 0.025, 1e-5), (12, 0.1, 0.0), (1, 0.5, 0.1)])
def test_learning_rate_is_pytorch_s_cosine_schedule(epochs: int, lr: float, final: float) -> None:
    settings = TrainingConfig(epochs=epochs, lr=lr, lr_final=final)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs, final)
    for epoch in range(epochs):
        assert settings.learning_rate(epoch, epochs) == pytest.approx(schedule.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        schedule.step()


def test_learning_rate_rises_linearly_in_warm_up_and_then_follows_the_cosine() -> None:
    settings = TrainingConfig(epochs=25, lr=0.6, lr_final=0.0, warmup_epochs=5)
    rates = [settings.learning_rate(epoch, 25) for epoch in range(25)]
    assert rates[:6] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert rates[15] == pytest.approx(0.3)  # half way through the other twenty
    assert rates[24] == pytest.approx(0.3 * (1 + math.cos(math.pi * 19 / 20)))
    assert all(rate > 0 for rate in rates)


def test_each_epoch_is_trained_and_recorded_at_its_learning_rate() -> None:
    running = stand_alone(4, lr=0.2, lr_final=0.0, warmup_epochs=1)
    used = []
    step = running.optimizer.step

    def noted_step() -> None:
        used.append({group["lr"] for group in running.optimizer.param_groups})
        step()

    running.optimizer.step = noted_step  # type: ignore[method-assign]
    running.run()
    rates = [0.1, 0.2, 0.15, 0.05]
    assert [epoch.lr for epoch in running.history] == pytest.approx(rates)
    assert [rate for lrs in used for rate in lrs] == pytest.approx([rate for rate in rates for _ in range(4)])


# Budgets


class Stub(nn.Module):
    """The least that can be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 2)

    def forward(self, x: Tensor, path: Any) -> Tensor:
        return self.linear(x.flatten(1))


def stub_trainer(mask: tuple[str, ...], sampling: dict[str, Any], **budget: int) -> Trainer:
    """176 batches an epoch, as 45,000 images in batches of 256 make."""
    split = Split(torch.zeros(2 * 176, 1, 1, 1, dtype=torch.uint8), torch.zeros(2 * 176, dtype=torch.long))
    data = DataSet("stub", 2, split, split, split, torch.zeros(1), torch.ones(1))
    sampler = Sampler(
        SamplingConfig(**sampling), NasBench201(mask), Size(channels=1, stages=1, cells_per_stage=1), 0
    )
    return Trainer(Stub(), data, TrainingConfig(batch_size=2, **budget), seed=0, sampler=sampler)


@pytest.mark.parametrize(
    ("mask", "sampling", "updates"),
    [
        ((), {}, 528),
        ((), FAIR, 528 // 5),
        (("none",), FAIR, 528 // 4),
        (("none", "avg_pool_3x3"), FAIR, 528 // 3),
        ((), {**FAIR, "batches": "same"}, 528),
        ((), {"kind": "balanced"}, 528),
    ],
    ids=str,
)
def test_number_of_updates_of_a_budget_in_epochs(
    mask: tuple[str, ...], sampling: dict[str, Any], updates: int
) -> None:
    running = stub_trainer(mask, sampling, epochs=3)
    assert running.config.batches(len(running.data.train)) == 176
    assert running.run() == "finished"
    assert running.updates == updates
    assert [epoch.epoch for epoch in running.history] == [1, 2, 3]
    assert running.history[-1].updates == updates


@pytest.mark.parametrize(
    ("mask", "sampling", "updates"),
    [
        ((), {}, 44_000),
        ((), FAIR, 8_800),
        (("none",), FAIR, 11_000),
        (("none", "avg_pool_3x3"), FAIR, 14_666),
        ((), {**FAIR, "batches": "same"}, 44_000),
    ],
    ids=str,
)
def test_the_published_numbers_of_updates_are_those_of_250_epochs(
    mask: tuple[str, ...], sampling: dict[str, Any], updates: int
) -> None:
    assert stub_trainer(mask, sampling, updates=updates).epochs == 250
    assert stub_trainer(mask, sampling, updates=updates + 1).epochs in (250, 251)
    assert stub_trainer(mask, sampling, updates=updates + 2).epochs == 251


@pytest.mark.parametrize("updates", [1, 4, 5, 9])
@pytest.mark.parametrize("sampling", [{}, FAIR, {**FAIR, "batches": "same"}], ids=str)
def test_a_budget_in_updates_is_met_exactly(sampling: dict[str, Any], updates: int) -> None:
    running = trainer(training={"updates": updates, "stacking": "never"}, sampling=sampling)
    calls = recorded(running)
    assert running.run() == "finished"
    assert running.updates == updates
    assert len(calls) == updates * running.group  # not a batch more
    assert len(running.history) == running.epochs == running.history[-1].epoch


# Divergence


def assert_last_checkpoint_is_good(path: Path, epochs: int) -> None:
    state = checkpoint.load(path)
    assert len(state["history"]) == epochs
    assert state["status"] == "running"
    assert all(bool(tensor.isfinite().all()) for tensor in state["model"].values())
    fresh = trainer(training={"epochs": 5})
    fresh.load_state_dict(state)
    assert len(fresh.history) == epochs


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    running = trainer(training={"epochs": 5})

    def poison(epoch: Epoch, _: int) -> None:
        if epoch.epoch == 2:
            running.model.state_dict()["stem.0.weight"].fill_(math.nan)

    assert running.run(path, poison) == running.status == "diverged"
    assert [epoch.epoch for epoch in running.history] == [1, 2]
    assert_last_checkpoint_is_good(path, 2)


def test_too_high_a_learning_rate_ends_as_diverged() -> None:
    running = stand_alone(5, lr=1e38, weight_decay=1.0)
    assert running.run() == "diverged"
    assert len(running.history) < 5


# Settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "epochs: None and updates: None; give exactly one of them"),
        ({"epochs": 1, "updates": 1}, "epochs: 1 and updates: 1; give exactly one of them"),
        ({"epochs": 0}, "epochs: 0 is not a positive integer"),
        ({"updates": 1.5}, "updates: 1.5 is not a positive integer"),
        ({"epochs": 1, "batch_size": 1}, "batch_size: 1 is not an integer above 1"),
        ({"epochs": 1, "lr": math.nan}, "lr: nan is not a number >= 0"),
        ({"epochs": 1, "clip_norm": -1.0}, "clip_norm: -1.0 is not a number >= 0"),
        ({"epochs": 1, "label_smoothing": 1.0}, r"label_smoothing: 1.0 is not in \[0, 1\)"),
        ({"epochs": 1, "unused": "stay"}, "unused: 'stay' is not one of rest, move"),
        ({"epochs": 1, "stacking": True}, "stacking: True is not one of never, auto, always, graph"),
        ({"epochs": 1, "amp": "int8"}, "amp: 'int8' is not one of none, auto, bf16, fp16"),
        ({"epochs": 1, "compile": "yes"}, "compile: 'yes' is not true or false"),
    ],
)
def test_an_impossible_training_is_refused_with_what_is_allowed(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**settings)
