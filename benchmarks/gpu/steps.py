"""Rates of a device, and training steps on it against public code's way, in the same precision."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from benchmarks import NB201
from benchmarks.timing import Row, at_least, below
from benchmarks.work import (
    C16,
    C32,
    C64,
    PlainSteps,
    Work,
    cells_macs,
    own_step,
    random_data,
    supernet,
    trainer,
)
from supernet.training.config import Augmentation
from supernet.training.precision import lacking, set_numerics
from supernet.training.trainer import Trainer

NCHW, NHWC = torch.contiguous_format, torch.channels_last
UNIFORM, FAIR = {"kind": "uniform"}, {"kind": "fair", "batches": "same"}
TINY = Work(NB201, replace(C16.size, channels=4, image_size=8), 8)


class Known(dict[str, float]):
    """Medians in seconds that later rows need, by name."""


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
        goal = at_least(factor, (goals or {}).get(name)) if factor is not None else None
        yield Row.of(title, name, values, ratio=factor, goal=goal)


def rates(device: torch.device, known: Known, quick: bool) -> Iterator[Row]:
    """What the device can do at most: matrix products and copies of large tensors."""
    n = 512 if quick else 8192
    for precision, dtype in (("ieee", torch.float32), ("tf32", torch.float32), ("bf16", torch.bfloat16)):
        if precision != "ieee" and device.type != "cuda":
            continue
        set_numerics(device, fp32_precision=precision if precision == "tf32" else "ieee")
        a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
        seconds = turns({"product": partial(torch.mm, a, b)}, device, 5)["product"]
        known[f"flops {precision}"] = 2 * n**3 / statistics.median(seconds)
        values = [2e-12 * n**3 / s for s in seconds]
        yield Row.of(f"matrix product {n}", precision, values, "TFLOP/s")
    x = torch.randn(n * n, device=device)
    y = torch.empty_like(x)
    seconds = turns({"copy": partial(y.copy_, x)}, device, 5)["copy"]
    values = [8e-12 * n * n / s for s in seconds]
    yield Row.of("copy, read and written", "float32", values, "TB/s")


def step_rows(device: torch.device, known: Known, size: Work, quick: bool) -> Iterator[Row]:
    """One path and a strictly fair group, in each precision, against public code's way in the same precision."""
    count, warm = (2, 3) if quick else (3, 1) if size is C64 else (9, 3)
    precisions = ["ieee"] if device.type != "cuda" else ["ieee", "tf32", "bf16"]
    images = torch.randn(size.images, device=device)
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
            if what == "fair group" and size.space == NB201 and size is not C64:
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
                run.release()
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
            if size.space == NB201 and what == "fair group" and f"flops {precision}" in known:
                share = flops_of_group(size) / best / known[f"flops {precision}"]
                yield Row.of(title, "fastest, of the matrix rate", [100 * share], "%")
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
        yield Row.of(size.name, "all these variants together, memory", [peak], "MB")
        calls.clear()
        tidy(device)


def flops_of_group(size: Work) -> float:
    """Floating-point operations of a strictly fair group, live edges only: forward, and twice that backward."""
    cells = [tuple((first + step) % 5 for step in range(6)) for first in range(5)]
    return 6.0 * cells_macs(size, cells) * size.batch


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
        minutes = 250 * seconds / 60
        goal = below(minutes, 10 if precision == "ieee" else None, "min")
        title = f"{size.name}, an epoch of {images:,} images"
        yield Row.of(title, f"{precision}, 250 epochs", [minutes], "min", goal=goal)
        del run
        tidy(device)
