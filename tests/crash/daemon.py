"""``python -m tests.crash.daemon``: the daemon of ``sdsync run``, which kills itself at a step."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

from sdsync.config.load import load
from sdsync.connectors.contract import Answer, NativeRecord
from sdsync.connectors.registry import BUILT_IN
from sdsync.connectors.request_tracker import RequestTracker
from sdsync.server.daemon import Daemon, run
from sdsync.store.records import Ref


class Doom:
    """Ends the process with SIGKILL at the n-th visit of one step, whatever thread it is in."""

    def __init__(self, step: str, visit: int) -> None:
        self._step, self._left = step, visit
        self._guard = threading.Lock()

    def __call__(self, name: str) -> None:
        """A numbered step was reached."""
        if name != self._step:
            return
        with self._guard:
            self._left -= 1
            if self._left == 0:
                os.write(sys.stdout.fileno(), f"killed at {name}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()


def main() -> int:
    """Run until SIGTERM, or until the step."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.daemon", description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--step", default="", help="where to die; left out: nowhere")
    parser.add_argument("--visit", type=int, default=1, help="at which visit of it")
    parser.add_argument("--poison", default="", help="a ticket of the desk that kills its reader")
    parser.add_argument("--landing", type=float, help="seconds, in place of the connectors' own")
    options = parser.parse_args()
    if options.landing is not None:
        _land_within(options.landing)
    if options.poison:
        _poison(options.poison)
    return run(load(options.config), ready=_tell, steps=Doom(options.step, options.visit))


def _tell(daemon: Daemon) -> None:
    os.write(sys.stdout.fileno(), f"ready {daemon.web.port}\n".encode())


def _poison(ticket: str) -> None:
    """Whoever reads it dies at once."""
    fetch = RequestTracker.fetch

    def fatal(self: RequestTracker, ref: Ref) -> Answer[NativeRecord]:
        if ref.id == ticket:
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()
        return fetch(self, ref)

    RequestTracker.fetch = fatal  # type: ignore[method-assign]


def _land_within(seconds: float) -> None:
    """The sandboxes' effects land at once: a short run need not wait as for a real product."""
    for place in BUILT_IN.values():
        module, _, name = place.partition(":")
        connector = getattr(importlib.import_module(module), name)
        able = connector.capabilities
        create = {kind: replace(one, landing_s=seconds) for kind, one in able.create.items()}
        connector.capabilities = replace(able, create=create)


if __name__ == "__main__":
    raise SystemExit(main())
