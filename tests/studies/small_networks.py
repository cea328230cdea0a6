"""Networks and batches small enough for exact checks of the proxies, in double precision."""

from __future__ import annotations

import torch

from studies.estimators.proxies import Batch
from supernet.network import NetworkConfig, StandAlone, seeded
from supernet.spaces import Size, get_space

CONV = (3, 3, 3, 3, 3, 3)  # NAS-Bench-201: a 3x3 convolution on every edge
MIXED = (3, 1, 2, 4, 2, 3)  # every live operation
CHAIN = (0, 0, 0, 3, 0, 0)  # one convolution from input to output
BLOX = (0, 1, 1, 0, 1, 1, 2, 1, 1, 1, 2, 0, 0, 1, 1)  # ST4 conv, mbconv; ST5 mbconv, bconv; ST6 bconv, conv
NETWORKS = (("nasbench201", CONV), ("nasbench201", MIXED), ("blox", BLOX))


def small_network(space: str, architecture: tuple[int, ...], seed: int = 0, **other: object) -> StandAlone:
    """Four channels (Blox: the least that halves twice), 8x8 pixels, in double precision."""
    stages = 3 if space == "blox" else 2
    settings = {"channels": 4, "stages": stages, "cells_per_stage": 1, "image_size": 8, "classes": 3} | other
    size = Size(**settings)  # type: ignore[arg-type]
    config = NetworkConfig(space=get_space(space), size=size, affine=True)
    network = seeded(StandAlone, config, architecture, seed=seed)
    assert isinstance(network, StandAlone)
    return network.double().train()


def small_batch(n: int = 6, classes: int = 3, side: int = 8, seed: int = 0) -> Batch:
    stream = torch.Generator().manual_seed(seed)
    images = torch.randn(n, 3, side, side, generator=stream, dtype=torch.float64)
    images = images.contiguous(memory_format=torch.channels_last)
    return Batch(torch.arange(n), images, torch.arange(n) % classes)
