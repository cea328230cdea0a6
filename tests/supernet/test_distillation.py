"""Blockwise distillation against identities that hold whatever was learnt, and against a second implementation."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from naive import Naive
from tiny import PreciseDataSet, assert_same, config, digits, randomise
from torch import Tensor, nn

from supernet.distillation.config import Distillation, FineTuning
from supernet.distillation.distil import Distiller, channel_errors, validation
from supernet.distillation.features import StageFeatures, channel_weights, noisy_copies
from supernet.distillation.fine_tuning import fine_tune, kd_loss
from supernet.distillation.shared import SharedDistiller
from supernet.distillation.signatures import changes
from supernet.distillation.stages import Block, BlockGroup, Teacher, assemble, candidates, new_block, stage_of
from supernet.network import StandAlone, seeded
from supernet.scoring.recalibrate import recalibrate
from supernet.spaces import get_space
from supernet.training.adam import Adam

BLOX = (0, 1, 1, 0, 1, 1, 2, 1, 1, 1, 2, 0, 0, 1, 1)  # ST4 conv, mbconv; ST5 mbconv, bconv; ST6 bconv, conv
BATCH = 25
SETTINGS = Distillation(epochs=2, batch_size=16, lr=0.01, noise=0.3, copies=2)


def network(seed: int = 0, architecture: tuple[int, ...] = BLOX, **options: Any) -> StandAlone:
    """As after a training, in double precision: BN that is different everywhere and fits the images."""
    built = seeded(StandAlone, config("blox", affine=True, **options), architecture, seed=seed).double()
    randomise(built, seed)
    recalibrate(built, [data().normalise(data().train.images)])
    return built


@cache
def data() -> PreciseDataSet:
    return PreciseDataSet(**vars(digits()))


@cache
def teacher() -> Teacher:
    return Teacher(network())


@cache
def features(stage: int) -> tuple[StageFeatures, StageFeatures]:
    train = noisy_copies(data(), data().train, SETTINGS.noise, SETTINGS.copies, seed=1)
    valid = noisy_copies(data(), data().valid, 0.3, 1, seed=0)
    return StageFeatures(teacher(), stage, train, BATCH), StageFeatures(teacher(), stage, valid, BATCH)


def blocks(stage: int, *numbers: int) -> list[Block]:
    own = candidates(get_space("blox"), teacher().config.size)[stage]
    return [new_block(teacher().config, stage, own[number], seed=number).double() for number in numbers]


def distiller(stage: int, *numbers: int, **changes: Any) -> Distiller:
    return Distiller(
        teacher().config, blocks(stage, *numbers), *features(stage), replace(SETTINGS, **changes), seed=5
    )


# Identities


@pytest.mark.parametrize("bn", ["running", "recalibrated"])
def test_the_teachers_own_block_has_no_error_and_changes_nothing(bn: str) -> None:
    for stage in range(3):
        train, valid = features(stage)
        own = teacher().stages[stage]
        group = BlockGroup(teacher().config, [own])
        assert [value.tolist() for value in validation(group, valid)] == [[0.0], [0.0]]
        found = changes(teacher(), stage, group, [own], train, valid, data().valid.labels, bn)
        assert [value.tolist() for value in found] == [[0.0], [0.0]]


def test_a_block_put_in_is_judged_like_the_assembled_network() -> None:
    stage, others = 1, blocks(1, 3, 40)
    for block in others:
        randomise(block)
    group = BlockGroup(teacher().config, others)
    labels = data().valid.labels
    found = changes(teacher(), stage, group, others, *features(stage), labels)
    images = features(stage)[1].images
    for number, block in enumerate(others):
        whole = assemble(teacher().network, {stage: block}).eval()
        with torch.no_grad():
            logits, before = whole(images), teacher().network(images)
        loss = F.cross_entropy(logits, labels) - F.cross_entropy(before, labels)
        right = [(one.argmax(1) == labels).double().mean() for one in (logits, before)]
        assert float(found.loss[number]) == pytest.approx(float(loss), rel=1e-9)
        assert float(found.accuracy[number]) == pytest.approx(100 * float(right[0] - right[1]), abs=1e-9)


def test_assembled_from_its_own_blocks_the_teacher_is_itself() -> None:
    original = teacher().network
    path = original.path
    again = [
        new_block(original.config, stage, path[stage : stage + 1], seed=9).double() for stage in range(3)
    ]
    for stage, block in enumerate(again):
        block.load_state_dict(stage_of(original, stage).state_dict())
    whole = assemble(original, dict(enumerate(again)))
    assert_same(dict(whole.state_dict()), dict(original.state_dict()))
    images = features(0)[1].images
    with torch.no_grad():
        assert torch.equal(whole(images), original(images))


class Given(StageFeatures):
    """Outputs that were made up."""

    def __init__(self, targets: Tensor) -> None:
        self.images, self.batch, self.kept = targets, 7, (targets, targets)


class Says(nn.Module):
    """A group of one that says the same for every image, or a distortion of it."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x).unsqueeze(1)


def errors(function: Any, targets: Tensor) -> tuple[float, float]:
    mse, nsr = validation(Says(function), Given(targets))  # type: ignore[arg-type]
    return float(mse), float(nsr)


def test_nsr_of_a_constant_is_that_of_the_mean_and_no_scale_or_shift_changes_nsr() -> None:
    generator = torch.Generator().manual_seed(0)
    targets = torch.randn((20, 3, 2, 2), generator=generator, dtype=torch.float64)
    n = targets[:, 0].numel()
    mean = targets.mean((0, 2, 3), keepdim=True)
    assert errors(lambda x: mean.expand_as(x), targets)[1] == pytest.approx((n - 1) / n, rel=1e-12)
    noise = 0.1 * torch.randn((20, 3, 2, 2), generator=generator, dtype=torch.float64)
    scale, shift = (
        torch.tensor([3.0, -0.2, 5.0]).view(1, 3, 1, 1),
        torch.tensor([1.0, -7.0, 2.0]).view(1, 3, 1, 1),
    )

    def student(inputs: Tensor) -> Tensor:
        """The target and its noise, found by the image: batches come in order."""
        rows = [(targets == one).flatten(1).all(1).nonzero().item() for one in inputs]
        return inputs + noise[rows]

    def scaled_student(inputs: Tensor) -> Tensor:
        rows = [((targets * scale + shift) == one).flatten(1).all(1).nonzero().item() for one in inputs]
        return inputs + scale * noise[rows]

    mse, nsr = errors(student, targets)
    scaled_mse, scaled_nsr = errors(scaled_student, targets * scale + shift)
    assert mse == pytest.approx(float(noise.square().mean()), rel=1e-12)
    assert scaled_nsr == pytest.approx(nsr, rel=1e-12)
    assert scaled_mse == pytest.approx(float((scale * noise).square().mean()), rel=1e-12)
    assert scaled_mse != pytest.approx(mse, rel=1e-3)


def test_dead_channels_are_left_out_and_counted() -> None:
    targets = torch.randn((20, 3, 2, 2), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    dead = targets.clone()
    dead[:, 1] = 0.1
    assert (Given(dead).variance == 0).tolist() == [False, True, False]
    live = errors(lambda x: x + 0.5, targets[:, [0, 2]])[1]
    assert errors(lambda x: x + 0.5, dead)[1] == pytest.approx(live, rel=1e-12)
    constant = torch.full_like(targets, 0.1)
    assert errors(lambda x: x, constant)[1] != errors(lambda x: x, constant)[1]  # NaN


# Training


def test_three_stages_agree_with_one_plain_loop_over_all_of_them() -> None:
    """Second implementation: the plain networks of naive.py, one torch.optim.Adam for the blocks of all stages, their
    losses summed. So stages trained together are stages trained apart, and blocks side by side blocks alone."""
    numbers = {0: (0, 21), 1: (30,), 2: (44, 9)}  # ST2, ST4; ST6; ST5, ST1
    ours = {stage: distiller(stage, *own, keep="last") for stage, own in numbers.items()}
    plain = [(stage, block) for stage, own in numbers.items() for block in blocks(stage, *own)]
    weights = [
        {
            name: value.detach().clone().requires_grad_("running" not in name)
            for name, value in state_of(block)
        }
        for _, block in plain
    ]
    for one in ours.values():
        one.run()
    optimizer = torch.optim.Adam(
        [value for own in weights for value in own.values() if value.requires_grad],
        lr=SETTINGS.lr,
        weight_decay=SETTINGS.weight_decay,
    )
    generator = torch.Generator().manual_seed(5)
    for epoch in range(2):
        optimizer.param_groups[0]["lr"] = SETTINGS.lr * (1.0, 0.5)[epoch]  # half a cosine of two epochs
        order = torch.randperm(60, generator=generator)
        order += 60 * torch.randint(2, (60,), generator=generator)
        for index in order.split(SETTINGS.batch_size):
            loss = torch.zeros((), dtype=torch.float64)
            for (stage, block), own in zip(plain, weights, strict=True):
                inputs, targets = features(stage)[0].at(index)
                net = naive(own)
                out = net.blox_reduction("reduction", net.blox_cell("cells.0", inputs, block.path[0]))
                loss = loss + ((out - targets) ** 2).mean()
                for name, (mean, variance) in net.observed.items():
                    for kind, value in (("mean", mean), ("var", variance)):
                        own[f"{name}.running_{kind}"].mul_(0.9).add_(0.1 * value)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    trained = [block for one in ours.values() for block in one.blocks]
    for block, own in zip(trained, weights, strict=True):
        torch.testing.assert_close(
            dict(state_of(block)), {k: v.detach() for k, v in own.items()}, rtol=1e-6, atol=1e-8
        )
    mse = [value for one in ours.values() for value in one.curve["mse"][-1]]
    for (stage, block), own, found in zip(plain, weights, mse, strict=True):
        valid = features(stage)[1]
        assert valid.kept is not None
        inputs, targets = valid.kept
        net = naive(own, "running")
        out = net.blox_reduction("reduction", net.blox_cell("cells.0", inputs, block.path[0]))
        assert found == pytest.approx(float(((out - targets) ** 2).mean().detach()), rel=1e-6)


NUMBERS = (0, 9, 21, 44)


def shared(stage: int, *numbers: int, **changes: Any) -> SharedDistiller:
    """One student of a stage and some of its blocks."""
    settings = replace(SETTINGS, students="stage", keep="last", **changes)
    own = blocks(stage, *numbers)
    return SharedDistiller(teacher().config, own, *features(stage), settings, seed=5)


@pytest.mark.parametrize("paths", ["uniform", "fair"])
def test_a_step_of_one_student_a_stage_agrees_with_a_plain_one(
    paths: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Second implementation: naive.py, torch.optim.Adam, which leaves what no path used. Blocks are cut out of the
    student and judged with BN statistics of their own."""
    one, drawn = shared(1, *NUMBERS, paths=paths, epochs=1, batch_size=60), []
    monkeypatch.setattr(one, "drawn", lambda: drawn.extend(SharedDistiller.drawn(one)) or drawn)
    weights = {
        name: value.detach().clone().requires_grad_("running" not in name)
        for name, value in state_of(one.student)
    }
    before = {name: value.detach().clone() for name, value in weights.items()}
    one.run()
    optimizer = torch.optim.Adam(
        [value for value in weights.values() if value.requires_grad],
        lr=SETTINGS.lr,
        weight_decay=SETTINGS.weight_decay,
    )
    generator = torch.Generator().manual_seed(5)
    order = torch.randperm(60, generator=generator)
    inputs, targets = features(1)[0].at(order + 60 * torch.randint(2, (60,), generator=generator))
    for path in drawn:
        net = naive(weights)
        out = net.blox_reduction("reduction", net.blox_cell("cells.0", inputs, path[0]))
        ((out - targets) ** 2).mean().backward()
    optimizer.step()
    found = {name: value for name, value in state_of(one.student) if "running" not in name}
    torch.testing.assert_close(found, {name: weights[name].detach() for name in found}, rtol=1e-7, atol=1e-10)
    rested = [name for name, value in found.items() if torch.equal(value, before[name])]
    if paths == "fair":
        assert [sorted(path[0][point] for path in drawn) for point in (0, 1)] == [[0, 1, 2]] * 2
    else:
        assert len(drawn) == 1
        assert rested  # operations that the path did not use
    for number, block in enumerate(one.blocks):
        own = dict(state_of(block))
        for name in own.keys() & found.keys():
            assert torch.equal(own[name], found[name])
        valid = features(1)[1]
        assert valid.kept is not None
        net = naive(own, "running")
        out = net.blox_reduction("reduction", net.blox_cell("cells.0", valid.kept[0], block.path[0]))
        mse = float(((out - valid.kept[1]) ** 2).mean().detach())
        assert one.curve["mse"][0][number] == pytest.approx(mse, rel=1e-6)


def test_one_student_a_stage_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole, killed = shared(2, *NUMBERS), shared(2, *NUMBERS)
    whole.run()

    def kill(epoch: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed.run(tmp_path / "state.pt", kill)
    resumed = shared(2, *NUMBERS)
    resumed.run(tmp_path / "state.pt")
    np.testing.assert_equal(resumed.curve, whole.curve)
    assert np.isfinite(whole.curve["mse"]).all(1).tolist() == [False] * (SETTINGS.epochs - 1) + [True]
    assert whole.kept == [SETTINGS.epochs] * len(NUMBERS)
    assert all(map(torch.equal, resumed.weights, whole.weights))
    seen = SharedDistiller(
        teacher().config, blocks(2, *NUMBERS), *features(2), replace(whole.config, keep="best"), seed=5
    )
    seen.run()  # which epochs are judged changes no weight
    assert seen.curve["mse"][-1] == whole.curve["mse"][-1]
    with pytest.raises(ValueError, match="paths: 'fair' is of one student a 'stage'"):
        Distillation(paths="fair")


def naive(weights: dict[str, Tensor], statistics: str = "batch") -> Naive:
    return Naive(weights, "blox", 3, 1, teacher().config.size.reduction, statistics=statistics)


def state_of(block: nn.Module) -> list[tuple[str, Tensor]]:
    return [(name, value) for name, value in block.state_dict().items() if value.ndim]


def test_nsr_is_what_is_minimised_where_it_is_the_loss() -> None:
    """And what is kept: the epoch with the least validation NSR."""
    train, valid = features(0)
    one = distiller(0, 9, loss="nsr", epochs=3, lr=0.05)
    inputs, targets = train.at(torch.arange(16))
    weights = channel_weights(train.variance, "nsr")
    by_hand = ((one.group(inputs)[:, 0] - targets) ** 2).mean((0, 2, 3)) / targets_variance(train)
    assert torch.allclose(channel_errors(one.group(inputs), targets)[0] @ weights, by_hand.mean())
    one.run()
    validated = [values[0] for values in one.curve["nsr"]]
    assert one.kept == [1 + validated.index(min(validated))]
    assert validation(one.kept_group(), valid)[1].item() == pytest.approx(min(validated), rel=1e-12)


def targets_variance(features: StageFeatures) -> Tensor:
    assert features.kept is not None
    return features.kept[1].transpose(0, 1).flatten(1).var(1)


def test_killed_and_resumed_equals_undisturbed(tmp_path: Path) -> None:
    """Killed after an epoch, before its checkpoint and after; from the last, nothing is trained again."""
    whole = distiller(2, 4, 30)
    whole.run()

    class Killed(Exception):
        pass

    def kill(*_: object) -> None:
        raise Killed

    path = tmp_path / "blocks.pt"
    for dies in ({"check": kill}, {"report": kill}):
        with pytest.raises(Killed):
            distiller(2, 4, 30).run(path, **dies)  # type: ignore[arg-type]
    resumed = distiller(2, 4, 30)
    resumed.run(path)
    again = distiller(2, 4, 30)
    again.run(path, report=kill)
    for one in (resumed, again):
        assert (one.curve, one.kept) == (whole.curve, whole.kept)
        for mine, theirs in zip(one.blocks, whole.blocks, strict=True):
            assert_same(dict(mine.state_dict()), dict(theirs.state_dict()))
    with pytest.raises(ValueError, match="checkpoint: it does not fit these blocks"):
        distiller(2, 4, 31).run(path)


def test_features_that_do_not_fit_are_computed_anew() -> None:
    train = features(1)[0]
    small = StageFeatures(teacher(), 1, train.images, BATCH, most_bytes=0)
    assert small.kept is None
    index = torch.tensor([7, 100, 3])
    torch.testing.assert_close(small.at(index), train.at(index))
    torch.testing.assert_close(small.variance, train.variance)
    torch.testing.assert_close(train.variance, targets_variance(train))


def test_adam_is_pytorchs() -> None:
    generator = torch.Generator().manual_seed(0)
    ours, theirs = (
        [nn.Parameter(torch.arange(1.0, 4.0, dtype=torch.float64)), nn.Parameter(torch.ones(2))]
        for _ in range(2)
    )
    mine = Adam(ours, lr=0.1, weight_decay=0.01)
    reference = torch.optim.Adam(theirs, lr=0.1, weight_decay=0.01)
    for step in range(5):
        gradient = torch.randn(3, generator=generator, dtype=torch.float64)
        for parameters in (ours, theirs):
            parameters[0].grad = gradient.clone()
            parameters[1].grad = torch.ones(2) if step == 3 else None
        mine.step()
        reference.step()
    torch.testing.assert_close(ours, theirs)


# Candidates and fine-tuning


def test_candidates_are_the_distinct_blocks_of_each_stage() -> None:
    blox, macro = get_space("blox"), get_space("macro")
    assert list(map(len, candidates(blox, blox.published))) == [45, 45, 45]
    assert list(map(len, candidates(macro, macro.published))) == [9, 27, 27]
    with pytest.raises(ValueError, match="'nasbench201' repeats one cell in all stages"):
        candidates(get_space("nasbench201"), get_space("nasbench201").published)


def test_a_student_like_the_teacher_has_no_divergence_and_alpha_0_is_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    student, other = (torch.randn((6, 4), generator=generator, dtype=torch.float64) for _ in range(2))
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    student.requires_grad_()
    same = kd_loss(student, student.detach().clone(), labels, FineTuning(alpha=1.0))
    assert float(same.detach()) == 0.0
    (gradient,) = torch.autograd.grad(same, student)
    assert float(gradient.abs().max()) < 1e-15
    assert torch.equal(
        kd_loss(student, other, labels, FineTuning(alpha=0.0)), F.cross_entropy(student, labels)
    )
    mixed = kd_loss(student, other, labels, FineTuning(alpha=0.9, temperature=4.0)).detach()
    p, q = ((logits.detach() / 4).softmax(1) for logits in (other, student))
    divergence = (p * (p / q).log()).sum(1).mean()
    entropy = F.cross_entropy(student.detach(), labels)
    assert float(mixed) == pytest.approx(float(0.9 * divergence + 0.1 * entropy), rel=1e-12)
    squared = kd_loss(student, other, labels, FineTuning(t_squared=True)).detach()
    assert float(squared) == pytest.approx(float(0.9 * 16 * divergence + 0.1 * entropy), rel=1e-12)


def test_fine_tuning_is_a_plain_loop_over_all_parameters() -> None:
    settings = FineTuning(epochs=2, batch_size=20, lr=1e-3)
    whole = assemble(network(), {0: blocks(0, 21)[0]})
    plain = assemble(network(), {0: blocks(0, 21)[0]}).train()
    guide = network().eval()
    assert fine_tune(whole, network(), data(), settings, seed=3) == "finished"
    optimizer = torch.optim.Adam(plain.parameters(), lr=1e-3, weight_decay=settings.weight_decay)
    generator = torch.Generator().manual_seed(3)
    for epoch in range(2):
        optimizer.param_groups[0]["lr"] = 1e-3 * (1.0, 0.5)[epoch]
        for index in torch.randperm(60, generator=generator).split(20):
            images, labels = data().normalise(data().train.images[index]), data().train.labels[index]
            loss = kd_loss(plain(images), guide(images).detach(), labels, settings)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    torch.testing.assert_close(whole.state_dict(), plain.state_dict(), rtol=1e-6, atol=1e-8)
    before = assemble(network(), {0: blocks(0, 21)[0]}).state_dict()
    moved = [name for name, value in whole.named_parameters() if not torch.equal(value, before[name])]
    assert len(moved) == len(list(whole.named_parameters()))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "l1"}, "loss: 'l1' is not one of mse, nsr"),
        ({"keep": "first"}, "keep: 'first' is not one of best, last"),
        ({"copies": 0}, "copies: 0 is not an integer of at least 1"),
        ({"noise": float("nan")}, "noise: nan is not a number >= 0"),
    ],
)
def test_what_cannot_be_distilled_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Distillation(**settings)
