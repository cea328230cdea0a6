"""What goes from the host to a GPU: small tensors, from pinned memory, so that nobody waits for them.

Everything random is drawn on the host, whatever the device: what is drawn is small, the host knows it without asking,
and a checkpoint goes on on any device. Only Gaussian noise of the size of the images is drawn where the images are,
from a seed that the host draws.
"""

from __future__ import annotations

import torch
from torch import Tensor


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
