"""One thread that hands bells to a broker, so that a slow or dead one holds up nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from sdsync.sync.bells.enduring import endure

#: A bell that nobody rang: it asks the broker whether it would carry one.
KNOCK = ""


class Carrier:
    """Keeps the lanes that are to be rung, each once, and rings them in order.

    One thread also means one connection, which a knock now and then keeps alive.
    """

    def __init__(self, carry: Callable[[str], None], knock_s: float) -> None:
        """``carry(lane)`` may block; it gets a knock when idle for ``knock_s``.

        What it raises ends nothing.
        """
        self._carry, self._knock_s = carry, knock_s
        self._waiting: dict[str, None] = {KNOCK: None}  # at once: is anybody there?
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)

    def start(self) -> None:
        """Start the thread; what was taken before goes out now."""
        self._thread.start()

    def take(self, lane: str) -> None:
        """Have the lane rung soon; returns at once."""
        with self._changed:
            self._waiting[lane] = None
            self._changed.notify()

    def stop(self) -> None:
        """Carry no more; a call that hangs is left behind with its daemon thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def _run(self) -> None:
        while (lane := self._next()) is not None:
            endure("bell.not_carried", partial(self._carry, lane))

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping, self._knock_s)
            if self._stopping:
                return None
            lane = next(iter(self._waiting), KNOCK)
            self._waiting.pop(lane, None)
            return lane
