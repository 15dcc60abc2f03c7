"""What a terminal shows of a running daemon: its audit trail as it grows, and what to try next."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sdsync.cli.page import CURE, HEAD, Page, line
from sdsync.cli.teller import Teller

if TYPE_CHECKING:
    from sdsync.cli.session import Session
    from sdsync.server.daemon import Daemon


class Terminal:
    """The lines of one run."""

    def __init__(self, session: Session, *, with_sandbox: bool) -> None:
        self._session = session
        self._with_sandbox = with_sandbox
        self._teller: Teller | None = None
        self._told = False

    def ready(self, daemon: Daemon) -> None:
        """Everything runs."""
        self._teller = Teller(
            daemon.store, self._session.out, lambda: self._session.now, born=self._born
        )
        config = daemon.config
        for name, system in config.systems.items():
            self._say([line((name, HEAD), f"  {system.connector}  {system.url}")])
        modes = ", ".join(f"{name} ({sync.mode})" for name, sync in config.syncs.items())
        self._say([line(f"syncs {modes}; Ctrl-C ends it")])

    def tail(self, _line: str) -> None:
        """The trail has grown."""
        if self._teller is not None:
            self._teller.tell()

    def _born(self, name: str) -> None:
        if self._with_sandbox and not self._told:
            self._told = True
            self._say(self._hints(name))

    def _hints(self, name: str) -> Page:
        """What to type in a second terminal; every line works as it stands."""
        sdsync = _as_typed()
        switches = f"curl -s {self._session.config.systems['dev'].url}/_sandbox/switches -d"
        return [
            line(("now try, in a second terminal:", HEAD)),
            *(
                line((f"> {command}", CURE))
                for command in (
                    f"{sdsync} status",
                    f"{sdsync} trace {name}",
                    f"""{switches} '{{"throttle": {{"per_minute": 30}}}}'""",
                    f"""{switches} '{{"throttle": false}}'""",
                    f"{sdsync} dead list",
                )
            ),
        ]

    def _say(self, page: Page) -> None:
        # Not on standard output: what stands there is the audit trail and nothing else.
        self._session.err.page(page)
        self._session.err.flush()


def _as_typed() -> str:
    """How this very program is called from a shell in this folder."""
    beside = Path(sys.executable).parent / "sdsync"
    if shutil.which("sdsync") == str(beside) or not beside.exists():
        return "sdsync"
    return os.path.relpath(beside)
