"""Whether the daemon lives (/healthz) and whether it can do its work (/readyz)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TimedOut

Check = Callable[[], str | None]
"""None when all is well, else what is wrong, for a person."""

#: A check that hangs is a finding too, and the answer must come within seconds.
CHECK_S = 2.0
#: Many askers cost one check.
FRESH_S = 1.0


class Health:
    """Runs the checks, each in a thread of its own so that a hanging one hides no other."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        *,
        version: str,
        files: Mapping[str, str] | None = None,
        notes: Mapping[str, Check] | None = None,
        key: str | None = None,
        started: float | None = None,
    ) -> None:
        """Nothing is checked yet.

        Args:
            files: Digests of the configuration that is in force, by name.
            key: The id of the key that the store's new rows are encrypted with.
            notes: What a person should know although the work goes on; these
                answer at once.
            started: On the monotonic clock, when the process began; it may have read its
                files anew since. Now when left out.
        """
        self._checks, self.version, self._files = dict(checks), version, dict(files or {})
        self._notes, self._key = dict(notes or {}), key
        self.started = time.monotonic() if started is None else started
        self._stopping = False
        self._refusals, self._refused = 0, ""
        self._threads = ThreadPoolExecutor(max(1, len(checks)), thread_name_prefix="health")
        self._running: dict[str, Future[str | None]] = {}
        self._told: tuple[float, dict[str, str]] = (float("-inf"), {})
        self._lock = threading.Lock()

    def alive(self) -> dict[str, object]:
        """What /healthz says: that this process answers, since when it runs, with which files."""
        return {
            "status": "ok",
            "version": self.version,
            "up_s": round(time.monotonic() - self.started, 1),
            "files": self._files,
            "key": self._key,
            "notes": self.notes(),
            "pid": os.getpid(),
            "not_reloaded": {"times": self._refusals, "why": self._refused},
        }

    def refuse(self, why: str) -> None:
        """Files were to be read anew and cannot be used: what is in force stays."""
        self._refusals, self._refused = self._refusals + 1, why

    def notes(self) -> dict[str, str]:
        """What hinders nothing and still needs somebody, by its source."""
        return {name: told for name, check in self._notes.items() if (told := _safely(check))}

    def problems(self) -> dict[str, str]:
        """What keeps the daemon from its work, by check; empty: ready."""
        if self._stopping:
            return {"daemon": "stopping"}
        with self._lock:
            if time.monotonic() - self._told[0] > FRESH_S:
                self._told = (time.monotonic(), self._ask())
            return dict(self._told[1])

    def stop(self) -> None:
        """Say from now on that the daemon stops."""
        self._stopping = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self) -> dict[str, str]:
        until = time.monotonic() + CHECK_S
        for name, check in self._checks.items():
            if name not in self._running:
                self._running[name] = self._threads.submit(_safely, check)
        found = {}
        for name, future in tuple(self._running.items()):
            try:
                wrong = future.result(max(0.0, until - time.monotonic()))
                del self._running[name]
            except TimedOut:
                wrong = f"no answer within {CHECK_S:.0f} s"
            if wrong:
                found[name] = wrong
        return found


def _safely(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:  # a check that fails is a finding
        return type(error).__name__
