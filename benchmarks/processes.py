"""Processes: memory of the quickstart, and two workers of one thread against one process of two threads."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import resource
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from benchmarks.timing import Row, compare, peak_memory
from studies import embedded
from studies.model.study import Run
from supernet.data import DataConfig, load
from supernet.fast.memory import keep_freed_memory
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.spaces import get_space
from supernet.training.sampling import Sampler, SamplingConfig
from supernet.training.trainer import Trainer, TrainingConfig

MOST_MEMORY = 900.0  # MB


def run(quick: bool) -> Iterator[Row]:
    peaks = {space: peak_memory(one_run, space, quick) for space in embedded.SIZES}
    for space, peak in peaks.items():
        yield Row(
            "quickstart, peak of a worker",
            f"{space}, uniform",
            peak,
            peak,
            "MB",
            goal=f"<= {MOST_MEMORY:g} MB",
            met=peak <= MOST_MEMORY,
        )
    with one_process(2) as both, one_process(1) as first, one_process(1) as second:

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
    from studies.catalog.quickstart import study
    from studies.model.smoke import smoke
    from studies.running.execute import Plan
    from studies.running.run import run_one

    torch.set_num_threads(1)
    keep_freed_memory()
    chosen = smoke(study()) if quick else study()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        plan = Plan.of(chosen, Path(folder))
        found: Run = next(r for r in plan.runs if r.variant.space == space and r.variant.name == "uniform")
        result = run_one(found, plan.architectures(found), "cpu", lambda phase, fraction, detail: None)
    if result["status"] != "finished":
        raise ValueError(f"quickstart: {result['reason']}")


@contextlib.contextmanager
def one_process(threads: int) -> Iterator[Connection]:
    """A process that trains an epoch whenever it is sent something, and answers when it is done."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, threads), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join()


def _serve(connection: Connection, threads: int) -> None:
    torch.set_num_threads(threads)
    keep_freed_memory()
    space, size = get_space("nasbench201"), embedded.SIZES["nasbench201"]
    network = seeded(Supernet, NetworkConfig(space=space, size=size), seed=0)
    sampler = Sampler(SamplingConfig(), space, size, seed=0)
    settings = TrainingConfig(epochs=1, batch_size=64, augmentation=embedded.AUGMENTATION)
    with contextlib.suppress(EOFError):
        while True:
            connection.recv()
            Trainer(network, load(DataConfig(name=embedded.DATA)), settings, seed=0, sampler=sampler).run()
            connection.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
