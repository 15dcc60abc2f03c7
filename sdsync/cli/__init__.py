"""The command line: what people type, and the four screens they read.

``main`` is the console script. Commands live in ``commands``, what a screen
says in ``looks`` (plain data, also the ``--json`` form), how it is laid out in
``screens``. Heavy imports happen inside commands, so that ``--help`` is quick.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence

__all__ = ["main"]

#: Objects made between two searches for garbage. What is imported is none, and to search
#: it again and again is a tenth of a short command; a daemon goes back to the usual.
SELDOM = 200_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the process's own arguments when ``argv`` is None."""
    _open_what_is_closed()
    gc.set_threshold(SELDOM)
    # The interpreter searches everything once more when it ends, for nobody: a quarter of
    # a short command. What is frozen is left out.
    atexit.register(gc.freeze)
    from sdsync.cli.app import run

    return run(argv)


def _open_what_is_closed() -> None:
    """Lead standard streams that a parent closed (``>&-``) nowhere.

    Else the next file that is opened, the store say, had their number, and their words.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # the lowest that is free
        pass
    os.close(number)
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")
