"""Files in the formats of NATS-Bench's topology release and of NAS-Bench-201, made by the benchmark's own classes.

Values are random. As in the published files: 12 epochs under the seeds 111 and 777, 200 under 777, 888 and 999; not
every architecture has every seed; records of the first generation have the values of some sets for the last epoch only,
the others have every epoch.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

from nats_bench.api_utils import ArchResults, ResultsCount, pickle_save

from supernet.spaces import get_space

SPACE = get_space("nasbench201")
META_ARCHS = [SPACE.text(a) for a in SPACE.enumerate()]
SETS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": ("ori-test",),
    "cifar100": ("ori-test", "x-valid", "x-test"),
    "ImageNet16-120": ("ori-test", "x-valid", "x-test"),
}
CLASSES = {"cifar10-valid": 10, "cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}
SEEDS = {"12": (111, 777), "200": (777, 888, 999)}


def trial(rng: random.Random, data: str, text: str, seed: int, epochs: int, old: bool) -> ResultsCount:
    """One training of one architecture, with random values."""

    def series() -> dict[int, float]:
        return {epoch: round(rng.uniform(1, 99), 4) for epoch in range(epochs)}

    config = {"channel": 16, "num_cells": 5, "arch_str": text, "class_num": CLASSES[data]}
    result = ResultsCount(data, None, series(), series(), 1.07, 153.3, config, seed, epochs, None)
    if old:
        for number, name in enumerate(SETS[data]):
            # The first set was followed during training, the others were evaluated at its end.
            kept = range(epochs) if number == 0 else (epochs - 1,)
            accuracies, losses = series(), series()
            result.update_OLD_eval(name, {i: accuracies[i] for i in kept}, {i: losses[i] for i in kept})
        result.update_latency([0.01, 0.02])
        # The release has times for all; those of the first generation were made up from the others'.
        result.reset_pseudo_train_times(7.5)
        for name in SETS[data]:
            result.reset_pseudo_eval_times(name, 0.5)
    else:
        result.update_train_info(series(), series(), series(), series())
        keys = [f"{name}@{epoch}" for name in SETS[data] for epoch in range(epochs)]
        result.update_eval(*({key: round(rng.uniform(1, 99), 4) for key in keys} for _ in range(3)))
    return result


def results(rng: random.Random, index: int, hp: str) -> ArchResults:
    """All trainings of one architecture under one schedule."""
    found = ArchResults(index, META_ARCHS[index])
    for data in SETS:
        seeds = SEEDS[hp]
        for seed in sorted(rng.sample(seeds, rng.randint(1, len(seeds)))):
            found.update(data, seed, trial(rng, data, META_ARCHS[index], seed, int(hp), rng.random() < 0.5))
    return found


@cache
def states(indices: tuple[int, ...]) -> dict[int, dict[str, Any]]:
    """index -> schedule -> what is stored; not to be changed."""
    rng = random.Random(0)
    return {index: {hp: results(rng, index, hp).state_dict() for hp in ("12", "200")} for index in indices}


def whole(indices: list[int]) -> dict[str, Any]:
    """What a single file holds."""
    return {
        "meta_archs": META_ARCHS,
        "total_archs": len(META_ARCHS),
        "arch2infos": states(tuple(indices)),
        "evaluated_indexes": set(indices),
    }


def write_folder(folder: Path, indices: list[int]) -> Path:
    """NATS-tss-v1_0-3ffb9-simple."""
    folder.mkdir(parents=True)
    pickle_save({"meta_archs": META_ARCHS, "evaluated_indexes": set(indices)}, str(folder / "meta.pickle"))
    for index, state in states(tuple(indices)).items():
        pickle_save(state, str(folder / f"{index:06d}.pickle"))
    return folder


def write_single(path: Path, indices: list[int]) -> Path:
    """NATS-tss-v1_0-3ffb9.pickle.pbz2; path without '.pbz2'."""
    pickle_save(whole(indices), str(path))
    return path.with_name(path.name + ".pbz2")


def write_pth(path: Path, indices: list[int], zipped: bool) -> Path:
    """NAS-Bench-201-v1_1-096897.pth. zipped: as PyTorch writes since 1.6; else as it did before."""
    import torch

    content = whole(indices)
    names = {"12": "less", "200": "full"}
    content["arch2infos"] = {
        index: {names[hp]: state for hp, state in found.items()}
        for index, found in content["arch2infos"].items()
    }
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path
