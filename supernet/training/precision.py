"""In which types and with which algorithms a device computes: automatic mixed precision, with the scaled loss that
float16 needs, the precision of float32 products, and determinism."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor

from supernet.fast.sgd import SGD
from supernet.training.config import TrainingConfig


def set_numerics(
    device: torch.device,
    *,
    fp32_precision: str = "ieee",
    deterministic: bool = True,
    cudnn_benchmark: bool = False,
) -> None:
    """Make this process compute as these settings of `TrainingConfig` say; the defaults are its own. ValueError for a
    precision that the device does not have.

    The settings are PyTorch's own and hold for the whole process: it is the business of whoever owns the process, as a
    worker of a study does.
    """
    precision = fp32_precision
    kinds = {"tf32": "cuda", "bf16": "cpu"}
    if precision != "ieee" and device.type != kinds[precision]:
        raise ValueError(
            f"fp32_precision: {precision!r} is for {kinds[precision]}, not {device.type}; use 'ieee'"
        )
    if precision == "bf16" and not has_bfloat16_units():
        raise ValueError("fp32_precision: 'bf16' needs a CPU with bfloat16 units; use 'ieee'")
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = deterministic
        torch.backends.cudnn.benchmark = cudnn_benchmark
        torch.backends.cudnn.conv.fp32_precision = precision  # type: ignore[attr-defined]
        torch.backends.cuda.matmul.fp32_precision = precision
    else:
        torch.backends.mkldnn.conv.fp32_precision = precision  # type: ignore[attr-defined]
        torch.backends.mkldnn.matmul.fp32_precision = precision  # type: ignore[attr-defined]


def numerics(config: TrainingConfig, device: torch.device) -> dict[str, Any]:
    """How a training was computed, for its record: what `set_numerics` set, and what 'auto' stood for."""
    cuda = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if cuda else "cpu",
        "amp": chosen_amp(config.amp, device),
        "fp32_precision": config.fp32_precision,
        "deterministic": config.deterministic or not cuda,
        "cudnn_benchmark": config.cudnn_benchmark and cuda,
    }


def chosen_amp(amp: str, device: torch.device) -> str:
    """What 'auto' is on a device; others are what they are."""
    return amp if amp != "auto" else ("none" if lacking("bf16", device) else "bf16")


class MixedPrecision:
    """autocast and, for float16, a scaled loss. Raises ValueError where the device has no units for the type.

    With 'none' everything here does nothing.
    """

    def __init__(self, amp: str, device: torch.device) -> None:
        amp = chosen_amp(amp, device)
        if amp != "none" and (reason := lacking(amp, device)):
            raise ValueError(f"amp: {amp!r} {reason}; use 'none'")
        self.amp, self.device = amp, device
        self.dtype = {"none": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[amp]
        self.scaler = torch.amp.GradScaler(device.type, enabled=amp == "fp16")

    def autocast(self, *, cached: bool = True) -> torch.autocast:
        """The context of a forward pass with its loss. cached: weights are converted once in it; what is captured as a
        CUDA graph must convert its own, each time."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.amp != "none", cache_enabled=cached)

    def scaled(self, loss: Tensor) -> Tensor:
        """What the backward pass starts from."""
        scaled: Tensor = self.scaler.scale(loss)
        return scaled

    def backward(self, loss: Tensor) -> None:
        self.scaled(loss).backward()

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
