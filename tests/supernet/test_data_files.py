"""Published image files: read as they lie, in every layout, and refused when they are not what they should be."""

from __future__ import annotations

import hashlib
import os
import pickle
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from image_files import CIFAR10, CIFAR100, EACH, nothing, write_cifar, write_imagenet16, write_python2

from supernet.data import DataConfig
from supernet.data.catalog import SOURCES, get_source
from supernet.data.cifar import Cifar
from supernet.data.imagenet16 import TEST
from supernet.data.loading import load_data, ready
from supernet.data.source import Parts, Source


def same(one: Parts, other: Parts) -> bool:
    return all(
        torch.equal(a.images, b.images) and torch.equal(a.labels, b.labels)
        for a, b in zip(one[:2], other[:2], strict=True)
        if a is not None and b is not None
    )


@pytest.mark.parametrize("source", [CIFAR10, CIFAR100], ids=lambda source: source.name)
def test_both_layouts_of_cifar_give_what_torchvision_reads(source: Cifar, tmp_path: Path) -> None:
    mine = write_cifar(tmp_path, source)
    both = [replace(mine, layouts=(layout,)).read(tmp_path, 32) for layout in mine.layouts]
    assert same(*both)
    python = mine.layouts[0]
    base = torchvision.datasets.CIFAR10 if source is CIFAR10 else torchvision.datasets.CIFAR100
    meta = tmp_path / python.folder / base.meta["filename"]
    write_python2(meta, {base.meta["key"]: [f"class {number}" for number in range(source.classes)]})

    class Generated(base):  # type: ignore[misc, valid-type]
        train_list = [[name, python.checksums[name]] for name in python.train]  # noqa: RUF012
        test_list = [[python.test, python.checksums[python.test]]]  # noqa: RUF012
        meta = base.meta | {"md5": None}

    for train, split in ((True, both[0].train), (False, both[0].test)):
        oracle = Generated(str(tmp_path), train=train)
        assert np.array_equal(oracle.data, split.images.permute(0, 2, 3, 1).numpy())
        assert oracle.targets == split.labels.tolist()
    assert split.images.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("source", [CIFAR10, CIFAR100], ids=lambda source: source.name)
def test_checksums_of_the_pickles_are_those_of_torchvision(source: Cifar) -> None:
    base = torchvision.datasets.CIFAR10 if source is CIFAR10 else torchvision.datasets.CIFAR100
    layout = source.layouts[0]
    assert dict(base.train_list + base.test_list) == dict(layout.checksums)
    assert (base.url, base.tgz_md5, base.base_folder) == (layout.url, layout.md5, layout.folder)


@pytest.mark.parametrize("protocol", [2, 4])
def test_imagenet16_keeps_the_first_120_classes_in_order(protocol: int, tmp_path: Path) -> None:
    source = write_imagenet16(tmp_path, protocol)
    parts = source.read(tmp_path, 16)
    for split, names in ((parts.train, list(source.checksums)[:-1]), (parts.test, [TEST])):
        pixels, labels = [], []
        for name in names:
            content = pickle.loads((tmp_path / "ImageNet16" / name).read_bytes())
            for image, label in zip(content["data"], content["labels"], strict=True):
                if label <= 120:
                    pixels.append(image.reshape(3, 16, 16))
                    labels.append(label - 1)
        assert np.array_equal(split.images.numpy(), np.stack(pixels))
        assert split.labels.tolist() == labels
    assert 0 < len(parts.train) < 10 * EACH


def test_smaller_images_are_means_of_squares(tmp_path: Path) -> None:
    source = write_cifar(tmp_path, CIFAR10, (1,))
    whole = source.read(tmp_path, 32).train.images.double()
    for side in (16, 8, 1):
        factor = 32 // side
        exact = torch.nn.functional.avg_pool2d(whole, factor)
        small = source.read(tmp_path, side).train.images
        assert small.dtype == torch.uint8
        assert torch.equal(small.double(), torch.floor(exact + 0.5))


Damage = Callable[[Path], object]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))


@pytest.mark.parametrize("damage", [cut, flip])
@pytest.mark.parametrize("layout", [0, 1])
def test_a_damaged_file_of_cifar_is_named_with_both_checksums(
    damage: Damage, layout: int, tmp_path: Path
) -> None:
    source = write_cifar(tmp_path, CIFAR10, (layout,))
    name = source.layouts[layout].train[2]
    damage(tmp_path / source.layouts[layout].folder / name)
    kind, digits = (("MD5", 32), ("SHA-1", 40))[layout]
    with pytest.raises(
        ValueError, match=rf"{name} is not the file .* {kind} is \w{{{digits}}}, expected \w{{{digits}}}$"
    ):
        source.read(tmp_path, 32)


def test_a_damaged_file_of_imagenet16_is_named(tmp_path: Path) -> None:
    source = write_imagenet16(tmp_path)
    flip(tmp_path / "ImageNet16" / "train_data_batch_10")
    with pytest.raises(ValueError, match="train_data_batch_10 is not the file that it should be"):
        source.check(tmp_path)


class Runs:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("ran",)


WRONG: list[tuple[Any, str]] = [
    (Runs(), "not a pickle of plain values and arrays"),
    ({"data": np.zeros((3, 3072), np.float32), "labels": [1, 2, 3]}, r"uint8 images \(n, 3072\)"),
    ({"data": np.zeros((3, 3072), np.uint8), "labels": [1, 2]}, r"\(3, 3072\) for 2 labels"),
    ({"data": np.zeros((3, 3072), np.uint8)}, "labels"),
    ({"data": np.zeros((3, 3072), np.uint8), "labels": [1, 2, 10]}, r"labels 1\.\.10, expected 0\.\.9"),
    ([1, 2], "does not hold"),
]


@pytest.mark.parametrize(("content", "message"), WRONG, ids=range(len(WRONG)))
def test_a_pickle_with_the_right_checksum_and_wrong_content_is_refused(
    content: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = write_cifar(tmp_path, CIFAR10, (0,))
    layout = source.layouts[0]
    path = tmp_path / layout.folder / "data_batch_4"
    write_python2(path, content)
    sums = {**layout.checksums, "data_batch_4": hashlib.md5(path.read_bytes()).hexdigest()}
    with pytest.raises(ValueError, match=f"data_batch_4.*{message}"):
        replace(source, layouts=(replace(layout, checksums=sums),)).read(tmp_path, 32)
    assert not Path("ran").exists()


def test_an_imagenet16_pickle_with_code_in_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from supernet.data.imagenet16 import read_batch

    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train_data_batch_1"
    for content, message in (
        (Runs(), "not a pickle of plain values"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [1, 2]}, r"uint8 images \(n, 768\)"),
        ({"data": np.zeros((2, 768), np.uint8), "labels": [0, 2]}, r"labels 0\.\.2, expected 1\.\.1000"),
    ):
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(ValueError, match=f"train_data_batch_1.*{message}"):
            read_batch(path, 120)
    assert not Path("ran").exists()


def test_a_binary_file_of_odd_length_is_refused(tmp_path: Path) -> None:
    from supernet.data.cifar import read_binary

    path = tmp_path / "some.bin"
    path.write_bytes(b"\0" * 3074)
    with pytest.raises(ValueError, match=r"some\.bin has 3074 bytes, expected a multiple of 3073"):
        read_binary(path, 1)


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "digits"])
def test_a_missing_data_set_is_named_with_the_folder_and_the_command(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=rf"'{name}' is not in {tmp_path} .*data get {name} --root {tmp_path}"
    ):
        ready(DataConfig(name=name), tmp_path)
    with pytest.raises(ValueError, match="is not in"):
        load_data(DataConfig(name=name), tmp_path)


def test_an_incomplete_folder_is_no_data_set_unless_the_other_layout_is_whole(tmp_path: Path) -> None:
    source = write_cifar(tmp_path, CIFAR10)
    (tmp_path / "cifar-10-batches-py" / "data_batch_2").unlink()
    assert source.find(tmp_path) == tmp_path / "cifar-10-batches-bin"
    (tmp_path / "cifar-10-batches-bin" / "test_batch.bin").unlink()
    with pytest.raises(ValueError, match="cifar-10-batches-py lacks the file data_batch_2"):
        source.find(tmp_path)
    pictures = write_imagenet16(tmp_path)
    (tmp_path / "ImageNet16" / TEST).unlink()
    with pytest.raises(ValueError, match="ImageNet16 lacks the file val_data"):
        pictures.find(tmp_path)


# Downloads: from a web server on this machine


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Cifar]]:
    """An archive of generated images, and the source that is to be downloaded from there."""
    monkeypatch.setenv("no_proxy", "*")
    source = write_cifar(tmp_path / "there", CIFAR10, (0,))
    path = tmp_path / "there" / "cifar.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tmp_path / "there" / "cifar-10-batches-py", "cifar-10-batches-py")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(path.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/{path.name}"
    layout = replace(source.layouts[0], url=url, md5=hashlib.md5(path.read_bytes()).hexdigest())
    yield path, replace(source, layouts=(layout, CIFAR10.layouts[1]))
    server.shutdown()
    server.server_close()


def test_a_download_is_unpacked_and_not_done_twice(site: tuple[Path, Cifar], tmp_path: Path) -> None:
    path, source = site
    root = tmp_path / "here"
    source.get(root, nothing)
    assert same(source.read(root, 32), source.read(path.parent, 32))
    assert [p.name for p in root.iterdir()] == ["cifar-10-batches-py"]
    path.unlink()
    source.get(root, nothing)
    cut(root / "cifar-10-batches-py" / "test_batch")
    with pytest.raises(ValueError, match=r"test_batch is not the file .* delete its folder to download it"):
        source.get(root, nothing)


def test_half_a_download_or_none_leaves_nothing(site: tuple[Path, Cifar], tmp_path: Path) -> None:
    path, source = site
    root = tmp_path / "here"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000])
    with pytest.raises(ValueError, match=r"cifar\.tar\.gz: .*corrupt"):
        source.get(root, nothing)
    path.unlink()
    with pytest.raises(ValueError, match=r"cannot be downloaded .* unpack .*cifar-10-binary"):
        source.get(root, nothing)
    path.write_bytes(whole)
    other = replace(source.layouts[0], checksums=CIFAR10.layouts[0].checksums)
    with pytest.raises(ValueError, match="data_batch_1 is not the file"):
        replace(source, layouts=(other, source.layouts[1])).get(root, nothing)
    assert not list(root.iterdir())


def test_getting_what_cannot_be_downloaded_says_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"put the batch files of ImageNet16 .* into {tmp_path}/ImageNet16"):
        get_source("imagenet16").get(tmp_path, nothing)
    source: Source = write_imagenet16(tmp_path)
    source.get(tmp_path, nothing)


def test_the_real_cifar10_where_it_is() -> None:
    """Its mean and deviation are the well-known ones."""
    root = Path(os.environ.get("DATA_ROOT") or "datasets")
    try:
        data = load_data(DataConfig(name="cifar10", image_size=16), root)
    except ValueError as error:
        if "is not in" not in str(error):
            raise
        pytest.skip(f"no CIFAR-10 in {root}; name its folder in the environment as DATA_ROOT")
    assert [len(s) for s in (data.train, data.valid, data.test)] == [45_000, 5_000, 10_000]
    assert torch.bincount(data.valid.labels).tolist() == [500] * 10
    assert data.test.labels[:10].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]
    assert (data.mean / 255).tolist() == pytest.approx([0.4914, 0.4822, 0.4465], abs=2e-3)
