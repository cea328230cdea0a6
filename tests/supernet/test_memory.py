"""Keeping freed memory, in a process of its own: it cannot be taken back."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, resource
from supernet.fast.memory import keep_freed_memory
{call}
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def use():
    block = libc.malloc(ctypes.c_size_t(48 << 20))
    ctypes.memset(ctypes.c_void_p(block), 1, 48 << 20)
    libc.free(ctypes.c_void_p(block))
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's")
def test_memory_that_was_freed_is_used_again_without_page_faults() -> None:
    faults = {
        call: int(subprocess.check_output([sys.executable, "-c", PROGRAM.format(call=call)], text=True))
        for call in ("", "assert keep_freed_memory()")
    }
    assert faults["assert keep_freed_memory()"] < 100
    assert faults[""] > 10 * max(1, faults["assert keep_freed_memory()"])
