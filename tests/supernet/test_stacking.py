"""The paths of a strictly fair group in one pass against the same paths one by one, in double precision."""

from __future__ import annotations

import copy
import itertools
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tiny import SIZES, SPACES, images, one_masked, randomise, supernet, trainer
from torch import Tensor

from supernet.fast.stacking import stacked_logits, worth_stacking
from supernet.network import Supernet, used_modules
from supernet.spaces import Path, Size, get_space
from supernet.training.sampling import Sampler, SamplingConfig

LABELS = torch.tensor([0, 1, 2, 3, 4, 0])
# Strictly fair over all five operations; the first cell of the third path and the second of the first path are
# disconnected, and zero nodes feed convolutions.
NB201_FIRST = [
    (3, 2, 1, 1, 0, 2),
    (4, 1, 2, 3, 1, 4),
    (0, 0, 3, 0, 2, 1),
    (1, 4, 0, 2, 3, 3),
    (2, 3, 4, 4, 4, 0),
]
NB201_OTHER = [
    (0, 3, 2, 0, 4, 0),
    (1, 0, 0, 1, 2, 3),
    (2, 4, 1, 3, 0, 4),
    (3, 1, 4, 2, 1, 1),
    (4, 2, 3, 4, 3, 2),
]


def groups(network: Supernet) -> list[list[Path]]:
    space, size = network.config.space, network.config.size
    sampler = Sampler(SamplingConfig(kind="fair", share_topology=False), space, size, 0)
    drawn = [[sampler.next() for _ in range(sampler.group_size)] for _ in range(2)]
    if space.name == "nasbench201" and not space.mask:
        return [*drawn, list(zip(NB201_FIRST, NB201_OTHER, strict=True))]
    return drawn


def one_by_one(network: Supernet, batches: list[Tensor], paths: list[Path]) -> Tensor:
    logits = []
    for x, path in zip(batches, paths, strict=True):
        logits.append(network(x, path))
        F.cross_entropy(logits[-1], LABELS).backward()
    return torch.cat(logits)


CASES: list[tuple[str, tuple[str, ...], dict[str, Any]]] = [
    ("nasbench201", (), {}),
    ("nasbench201", (), {"affine": True, "node_reduction": "mean", "linear_transformers": "skip+pool"}),
    ("nasbench201", ("none",), {"reduction": "official", "linear_transformers": "skip"}),
    ("nasbench201", ("nor_conv_3x3", "avg_pool_3x3"), {"reduction": "official", "affine": True}),
    ("blox", (), {"linear_transformers": "skip"}),
    ("blox", (), {"reduction": "official", "affine": True}),
]


def precise(name: str, mask: tuple[str, ...], settings: dict[str, Any]) -> Supernet:
    """The network of a case, in double precision; settings may name the kind of reduction."""
    changes = dict(settings)
    size = replace(SIZES[name], reduction=changes.pop("reduction", SIZES[name].reduction))
    network = supernet(get_space(name, mask), size=size, **changes).double()
    randomise(network)
    return network


@pytest.mark.parametrize("same", [True, False], ids=["same batch", "successive batches"])
@pytest.mark.parametrize(("name", "mask", "settings"), CASES, ids=str)
def test_a_stacked_group_is_its_paths_one_by_one(
    name: str, mask: tuple[str, ...], settings: dict[str, Any], same: bool
) -> None:
    network = precise(name, mask, settings)
    size = network.config.size
    for paths in groups(network):
        other = copy.deepcopy(network)
        count = len(paths)
        batches = [images(size, len(LABELS), seed=0 if same else seed) for seed in range(count)]
        expected = one_by_one(other, batches, paths)
        logits = stacked_logits(network, batches[:1] if same else batches, paths)
        (F.cross_entropy(logits, LABELS.repeat(count)) * count).backward()
        torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
        assert_same_gradients(network, other, paths)
        for key, buffer in other.named_buffers():
            torch.testing.assert_close(network.get_buffer(key), buffer, rtol=1e-9, atol=1e-12, msg=key)
        network.zero_grad(set_to_none=True)


def assert_same_gradients(network: Supernet, other: Supernet, paths: list[Path]) -> None:
    """To 1e-5; and a parameter has none exactly where it has none path by path, which `used_modules` foretells."""
    modules = {module for path in paths for module in used_modules(network, path)}
    used = {parameter for module in modules for parameter in module.parameters()}
    for key, expected in other.named_parameters():
        ours = network.get_parameter(key)
        assert (ours.grad is None) == (expected.grad is None) == (ours not in used), key
        if ours.grad is not None:
            assert expected.grad is not None
            torch.testing.assert_close(ours.grad, expected.grad, rtol=1e-5, atol=1e-9, msg=key)


def test_a_stacked_group_has_disconnected_cells_whose_upstream_rests() -> None:
    """What the case above is about happens there: a parameter that would get a gradient of zeros instead of none."""
    network = supernet("nasbench201").double()
    paths = list(zip(NB201_FIRST, NB201_OTHER, strict=True))
    for cells in zip(*paths, strict=True):
        for edge in zip(*cells, strict=True):
            assert sorted(edge) == [0, 1, 2, 3, 4]
    stacked_logits(network, [images(SIZES["nasbench201"], 6)], paths).sum().backward()
    # The first path's second cell is disconnected: its first cell's 3x3 convolution of edge 0 is used by it alone.
    assert network.get_parameter("cells.0.edges.0.nor_conv_3x3.0.weight").grad is None
    assert network.get_parameter("stem.0.weight").grad is not None


@pytest.mark.parametrize(
    ("size", "batch", "expected"),
    [
        (Size(channels=8, stages=2, cells_per_stage=1, image_size=8), 64, True),
        (Size(channels=8, stages=3, cells_per_stage=1, image_size=16), 64, True),
        (Size(channels=16, stages=3, cells_per_stage=1, image_size=16), 64, False),
        (Size(channels=32, stages=3, cells_per_stage=1, image_size=32), 256, False),
    ],
    ids=str,
)
def test_size_alone_decides_what_auto_stacks(size: Size, batch: int, expected: bool) -> None:
    assert worth_stacking(supernet("nasbench201", size=size), batch) == expected


# In the training loop


@pytest.mark.parametrize("gradients", ["sum", "mean", "parameter_mean"])
@pytest.mark.parametrize("batches", ["same", "consecutive"])
@pytest.mark.parametrize("name", SPACES)
def test_a_stacked_training_is_the_training_path_by_path(name: str, batches: str, gradients: str) -> None:
    """Three full batches and a smaller one: of successive batches one group is stacked, the others are cut."""
    space = get_space(name, one_masked(name) if name == "nasbench201" else ())
    settings: dict[str, Any] = {"epochs": 3, "lr": 0.02, "weight_decay": 0.1, "clip_norm": 2.0}
    sampling = {"kind": "fair", "batches": batches, "gradients": gradients}
    runs = [
        trainer(space, training={**settings, "stacking": stacking}, sampling=sampling, precise=True)
        for stacking in ("never", "always")
    ]
    calls = [0, 0]
    for index, run in enumerate(runs):

        def count(*_: object, index: int = index) -> None:
            calls[index] += 1

        run.model.register_forward_pre_hook(count)  # a stacked pass does not call the model
        assert run.run() == "finished"
    assert calls == ([36, 0] if batches == "same" else [12, 9])
    torch.testing.assert_close(*(run.model.state_dict() for run in runs), rtol=1e-7, atol=1e-9)
    for first, second in zip(*(run.history for run in runs), strict=True):
        assert (first.updates, first.accuracy) == (second.updates, second.accuracy)
        assert first.loss == pytest.approx(second.loss, rel=1e-6)


def test_a_group_that_is_half_done_goes_on_path_by_path() -> None:
    """Five paths a group and four batches an epoch: no epoch has five full batches, so nothing is stacked."""
    runs = [
        trainer(training={"epochs": 4, "stacking": stacking}, sampling={"kind": "fair"})
        for stacking in ("never", "always")
    ]
    for run in runs:
        run.run()
    for one, other in itertools.pairwise(run.model.state_dict() for run in runs):
        assert all(torch.equal(one[key], other[key]) for key in one)
