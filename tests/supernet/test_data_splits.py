"""Splits and subsets: fixed rules, balanced, disjoint, and NAS-Bench-201's own halves only from its own files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from image_files import CIFAR10, CIFAR100, write_cifar

from supernet.data import DataConfig, splits
from supernet.data.catalog import SOURCES
from supernet.data.loading import assemble, load_data, ready
from supernet.data.published_splits import FOLDER, PublishedSplit


def labels_of(counts: list[int], seed: int = 0) -> np.ndarray:
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(seed).permutation(labels)


def test_bloxs_split_is_the_published_one() -> None:
    train, valid = splits.blox(np.zeros(50_000, np.int64))
    assert valid[:4].tolist() == [43726, 16118, 49381, 35715]
    assert train[:4].tolist() == [11841, 19602, 45519, 25747]
    assert (len(train), len(valid)) == (45_000, 5_000)
    text = ",".join(map(str, valid))
    assert hashlib.md5(text.encode()).hexdigest() == "b9adb7fac178d53f01f61bd67a6872d1"
    with pytest.raises(ValueError, match="'blox' is of 50,000 training images; there are 100"):
        splits.blox(np.zeros(100, np.int64))


def test_the_rules_stay_what_they_are() -> None:
    """Results were made with these very images: a rule must not change with a release of anything."""
    labels = np.arange(1000) % 10
    study, half = splits.study(labels)[1], splits.half(labels)[0]
    subset = splits.balanced(labels, 50, "subset")
    assert study[:8].tolist() == STUDY
    assert half[:8].tolist() == HALF
    assert subset[:8].tolist() == SUBSET


STUDY = [3, 16, 19, 25, 27, 36, 37, 47]
HALF = [1, 3, 4, 10, 11, 12, 13, 14]
SUBSET = [23, 27, 64, 69, 111, 129, 146, 188]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 3))
def test_splits_take_of_each_class_alike(counts: list[int], seed: int) -> None:
    labels = labels_of(counts, seed)
    for (one, two), part in ((splits.study(labels)[::-1], 10), (splits.half(labels), 2)):
        assert np.array_equal(np.sort(np.concatenate((one, two))), np.arange(len(labels)))
        assert len(one) == len(labels) // part
        taken = np.bincount(labels[one], minlength=len(counts))
        # No class could give an image to another and both be nearer to their share.
        assert ((taken - 0.5) / counts).max() <= ((taken + 0.5) / counts).min()


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.data())
def test_subsets_are_balanced_and_lie_in_each_other(counts: list[int], data: st.DataObject) -> None:
    labels = labels_of(counts)
    small, large = sorted(data.draw(st.integers(1, len(labels))) for _ in range(2))
    few, many = (splits.balanced(labels, size, "subset") for size in (small, large))
    assert (len(few), len(many)) == (small, large)
    assert set(few.tolist()) <= set(many.tolist())
    taken = np.bincount(labels[few], minlength=len(counts))
    for own, there in zip(taken, counts, strict=True):
        assert own == there or own >= taken.max() - 1


def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with 100 training and 20 test images of CIFAR-10 and 20 and 20 of CIFAR-100."""
    load_data.cache_clear()
    for source in (CIFAR10, CIFAR100):
        monkeypatch.setitem(SOURCES, source.name, write_cifar(tmp_path, source, (1,)))
    return tmp_path


def test_a_split_uses_every_image_once_and_halves_what_the_benchmark_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = cifar(tmp_path, monkeypatch)
    sizes = {
        ("cifar10", "study"): (90, 10, 20),
        ("cifar10", "half"): (50, 50, 20),
        ("cifar100", "study"): (18, 2, 20),
        ("cifar100", "half"): (20, 10, 10),
    }
    for (name, split), expected in sizes.items():
        whole = SOURCES[name].read(root, 32)
        data = load_data(DataConfig(name=name, split=split), root)
        parts = (data.train, data.valid, data.test)
        assert tuple(map(len, parts)) == expected
        found, given = (
            sorted(
                (i.contiguous().numpy().tobytes(), int(y))
                for s in some
                for i, y in zip(s.images, s.labels, strict=True)
            )
            for some in (parts, (whole.train, whole.test))
        )
        assert found == given


def test_subset_and_size_are_taken_after_the_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = cifar(tmp_path, monkeypatch)
    whole = load_data(DataConfig(name="cifar10"), root)
    few = load_data(DataConfig(name="cifar10", subset=30, image_size=4), root)
    assert torch.bincount(few.train.labels).tolist() == [3] * 10
    assert few.train.images.shape == (30, 3, 4, 4)
    assert torch.equal(few.valid.labels, whole.valid.labels)
    assert torch.equal(few.test.labels, whole.test.labels)
    pixels = few.train.images.double()
    assert torch.allclose(few.mean.double(), pixels.mean((0, 2, 3)))
    assert torch.allclose(few.std.double(), pixels.std((0, 2, 3)))
    with pytest.raises(ValueError, match="subset: 91 is more than the 90 training images of 'cifar10' under"):
        load_data(DataConfig(name="cifar10", subset=91), root)
    scored = load_data(DataConfig(name="cifar10", valid_subset=5), root)
    assert sorted(torch.bincount(scored.valid.labels, minlength=10).tolist()) == [0] * 5 + [1] * 5
    assert len(scored.train) == len(whole.train)
    of_whole = {image.numpy().tobytes() for image in whole.valid.images}
    assert {image.numpy().tobytes() for image in scored.valid.images} < of_whole
    with pytest.raises(ValueError, match="valid_subset: 11 is more than the 10 validation images of"):
        load_data(DataConfig(name="cifar10", valid_subset=11), root)
    assert load_data(DataConfig(name="cifar10"), root) is load_data(
        DataConfig(name="cifar10", split="study"), root
    )


def published(path: Path, split: PublishedSplit, count: int) -> dict[str, list[int]]:
    """A file in the authors' format that begins as theirs does."""
    names = list(split.first)
    halves = {name: list(first) for name, first in split.first.items()}
    for position in range(max(map(max, halves.values())) + 1, count):
        halves[min(names, key=lambda name: len(halves[name]))].append(position)
    left = set(range(count)) - {p for half in halves.values() for p in half}
    for position in sorted(left):
        halves[min(names, key=lambda name: len(halves[name]))].append(position)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({name: ["int", [str(p) for p in half]] for name, half in halves.items()}))
    return halves


def test_the_benchmarks_split_is_read_from_its_authors_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = cifar(tmp_path, monkeypatch)
    config = DataConfig(name="cifar10", split="benchmark")
    with pytest.raises(ValueError, match=r"split: 'benchmark' needs .*cifar-split\.txt, which is not there"):
        ready(config, root)
    split = CIFAR10.benchmark
    assert split is not None
    halves = published(root / FOLDER / split.file, split, 100)
    ready(config, root)
    data, whole = load_data(config, root), SOURCES["cifar10"].read(root, 32)
    assert torch.equal(data.train.labels, whole.train.labels[halves["train"]])
    assert torch.equal(data.valid.labels, whole.train.labels[halves["valid"]])
    other = CIFAR100.benchmark
    assert other is not None
    with pytest.raises(ValueError, match=r"cifar-100.*|needs .*cifar100-test-split\.txt"):
        ready(DataConfig(name="cifar100", split="benchmark"), root)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-50], "cannot be read"),
        (lambda text: text.replace('"valid"', '"xvalid"'), "cannot be read"),
        (lambda text: text.replace('"0", "5"', '"5", "0"'), "is another file: 'train' begins"),
        (lambda text: text.replace('"99"', '"98"'), "does not halve 100 images: it has 50 and 50 positions"),
        (lambda text: text.replace('"99"', '"100"'), "does not halve 100 images"),
    ],
)
def test_another_file_is_not_taken_for_the_benchmarks_split(change, message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    split = CIFAR10.benchmark
    assert split is not None
    path = tmp_path / FOLDER / split.file
    published(path, split, 100)
    split.read(tmp_path, 100)
    changed = change(path.read_text())
    assert changed != path.read_text()
    path.write_text(changed)
    with pytest.raises(ValueError, match=message):
        split.read(tmp_path, 100)


def test_a_configuration_says_the_same_in_one_way() -> None:
    assert DataConfig(name="cifar10") == DataConfig(name="cifar10", split="study", image_size=32)
    assert DataConfig(name="digits").split == "own"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "cifar"}, "data: 'cifar' is not one of digits, cifar10, .*folder:NAME"),
        ({"name": "folder:../x", "image_size": 8}, "does not name a folder"),
        ({"name": "folder:x"}, "image_size: must be given for 'folder:x'"),
        ({"name": "cifar10", "split": "blox"}, "split: 'blox' is not one of study, half, benchmark"),
        ({"name": "cifar10", "image_size": 12}, "image_size: 12 is not a divisor of 32"),
        ({"name": "cifar10", "image_size": 64}, "image_size: 64 is not a divisor of 32"),
        ({"name": "cifar10", "image_size": 0}, "image_size: 0 is not a positive integer"),
        ({"name": "cifar10", "subset": 0}, "subset: 0 is not a positive integer"),
        ({"name": "cifar10", "subset": 1.5}, r"subset: 1\.5 is not a positive integer"),
    ],
)
def test_mistakes_are_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DataConfig(**settings)  # type: ignore[arg-type]


def test_assembling_copies_nothing_that_is_used_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = cifar(tmp_path, monkeypatch)
    parts = SOURCES["cifar10"].read(root, 16)
    data = assemble(DataConfig(name="cifar10", image_size=16), parts, root)
    assert data.test.images.data_ptr() == parts.test.images.data_ptr()
    assert data.to(torch.device("cpu")).train.images.data_ptr() == data.train.images.data_ptr()
