"""Images that are nobody's publication: folders of pictures and the synthetic data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from image_files import nothing, write_tree
from torch import nn

from supernet.data import DataConfig, synthetic
from supernet.data.catalog import get_source
from supernet.data.loading import load_data
from supernet.data.synthetic import SYNTHETIC, SYNTHETIC4, SYNTHETIC_SMALL, Synthetic

SIZE = 6


def read(root: Path, side: int = SIZE):  # type: ignore[no-untyped-def]
    load_data.cache_clear()
    return load_data(DataConfig(name="folder:pictures", image_size=side), root)


def test_a_folder_with_all_parts_is_read_as_it_is(tmp_path: Path) -> None:
    counts = {"train": {"b": 3, "a": 2}, "valid": {"b": 1, "a": 2}, "test": {"b": 2}}
    made = {part: write_tree(tmp_path / "pictures" / part, own) for part, own in counts.items()}
    data = read(tmp_path, 12)
    assert data.classes == 2
    assert data.train.labels.tolist() == [0, 0, 1, 1, 1]
    assert data.test.labels.tolist() == [1, 1]
    expected = np.stack(made["train"]["a"] + made["train"]["b"])
    assert np.array_equal(data.train.images.permute(0, 2, 3, 1).numpy(), expected)
    assert data.train.images.is_contiguous(memory_format=torch.channels_last)
    halved = read(tmp_path).train.images.double()
    exact = torch.nn.functional.avg_pool2d(data.train.images.double(), 2)
    assert torch.equal(halved, torch.floor(exact + 0.5))
    assert read(tmp_path, 5).train.images.shape == (5, 3, 5, 5)


def test_what_a_tree_lacks_is_a_tenth_of_its_training_images(tmp_path: Path) -> None:
    write_tree(tmp_path / "pictures", {"a": 20, "b": 20})
    one, other = read(tmp_path), read(tmp_path)
    assert [len(s) for s in (one.train, one.valid, one.test)] == [33, 4, 3]
    assert torch.bincount(one.valid.labels).tolist() == [2, 2]
    everything = {
        i.numpy().tobytes() for s in (one.train, one.valid, one.test) for i in s.images.contiguous()
    }
    assert len(everything) == 40
    assert torch.equal(one.valid.images, other.valid.images)


def test_an_image_is_cut_to_its_middle_square_and_made_rgb(tmp_path: Path) -> None:
    from PIL import Image

    write_tree(tmp_path / "pictures", {"a": 5, "b": 5})
    wide = np.zeros((6, 10), np.uint8)
    wide[:, 2:8] = 7
    Image.fromarray(wide).save(tmp_path / "pictures" / "a" / "wide.png")
    images = read(tmp_path)
    found = [s.images for s in (images.train, images.valid, images.test)]
    assert any(bool((image == 7).all()) for part in found for image in part)


def test_mistakes_in_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"'folder:pictures' is not in {tmp_path} .*looked for pictures/"):
        read(tmp_path)
    folder = tmp_path / "pictures"
    folder.mkdir()
    with pytest.raises(ValueError, match="pictures holds no folder of a class"):
        read(tmp_path)
    write_tree(folder / "train", {"a": 2, "b": 2}, side=8)
    with pytest.raises(ValueError, match=r"image_size: 9 is more than .*a/000\.png has \(8x8 pixels\)"):
        read(tmp_path, 9)
    write_tree(folder / "valid", {"c": 1})
    with pytest.raises(ValueError, match="valid has the class 'c', which train has not"):
        read(tmp_path)
    (folder / "valid" / "c").rename(folder / "valid" / "a")
    (folder / "train" / "b" / "000.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"b/000\.png cannot be read as an image"):
        read(tmp_path)
    (folder / "train" / "d").mkdir()
    with pytest.raises(ValueError, match="train/d holds no image"):
        read(tmp_path)


# Synthetic images

WIDTH = 8


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Synthetic:
    """The same generation with networks of a few hidden units and small batches."""
    generator = torch.Generator().manual_seed(1)
    given = [
        tuple(torch.randn(shape, generator=generator) for shape in ((WIDTH, 3072), (WIDTH,), (WIDTH,), (1,)))
        for _ in range(synthetic.CLASSES)
    ]
    monkeypatch.setattr(synthetic, "networks", lambda pixels: given)
    monkeypatch.setattr(synthetic, "BATCH", 50)
    return replace(SYNTHETIC_SMALL, draws=1000, of_each=6)


def test_labels_are_those_of_the_ten_networks_as_modules(small: Synthetic) -> None:
    given = synthetic.networks(3072)
    images = synthetic.draw(3, 3072)
    outputs = []
    for w1, b1, w2, b2 in given:
        network = nn.Sequential(nn.Linear(3072, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1))
        with torch.no_grad():
            for own, value in zip(network.parameters(), (w1, b1, w2[None], b2), strict=True):
                own.copy_(value)
            outputs.append(network(images)[:, 0])
    assert torch.stack(outputs, 1).argmax(1).tolist() == synthetic.label(images, given).tolist()


def test_the_first_images_of_each_class_are_kept(small: Synthetic, tmp_path: Path) -> None:
    small.get(tmp_path, nothing)
    parts = small.read(tmp_path, 32)
    images = torch.cat([synthetic.draw(batch, 3072) for batch in range(20)])
    labels = np.concatenate([synthetic.label(part, synthetic.networks(3072)) for part in images.split(50)])
    expected: dict[str, list[int]] = {"train": [], "test": []}
    for number in range(10):
        kept = np.flatnonzero(labels == number)[:6].tolist()
        cut = len(kept) * 5 // 6
        expected["train"] += kept[:cut]
        expected["test"] += kept[cut:]
    for name, split in (("train", parts.train), ("test", parts.test)):
        order = sorted(expected[name])
        assert split.labels.tolist() == labels[order].tolist()
        pixels = (images[order] * 32 + 128).round().clamp(0, 255)
        assert torch.equal(split.images.flatten(1).float(), pixels)
    names = sorted(path.name for path in small.find(tmp_path).iterdir())
    assert names == ["manifest.json", "test.bin", "train.bin"]


def test_small_images_are_labelled_by_networks_of_their_own_size(tmp_path: Path) -> None:
    small = replace(SYNTHETIC4, draws=2 * synthetic.BATCH, of_each=6)
    small.get(tmp_path, nothing)
    data = small.read(tmp_path, 4)
    assert data.train.images.shape[1:] == (3, 4, 4)
    assert data.train.labels.bincount().max() == 5
    first = synthetic.draw(0, 48)
    labels = synthetic.label(first, synthetic.networks(48))
    stored = (first * 32 + 128).round().clamp(0, 255).view(-1, 3, 4, 4)
    assert torch.equal(data.train.images[0].float(), stored[0])
    assert data.train.labels[0] == labels[0]


def test_an_interrupted_generation_goes_on_to_the_same_files(small: Synthetic, tmp_path: Path) -> None:
    undisturbed, broken = tmp_path / "a", tmp_path / "b"
    small.get(undisturbed, nothing)

    def interrupt(done: int, total: int) -> None:
        if done >= 150:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small.get(broken, interrupt)
    with pytest.raises(ValueError, match="is not in"):
        small.find(broken)
    with (broken / small.folder / "labels.part").open("ab") as file:
        file.write(b"\1\2\3")  # half a batch
    done: list[int] = []
    small.get(broken, lambda now, total: done.append(now))
    assert done[0] == 200
    for path in small.find(undisturbed).iterdir():
        assert path.read_bytes() == (broken / small.folder / path.name).read_bytes()


def test_synthetic_files_that_changed_are_refused(small: Synthetic, tmp_path: Path) -> None:
    small.get(tmp_path, nothing)
    with pytest.raises(ValueError, match=r"was made with .*'draws': 1000.* not with .*'draws': 2000"):
        replace(small, draws=2000).check(tmp_path)
    path = small.find(tmp_path) / "train.bin"
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(ValueError, match=r"train\.bin is not the file that it should be"):
        small.read(tmp_path, 32)
    (path.parent / "manifest.json").write_text("{}")
    with pytest.raises(ValueError, match=r"manifest\.json is damaged"):
        small.check(tmp_path)


def test_networks_are_drawn_as_linear_layers_are() -> None:
    one, other = synthetic.networks(64), synthetic.networks(64)
    assert len(one) == 10
    for a, b in zip(one, other, strict=True):
        assert [tuple(t.shape) for t in a] == [(64, 64), (64,), (64,), (1,)]
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
        assert 0.9 * 64**-0.5 < float(a[0].abs().max()) <= 64**-0.5
    assert not torch.equal(one[0][0], one[1][0])
    names = ["networks", *(f"images {batch}" for batch in range(SYNTHETIC.draws // synthetic.BATCH))]
    assert len({synthetic.stream(name).initial_seed() for name in names}) == len(names)


def test_the_synthetic_sets_are_found_by_name() -> None:
    assert get_source("synthetic").title.endswith("1,000,000 draws")
    assert isinstance(SYNTHETIC_SMALL, Synthetic)
    assert SYNTHETIC_SMALL.draws % synthetic.BATCH == 0
    assert (SYNTHETIC4.side, SYNTHETIC4.draws % synthetic.BATCH) == (4, 0)
