"""Data: fixed splits, and augmentation of whole batches against what it may do to one image."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import generator
from torch import Tensor

from supernet.data import DataConfig
from supernet.data.dataset import DataSet, Split, evaluation_set
from supernet.data.loading import load_data
from supernet.training.augmentation import augment
from supernet.training.config import Augmentation


def images_of_distinct_pixels(count: int, channels: int, height: int, width: int) -> Tensor:
    """All pixels of an image differ and none is black, so each shift and flip of it is another image."""
    pixels = torch.arange(1, channels * height * width + 1, dtype=torch.uint8).view(
        1, channels, height, width
    )
    assert channels * height * width < 255 - count
    return pixels + torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1)


def plain(channels: int) -> DataSet:
    """A data set whose normalisation changes no pixel."""
    nothing = Split(torch.zeros(0, channels, 8, 8, dtype=torch.uint8), torch.zeros(0, dtype=torch.long))
    return DataSet("plain", 2, nothing, nothing, nothing, torch.zeros(channels), torch.ones(channels))


# Splits

FIRST_LABELS = {
    "train": [6, 5, 5, 7, 9, 9, 8, 4, 6, 8, 6, 0],
    "valid": [9, 9, 9, 1, 0, 7, 5, 1, 0, 3, 9, 7],
    "test": [5, 5, 6, 0, 6, 0, 3, 4, 0, 6, 0, 3],
}
# The first five images: sum of each pixel times its position.
FIRST_PIXELS = {"train": 44_994, "valid": 51_259, "test": 50_177}


def test_splits_are_fixed_whatever_the_seed() -> None:
    load_data.cache_clear()
    one = load_data(DataConfig(name="digits"))
    load_data.cache_clear()
    torch.manual_seed(1234)
    before = torch.get_rng_state()
    other = load_data(DataConfig(name="digits"))
    assert torch.equal(torch.get_rng_state(), before)
    for split in ("train", "valid", "test"):
        assert torch.equal(getattr(one, split).images, getattr(other, split).images)
        assert torch.equal(getattr(one, split).labels, getattr(other, split).labels)


def test_digits_are_split_into_disjoint_parts_that_make_up_the_whole() -> None:
    from sklearn.datasets import load_digits

    raw, labels = load_digits(return_X_y=True)
    data = load_data(DataConfig(name="digits"))
    parts = (data.train, data.valid, data.test)
    assert [len(part) for part in parts] == [1000, 397, 400]
    split = Counter(
        (*image.flatten().tolist(), int(label))
        for part in parts
        for image, label in zip(part.images, part.labels, strict=True)
    )
    assert split == Counter(
        (*row.astype(int).tolist(), int(label)) for row, label in zip(raw, labels, strict=True)
    )
    # Every split has every class, about as often as the whole has.
    for part in parts:
        assert min(torch.bincount(part.labels, minlength=10).tolist()) > 0.07 * len(part)


def test_digits_splits_stay_what_they_are() -> None:
    """Ground truth was trained on these very images: the split must not change with a release of anything."""
    data = load_data(DataConfig(name="digits"))
    weights = torch.arange(64).view(1, 1, 8, 8)
    for name, labels in FIRST_LABELS.items():
        split = getattr(data, name)
        assert split.labels[:12].tolist() == labels
        assert int((split.images[:5].long() * weights).sum()) == FIRST_PIXELS[name]


def test_normalising_gives_training_images_mean_0_and_deviation_1() -> None:
    data = load_data(DataConfig(name="digits"))
    x = data.normalise(data.train.images)
    assert x.dtype == torch.float32
    assert float(x.mean()) == pytest.approx(0, abs=1e-5)
    assert float(x.std()) == pytest.approx(1, abs=1e-5)


def test_an_unknown_data_set_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="data: 'mnist' is not one of digits"):
        DataConfig(name="mnist")


# Augmentation


def crops(image: Tensor, shift: int, flip: bool) -> dict[bytes, tuple[int, int, bool]]:
    """Every image that shifting (and flipping) can make, by its bytes: rows down, columns right, mirrored."""
    c, h, w = image.shape
    made: dict[bytes, tuple[int, int, bool]] = {}
    for mirrored in (False, True) if flip else (False,):
        pixels = image.numpy()[:, :, ::-1] if mirrored else image.numpy()
        for down, right in itertools.product(range(-shift, shift + 1), repeat=2):
            moved = np.zeros((c, h, w), dtype=np.uint8)
            for i, j in itertools.product(range(h), range(w)):
                if 0 <= i - down < h and 0 <= j - right < w:
                    moved[:, i, j] = pixels[:, i - down, j - right]
            made[moved.tobytes()] = (down, right, mirrored)
    return made


@given(
    shift=st.integers(0, 3),
    flip=st.booleans(),
    channels=st.sampled_from([1, 3]),
    height=st.sampled_from([5, 6]),
    width=st.sampled_from([5, 7]),
    seed=st.integers(0, 1000),
)
def test_every_augmented_image_is_one_of_the_possible_ones(
    shift: int, flip: bool, channels: int, height: int, width: int, seed: int
) -> None:
    images = images_of_distinct_pixels(4, channels, height, width)
    out = augment(Augmentation(shift=shift, flip=flip), plain(channels), images, generator(seed))
    assert out.shape == images.shape
    assert out.is_contiguous(memory_format=torch.channels_last)
    for before, after in zip(images, out, strict=True):
        assert after.to(torch.uint8).contiguous().numpy().tobytes() in crops(before, shift, flip)


@pytest.mark.parametrize(("shift", "flip"), [(2, False), (0, True), (1, True)])
def test_shifts_and_flips_are_uniform_and_each_image_has_its_own(shift: int, flip: bool) -> None:
    image = images_of_distinct_pixels(1, 1, 6, 6)
    possible = crops(image[0], shift, flip)
    assert len(possible) == (2 * shift + 1) ** 2 * (1 + flip)
    n = 200 * len(possible)
    out = augment(Augmentation(shift=shift, flip=flip), plain(1), image.expand(n, 1, 6, 6), generator())
    counts = Counter(possible[one.to(torch.uint8).contiguous().numpy().tobytes()] for one in out)
    chi2 = sum((counts[found] - 200) ** 2 / 200 for found in possible.values())
    freedom = len(possible) - 1
    assert chi2 <= freedom + 5 * math.sqrt(2 * freedom)


@pytest.mark.parametrize("cutout", [1, 2, 3, 4, 7])
def test_cutout_sets_a_square_to_the_mean_and_is_clipped_at_the_border(cutout: int) -> None:
    side, n = 6, 4000
    images = torch.full((n, 2, side, side), 200, dtype=torch.uint8)
    out = augment(Augmentation(cutout=cutout), plain(2), images, generator())
    # A hole is the square with one of the 36 centres, as far as it is inside: count how often each occurs.
    low, high = -(cutout // 2), cutout // 2 + cutout % 2
    assert high - low == cutout
    holes: Counter[bytes] = Counter()
    for row, column in itertools.product(range(side), repeat=2):
        image = np.full((2, side, side), 200, dtype=np.float32)
        top, left = max(0, row + low), max(0, column + low)
        image[:, top : max(top, row + high), left : max(left, column + high)] = 0
        holes[image.tobytes()] += 1
    found = Counter(image.contiguous().numpy().tobytes() for image in out)
    assert set(found) == set(holes)
    for key, centres in holes.items():
        expected = n * centres / side**2
        assert abs(found[key] - expected) <= 5 * math.sqrt(expected)


def test_cutout_is_the_mean_of_the_training_images() -> None:
    data = load_data(DataConfig(name="digits"))
    out = augment(Augmentation(cutout=3), data, data.train.images[:50], generator())
    same = out == data.normalise(data.train.images[:50])
    assert torch.all(out[~same] == 0)
    assert 0 < int((~same).sum()) <= 50 * 9


def test_noise_has_the_given_deviation_and_is_other_for_each_pixel() -> None:
    data = load_data(DataConfig(name="digits"))
    images = data.train.images[:500]
    noise = augment(Augmentation(noise=0.3), data, images, generator()) - data.normalise(images)
    assert float(noise.std()) == pytest.approx(0.3, rel=0.02)
    assert float(noise.mean()) == pytest.approx(0, abs=0.01)
    assert abs(float(np.corrcoef(noise[:250].flatten(), noise[250:].flatten())[0, 1])) < 0.03


ALL = Augmentation(shift=1, flip=True, cutout=3, noise=0.1)


@pytest.mark.parametrize(
    "augmentation",
    [Augmentation(), *[replace(Augmentation(), **{f: getattr(ALL, f)}) for f in vars(ALL)], ALL],
)
def test_augmentation_depends_on_its_generator_alone(augmentation: Augmentation) -> None:
    data = load_data(DataConfig(name="digits"))
    images = data.train.images[:20].clone()
    before = torch.get_rng_state()
    one, same = (augment(augmentation, data, images, generator(1)) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one, same)
    assert torch.equal(images, data.train.images[:20])
    stream = generator(1)
    later = [augment(augmentation, data, images, stream) for _ in range(2)]
    assert torch.equal(later[0], one)
    assert torch.equal(later[1], one) == (augmentation == Augmentation())


def test_without_augmentation_images_are_only_normalised() -> None:
    data = load_data(DataConfig(name="digits"))
    stream = generator()
    before = stream.get_state()
    out = augment(Augmentation(), data, data.train.images[:9], stream)
    assert torch.equal(out, data.normalise(data.train.images[:9]))
    assert torch.equal(stream.get_state(), before)


@pytest.mark.parametrize("field", ["shift", "cutout", "noise"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_a_setting_that_is_no_such_number_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{field}: {value} is not an? (integer|number) >= 0"):
        Augmentation(**{field: value})


# Evaluation


def test_evaluation_images_are_the_same_every_time() -> None:
    data = load_data(DataConfig(name="digits"))
    before = torch.get_rng_state()
    one, labels = evaluation_set(data, data.valid, noise=0.5, copies=3)
    torch.rand(7)
    other, other_labels = evaluation_set(data, data.valid, noise=0.5, copies=3)
    assert torch.equal(one, other)
    assert torch.equal(labels, other_labels)
    torch.set_rng_state(before)


def test_evaluation_adds_nothing_but_the_tasks_noise() -> None:
    data = load_data(DataConfig(name="digits"))
    x, labels = evaluation_set(data, data.valid)
    assert torch.equal(x, data.normalise(data.valid.images))
    assert torch.equal(labels, data.valid.labels)
    noisy, labels = evaluation_set(data, data.valid, noise=0.5, copies=2)
    assert torch.equal(labels, data.valid.labels.repeat(2))
    noise = (noisy - x.repeat(2, 1, 1, 1)).view(2, -1)
    assert float(noise.std()) == pytest.approx(0.5, rel=0.02)
    assert abs(float(np.corrcoef(noise.numpy())[0, 1])) < 0.03  # each copy has its own
