"""``sdsync run``: the daemon, what a terminal shows of it, and the sandboxes beside it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sdsync.cli import sandboxes
from sdsync.cli.page import CURE, HEAD, Page, line

if TYPE_CHECKING:
    from sdsync.cli.session import Session
    from sdsync.cli.teller import Teller
    from sdsync.server.daemon import Daemon


def serve(session: Session, *, with_sandbox: bool) -> int:
    """Run until it is told to stop."""
    from sdsync.config.load import missing_secrets
    from sdsync.config.problems import ConfigError

    config = session.config
    if missing := missing_secrets(config):
        raise ConfigError(missing)
    from sdsync.server.daemon import run

    beside: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if with_sandbox:
        beside = sandboxes.running(config, config.path.absolute().parent / "var" / "sandbox")
    shown = with_sandbox or session.out.stream.isatty()
    screen = _Screen(session, with_sandbox=with_sandbox)
    with beside:
        if not shown:
            return run(config)
        return run(config, tail=screen.tail, ready=screen.ready)


class _Screen:
    """What a terminal shows: the audit trail as it grows, and once what to try next."""

    def __init__(self, session: Session, *, with_sandbox: bool) -> None:
        self._session = session
        self._with_sandbox = with_sandbox
        self._teller: Teller | None = None
        self._told = False

    def ready(self, daemon: Daemon) -> None:
        """Everything runs."""
        from sdsync.cli.teller import Teller

        self._teller = Teller(
            daemon.store, self._session.out, lambda: self._session.now, born=self._born
        )
        config = self._session.config
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
        self._session.err.stream.flush()


def _as_typed() -> str:
    """How this very program is called from a shell in this folder."""
    beside = Path(sys.executable).parent / "sdsync"
    if shutil.which("sdsync") == str(beside) or not beside.exists():
        return "sdsync"
    return os.path.relpath(beside)
