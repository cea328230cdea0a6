"""Stand-alone networks: several trained side by side in one process against one after the other.

The embedded task's own networks, data and recipe, cut to some epochs; evaluation is not included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import torch

from benchmarks.timing import Row, compare
from studies import embedded
from supernet.data import DataConfig, load
from supernet.fast.grouped import train_group
from supernet.fast.memory import keep_freed_memory
from supernet.network import NetworkConfig, StandAlone, seeded
from supernet.spaces import Architecture, get_space
from supernet.training.trainer import Trainer

SEEDS = (0, 1, 2)


def run(quick: bool) -> Iterator[Row]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    keep_freed_memory()  # as the workers do
    try:
        for name in embedded.SIZES:
            sample = sorted(get_space(name).sample(2 if quick else 4, seed=0))
            epochs = 1 if quick or name == "blox" else 4  # Blox networks are several times deeper
            work = f"{name} on digits, {len(sample)} architectures x {len(SEEDS)} seeds, {epochs} epochs"
            variants = {
                "one after the other": partial(alone, name, sample, epochs),
                "seeds side by side": partial(side_by_side, name, sample, epochs, 1),
                "two architectures and their seeds side by side": partial(
                    side_by_side, name, sample, epochs, 2
                ),
            }
            goal = {"seeds side by side": 1.5}
            yield from compare(work, variants, turns=1 if quick else 3, least=goal)
    finally:
        torch.set_num_threads(threads)


def build(name: str, architecture: Architecture, seed: int) -> StandAlone:
    config = NetworkConfig(space=get_space(name), size=embedded.SIZES[name], affine=True)
    network = seeded(StandAlone, config, architecture, seed=seed)
    assert isinstance(network, StandAlone)
    return network


def alone(name: str, sample: list[Architecture], epochs: int) -> None:
    config, data = replace(embedded.STAND_ALONE[name], epochs=epochs), load(DataConfig(name=embedded.DATA))
    for architecture in sample:
        for seed in SEEDS:
            Trainer(build(name, architecture, seed), data, config, seed=seed).run()


def side_by_side(name: str, sample: list[Architecture], epochs: int, together: int) -> None:
    """Groups of `together` architectures, each with all seeds."""
    config, data = replace(embedded.STAND_ALONE[name], epochs=epochs), load(DataConfig(name=embedded.DATA))
    for first in range(0, len(sample), together):
        group = [(a, seed) for a in sample[first : first + together] for seed in SEEDS]
        networks = [build(name, architecture, seed) for architecture, seed in group]
        train_group(networks, data, config, [seed for _, seed in group])
