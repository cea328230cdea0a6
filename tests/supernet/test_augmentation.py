"""Shift, flip, cutout and noise: the bits that results were made with, and the distribution of other pipelines."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from scipy import stats
from tiny import generator
from torch import Tensor

from studies.embedded import AUGMENTATION
from supernet.data import DataConfig
from supernet.data.dataset import DataSet, Split
from supernet.data.loading import load_data
from supernet.training.augmentation import augment
from supernet.training.config import Augmentation


def coloured(count: int, height: int, width: int, channels: int = 3, seed: int = 0) -> DataSet:
    """Random images without a black pixel, and their mean and deviation."""
    shape = (count, channels, height, width)
    images = torch.randint(1, 256, shape, dtype=torch.uint8, generator=generator(seed))
    train, none = (Split(images[:n], torch.zeros(n, dtype=torch.long)) for n in (count, 0))
    pixels = images.float()
    return DataSet("coloured", 2, train, none, none, pixels.mean((0, 2, 3)), pixels.std((0, 2, 3)))


def written_out(
    data: DataSet,
    images: Tensor,
    stream: torch.Generator,
    *,
    shift: int,
    flip: bool,
    cutout: int,
    noise: float,
) -> Tensor:
    """The augmentation of the first release, on which committed ground truth rests: a gather of single pixels."""
    b, c, h, w = images.shape
    if shift or flip:
        columns = torch.arange(w).expand(b, w)
        if flip:
            mirrored = torch.randint(0, 2, (b,), generator=stream).bool().view(b, 1)
            columns = torch.where(mirrored, w - 1 - columns, columns)
        rows = torch.arange(h).expand(b, h)
        if shift:
            images = F.pad(images.contiguous(), (shift,) * 4)
            rows = rows + torch.randint(0, 2 * shift + 1, (b,), generator=stream).view(b, 1)
            columns = columns + torch.randint(0, 2 * shift + 1, (b,), generator=stream).view(b, 1)
        flat = (rows.view(b, 1, h, 1) * images.shape[3] + columns.view(b, 1, 1, w)).view(b, 1, h * w)
        images = images.flatten(2).gather(2, flat.expand(b, c, h * w)).view(b, c, h, w)
    x = (images.float() - data.mean.view(1, -1, 1, 1)) / data.std.view(1, -1, 1, 1)
    if cutout:
        half, odd = divmod(cutout, 2)
        down = torch.arange(h).view(1, h, 1) - torch.randint(0, h, (b,), generator=stream).view(b, 1, 1)
        right = torch.arange(w).view(1, 1, w) - torch.randint(0, w, (b,), generator=stream).view(b, 1, 1)
        hole = (down >= -half) & (down < half + odd) & (right >= -half) & (right < half + odd)
        x = x.masked_fill(hole.unsqueeze(1), 0.0)
    if noise:
        x = x + noise * torch.randn(x.shape, generator=stream)
    return x


@pytest.mark.parametrize("batch", [1, 64])
def test_the_embedded_recipe_keeps_the_bits_that_its_ground_truth_was_trained_on(batch: int) -> None:
    assert Augmentation(shift=1, noise=0.3) == AUGMENTATION
    data, one, other = load_data(DataConfig(name="digits")), generator(5), generator(5)
    for _ in range(3):
        images = data.train.images[torch.randperm(1000, generator=generator())[:batch]]
        expected = written_out(data, images, other, shift=1, flip=False, cutout=0, noise=0.3)
        assert torch.equal(augment(AUGMENTATION, data, images, one), expected)
    assert torch.equal(one.get_state(), other.get_state())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shift", [0, 4, 11])
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("cutout", [0, 5])
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_every_setting_gives_the_bits_of_the_pixel_by_pixel_formula(
    layout: torch.memory_format, channels: int, shift: int, flip: bool, cutout: int, noise: float
) -> None:
    data, one, other = coloured(20, 9, 7, channels), generator(3), generator(3)
    images = data.train.images.contiguous(memory_format=layout)
    before = images.clone()
    settings = {"shift": shift, "flip": flip, "cutout": cutout, "noise": noise}
    out = augment(Augmentation(**settings), data, images, one)
    assert torch.equal(out, written_out(data, images, other, **settings))
    assert out.dtype == torch.float32
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(one.get_state(), other.get_state())
    assert torch.equal(images, before)


def test_normalising_whole_rows_gives_the_bits_of_the_definition() -> None:
    data = coloured(6, 5, 4)
    for images in (data.train.images, data.train.images.contiguous(), data.train.images[:, :, 1:, ::2]):
        x = data.normalise(images)
        assert torch.equal(x, (images.float() - data.mean.view(1, 3, 1, 1)) / data.std.view(1, 3, 1, 1))
        assert x.is_contiguous(memory_format=torch.channels_last)


def test_images_are_stored_channels_last_whatever_they_come_as() -> None:
    images = coloured(5, 4, 6).train.images.contiguous()
    split = Split(images, torch.tensor([7, 8, 9, 0, 1]))
    assert torch.equal(split.images, images)
    assert split.images.is_contiguous(memory_format=torch.channels_last)
    some, labels = split.batch(torch.tensor([3, 1, 3]))
    assert torch.equal(some, images[[3, 1, 3]])
    assert labels.tolist() == [0, 8, 0]
    assert some.is_contiguous(memory_format=torch.channels_last)


# Against torchvision's pipeline


def torchvision_counts(image: Tensor, shift: int, n: int) -> dict[str, Counter[object]]:
    """n images of RandomCrop and RandomHorizontalFlip, one PIL image at a time."""
    from torchvision import transforms

    steps = transforms.Compose(
        [
            transforms.RandomCrop(tuple(image.shape[1:]), padding=shift),
            transforms.RandomHorizontalFlip(),
            transforms.PILToTensor(),
        ]
    )
    picture = Image.fromarray(image.permute(1, 2, 0).numpy())
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return places(image, torch.stack([steps(picture) for _ in range(n)]), shift)


def places(image: Tensor, out: Tensor, shift: int) -> dict[str, Counter[object]]:
    """How often each vertical and horizontal offset and each mirroring occurs among n crops of one image."""
    padded = F.pad(image, (shift,) * 4)
    h, w = image.shape[1:]
    made = {}
    for down in range(2 * shift + 1):
        for right in range(2 * shift + 1):
            crop = padded[:, down : down + h, right : right + w]
            made[crop.contiguous().numpy().tobytes()] = (down, right, False)
            made[crop.flip(2).contiguous().numpy().tobytes()] = (down, right, True)
    assert len(made) == 2 * (2 * shift + 1) ** 2
    found = [made[one.contiguous().numpy().tobytes()] for one in out.to(torch.uint8)]
    return {name: Counter(f[i] for f in found) for i, name in enumerate(("down", "right", "mirrored"))}


def test_offsets_and_flips_are_as_frequent_as_in_torchvisions_pipeline() -> None:
    data, shift, n = coloured(1, 12, 12), 2, 4000
    image = data.train.images[0]
    raw = DataSet("raw", 2, data.train, data.train, data.train, torch.zeros(3), torch.ones(3))
    batch = image.expand(n, *image.shape)
    ours = places(image, augment(Augmentation(shift=shift, flip=True), raw, batch, generator(2)), shift)
    theirs = torchvision_counts(image, shift, n)
    for name, values in (("down", range(5)), ("right", range(5)), ("mirrored", (False, True))):
        table = [[counts[name][value] for value in values] for counts in (ours, theirs)]
        assert min(map(min, table)) > 0
        assert stats.chi2_contingency(table).pvalue > 0.001
        assert stats.chisquare(table[0]).pvalue > 0.001
