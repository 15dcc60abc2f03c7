"""Memory of a process that starts once and then waits for months."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from pathlib import Path

_M_ARENA_MAX = -8  # <malloc.h>
_MADV_DONTNEED = 4  # <sys/mman.h>
#: Objects made between two searches for garbage: Python's own number.
_OFTEN = 700


def share_one_arena() -> None:
    """Let all threads take memory from one place; call before they start.

    glibc gives each its own, 1 MiB in all for threads that mostly wait. Python
    runs one of them at a time, so that none waits for another here. Elsewhere
    than with glibc nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def settle() -> None:
    """Give back what only the start needed, and never look through the rest again.

    What was imported stays until the end; each full collection would walk it. A
    repeat looks once through what an earlier one left out.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OFTEN)  # a command may have asked for less
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError, AttributeError, TypeError, ValueError):
        _drop_code()


def _drop_code() -> None:
    """Let go of the code of libraries that only the start ran; what runs again comes back.

    Only what is executable and nothing else: nobody may write there, so that each page
    is in its file as it is in memory, and is read from the file's cache when it is run.
    """
    libc = ctypes.CDLL(None)
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, _, _, inode, *_ = line.split()
        if rights != "r-xp" or inode == "0":
            continue
        first, end = (int(one, 16) for one in span.split("-"))
        libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(end - first), _MADV_DONTNEED)
