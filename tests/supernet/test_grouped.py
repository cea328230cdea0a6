"""Networks trained side by side against each trained alone: same weights, statistics, logits (double precision)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny import SPACES, PreciseDataSet, architectures, config, digits

from supernet.data.dataset import DataSet
from supernet.fast.grouped import NetworkGroup, train_group
from supernet.network import StandAlone, seeded
from supernet.spaces import Architecture, get_space
from supernet.training.config import Augmentation, TrainingConfig
from supernet.training.trainer import Trainer

# A disconnected cell, dead edges, edges out of zero nodes, all six convolutions, everything shared but one edge.
CELLS = [
    (0, 0, 0, 0, 0, 0),
    (0, 0, 3, 1, 2, 3),
    (3, 2, 4, 1, 0, 0),
    (3, 2, 3, 3, 2, 3),
    (3, 2, 3, 3, 2, 2),
    (1, 4, 1, 4, 1, 4),
]
# All connectivity types; the same operations in other places.
BLOCKS = [
    (0, 1, 0, 1, 0),
    (1, 2, 1, 0, 0),
    (2, 0, 1, 1, 0),
    (0, 1, 1, 0, 1),
    (2, 1, 1, 1, 1),
    (1, 0, 0, 1, 1),
]


def chosen(name: str) -> list[Architecture]:
    if name == "nasbench201":
        return CELLS
    if name != "blox":
        return architectures(get_space(name), 4)
    return [BLOCKS[i] + BLOCKS[(i + 1) % 6] + BLOCKS[(2 * i) % 6] for i in range(6)]


def networks(name: str, which: list[Architecture], **options: Any) -> list[StandAlone]:
    built = [seeded(StandAlone, config(name, **options), a, seed=i) for i, a in enumerate(which)]
    return [network.double() for network in built]  # type: ignore[misc]


def data() -> DataSet:
    return PreciseDataSet(**vars(digits()))


def assert_equal_states(one: torch.nn.Module, other: torch.nn.Module) -> None:
    states = [{k: v for k, v in m.state_dict().items() if v.ndim} for m in (one, other)]
    torch.testing.assert_close(*states, rtol=1e-6, atol=1e-7)


SETTINGS = TrainingConfig(
    epochs=2,
    batch_size=16,
    momentum=0.9,
    nesterov=True,
    label_smoothing=0.1,
    augmentation=Augmentation(shift=1, noise=0.3),
)


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ({"affine": True}, {}),
        ({"affine": True}, {"clip_norm": 0.5, "warmup_epochs": 1}),
        (
            {"affine": False, "node_reduction": "mean", "linear_transformers": "skip"},
            {"epochs": None, "updates": 6},
        ),
    ],
    ids=["as the embedded tables", "clipped", "mean, linear transformers, updates"],
)
@pytest.mark.parametrize("name", SPACES)
def test_side_by_side_is_each_alone(name: str, options: dict[str, Any], settings: dict[str, Any]) -> None:
    which, training = chosen(name), replace(SETTINGS, **settings)
    if options.get("linear_transformers", "none") not in get_space(name).linear_transformers:
        options = options | {"linear_transformers": "none"}
    together = networks(name, which, **options)
    seeds = list(range(10, 10 + len(which)))
    assert train_group(together, data(), training, seeds) == ["finished"] * len(which)
    x = data().normalise(data().valid.images)
    for network, alone, seed in zip(together, networks(name, which, **options), seeds, strict=True):
        assert Trainer(alone, data(), training, seed=seed).run() == "finished"
        if network.config.space.is_valid(sum(network.path[:1], ())) or name != "nasbench201":
            assert_equal_states(network, alone)
        torch.testing.assert_close(network.eval()(x), alone.eval()(x), rtol=1e-6, atol=1e-7)


def test_a_network_that_diverges_harms_no_other() -> None:
    which = architectures(get_space("nasbench201"), 3)
    calm, wild = networks("nasbench201", which), networks("nasbench201", which)
    with torch.no_grad():
        wild[1].head[4].bias.fill_(float("nan"))  # type: ignore[index,union-attr]
    assert train_group(calm, data(), SETTINGS, [1, 2, 3]) == ["finished"] * 3
    assert train_group(wild, data(), SETTINGS, [1, 2, 3]) == ["finished", "diverged", "finished"]
    for index in (0, 2):
        assert_equal_states(wild[index], calm[index])


def test_networks_of_two_configurations_are_refused() -> None:
    which = architectures(get_space("nasbench201"), 1)
    two = networks("nasbench201", which, affine=True) + networks("nasbench201", which)
    with pytest.raises(ValueError, match="networks: they do not all have one configuration"):
        NetworkGroup(two)
    with pytest.raises(ValueError, match="seeds: 1 given for 2 networks"):
        train_group(two, data(), SETTINGS, [1])
    with pytest.raises(ValueError, match="compile: True is not for networks side by side"):
        train_group(two[:1], data(), replace(SETTINGS, compile=True), [1])
