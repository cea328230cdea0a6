"""AutoAugment and RandAugment: image by image what torchvision does with the same draws, and fair draws."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import torch
from scipy import stats
from tiny import generator
from torch import Tensor
from torchvision.transforms import v2

from supernet.data import DataConfig
from supernet.data.dataset import DataSet, Split
from supernet.data.loading import load_data
from supernet.training import policies
from supernet.training.augmentation import augment, shift_and_flip
from supernet.training.config import Augmentation
from supernet.training.policies import RANDAUGMENT, SIGNED, Plan
from supernet.training.policy_operations import Action, apply_tables


def images(count: int, channels: int = 3, height: int = 32, width: int = 32, seed: int = 0) -> Tensor:
    """Noise around a gradient, so that ranges, means and neighbourhoods differ from image to image."""
    stream = generator(seed)
    noise = torch.rand(count, channels, height, width, generator=stream)
    ends = torch.rand(count, channels, 2, 1, 1, generator=stream)
    slope = torch.linspace(0, 1, width)
    pixels = 0.4 * noise + 0.6 * (ends[:, :, 0] + (ends[:, :, 1] - ends[:, :, 0]) * slope)
    return (256 * pixels).clamp(0, 255).to(torch.uint8)


def data_set(train: Tensor) -> DataSet:
    split = Split(train, torch.zeros(len(train), dtype=torch.long))
    mean, std = torch.zeros(train.shape[1]), torch.ones(train.shape[1])
    return DataSet("some", 2, split, split, split, mean, std)


THEIRS = {
    "autoaugment": lambda: v2.AutoAugment(v2.AutoAugmentPolicy.CIFAR10),
    "randaugment": lambda: v2.RandAugment(num_ops=2, magnitude=9),
}


def test_the_policy_for_cifar10_is_torchvisions() -> None:
    """Sub-policies, probabilities and magnitudes, in the same order."""
    theirs: Any = THEIRS["autoaugment"]()
    actions, numbers, chances = policies._cifar10(32, 24)
    for row, sub_policy in enumerate(theirs._policies):
        for step, (name, chance, number) in enumerate(sub_policy):
            values, signed = theirs._AUGMENTATION_SPACE[name]
            values = values(10, 32, 24)
            level = 0.0 if values is None else float(values[number])
            assert float(chances[row, step]) == pytest.approx(chance)
            assert actions[numbers[row, step, 1]] == Action(name, level)
            assert actions[numbers[row, step, 0]] == Action(name, -level if signed else level)
    assert len(numbers) == len(theirs._policies)
    assert actions[0] == Action("Identity")
    assert len(set(actions)) == len(actions)


@pytest.mark.parametrize("number", [0, 9, 30])
def test_the_operations_and_magnitudes_of_randaugment_are_torchvisions(number: int) -> None:
    theirs: Any = THEIRS["randaugment"]()
    actions, numbers = policies._randaugment(number, 28, 32)
    assert set(RANDAUGMENT) == set(theirs._AUGMENTATION_SPACE)
    for name, row in zip(RANDAUGMENT, numbers, strict=True):
        values, signed = theirs._AUGMENTATION_SPACE[name]
        values = values(31, 28, 32)
        level = 0.0 if values is None else float(values[number])
        assert signed == (name in SIGNED)
        assert actions[row[1]] == Action(name, level)
        assert actions[row[0]] == Action(name, -level if signed else level)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("policy", ["autoaugment", "randaugment"])
def test_each_image_is_what_torchvision_makes_of_it_alone(policy: str, channels: int) -> None:
    """Every action, signs included, in random steps over a batch; torchvision gets one image and one action."""
    bins = policies._cifar10(24, 32)[0] if policy == "autoaugment" else policies._randaugment(9, 24, 32)[0]
    theirs: Any = THEIRS[policy]()
    batch = images(160, channels, 24, 32)
    numbers = torch.stack([torch.arange(160) % len(bins), torch.arange(160) * 7 % len(bins)], 1)
    assert set(numbers[:, 0].tolist()) == set(range(len(bins)))
    out = policies.apply(batch, Plan(bins, numbers))
    for before, after, row in zip(batch, out, numbers.tolist(), strict=True):
        expected = before.unsqueeze(0)
        for name, level in (bins[number] for number in row):
            expected = theirs._apply_image_or_video_transform(expected, name, level, theirs.interpolation, {})
        assert torch.equal(after, expected[0]), [bins[number] for number in row]


def test_autoaugment_is_torchvisions_class_with_the_same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The draws are repeated from the stream and fed to torchvision's class, one image at a time."""
    batch = images(60)
    out = policies.apply(batch, policies.autoaugment(batch.shape, generator(3)))
    stream = generator(3)
    chosen = torch.randint(0, 25, (60,), generator=stream)
    chances = torch.rand(60, 2, generator=stream)
    signs = torch.randint(0, 2, (60, 2), generator=stream)
    theirs: Any = THEIRS["autoaugment"]()
    for i, image in enumerate(batch):
        drawn = []  # a chance for each operation; then, if it happens and has a sign, what is negative up to .5
        for (name, chance, _), own, sign in zip(
            theirs._policies[chosen[i]], chances[i], signs[i], strict=True
        ):
            drawn += [own, sign.float()] if own <= chance and name in SIGNED else [own]
        floats = iter(drawn)
        with monkeypatch.context() as patch:
            patch.setattr(torch, "randint", lambda *_, i=i, **__: chosen[i])
            patch.setattr(torch, "rand", lambda *_, floats=floats, **__: next(floats))
            assert torch.equal(out[i], theirs(image))


def test_randaugment_is_torchvisions_class_with_the_same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = images(60)
    out = policies.apply(batch, policies.randaugment(batch.shape, 3, 12, generator(4)))
    stream = generator(4)
    chosen = torch.randint(0, 14, (60, 3), generator=stream)
    signs = torch.randint(0, 2, (60, 3), generator=stream)
    theirs: Any = v2.RandAugment(num_ops=3, magnitude=12)
    names = list(theirs._AUGMENTATION_SPACE)
    for i, image in enumerate(batch):
        own = [names.index(RANDAUGMENT[k]) for k in chosen[i]]
        # The class draws a sign only where there is one, negative at most .5.
        drawn = iter([float(s) for k, s in zip(chosen[i], signs[i], strict=True) if RANDAUGMENT[k] in SIGNED])
        with monkeypatch.context() as patch:
            operations = iter(own)
            patch.setattr(torch, "randint", lambda *_, it=operations, **__: torch.tensor(next(it)))
            patch.setattr(torch, "rand", lambda *_, it=drawn, **__: torch.tensor(next(it)))
            assert torch.equal(out[i], theirs(image))


def frequencies(plan: Plan, step: int) -> Counter[Action]:
    return Counter(plan.actions[number] for number in plan.numbers[:, step].tolist())


def test_randaugment_draws_operations_and_signs_evenly_and_independently() -> None:
    n = 14_000
    plan = policies.randaugment((n, 3, 32, 32), 2, 9, generator(1))
    for step in range(2):
        counts = frequencies(plan, step)
        by_name = Counter[str]()
        for (name, _), count in counts.items():
            by_name[name] += count
        assert stats.chisquare([by_name[name] for name in RANDAUGMENT]).pvalue > 0.001
        for name in SIGNED:
            both = [count for action, count in counts.items() if action.operation == name]
            assert len(both) == 2
            assert stats.chisquare(both).pvalue > 0.0005
    table = torch.zeros(len(plan.actions), len(plan.actions))
    table.index_put_(tuple(plan.numbers.T), torch.ones(n), accumulate=True)
    assert stats.chi2_contingency(table.numpy()).pvalue > 0.001


def test_autoaugment_draws_sub_policies_evenly_and_operations_by_their_probability() -> None:
    n = 50_000
    plan = policies.autoaugment((n, 3, 32, 32), generator(1))
    actions, numbers, chances = policies._cifar10(32, 32)
    assert plan.actions == actions
    for step in range(2):
        expected: Counter[Action] = Counter()
        for row in range(25):
            for sign in range(2):
                chance = float(chances[row, step])
                expected[actions[numbers[row, step, sign]]] += chance / 50
                expected[Action("Identity")] += (1 - chance) / 50
        likely = [action for action in actions if expected[action]]
        found = frequencies(plan, step)
        assert set(found) <= set(likely)
        wanted = [n * expected[action] / sum(expected.values()) for action in likely]
        assert stats.chisquare([found[action] for action in likely], wanted).pvalue > 0.001


@pytest.mark.parametrize("policy", ["autoaugment", "randaugment"])
def test_the_policy_comes_between_crop_and_normalisation_and_noise_last(policy: str) -> None:
    data = data_set(images(40, height=20, width=20))
    one, other = generator(8), generator(8)
    whole = augment(
        Augmentation(shift=2, flip=True, policy=policy, cutout=5, noise=0.2), data, data.train.images, one
    )
    x = augment(Augmentation(shift=2, flip=True), data, data.train.images, other).to(torch.uint8)
    x = augment(Augmentation(policy=policy), data, x, other).to(torch.uint8)
    assert torch.equal(whole, augment(Augmentation(cutout=5, noise=0.2), data, x, other))
    assert whole.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(one.get_state(), other.get_state())


@pytest.mark.parametrize("policy", ["autoaugment", "randaugment"])
def test_other_images_of_the_batch_change_nothing(policy: str) -> None:
    """The draws of an image, hence its result, do not depend on what the others look like."""
    batch = images(30)
    data, augmentation = data_set(batch), Augmentation(policy=policy)
    one = augment(augmentation, data, batch, generator(2))
    other = batch.clone()
    other[1::2] = images(15, seed=9)
    assert torch.equal(augment(augmentation, data, other, generator(2))[::2], one[::2])
    assert torch.equal(batch, images(30))


def test_images_that_no_policy_was_made_for_are_refused() -> None:
    data = load_data(DataConfig(name="digits"))
    with pytest.raises(ValueError, match=r"policy: 'autoaugment' is for grey or RGB.*digits has 1 channels"):
        augment(Augmentation(policy="autoaugment"), data, data.train.images[:2], generator())
    two = data_set(images(2, channels=2))
    with pytest.raises(ValueError, match="some has 2 channels of 256 levels"):
        augment(Augmentation(policy="randaugment"), two, two.train.images, generator())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"policy": "cutmix"}, "policy: 'cutmix' is not one of none, autoaugment, randaugment"),
        ({"policy": "randaugment", "num_ops": 0}, "num_ops: 0 is not a positive integer"),
        ({"policy": "randaugment", "magnitude": 31}, r"magnitude: 31 is not an integer in 0\.\.30"),
        ({"policy": "randaugment", "magnitude": 1.5}, r"magnitude: 1.5 is not an integer in 0\.\.30"),
        ({"policy": "autoaugment", "magnitude": 5}, "magnitude: 5 is of policy 'randaugment' and means"),
        ({"num_ops": 3}, "num_ops: 3 is of policy 'randaugment' and means nothing to 'none'"),
    ],
)
def test_settings_of_the_policy_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Augmentation(**settings)


def test_one_image_is_a_batch() -> None:
    batch = images(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for policy in ("autoaugment", "randaugment"):
            assert (
                augment(Augmentation(policy=policy), data_set(batch), batch, generator()).shape == batch.shape
            )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("policy", ["autoaugment", "randaugment"])
def test_tables_do_to_each_image_what_the_functions_do(policy: str, channels: int) -> None:
    """As on a GPU. Each action alone: exactly, but for blended levels, of which up to a hundredth differ by one."""
    actions = policies.actions(policy, 9, 24, 40)
    batch = images(24, channels, 24, 40)
    for number, action in enumerate(actions):
        numbers = torch.full((len(batch), 1), number)
        expected = policies.apply_sorted(batch, Plan(actions, numbers))
        out = apply_tables(batch, actions, numbers)
        assert out.is_contiguous(memory_format=torch.channels_last)
        if action.operation in ("Color", "Contrast", "Sharpness"):
            difference = (out.int() - expected.int()).abs()
            assert difference.max() <= 1
            assert (difference > 0).float().mean() < 0.02, action
        else:
            assert torch.equal(out, expected), action
    mixed = torch.stack([torch.arange(24) % len(actions), torch.arange(24) * 7 % len(actions)], 1)
    out, expected = apply_tables(batch, actions, mixed), policies.apply_sorted(batch, Plan(actions, mixed))
    assert ((out.int() - expected.int()).abs() <= 3).float().mean() > 0.97


def test_a_policy_that_comes_first_is_applied_to_the_image_as_it_is() -> None:
    """Blox's order: RandAugment, then flip and crop. By hand, one step after the other, with the same draws."""
    batch = images(40)
    recipe = Augmentation(
        shift=4, flip=True, policy="randaugment", num_ops=2, magnitude=14, policy_first=True
    )
    out = augment(recipe, data_set(batch), batch, generator(5))
    stream = generator(5)
    mirrored = torch.randint(0, 2, (40,), generator=stream)
    offsets = (torch.randint(0, 9, (40,), generator=stream), torch.randint(0, 9, (40,), generator=stream))
    first = policies.apply(batch, policies.randaugment(batch.shape, 2, 14, stream))
    expected = data_set(batch).normalise(shift_and_flip(first, 4, mirrored, offsets))
    assert torch.equal(out, expected)
    later = augment(replace(recipe, policy_first=False), data_set(batch), batch, generator(5))
    assert not torch.equal(later, expected)
    with pytest.raises(ValueError, match="policy_first: there is no policy"):
        Augmentation(policy_first=True)
