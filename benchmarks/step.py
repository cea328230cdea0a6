"""The training step: forward, backward and optimizer step of one path, and of a strictly fair group of five.

The reference is the network as public code writes it (`benchmarks/plain.py`), NCHW; beside it the same with one line
more, channels_last, as a careful user of public code has it. Same weights, paths and images for all, and the same
allocator: one process that keeps freed memory, as a worker of a study does, in which the variants take turns.
"""

from __future__ import annotations

import multiprocessing
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.plain import PlainSupernet
from benchmarks.timing import Row, compare, peak_memory, take_turns
from supernet.fast.memory import keep_freed_memory
from supernet.fast.pooling import DepthwiseAverage, constants
from supernet.fast.sgd import SGD
from supernet.fast.stacking import stacked_logits
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.spaces import Size, get_space
from supernet.spaces.nasbench201.graph import pruned
from supernet.training.precision import has_bfloat16_units
from supernet.training.sampling import Sampler, SamplingConfig

MOST_MEMORY = 2100.0  # MB
GEMM = 1024


@dataclass(frozen=True)
class Work:
    """What is trained: NAS-Bench-201 at a size, with so many threads."""

    name: str
    size: Size
    batch: int
    threads: int = 1


C16 = Work("C16 N1 32x32 B64", Size(channels=16, stages=3, cells_per_stage=1), 64)
C32 = Work("C32 N2 32x32 B256", Size(channels=32, stages=3, cells_per_stage=2), 256, threads=2)
DIGITS_SIZE = Size(channels=8, stages=2, cells_per_stage=1, image_channels=1, image_size=8, reduction="light")
DIGITS = Work("digits C8 8x8 B64", DIGITS_SIZE, 64)


class Steps:
    """The networks of one piece of work, and its variants as methods."""

    def __init__(self, work: Work) -> None:
        torch.set_num_threads(work.threads)
        space, size = get_space("nasbench201"), work.size
        network = seeded(Supernet, NetworkConfig(space=space, size=size), seed=0)
        assert isinstance(network, Supernet)
        self.network = network.train()
        self.reference = PlainSupernet(network.config).train()
        self.reference.load_state_dict(network.state_dict())
        self.careful = PlainSupernet(network.config).train().to(memory_format=torch.channels_last)
        self.careful.load_state_dict(network.state_dict())
        self.network.to(memory_format=torch.channels_last)
        generator = torch.Generator().manual_seed(0)
        shape = (work.batch, size.image_channels, size.image_size, size.image_size)
        self.images = torch.randn(shape, generator=generator)
        self.channels_last = self.images.contiguous(memory_format=torch.channels_last)
        self.labels = torch.randint(0, size.classes, (work.batch,), generator=generator)
        sampler = Sampler(SamplingConfig(kind="fair"), space, size, 0)
        self.paths = [sampler.next() for _ in range(sampler.group_size)]
        cells = [path[0] for path in self.paths]
        macs = sum(space.cost(pruned(cell, True), size).macs for cell in cells)
        self.flops = (
            3 * 2 * macs * work.batch
        )  # of a group: a backward pass computes twice what a forward pass does
        own = [{"params": list(network.parameters()), "weight_decay": 0.0}]
        self.optimizers: dict[nn.Module, SGD | torch.optim.SGD] = {
            self.network: SGD(own, lr=0.01, momentum=0.9),
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


class Other:
    """A process that serves."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def __call__(self, work: Work, variant: str, count: int) -> float | None:
        self.connection.send((work, variant, count))
        answer: float | None = self.connection.recv()
        return answer

    def close(self) -> None:
        self.connection.close()
        self.process.join()


def run(quick: bool) -> Iterator[Row]:
    works = [replace(work, batch=8) if quick else work for work in (C16, C32, DIGITS)]
    c16, c32, digits = works
    turns = 2 if quick else 11
    more = ("stacked", "bf16") if has_bfloat16_units() else ("stacked",)
    other = Other()
    try:

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
                    variant.replace("_", ", ", 1): partial(other, work, variant, count) for variant in names
                }
                yield from compare(name if reference == "plain" else title, variants, turns=turns,
                                   least={"supernet": goal} if goal else {})  # fmt: skip

        yield from rows(f"{c16.name}, one path", c16, 1, 2 * turns, 2.0)
        yield from rows(f"{c16.name}, fair group", c16, 5, turns, 2.0, *more)
        yield throughput(c16, other, turns)
        yield from rows(f"{digits.name}, fair group", digits, 5, turns if quick else 60, None, "stacked")
        if not quick:
            yield from rows(f"{c32.name}, two threads, one path", c32, 1, 5, 2.0)
    finally:
        other.close()
    if not quick:
        for keep in (False, True):
            peak = peak_memory(a_few_steps, c32, keep)
            variant = "supernet, memory kept" if keep else "supernet"
            goal_text = f"<= {MOST_MEMORY:g} MB"
            yield Row(f"{c32.name}, peak", variant, peak, peak, "MB", goal=goal_text, met=peak <= MOST_MEMORY)
    yield from pooling_rows(
        turns, ((16, 32),) if quick else ((16, 32), (32, 16), (64, 8), (8, 8), (128, 8), (16, 4))
    )


def throughput(work: Work, other: Other, turns: int) -> Row:
    """Arithmetic a second of the step, beside that of a matrix product in the same process and turn."""
    flops = other(work, "measure", 5)
    assert flops is not None
    products = 20
    seconds = take_turns(
        {"step": partial(other, work, "supernet", 5), "gemm": partial(other, work, "gemm", products)}, turns
    )
    step = [flops / value / 1e9 for value in seconds["step"]]
    gemm = [products * 2 * GEMM**3 / value / 1e9 for value in seconds["gemm"]]
    share = statistics.median(a / b for a, b in zip(step, gemm, strict=True))
    median = statistics.median(step)
    work_name = f"{work.name}, arithmetic, to sgemm"
    return Row(work_name, "supernet", median, min(step), "GFLOP/s", share, ">= 0.7x", share >= 0.7)


def a_few_steps(work: Work, keep: bool) -> None:
    if keep:
        keep_freed_memory()
    steps = Steps(work)
    for _ in range(3):
        steps.supernet(1)


def pooling_rows(turns: int, sizes: tuple[tuple[int, int], ...]) -> Iterator[Row]:
    """Forward and backward of the 3x3 average, 64 images of (channels, side), on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for channels, side in sizes:
            x = torch.randn(64, channels, side, side).contiguous(memory_format=torch.channels_last)
            gradient = x.clone(memory_format=torch.preserve_format)
            x.requires_grad_()
            fixed = constants(channels, side, side, torch.float32)

            def pool(x: Tensor = x, gradient: Tensor = gradient) -> None:
                F.avg_pool2d(x, 3, 1, 1, count_include_pad=False).backward(gradient)
                x.grad = None

            def depthwise(
                x: Tensor = x,
                gradient: Tensor = gradient,
                fixed: tuple[Tensor, Tensor] = fixed,
            ) -> None:
                DepthwiseAverage.apply(x, *fixed).backward(gradient)
                x.grad = None

            calls = {"avg_pool2d": pool, "depthwise convolution": depthwise}
            yield from compare(f"pooling 64x{channels}x{side}x{side}", calls, turns=3 * turns)
    finally:
        torch.set_num_threads(threads)
