"""What the C library does with freed memory, for processes that train."""

from __future__ import annotations

import ctypes
import sys

# Parameters of mallopt, from glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Let this process keep memory that it has freed, for its next tensors; False where that cannot be set.

    By default glibc returns large blocks to the system at once and fetches them again, page by page and filled with
    zeros, in every step: of the time of a training step that is a tenth, and of one element-wise operation on 32 MiB
    more than three quarters. Results do not change. It holds for the whole process and for good, so it is the
    business of whoever owns the process, as the number of threads is: nothing in this package calls it.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))


def in_one_line(error: BaseException) -> str:
    """The error's message without line breaks; of a device or machine without enough memory also what helps."""
    message = " ".join(f"{error}".split()) or type(error).__name__
    if (
        type(error).__name__ == "OutOfMemoryError"
        or isinstance(error, MemoryError)
        or "can't allocate memory" in message
    ):
        short = message.split(". Of the allocated")[0]
        return f"out of memory: use a smaller batch_size or evaluation_batch, or fewer --workers ({short})"
    return message
