"""The benchmarks `standalone` and `processes`: trainings side by side, in one process and in several."""

from __future__ import annotations

import contextlib
import io
import resource
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from benchmarks import BLOX, NB201
from benchmarks.timing import Row, at_most, compare, one_thread, other_process, peak_memory
from studies import embedded
from studies.catalog.quickstart import study
from studies.model.smoke import smoke
from studies.running.plan import Plan
from studies.running.run import run_one
from supernet.data import DataConfig
from supernet.data.loading import load_data
from supernet.fast.grouped import train_group
from supernet.fast.memory import keep_freed_memory
from supernet.network import NetworkConfig, StandAlone, Supernet, seeded
from supernet.spaces import Architecture, get_space
from supernet.training.config import TrainingConfig
from supernet.training.sampling import Sampler, SamplingConfig
from supernet.training.trainer import Trainer

SEEDS = (0, 1, 2)
MOST_MEMORY = 900.0  # MB


def standalone(quick: bool) -> Iterator[Row]:
    """Stand-alone networks: several trained side by side in one process against one after the other.

    The embedded task's own networks, data and recipe, cut to some epochs; evaluation is not included."""
    keep_freed_memory()  # as the workers do
    with one_thread():
        for name in embedded.SIZES:
            sample = sorted(get_space(name).sample(2 if quick else 4, seed=0))
            epochs = 1 if quick or name == BLOX else 4  # Blox networks are several times deeper
            work = f"{name} on digits, {len(sample)} architectures x {len(SEEDS)} seeds, {epochs} epochs"
            grouped = partial(side_by_side, name, sample, epochs)
            variants: dict[str, Callable[[], object]] = {
                "one after the other": partial(alone, name, sample, epochs),
                "seeds side by side": partial(grouped, 1),
                "two architectures and their seeds side by side": partial(grouped, 2),
            }
            goal = {"seeds side by side": 1.5}
            yield from compare(work, variants, turns=1 if quick else 3, least=goal)


def build(name: str, architecture: Architecture, seed: int) -> StandAlone:
    config = NetworkConfig(space=get_space(name), size=embedded.SIZES[name], affine=True)
    network = seeded(StandAlone, config, architecture, seed=seed)
    assert isinstance(network, StandAlone)
    return network


def alone(name: str, sample: list[Architecture], epochs: int) -> None:
    config, data = (
        replace(embedded.STAND_ALONE[name], epochs=epochs),
        load_data(DataConfig(name=embedded.DATA)),
    )
    for architecture in sample:
        for seed in SEEDS:
            Trainer(build(name, architecture, seed), data, config, seed=seed).run()


def side_by_side(name: str, sample: list[Architecture], epochs: int, together: int) -> None:
    """Groups of `together` architectures, each with all seeds."""
    config, data = (
        replace(embedded.STAND_ALONE[name], epochs=epochs),
        load_data(DataConfig(name=embedded.DATA)),
    )
    for first in range(0, len(sample), together):
        group = [(a, seed) for a in sample[first : first + together] for seed in SEEDS]
        networks = [build(name, architecture, seed) for architecture, seed in group]
        train_group(networks, data, config, [seed for _, seed in group])


def processes(quick: bool) -> Iterator[Row]:
    """Processes: memory of the quickstart, and two workers of one thread against one process of two threads."""
    peaks = {space: peak_memory(one_run, space, quick) for space in embedded.SIZES}
    for space, peak in peaks.items():
        goal = at_most(peak, MOST_MEMORY, "MB")
        yield Row.of("quickstart, peak of a worker", f"{space}, uniform", [peak], "MB", goal=goal)
    with (
        other_process(_serve, 2) as both,
        other_process(_serve, 1) as first,
        other_process(_serve, 1) as second,
    ):

        def two_processes() -> None:
            for process in (first, second):
                process.send(None)
            for process in (first, second):
                process.recv()

        def one_after_the_other() -> None:
            for _ in range(2):
                both.send(None)
                both.recv()

        variants: dict[str, Callable[[], object]] = {
            "one process of two threads": one_after_the_other,
            "two processes of one thread": two_processes,
        }
        yield from compare("two trainings of an epoch, digits C8", variants, turns=2 if quick else 15)


def one_run(space: str, quick: bool) -> None:
    """What a worker of the quickstart does for one of its runs."""
    torch.set_num_threads(1)
    keep_freed_memory()
    chosen = smoke(study()) if quick else study()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        plan = Plan.of(chosen, Path(folder))
        run = next(r for r in plan.runs if r.variant.space == space and r.variant.name == "uniform")
        result = run_one(run, plan.architectures(run), "cpu", lambda phase, fraction, detail: None)
    if result["status"] != "finished":
        raise ValueError(f"quickstart: {result['reason']}")


def _serve(connection: Connection, threads: int) -> None:
    """Train an epoch whenever something is sent, and answer when it is done."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    space, size = get_space(NB201), embedded.SIZES[NB201]
    network = seeded(Supernet, NetworkConfig(space=space, size=size), seed=0)
    sampler = Sampler(SamplingConfig(), space, size, seed=0)
    settings = TrainingConfig(epochs=1, batch_size=64, augmentation=embedded.AUGMENTATION)
    with contextlib.suppress(EOFError):
        while True:
            connection.recv()
            Trainer(
                network, load_data(DataConfig(name=embedded.DATA)), settings, seed=0, sampler=sampler
            ).run()
            connection.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
