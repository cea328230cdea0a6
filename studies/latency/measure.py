"""The latency of one stand-alone network on this machine."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from studies.latency.protocol import Latency, check_runs, latency
from studies.running.parallel import available_cores
from studies.running.provenance import processor
from supernet.network import NetworkConfig, StandAlone, seeded
from supernet.spaces import Architecture, Size, Space

MILLISECONDS = 1000.0
CLOCKS = {"wall": time.perf_counter, "process": time.process_time}  # in seconds


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a latency is measured: forward passes of a network in evaluation mode, eagerly, in float32, one after the
    other, each waited for; Python's garbage collector is off meanwhile.

    Args:
        device: 'cpu' or 'cuda'.
        runs: that are timed, a multiple of ten (protocol.py).
        warmup: runs before them.
        threads: of PyTorch on the CPU.
        clock: 'wall'; or 'process', the processor time of this process, which leaves out what others on the machine
            take: on the CPU, with one thread, what the wall clock would say if there were none.
    """

    device: str = "cpu"
    runs: int = 1000
    warmup: int = 10
    threads: int = 1
    clock: str = "wall"

    def __post_init__(self) -> None:
        check_runs(self.runs)
        if self.warmup < 0:
            raise ValueError(f"warmup: {self.warmup} is not a number >= 0")
        if self.threads < 1:
            raise ValueError(f"threads: {self.threads} is not a positive integer")
        if self.clock not in CLOCKS:
            raise ValueError(f"clock: {self.clock!r} is not one of {', '.join(CLOCKS)}")
        if self.clock == "process" and (self.device != "cpu" or self.threads > 1):
            raise ValueError("clock: 'process' is of one thread of the CPU; use 'wall'")


def measure(
    space: Space, size: Size, architecture: Architecture, batches: Sequence[int], protocol: Protocol
) -> dict[int, Latency]:
    """By batch size, in milliseconds a batch, of the architecture's stand-alone network with initial weights on images
    of noise.

    Raises ValueError for a network that does not fit the device's memory."""
    config = NetworkConfig(space=space, size=size, affine=True)
    network = seeded(StandAlone, config, architecture, seed=0).to(protocol.device).eval()
    generator = torch.Generator().manual_seed(0)
    found = {}
    with _threads(protocol.threads), torch.inference_mode():
        for batch in batches:
            shape = (batch, size.image_channels, size.image_size, size.image_size)
            try:
                images = torch.randn(shape, generator=generator).to(protocol.device)
                times = timed(lambda images=images: network(images), protocol)  # type: ignore[misc]
            except RuntimeError as error:
                if not _is_of_memory(error):
                    raise
                raise ValueError(f"--batch: {batch} images do not fit the memory of the device") from None
            found[batch] = latency(times)
    return found


def timed(run: Callable[[], Tensor], protocol: Protocol) -> list[float]:
    """Milliseconds of each of the protocol's runs."""
    wait = torch.cuda.synchronize if protocol.device == "cuda" else _nothing
    for _ in range(protocol.warmup):
        run()
    wait()
    times, now = [], CLOCKS[protocol.clock]
    with _no_garbage_collection():
        for _ in range(protocol.runs):
            begin = now()
            run()
            wait()
            times.append(MILLISECONDS * (now() - begin))
    return times


def machine(device: str) -> dict[str, Any]:
    """What was measured on: the processor, the cores that this process may use, the GPU if it is one."""
    name, generation = processor()
    found: dict[str, Any] = {
        "processor": f"{name} ({generation})" if generation else name,
        "cores": available_cores(),
    }
    if device == "cuda":
        found |= {"gpu": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
    return found


def _is_of_memory(error: RuntimeError) -> bool:
    """The CPU's has no kind of its own, but says that it cannot allocate, or that a size overflowed."""
    return isinstance(error, torch.OutOfMemoryError) or any(
        word in str(error) for word in ("allocate", "overflow")
    )


def _nothing() -> None:
    pass


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
