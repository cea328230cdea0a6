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
