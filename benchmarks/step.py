"""The benchmark `step`.

The reference is the network as public code writes it (`benchmarks/plain.py`), NCHW; beside it the same with one line
more, channels_last, as a careful user of public code has it. Same weights, paths and images for all, and the same
allocator: one process that keeps freed memory, as a worker of a study does, in which the variants take turns.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks import NB201
from benchmarks.plain import PlainSupernet
from benchmarks.timing import (
    Row,
    at_least,
    at_most,
    compare,
    one_thread,
    other_process,
    peak_memory,
    take_turns,
)
from benchmarks.work import C16, C32, Work, cells_macs
from studies import embedded
from supernet.fast.memory import keep_freed_memory
from supernet.fast.pooling import DepthwiseAverage, constants
from supernet.fast.sgd import SGD
from supernet.fast.stacking import stacked_logits
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.spaces import get_space
from supernet.training.precision import has_bfloat16_units
from supernet.training.sampling import Sampler, SamplingConfig

MOST_MEMORY = 2100.0  # MB
GEMM = 1024


DIGITS = Work(NB201, embedded.SIZES[NB201], 64)


def name_of(work: Work) -> str:
    return f"digits C8 8x8 B{work.batch}" if work.size == DIGITS.size else work.label


class Steps:
    """The networks of one piece of work, and its variants as methods."""

    def __init__(self, work: Work) -> None:
        torch.set_num_threads(work.threads)
        space, size = get_space(work.space), work.size
        network = seeded(Supernet, NetworkConfig(space=space, size=size), seed=0)
        assert isinstance(network, Supernet)
        self.network = network.train()
        self.reference = PlainSupernet(network.config).train()
        self.reference.load_state_dict(network.state_dict())
        self.careful = PlainSupernet(network.config).train().to(memory_format=torch.channels_last)
        self.careful.load_state_dict(network.state_dict())
        self.network.to(memory_format=torch.channels_last)
        generator = torch.Generator().manual_seed(0)
        self.images = torch.randn(work.images, generator=generator)
        self.channels_last = self.images.contiguous(memory_format=torch.channels_last)
        self.labels = torch.randint(0, size.classes, (work.batch,), generator=generator)
        sampler = Sampler(SamplingConfig(kind="fair"), space, size, 0)
        self.paths = [sampler.next() for _ in range(sampler.group_size)]
        # Of a group: a backward pass computes twice what a forward pass does.
        self.flops = 3 * 2 * cells_macs(work, [path[0] for path in self.paths]) * work.batch
        parameters = [{"params": list(network.parameters()), "weight_decay": 0.0}]
        self.optimizers: dict[nn.Module, SGD | torch.optim.SGD] = {
            self.network: SGD(parameters, lr=0.01, momentum=0.9),
            **{
                plain: torch.optim.SGD(plain.parameters(), lr=0.01, momentum=0.9, foreach=False)
                for plain in (self.reference, self.careful)
            },
        }
        self.turns: dict[nn.Module, int] = dict.fromkeys(self.optimizers, 0)
        self.square = torch.randn(GEMM, GEMM, generator=generator)

    def _update(self, model: nn.Module) -> None:
        self.optimizers[model].step()
        self.optimizers[model].zero_grad()

    def _step(self, model: nn.Module, images: Tensor, count: int) -> None:
        """One path (the group's next one each time) or the whole group."""
        turn = self.turns[model] = self.turns[model] + 1
        for path in self.paths if count > 1 else [self.paths[turn % len(self.paths)]]:
            F.cross_entropy(model(images, path), self.labels).backward()
        self._update(model)

    def plain(self, count: int) -> None:
        self._step(self.reference, self.images, count)

    def plain_channels_last(self, count: int) -> None:
        self._step(self.careful, self.channels_last, count)

    def supernet(self, count: int) -> None:
        self._step(self.network, self.channels_last, count)

    def stacked(self, count: int) -> None:
        logits = stacked_logits(self.network, [self.channels_last], self.paths[:count])
        (F.cross_entropy(logits, self.labels.repeat(count)) * count).backward()
        self._update(self.network)

    def bf16(self, count: int) -> None:
        for path in self.paths[:count]:
            with torch.autocast("cpu", torch.bfloat16):
                loss = F.cross_entropy(self.network(self.channels_last, path), self.labels)
            loss.backward()
        self._update(self.network)

    def gemm(self, count: int) -> None:
        """count matrix products of 2 GEMM^3 operations each."""
        for _ in range(count):
            torch.mm(self.square, self.square)

    def measure(self, count: int) -> float:
        """Arithmetic of a group of paths, floating-point operations."""
        return float(self.flops)


def serve(connection: Connection) -> None:
    """Do what is asked for, (work, variant, number of paths), until the other end is closed."""
    keep_freed_memory()
    current: tuple[Work, Steps] | None = None
    while True:
        try:
            work, variant, count = connection.recv()
        except EOFError:
            return
        if current is None or current[0] != work:
            current = None  # let go of the last before the next is made
            current = (work, Steps(work))
        connection.send(getattr(current[1], variant)(count))


def asked(other: Connection, work: Work, variant: str, count: int) -> float | None:
    """The answer of a process that serves."""
    other.send((work, variant, count))
    answer: float | None = other.recv()
    return answer


def run(quick: bool) -> Iterator[Row]:
    """The training step: forward, backward and optimizer step of one path, and of a strictly fair group of five."""
    c16, c32, digits = (replace(work, batch=8) if quick else work for work in (C16, C32, DIGITS))
    turns = 2 if quick else 11
    more = ("stacked", "bf16") if has_bfloat16_units() else ("stacked",)
    with other_process(serve) as other:

        def rows(
            name: str, work: Work, count: int, turns: int, least: float | None, *more: str
        ) -> Iterator[Row]:
            """Against the reference, then against the careful one."""
            for reference, title, goal in (
                ("plain", name, least),
                ("plain_channels_last", f"{name}, to channels_last", 1.5 if least else None),
            ):
                names = (reference, "supernet", *more)
                variants = {
                    variant.replace("_", ", ", 1): partial(asked, other, work, variant, count)
                    for variant in names
                }
                yield from compare(name if reference == "plain" else title, variants, turns=turns,
                                   least={"supernet": goal} if goal else {})  # fmt: skip

        yield from rows(f"{name_of(c16)}, one path", c16, 1, 2 * turns, 2.0)
        yield from rows(f"{name_of(c16)}, fair group", c16, 5, turns, 2.0, *more)
        yield throughput(c16, other, turns)
        yield from rows(f"{name_of(digits)}, fair group", digits, 5, turns if quick else 60, None, "stacked")
        if not quick:
            yield from rows(f"{name_of(c32)}, two threads, one path", c32, 1, 5, 2.0)
    if not quick:
        for keep in (False, True):
            peak = peak_memory(a_few_steps, c32, keep)
            variant = "supernet, memory kept" if keep else "supernet"
            goal = at_most(peak, MOST_MEMORY, "MB")
            yield Row.of(f"{name_of(c32)}, peak", variant, [peak], "MB", goal=goal)
    yield from pooling_rows(
        turns, ((16, 32),) if quick else ((16, 32), (32, 16), (64, 8), (8, 8), (128, 8), (16, 4))
    )


def throughput(work: Work, other: Connection, turns: int) -> Row:
    """Arithmetic a second of the step, beside that of a matrix product in the same process and turn."""
    flops = asked(other, work, "measure", 5)
    assert flops is not None
    products = 20
    seconds = take_turns(
        {
            "step": partial(asked, other, work, "supernet", 5),
            "gemm": partial(asked, other, work, "gemm", products),
        },
        turns,
    )
    step = [flops / value / 1e9 for value in seconds["step"]]
    gemm = [products * 2 * GEMM**3 / value / 1e9 for value in seconds["gemm"]]
    share = statistics.median(a / b for a, b in zip(step, gemm, strict=True))
    return Row.of(
        f"{name_of(work)}, arithmetic, to sgemm", "supernet", step, "GFLOP/s", share, at_least(share, 0.7)
    )


def a_few_steps(work: Work, keep: bool) -> None:
    if keep:
        keep_freed_memory()
    steps = Steps(work)
    for _ in range(3):
        steps.supernet(1)


def pooling_rows(turns: int, sizes: tuple[tuple[int, int], ...]) -> Iterator[Row]:
    """Forward and backward of the 3x3 average, 64 images of (channels, side), on one thread."""
    with one_thread():
        for channels, side in sizes:
            x = torch.randn(64, channels, side, side).contiguous(memory_format=torch.channels_last)
            gradient = x.clone(memory_format=torch.preserve_format)
            x.requires_grad_()
            fixed = constants(channels, side, side, torch.float32)

            def pool(x: Tensor = x, gradient: Tensor = gradient) -> None:
                F.avg_pool2d(x, 3, 1, 1, count_include_pad=False).backward(gradient)
                x.grad = None

            def depthwise(
                x: Tensor = x, gradient: Tensor = gradient, fixed: tuple[Tensor, Tensor] = fixed
            ) -> None:
                DepthwiseAverage.apply(x, *fixed).backward(gradient)
                x.grad = None

            calls = {"avg_pool2d": pool, "depthwise convolution": depthwise}
            yield from compare(f"pooling 64x{channels}x{side}x{side}", calls, turns=3 * turns)


def export(folder: Path) -> list[Path]:
    """For each piece of work a folder with weights.pt (the supernet's state dict), batch.pt (images (B, C, H, W)
    normalised float32, labels (B,)) and work.json (network, the strictly fair group of paths as NAS-Bench-201
    texts, the optimizer, seeds). The folders."""
    written = []
    for work in (C16, C32, DIGITS):
        steps = Steps(work)
        space = steps.network.config.space
        place = folder / name_of(work).replace(" ", "-")
        place.mkdir(parents=True, exist_ok=True)
        torch.save(steps.network.state_dict(), place / "weights.pt")
        torch.save({"images": steps.images, "labels": steps.labels}, place / "batch.pt")
        content = {
            "space": space.name,
            "size": asdict(work.size),
            "batch": work.batch,
            "threads": work.threads,
            "seeds": {"weights": 0, "batch": 0, "paths": 0},
            "paths": [space.text(path[0]) for path in steps.paths],
            "optimizer": {"name": "SGD", "lr": 0.01, "momentum": 0.9},
            "gflop_of_the_group": steps.flops / 1e9,
        }
        (place / "work.json").write_text(json.dumps(content, indent=1) + "\n")
        written.append(place)
    return written
