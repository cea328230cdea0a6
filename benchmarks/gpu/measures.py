"""How fast is the device? Each measurement is a function that yields rows; those that matter most come first."""

from __future__ import annotations

import gc
import math
import multiprocessing
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F

from benchmarks.gpu.work import PlainSteps, Work, let_go, own_step, random_data, supernet, trainer, work
from benchmarks.plain import PlainSupernet
from benchmarks.timing import Row
from supernet.augmentation import Augmentation
from supernet.feed import Feed
from supernet.precision import lacking, set_numerics
from supernet.scoring import Scorer
from supernet.spaces import get_space
from supernet.spaces.nasbench201 import pruned
from supernet.training import Trainer, TrainingConfig

NCHW, NHWC = torch.contiguous_format, torch.channels_last
UNIFORM, FAIR = {"kind": "uniform"}, {"kind": "fair", "batches": "same"}
C16, C32 = work("nasbench201", 16, 1, 64), work("nasbench201", 32, 2, 256)
C64 = work("nasbench201", 64, 4, 256)
BLOX = work("blox", 32, 1, 256)
TINY = Work("nasbench201", replace(C16.size, channels=4, image_size=8), 8)
Measure = Callable[[torch.device, "Known"], Iterator[Row]]


class Known(dict[str, float]):
    """Medians in seconds that later rows need, by name."""


def all_measures(quick: bool) -> list[tuple[str, Measure]]:
    sizes = [TINY] if quick else [C16, C32, BLOX, C64]
    first: list[tuple[str, Measure]] = [("rates", partial(rates, quick=quick))]
    steps: list[tuple[str, Measure]] = [
        (size.name, partial(step_rows, size=size, quick=quick)) for size in sizes
    ]
    return [
        *first,
        *steps[:2],
        ("a whole epoch", partial(epoch, quick=quick)),
        ("scoring, embedded size", partial(scoring, quick=quick, large=False)),
        ("several runs", partial(several_runs, quick=quick)),
        ("augmentation", partial(augmentation, quick=quick)),
        *steps[3:],
        ("the ranking study", projection),
        ("scoring, C16 N5", partial(scoring, quick=quick, large=True)),
        *steps[2:3],
        ("proxies", partial(proxies, quick=quick)),
    ]


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def tidy(device: torch.device) -> None:
    """Memory that nothing needs any more is the device's again."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def turns(
    variants: Mapping[str, Callable[[], object]], device: torch.device, count: int, warm: int = 3
) -> dict[str, list[float]]:
    """Seconds of each call, host and device, the variants in turns; warm calls go before. A variant that does not have
    the memory is left out."""
    able = {}
    for name, call in variants.items():
        with suppress(torch.OutOfMemoryError):
            for _ in range(warm):
                call()
            able[name] = call
    wait(device)
    seconds: dict[str, list[float]] = {name: [] for name in able}
    for _ in range(count):
        for name, call in able.items():
            begin = time.perf_counter()
            call()
            wait(device)
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def rows_of(
    title: str,
    seconds: Mapping[str, list[float]],
    references: Mapping[str, str],
    goals: Mapping[str, float] | None = None,
) -> Iterator[Row]:
    """references: for a variant the one that its ratio is to; without one it has none."""
    for name, values in seconds.items():
        reference = references.get(name, "")
        factor = None
        if reference in seconds:
            pairs = zip(seconds[reference], values, strict=True)
            factor = statistics.median(a / b for a, b in pairs)
        goal = (goals or {}).get(name)
        met = None if goal is None or factor is None else factor >= goal
        text = "" if goal is None else f">= {goal:g}x"
        yield Row(title, name, statistics.median(values), min(values), ratio=factor, goal=text, met=met)


def rates(device: torch.device, known: Known, quick: bool) -> Iterator[Row]:
    """What the device can do at most: matrix products and copies of large tensors."""
    n = 512 if quick else 8192
    for precision, dtype in (("ieee", torch.float32), ("tf32", torch.float32), ("bf16", torch.bfloat16)):
        if precision != "ieee" and device.type != "cuda":
            continue
        set_numerics(
            TrainingConfig(epochs=1, fp32_precision=precision if precision == "tf32" else "ieee"), device
        )
        a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
        seconds = turns({"product": partial(torch.mm, a, b)}, device, 5)["product"]
        known[f"flops {precision}"] = 2 * n**3 / statistics.median(seconds)
        values = [2e-12 * n**3 / s for s in seconds]
        yield Row(f"matrix product {n}", precision, statistics.median(values), min(values), "TFLOP/s")
    x = torch.randn(n * n, device=device)
    y = torch.empty_like(x)
    seconds = turns({"copy": partial(y.copy_, x)}, device, 5)["copy"]
    values = [8e-12 * n * n / s for s in seconds]
    yield Row("copy, read and written", "float32", statistics.median(values), min(values), "TB/s")


def step_rows(device: torch.device, known: Known, size: Work, quick: bool) -> Iterator[Row]:
    """One path and a strictly fair group, in each precision, against public code's way in the same precision."""
    count, warm = (2, 3) if quick else (3, 1) if size is C64 else (9, 3)
    precisions = ["ieee"] if device.type != "cuda" else ["ieee", "tf32", "bf16"]
    shape = (size.batch, 3, size.size.image_size, size.size.image_size)
    images = torch.randn(shape, device=device)
    labels = (torch.arange(size.batch) % size.size.classes).to(device)
    last = images.contiguous(memory_format=NHWC)
    data = random_data(size.size, 2 * size.batch, 16, device)
    runs: list[Trainer] = []
    for what, sampling in (("one path", UNIFORM), ("fair group", FAIR)):
        for precision in precisions:
            amp = "bf16" if precision == "bf16" else "none"
            if amp != "none" and lacking(amp, device):
                continue
            fp32 = "tf32" if precision == "tf32" else "ieee"
            ways: dict[str, dict[str, Any]] = {"eager": {"stacking": "never", "capture": "never"}}
            if size is not C64:
                ways["captured"] = {"stacking": "never", "capture": "always"}
            if what == "fair group" and size.space == "nasbench201" and size is not C64:
                ways["one graph"] = {"stacking": "graph", "capture": "never"}
            calls: dict[str, Callable[[], object]] = {
                "plain": partial(PlainSteps(size, device, amp, NCHW, sampling), images, labels),
                "plain, channels_last": partial(PlainSteps(size, device, amp, NHWC, sampling), last, labels),
            }
            for name, settings in ways.items():
                run = trainer(
                    supernet(size, device),
                    data,
                    sampling,
                    batch_size=size.batch,
                    amp=amp,
                    fp32_precision=fp32,
                    **settings,
                )
                calls[name] = partial(own_step, run, last, labels)
                runs.append(run)
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats()
            seconds = turns(calls, device, 2 * count if what == "one path" else count, warm)
            for run in runs:
                let_go(run)
            runs.clear()
            title = f"{size.name}, {what}, {precision}"
            references = dict.fromkeys(calls, "plain")
            goals: dict[str, float] = {}
            if size is C16 and precision == "ieee":
                goals = {"captured": 2.0} if what == "one path" else {"one graph": 5.0}
            elif size is C32 and precision == "ieee" and what == "fair group":
                goals = {"one graph": 3.0}
            yield from rows_of(title, seconds, references, goals)
            best = min(statistics.median(values) for name, values in seconds.items() if "plain" not in name)
            known[f"{size.name} {what} {precision}"] = best
            if size.space == "nasbench201" and what == "fair group" and f"flops {precision}" in known:
                share = flops_of_group(size) / best / known[f"flops {precision}"]
                yield Row(title, "fastest, of the matrix rate", 100 * share, 100 * share, "%")
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
        yield Row(size.name, "all these variants together, memory", peak, peak, "MB")
        calls.clear()
        tidy(device)


def flops_of_group(size: Work) -> float:
    """Floating-point operations of a strictly fair group, live edges only: forward, and twice that backward."""
    space = get_space("nasbench201")
    cells = [(a, (a + 1) % 5) for a in range(5)]
    paths = [tuple((first + step) % 5 for step in range(6)) for first, _ in cells]
    macs = sum(space.cost(pruned(cell, True), size.size).macs for cell in paths)
    return 6.0 * macs * size.batch


def epoch(device: torch.device, known: Known, quick: bool) -> Iterator[Row]:
    """Batches as a training takes them, augmented: the ranking study's small supernet, strictly fair."""
    size, images = (TINY, 80) if quick else (C32, 45_000)
    for precision in ("ieee", "tf32", "bf16") if device.type == "cuda" else ("ieee",):
        data = random_data(size.size, images, 16, device)
        amp, fp32 = ("bf16", "ieee") if precision == "bf16" else ("none", precision)
        run = trainer(
            supernet(size, device),
            data,
            {"kind": "fair"},
            epochs=2,
            batch_size=size.batch,
            amp=amp,
            fp32_precision=fp32,
            augmentation=Augmentation(shift=4, flip=True),
        )
        run.run()
        seconds = run.history[-1].seconds
        known[f"epoch {precision}"] = seconds
        yield Row(
            f"{size.name}, an epoch of {images:,} images", f"{precision}, 250 epochs", 250 * seconds / 60,
            250 * seconds / 60, "min", goal="< 10 min" if precision == "ieee" else "",
            met=250 * seconds < 600 if precision == "ieee" else None,
        )  # fmt: skip
        del run
        tidy(device)


def scoring(device: torch.device, known: Known, quick: bool, large: bool) -> Iterator[Row]:
    """The engine on many architectures, against one forward pass of public code's network for each."""
    if quick:
        size, valid, batch = TINY, 64, 64
    elif large:
        size, valid, batch = work("nasbench201", 16, 5, 256), 1024, 512
    else:
        size = Work("nasbench201", replace(C16.size, channels=8, image_size=8, stages=2, image_channels=1,
                                           reduction="light"), 64)  # fmt: skip
        valid, batch = 448, 512
    data = random_data(size.size, 512, valid, device)
    set_numerics(TrainingConfig(epochs=1), device)
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
        yield Row(title, "engine", statistics.median(seconds), min(seconds), ratio=factor,
                  goal="" if quick else ">= 5x", met=None if quick else factor >= 5)  # fmt: skip


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
            yield Row(f"{size.name}, {count} runs at once", "failed", math.nan, math.nan, "updates/s")
            continue
        total = sum(results.get() for _ in processes)
        base = base or total
        goal, met = (">= 2.5x", total / base >= 2.5) if count == 4 and not quick else ("", None)
        yield Row(f"{size.name}, uniform, {count} at once", "captured", total, total, "updates/s",
                  ratio=total / base, goal=goal, met=met)  # fmt: skip


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
            yield Row(
                "augmentation", f"{name}: {missing.name} is not installed", math.nan, math.nan, "images/s"
            )
            continue
        values = [20 * batch / s for s in seconds]
        yield Row("augmentation", name, statistics.median(values), min(values), "images/s")


def proxies(device: torch.device, known: Known, quick: bool) -> Iterator[Row]:
    """All proxies of a network at the published size, as `zero-cost` computes them."""
    try:
        from benchmarks.proxies import ARCHITECTURES, ZEN_IMAGES, random_task
        from studies.estimators.zero_cost import ZeroCost
        from studies.proxies import PROXIES
    except ModuleNotFoundError as missing:
        yield Row("proxies", f"{missing.name} is not installed", math.nan, math.nan, "networks/min")
        return
    set_numerics(TrainingConfig(epochs=1), device)
    for space, architecture in ARCHITECTURES.items():
        task = random_task(space, quick)
        task = replace(task, data=task.data.to(device), device=device)
        estimator = ZeroCost(
            measures=PROXIES, batch_size=16 if quick else 64, initialisations=1, zen_images=ZEN_IMAGES
        )

        def one(estimator: ZeroCost = estimator, task: Any = task, architecture: Any = architecture) -> None:
            assert len(list(estimator.score(task, [architecture], lambda done, detail: None))) == len(PROXIES)

        seconds = turns({"all": one}, device, 1 if quick else 3, warm=1)["all"]
        values = [60 / s for s in seconds]
        yield Row(f"{len(PROXIES)} proxies of a network of {task.space.title}", f"batch {estimator.batch_size}",
                  statistics.median(values), min(values), "networks/min")  # fmt: skip


def projection(device: torch.device, known: Known) -> Iterator[Row]:
    """The ranking study's 610 trainings in hours of this device, from the measured steps: images by the measured time
    of an image and path at the nearest width, by multiply-accumulates elsewhere. Scoring and augmentation not
    counted."""
    from benchmarks.gpu.study import trainings

    for precision in ("ieee", "tf32", "bf16"):
        names = [size for size in (C32, C64) if f"{size.name} fair group {precision}" in known]
        if not names:
            continue
        hours, scaled = trainings(known, names, precision)
        what = f"{precision}; {scaled} of another width or masked, by their multiply-accumulates"
        yield Row("610 trainings of the ranking study", what, hours, hours, "h")
