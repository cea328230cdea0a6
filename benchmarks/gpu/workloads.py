"""What surrounds the steps: scoring, several runs on one card, augmentation, proxies."""

from __future__ import annotations

import math
import multiprocessing
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F

from benchmarks import NB201
from benchmarks.gpu.steps import TINY, UNIFORM, Known, tidy, turns, wait
from benchmarks.plain import PlainSupernet
from benchmarks.timing import Row, at_least
from benchmarks.work import C16, C32, Work, random_data, supernet, trainer, work
from supernet.scoring.scorer import Scorer
from supernet.training.config import Augmentation
from supernet.training.feed import Feed
from supernet.training.precision import set_numerics


def scoring(device: torch.device, known: Known, quick: bool, large: bool) -> Iterator[Row]:
    """The engine on many architectures, against one forward pass of public code's network for each."""
    if quick:
        size, valid, batch = TINY, 64, 64
    elif large:
        size, valid, batch = work(NB201, 16, 5, 256), 1024, 512
    else:
        size = Work(NB201, replace(C16.size, channels=8, image_size=8, stages=2, image_channels=1,
                                           reduction="light"), 64)  # fmt: skip
        valid, batch = 448, 512
    data = random_data(size.size, 512, valid, device)
    set_numerics(device)
    network = supernet(size, device)
    plain = PlainSupernet(network.config).to(device).train()
    whole = list(network.config.space.enumerate())
    scorer = Scorer(network, data, data.valid, "batch", batch_size=batch)
    batches = [(images.contiguous(), labels) for images, labels in scorer.batches]
    sets = (
        {"60 random": 60}
        if quick
        else {"1,000 random": 1000}
        if large
        else {"1,000 random": 1000, "15,625": 15625}
    )

    def naive() -> None:
        with torch.no_grad():
            for cell in random.Random(1).sample(whole, 20):
                path = network.config.space.path(cell, size.size)
                for images, labels in batches:
                    logits = plain(images, path)
                    _ = (
                        float((logits.argmax(1) == labels).float().mean()),
                        float(F.cross_entropy(logits, labels)),
                    )

    for name, number in sets.items():
        which = random.Random(0).sample(whole, number)
        one = [1.0] if number > 5000 else [1.0, 1.0]
        seconds = []
        reference = turns({"plain": naive}, device, 3, warm=1)["plain"]
        for _ in one:
            begin = time.perf_counter()
            assert sum(1 for _ in scorer(which)) == number
            wait(device)
            seconds.append(time.perf_counter() - begin)
        expected = statistics.median(reference) / 20 * number
        title = f"score {name} of {size.name.rsplit(' ', 1)[0]}, {valid} images"
        yield Row(title, "plain, from 20", expected, min(reference) / 20 * number)
        factor = expected / min(seconds)
        yield Row.of(title, "engine", seconds, ratio=factor, goal=at_least(factor, None if quick else 5))


def several_runs(device: torch.device, known: Known, quick: bool) -> Iterator[Row]:
    """Trainings of C16 by so many processes at once, as `studies run --workers N` has them: updates a second in all."""
    size, seconds = (TINY, 0.3) if quick else (C16, 3.0)
    tidy(device)
    context = multiprocessing.get_context("spawn")
    base = 0.0
    for count in (1, 2) if quick else (1, 2, 4, 8):
        barrier, results = context.Barrier(count), context.SimpleQueue()
        arguments = (size, str(device), seconds, barrier, results)
        processes = [
            context.Process(target=one_of_several, args=arguments, daemon=True) for _ in range(count)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(120)
        if any(process.exitcode != 0 for process in processes):
            yield Row.of(f"{size.name}, {count} runs at once", "failed", [math.nan], "updates/s")
            continue
        total = sum(results.get() for _ in processes)
        base = base or total
        goal = at_least(total / base, 2.5 if count == 4 and not quick else None)
        title = f"{size.name}, uniform, {count} at once"
        yield Row.of(title, "captured", [total], "updates/s", total / base, goal)


def one_of_several(size: Work, device_name: str, seconds: float, barrier: Any, results: Any) -> None:
    torch.set_num_threads(1)
    device = torch.device(device_name)
    data = random_data(size.size, 40 * size.batch, 16, device)
    run = trainer(
        supernet(size, device), data, UNIFORM, epochs=10**6, batch_size=size.batch, capture="always"
    )
    assert run.captured is not None
    run.captured.attach()
    run._epoch(0)
    run._epoch(1)
    wait(device)
    barrier.wait(120)
    begin, before = time.perf_counter(), run.updates
    while time.perf_counter() - begin < seconds:
        run._epoch(2)
    wait(device)
    results.put((run.updates - before) / (time.perf_counter() - begin))


def augmentation(device: torch.device, known: Known, quick: bool) -> Iterator[Row]:
    """Batches of 256 (32x32), taken and augmented, as a training takes them."""
    size, batch = (TINY, 8) if quick else (C32, 256)
    data = random_data(size.size, 20 * batch, 16, device)
    kinds = {
        "shift, flip": Augmentation(shift=4, flip=True),
        "shift, flip, cutout": Augmentation(shift=4, flip=True, cutout=16),
        "shift, flip, autoaugment": Augmentation(shift=4, flip=True, policy="autoaugment"),
        "shift, flip, randaugment": Augmentation(shift=4, flip=True, policy="randaugment"),
        "shift, flip, noise": Augmentation(shift=4, flip=True, noise=0.1),
    }
    for name, kind in kinds.items():
        generator = torch.Generator().manual_seed(0)
        feed = Feed(data, kind, generator, batch)
        indices = list(torch.randperm(20 * batch, generator=generator).split(batch))

        def all_batches(feed: Feed = feed, indices: Any = indices) -> None:
            for index in indices:
                feed(index)

        try:
            seconds = turns({name: all_batches}, device, 2 if quick else 5, warm=1)[name]
        except ModuleNotFoundError as missing:
            yield Row.of("augmentation", f"{name}: {missing.name} is not installed", [math.nan], "images/s")
            continue
        yield Row.of("augmentation", name, [20 * batch / s for s in seconds], "images/s")


def proxies(device: torch.device, known: Known, quick: bool) -> Iterator[Row]:
    """All proxies of a network at the published size, as `zero-cost` computes them."""
    try:
        from benchmarks.proxies import ARCHITECTURES, ZEN_IMAGES, random_task
        from studies.estimators.zero_cost import PROXIES, ZeroCost
    except ModuleNotFoundError as missing:
        yield Row.of("proxies", f"{missing.name} is not installed", [math.nan], "networks/min")
        return
    set_numerics(device)
    for space, architecture in ARCHITECTURES.items():
        task = random_task(space, quick)
        task = replace(task, data=task.data.to(device), device=device)
        estimator = ZeroCost(
            measures=PROXIES, batch_size=16 if quick else 64, initialisations=1, zen_images=ZEN_IMAGES
        )

        def one(estimator: ZeroCost = estimator, task: Any = task, architecture: Any = architecture) -> None:
            assert len(list(estimator.score(task, [architecture], lambda done, detail: None))) == len(PROXIES)

        seconds = turns({"all": one}, device, 1 if quick else 3, warm=1)["all"]
        title = f"{len(PROXIES)} proxies of a network of {task.space.title}"
        yield Row.of(title, f"batch {estimator.batch_size}", [60 / s for s in seconds], "networks/min")
