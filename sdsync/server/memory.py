"""Memory of a process that starts once and then waits for months."""

from __future__ import annotations

import contextlib
import ctypes
import gc

_M_ARENA_MAX = -8  # <malloc.h>


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

    What was imported stays until the end; each full collection would walk it.
    """
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
