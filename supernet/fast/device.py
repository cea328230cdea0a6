"""What training asks of its device: small tensors sent without waiting, and work recorded as CUDA graphs.

Everything random is drawn on the host, whatever the device: what is drawn is small, the host knows it without asking,
and a checkpoint goes on on any device. Only Gaussian noise of the size of the images is drawn where the images are,
from a seed that the host draws.

Work on static tensors is recorded once as CUDA graphs and replayed: a GPU then gets all its kernels in one call. A
recording is valid while the tensors that it reads and writes stay where they are. On another device than CUDA there is
nothing to record; whoever uses this calls the functions again instead, which is how the arithmetic is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

WARM_UP = 3  # calls before a recording: libraries choose kernels and take their workspaces


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on `device`; a copy to a GPU is queued there like any other work. The caller may forget `tensor`."""
    if device.type != "cuda" or tensor.is_cuda:
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def gaussian(shape: tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
    """Standard normal numbers on `device`; generator: the host's."""
    if device.type == "cpu":
        return torch.randn(shape, generator=generator)
    seed = int(torch.randint(2**62, (), generator=generator))
    return torch.randn(shape, generator=torch.Generator(device).manual_seed(seed), device=device)


class Recorder:
    """Records functions that belong together, one after the other, in one memory pool of their own.

    They must be replayed in the order in which they were recorded: memory that one has let go of is the next one's.
    """

    def __init__(self) -> None:
        self.stream = torch.cuda.Stream()
        self.pool = torch.cuda.graph_pool_handle()

    def warm_up(self, function: Callable[[], object], kept: Iterable[Tensor], times: int = WARM_UP) -> None:
        """Call the function a few times; the tensors `kept` are as before, afterwards."""
        tensors = list(kept)
        copies = [tensor.clone() for tensor in tensors]
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            for _ in range(times):
                function()
        torch.cuda.current_stream().wait_stream(self.stream)
        for tensor, copy in zip(tensors, copies, strict=True):
            tensor.copy_(copy)

    def record(self, function: Callable[[], Any]) -> tuple[torch.cuda.CUDAGraph, Any]:
        """The graph of one call, which is not carried out, and what it returned: tensors that a replay fills."""
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize()
        with torch.cuda.stream(self.stream):
            graph.capture_begin(pool=self.pool)
            try:
                result = function()
            finally:
                graph.capture_end()
        return graph, result


def places(tensors: Iterable[Tensor]) -> tuple[int, ...]:
    """Where tensors lie: a recording of them is valid while this stays the same."""
    return tuple(tensor.data_ptr() for tensor in tensors)
