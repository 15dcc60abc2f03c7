"""A command that has the terminal for itself while the console waits."""

from __future__ import annotations

import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from sdsync.cli import again
from sdsync.cli.console.lines import typed


def run(words: Sequence[str]) -> None:
    """Run ``sdsync WORDS`` where the console was started, and wait until what it said is read.

    Ctrl-C is for the command, and afterwards as good as Enter. What it or an editor does
    to the terminal's modes is taken back.
    """
    sys.stdout.write(f"> sdsync {typed(words)}\n")
    sys.stdout.flush()
    command = (sys.executable, "-m", "sdsync", *again.options(), *words)
    with _interrupt(_not_ours), _modes_kept():
        subprocess.run(command, check=False)  # noqa: S603 - ours, without a shell
    with suppress(EOFError, KeyboardInterrupt), _interrupt(signal.default_int_handler):
        input("\nenter goes back to the console ")


@contextmanager
def _interrupt(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Another answer to Ctrl-C than that of the console's loop, which ends it."""
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _not_ours(_signal: int, _frame: FrameType | None) -> None:
    """In place of SIG_IGN: that one the command would inherit."""


@contextmanager
def _modes_kept() -> Iterator[None]:
    """The terminal echoes and ends lines as before, also after an editor that was killed."""
    where = sys.stdin.fileno()
    before = termios.tcgetattr(where)
    try:
        yield
    finally:
        termios.tcsetattr(where, termios.TCSADRAIN, before)
