"""What went wrong, in one line."""

from __future__ import annotations

import torch


def in_one_line(error: BaseException) -> str:
    """The error's message without line breaks; of a device or machine without enough memory also what helps."""
    message = " ".join(f"{error}".split()) or type(error).__name__
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in message:
        short = message.split(". Of the allocated")[0]
        return f"out of memory: use a smaller batch_size or evaluation_batch, or fewer --workers ({short})"
    return message
