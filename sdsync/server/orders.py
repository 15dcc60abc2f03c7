"""What signals, and tests, tell a daemon: to end, or to read its files anew."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue

#: A signal may come between Python's last look for one and the wait, or be taken by another
#: thread. Then it interrupts nothing, and is seen when the wait is over: none is long.
LOOK_S = 1.0


class Orders:
    """Given from any thread or by a signal; waited for by the daemon's main thread."""

    def __init__(self) -> None:
        # A signal's handler runs wherever the main thread is just now, in the middle of a
        # wait too: of all that waits, only this queue may be filled there.
        self._given: SimpleQueue[None] = SimpleQueue()
        #: Whether it was told to end.
        self.ending = False

    def end(self) -> None:
        """End in order, as SIGTERM and SIGINT ask."""
        self.ending = True
        self._given.put(None)

    def reload(self) -> None:
        """Read the files anew, as SIGHUP asks."""
        self._given.put(None)

    def wait(self, seconds: float | None) -> bool:
        """Whether an order came within this time; several are one. None waits for ever."""
        until = float("inf") if seconds is None else time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(Empty):
                self._given.get(timeout=min(left, LOOK_S))
                while not self._given.empty():
                    self._given.get_nowait()
                return True
        return False

    @contextlib.contextmanager
    def by_signals(self) -> Iterator[None]:
        """Take signals for orders; a second one to end ends at once.

        SIGHUP means two things: a terminal that this process was started in is gone, and
        nobody would know of it any more; or, with none gone, that it shall reload.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        terminals = [one for one in (0, 1, 2) if os.isatty(one)]

        def handle(number: int, _frame: object) -> None:
            if number == signal.SIGHUP and all(map(os.isatty, terminals)):
                self.reload()
            elif self.ending:
                os._exit(130)  # asked twice: every commit is on disk, nothing is lost
            else:
                self.end()

        taken = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {one: signal.signal(one, handle) for one in taken}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
