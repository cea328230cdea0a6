"""What one training record of NATS-Bench says, as this project's columns.

Training sets and evaluation sets of the benchmark, and the names here:

    cifar10-valid   trained on half of the training images
                    train -> cifar10valid_train; x-valid, the other half -> cifar10_valid; ori-test ->
                    cifar10valid_test
    cifar10         trained on all of them: train -> cifar10_train; ori-test -> cifar10_test
    cifar100        train -> cifar100_train; x-valid, x-test (halves of the official test images) -> cifar100_valid,
                    cifar100_test; ori-test (both halves together) -> cifar100_validtest
    ImageNet16-120  likewise: imagenet16_...

Source: Dong et al., NATS-Bench (TPAMI 2021), section 3.2; nats_bench 1.8, ArchResults.get_metrics.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

FULL = 200  # epochs of the benchmark's full training
SERIES = {
    ("cifar10-valid", "train"): "cifar10valid_train",
    ("cifar10-valid", "x-valid"): "cifar10_valid",
    ("cifar10-valid", "ori-test"): "cifar10valid_test",
    ("cifar10", "train"): "cifar10_train",
    ("cifar10", "ori-test"): "cifar10_test",
    **{
        (data, part): f"{name}_{here}"
        for data, name in (("cifar100", "cifar100"), ("ImageNet16-120", "imagenet16"))
        for part, here in (
            ("train", "train"), ("x-valid", "valid"), ("x-test", "test"), ("ori-test", "validtest"),
        )
    },
}  # fmt: skip
DATA = {
    "cifar10-valid": "cifar10valid",
    "cifar10": "cifar10",
    "cifar100": "cifar100",
    "ImageNet16-120": "imagenet16",
}


class Trained(NamedTuple):
    """One series of one training. accuracy: (E,) percent, NaN for epochs without; loss: of the last epoch, or NaN;
    losses: (E,) of training, None for other parts."""

    name: str
    seed: int
    accuracy: np.ndarray
    loss: float
    losses: np.ndarray | None


def schedule(epochs: int) -> str:
    """The part of a column's name that says how long was trained."""
    return "" if epochs == FULL else f"_ep{epochs}"


def trainings(state: dict[str, Any]) -> Iterator[tuple[int, Trained]]:
    """(epochs, series) of every training of a state, seeds rising within a data set.

    ValueError, to follow the name of the file, if the state is not one of the topology release."""
    try:
        for data, seeds in state["dataset_seed"].items():
            for seed in sorted(seeds):
                if data not in DATA:
                    raise ValueError(f"data: {data!r:.40} is not one of {', '.join(DATA)}")
                result = state["all_results"][data, seed]
                epochs = result["epochs"]
                yield from ((epochs, one) for one in _series(data, int(seed), result, epochs))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a record of another format ({type(error).__name__}: {error})") from None


def _series(data: str, seed: int, result: dict[str, Any], epochs: int) -> Iterator[Trained]:
    losses = _values(result["train_losses"], range(epochs))
    accuracy = _percent(_values(result["train_acc1es"], range(epochs)), data)
    yield Trained(SERIES[data, "train"], seed, accuracy, float(losses[-1]), losses)
    for part in result["eval_names"]:
        if (data, part) not in SERIES:
            raise ValueError(f"{data} has an evaluation set {part!r:.40} that the benchmark does not have")
        keys = _keys(part, epochs)
        accuracy = _percent(_values(result["eval_acc1es"], keys), data)
        loss = result["eval_losses"].get(keys[-1], math.nan)
        yield Trained(SERIES[data, part], seed, accuracy, float(loss), None)


@cache
def _keys(part: str, epochs: int) -> tuple[str, ...]:
    return tuple(f"{part}@{epoch}" for epoch in range(epochs))


def _values(found: dict[Any, Any], keys: Any) -> np.ndarray:
    get = found.get
    return np.array([get(key, math.nan) for key in keys], dtype=float)


def _percent(values: np.ndarray, data: str) -> np.ndarray:
    known = values[~np.isnan(values)]
    if len(known) and not (known.min() >= 0 and known.max() <= 100):
        raise ValueError(
            f"an accuracy on {data} of {known.min():g} to {known.max():g}, which is not in percent"
        )
    return values


def mean(values: list[float]) -> float:
    """As the benchmark's own: the sum from left to right over the number; NaN of none."""
    return sum(values) / len(values) if values else math.nan
