"""Networks, data and trainings small enough that a test can afford many of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from naive import Naive
from torch import Tensor

from supernet import spaces
from supernet.data import DataConfig
from supernet.data.dataset import DataSet, Split
from supernet.data.loading import load_data
from supernet.network import Network, NetworkConfig, StandAlone, Supernet, seeded
from supernet.operations import batch_norms
from supernet.spaces import Architecture, Size, Space, get_space
from supernet.spaces.network_part import network_part
from supernet.spaces.recipe import get_recipe
from supernet.training.config import TrainingConfig
from supernet.training.sampling import Sampler, SamplingConfig
from supernet.training.trainer import Trainer

SPACES = tuple(spaces.SPACES)
CHANNELS = {"blox": 2}  # for networks that are deep; others have four
SIZES = {
    name: replace(get_recipe(space).embedded_size, channels=CHANNELS.get(name, 4))
    for name, space in spaces.SPACES.items()
}


def reductions(name: str) -> tuple[str, ...]:
    """The kinds of reduction that a space's networks may have."""
    return ("official", "light") if network_part(get_space(name)).reduction else ("official",)


def one_masked(name: str) -> tuple[str, ...]:
    """A mask that leaves three operations of NAS-Bench-201, and all but the last of another space."""
    return ("avg_pool_3x3", "nor_conv_1x1") if name == "nasbench201" else get_space(name).operations[-1:]


BLOX_BLOCKS = [
    # Every connectivity with operations that differ where they can, ST1 both ways, ST6 both ways.
    (*operations, *flags)
    for operations in ((0, 1), (2, 0), (1, 2))
    for flags in ((1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1), (0, 1, 1), (0, 1, 0), (0, 0, 1))
]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def config(space: str | Space, **changes: Any) -> NetworkConfig:
    space = get_space(space) if isinstance(space, str) else space
    return NetworkConfig(space=space, **{"size": SIZES[space.name], **changes})


def supernet(space: str | Space, seed: int = 0, **changes: Any) -> Supernet:
    network = seeded(Supernet, config(space, **changes), seed=seed)
    assert isinstance(network, Supernet)
    return network


def trained(space: str | Space, **options: Any) -> Supernet:
    """A supernet whose BN looks as after a training."""
    network = supernet(space, **options)
    randomise(network)
    return network


def randomise(network: torch.nn.Module, seed: int = 0) -> None:
    """BN with weights, biases and running statistics that are all different, so that a mistake shows."""
    generator = torch.Generator().manual_seed(seed)
    for norm in batch_norms(network):
        tensors = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
        for tensor, (low, high) in zip(
            tensors, ((0.5, 1.5), (-0.5, 0.5), (-0.3, 0.3), (0.5, 2.0)), strict=True
        ):
            if tensor is not None:
                tensor.data.uniform_(low, high, generator=generator)


def naive_of(network: Network, statistics: str, weights: Mapping[str, Tensor] | None = None) -> Naive:
    """The second implementation on the network's own tensors, or on others of the same names."""
    settings = network.config
    own = dict(network.named_parameters()) | dict(network.named_buffers())
    return Naive(
        own if weights is None else weights,
        settings.space.name,
        settings.size.stages,
        settings.size.cells_per_stage,
        settings.size.reduction,
        settings.linear_transformers,
        settings.node_reduction,
        statistics,
    )


def set_statistics(network: Network, mode: str) -> None:
    """mode: 'train' (batch statistics, which update the running ones), 'batch' or 'running'."""
    network.train(mode == "train")
    for norm in batch_norms(network):
        norm.batch_statistics = mode == "batch"


def images(size: Size, count: int = 3, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    shape = (count, size.image_channels, size.image_size, size.image_size)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


class PreciseDataSet(DataSet):
    """Images in double precision, for what is compared with another order of the same sums."""

    def normalise(self, images: Tensor) -> Tensor:
        return super().normalise(images).double()


def digits(train: int = 60, valid: int = 40) -> DataSet:
    """The first images of the digits data set."""
    whole = load_data(DataConfig(name="digits"))
    return DataSet(
        "few digits",
        10,
        Split(whole.train.images[:train], whole.train.labels[:train]),
        Split(whole.valid.images[:valid], whole.valid.labels[:valid]),
        Split(whole.test.images[:valid], whole.test.labels[:valid]),
        whole.mean,
        whole.std,
    )


def trainer(
    space: str | Space = "nasbench201",
    *,
    training: dict[str, Any] | None = None,
    sampling: dict[str, Any] | None = None,
    data: DataSet | None = None,
    seed: int = 0,
    network_seed: int = 0,
    precise: bool = False,
) -> Trainer:
    """A supernet's trainer: 60 digits in four batches, the last one smaller. precise: in double precision."""
    network = supernet(space, network_seed)
    data = data or digits()
    if precise:
        network.double()
        data = PreciseDataSet(**vars(data))
    settings = TrainingConfig(**{"batch_size": 16, **({"epochs": 2} if training is None else training)})
    sampler = Sampler(SamplingConfig(**(sampling or {})), network.config.space, network.config.size, seed)
    return Trainer(network, data, settings, seed=seed, sampler=sampler)


def stand_alone(epochs: int, seed: int = 0, **settings: Any) -> Trainer:
    config = NetworkConfig(space=get_space("nasbench201"), size=SIZES["nasbench201"], affine=True)
    network = seeded(StandAlone, config, (3, 2, 1, 4, 3, 3), seed=seed)
    return Trainer(network, digits(), TrainingConfig(epochs=epochs, batch_size=16, **settings), seed=seed)


def architectures(space: Space, count: int, seed: int = 0) -> list[Architecture]:
    return space.sample(count, seed)


def assert_same(one: object, other: object, where: str = "state") -> None:
    """Equal to the last bit, through nested containers."""
    if isinstance(one, Tensor):
        assert isinstance(other, Tensor), where
        assert one.dtype == other.dtype, where
        assert torch.equal(one, other), where
    elif isinstance(one, dict):
        assert isinstance(other, dict), where
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, (list, tuple)):
        assert isinstance(other, (list, tuple)), where
        assert len(one) == len(other), where
        for index, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{where}.{index}")
    else:
        assert one == other, where


def comparable(state: dict[str, Any]) -> dict[str, Any]:
    """A trainer's state without the seconds that epochs took."""
    return {**state, "history": [epoch[:5] + epoch[6:] for epoch in state["history"]]}
