"""Average pooling as a convolution against PyTorch's pooling."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from supernet.fast.pooling import BandedAverage, DepthwiseAverage, average_3x3, faster_as_convolution, halve

SHAPES = [(2, 8, 16, 16), (3, 4, 16, 20), (1, 64, 32, 17), (2, 3, 16, 16), (2, 8, 8, 8), (2, 65, 16, 16)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format], ids=str)
def test_values_and_gradients_are_those_of_pooling(
    shape: tuple[int, ...], layout: torch.memory_format
) -> None:
    generator = torch.Generator().manual_seed(0)
    x, gradient = (torch.randn(shape, generator=generator).contiguous(memory_format=layout) for _ in range(2))
    results = []
    for pool in (average_3x3, lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)):
        leaf = x.clone(memory_format=torch.preserve_format).requires_grad_()
        out = pool(leaf)
        (moved,) = torch.autograd.grad(out, leaf, gradient)
        results.append((out, moved))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
        assert ours.is_contiguous(memory_format=layout)
    wide_enough = layout == torch.channels_last and shape[1] <= 64 and shape[2] >= 8
    assert faster_as_convolution(x) == wide_enough


def test_its_gradient_is_that_of_finite_differences() -> None:
    x = torch.randn(1, 2, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ones, image = torch.ones(2, 1, 3, 3, dtype=torch.float64), torch.ones(1, 1, 4, 5, dtype=torch.float64)
    divided = 1 / F.conv2d(image, ones[:1], padding=1)
    assert torch.autograd.gradcheck(lambda x: DepthwiseAverage.apply(x, ones, divided), (x.requires_grad_(),))


@pytest.mark.parametrize("shape", [(2, 8, 16, 16), (3, 4, 5, 7), (1, 3, 1, 2)], ids=str)
def test_the_gpus_form_is_pooling_with_its_gradient(shape: tuple[int, ...]) -> None:
    """Two matrix products; on a CPU, in double precision."""
    generator = torch.Generator().manual_seed(0)
    x, gradient = (torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2))
    results = []
    for pool in (BandedAverage.apply, lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)):
        leaf = x.contiguous(memory_format=torch.channels_last).requires_grad_()
        out = pool(leaf)
        results.append((out, *torch.autograd.grad(out, leaf, gradient)))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
        assert ours.is_contiguous(memory_format=torch.channels_last)


def test_an_image_does_not_depend_on_its_batch() -> None:
    x = torch.randn(6, 8, 16, 16, generator=torch.Generator().manual_seed(0))
    x = x.contiguous(memory_format=torch.channels_last)
    assert torch.equal(average_3x3(x)[:2], average_3x3(x[:2]))


def test_constants_made_in_inference_mode_can_be_trained_with() -> None:
    shape = (1, 7, 16, 19)  # no other test's
    with torch.inference_mode():
        average_3x3(torch.zeros(shape).contiguous(memory_format=torch.channels_last))
    x = torch.ones(shape).contiguous(memory_format=torch.channels_last).requires_grad_()
    average_3x3(x).sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format], ids=str)
@pytest.mark.parametrize("shape", [(2, 3, 8, 6), (1, 1, 2, 2), (3, 5, 7, 4)], ids=str)
def test_halving_is_pooling_of_squares(shape: tuple[int, ...], layout: torch.memory_format) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator, dtype=torch.float64).contiguous(memory_format=layout)
    results = []
    for pool in (halve, lambda x: F.avg_pool2d(x, 2)):
        leaf = x.clone(memory_format=torch.preserve_format).requires_grad_()
        out = pool(leaf)
        weights = torch.linspace(-1, 1, out.numel(), dtype=torch.float64).view(out.shape)
        (moved,) = torch.autograd.grad(out, leaf, weights)
        results.append((out, moved))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)
