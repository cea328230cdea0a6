"""Automatic mixed precision: which types a device computes with, and the scaled loss that float16 needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

if TYPE_CHECKING:
    from supernet.sgd import SGD

AMP = ("none", "bf16", "fp16")


class MixedPrecision:
    """autocast and, for float16, a scaled loss. Raises ValueError where the device has no units for the type.

    With 'none' everything here does nothing.
    """

    def __init__(self, amp: str, device: torch.device) -> None:
        if amp != "none" and (reason := lacking(amp, device)):
            raise ValueError(f"amp: {amp!r} {reason}; use 'none'")
        self.amp, self.device = amp, device
        self.dtype = {"none": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[amp]
        self.scaler = torch.amp.GradScaler(device.type, enabled=amp == "fp16")

    def autocast(self) -> torch.autocast:
        """The context of a forward pass with its loss."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.amp != "none")

    def backward(self, loss: Tensor) -> None:
        self.scaler.scale(loss).backward()

    def unscale(self, optimizer: SGD) -> None:
        """Once before the gradients of a step are combined and clipped."""
        self.scaler.unscale_(cast(torch.optim.Optimizer, optimizer))

    def step(self, optimizer: SGD) -> None:
        """The optimizer's step; with float16 it is left out where a gradient has overflowed."""
        self.scaler.step(cast(torch.optim.Optimizer, optimizer))
        self.scaler.update()

    def state_dict(self) -> dict[str, Any]:
        return self.scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if state:
            self.scaler.load_state_dict(state)


def lacking(amp: str, device: torch.device) -> str | None:
    """Why the device cannot use it, None if it can."""
    if device.type == "cuda":
        if amp == "bf16" and not torch.cuda.is_bf16_supported(including_emulation=False):
            return "needs a GPU with bfloat16 units"
        return None
    if amp == "fp16":
        return "needs a CUDA device"
    if device.type != "cpu" or not has_bfloat16_units():
        return (
            "needs a CPU with bfloat16 units (avx512_bf16 or amx_bf16): without them it is many times slower"
        )
    return None


def has_bfloat16_units() -> bool:
    """Whether PyTorch says so of this CPU; older versions (2.9) say nothing, which counts as no."""
    units: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(units.get("avx512_bf16") or units.get("amx_bf16"))
