"""NAS-Bench-Macro's networks at the published size, and its supernet under a mask by layer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tiny import SIZES, images, supernet

from supernet.network import NetworkConfig, StandAlone, Supernet, cut_out
from supernet.operations import Conv2d
from supernet.scoring.layout import Layout
from supernet.spaces.macro.space import Macro


def test_the_networks_have_the_published_params_and_macs(reference_data: Path) -> None:
    """Of modules that were built, counted one by one; a network is a choice of them (cut_out), so all 6,561 are."""
    path = reference_data / "nas-bench-macro" / "nas-bench-macro_cifar10.json"
    published = json.loads(path.read_text())
    space = Macro()
    config = NetworkConfig(space=space, size=space.published, affine=True)
    with torch.device("meta"):
        network = Supernet(config)
    layout = Layout(config)

    def counted(name: str) -> tuple[int, int]:
        module = network.get_submodule(name)
        return sum(parameter.numel() for parameter in module.parameters()), layout.macs(name)

    fixed = [counted("stem"), counted("head")]
    layers = [[counted(f"cells.{i}.choices.{name}") for name in space.operations] for i in range(8)]
    for text, entry in published.items():
        parts = [*fixed, *(of[int(digit)] for of, digit in zip(layers, text, strict=True))]
        assert [sum(column) for column in zip(*parts, strict=True)] == [entry["params"], entry["flops"]], text
    with torch.device("meta"):
        alone = StandAlone(config, space.parse("22212220"))
    assert alone.num_parameters() == published["22212220"]["params"]


def test_stages_halve_the_image_and_double_the_channels() -> None:
    network = supernet("macro", size=SIZES["macro"])
    stages = network.features(images(SIZES["macro"], 2, dtype=torch.float32), ((0,), (1,), (2,), (0,)) * 2)
    assert [tuple(stage.shape) for stage in stages] == [(2, 8, 4, 4), (2, 16, 2, 2), (2, 32, 1, 1)]


def test_a_mask_by_layer_builds_and_computes_what_it_leaves() -> None:
    space = Macro(("identity@1", "mb6_k5@4"))
    network = supernet(space, size=SIZES["macro"])
    assert sorted(network.cells[0].choices) == ["mb3_k3", "mb6_k5"]
    assert sorted(network.cells[3].choices) == ["identity", "mb3_k3"]
    x = images(SIZES["macro"], 3, dtype=torch.float32)
    allowed = space.parse("10202222")
    assert torch.equal(cut_out(network, allowed)(x), network(x, allowed))
    with pytest.raises(ValueError, match="uses what is masked: mb6_k5"):
        network(x, space.parse("10222222"))


@pytest.mark.parametrize("groups", [1, 2])
def test_a_strided_1x1_convolution_is_pytorchs(groups: int) -> None:
    """In double precision, with gradients: the first layer of a stage that is the identity."""
    layer = Conv2d(4, 8, 1, 2, groups=groups, bias=False).double()
    x = torch.randn(
        3, 4, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    ).requires_grad_()
    expected = torch.nn.functional.conv2d(x, layer.weight, stride=2, groups=groups)
    torch.testing.assert_close(layer(x), expected)
    ours, theirs = (torch.autograd.grad(out.sin().sum(), [x, layer.weight]) for out in (layer(x), expected))
    torch.testing.assert_close(ours, theirs)
    as_product = layer.as_product(x.contiguous(memory_format=torch.channels_last))
    assert (as_product is None) == (groups == 2)
    if as_product is not None:
        torch.testing.assert_close(as_product, expected)
