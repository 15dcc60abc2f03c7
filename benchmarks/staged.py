"""``python -m benchmarks.staged CONFIG FILE``: the daemon, which notes CPU time by stage.

SIGUSR1 begins a measurement; the file is written at the end.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from sdsync.config.load import load
from sdsync.server.daemon import run

#: The stage that ends with a numbered step. Claiming is in the one that follows it.
STAGE = {
    "polled": "capture", "capture": "capture", "captured": "capture",
    "fetched": "read", "decided": "decide",
    "attempted": "attempt", "sent": "call", "read back": "call", "looked up": "call",
    "confirmed": "confirm", "pulled": "read",
}  # fmt: skip


class Stages:
    """CPU time of each thread between two steps, summed by the stage that ended."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._last: dict[int, float] = {}
        self._spent: Counter[str] = Counter()
        self._began = self._ended = 0.0

    def begin(self) -> None:
        """From now on."""
        with self._guard:
            self._spent.clear()
            self._began = self._ended = time.process_time()

    def __call__(self, step: str) -> None:
        """A numbered step was reached."""
        now, me = time.thread_time(), threading.get_ident()
        with self._guard:
            if me in self._last:
                self._spent[STAGE.get(step, "other")] += int((now - self._last[me]) * 1e6)
            self._last[me] = now
            if step == "confirmed":
                self._ended = time.process_time()

    def told(self) -> dict[str, int]:
        """Microseconds by stage. ``rest``: writer thread, web, bells, what runs between stages."""
        with self._guard:
            whole = int((self._ended - self._began) * 1e6)
            return {**self._spent, "rest": whole - self._spent.total(), "whole": whole}


def main() -> int:
    """Run until SIGTERM."""
    stages = Stages()
    signal.signal(signal.SIGUSR1, lambda _number, _frame: stages.begin())
    code = run(load(Path(sys.argv[1])), steps=stages)
    Path(sys.argv[2]).write_text(json.dumps(stages.told()))
    return code


if __name__ == "__main__":
    raise SystemExit(main())
