"""``sdsync run``: the daemon, what a terminal shows of it, and the sandboxes beside it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sdsync.cli import sandboxes, translators

if TYPE_CHECKING:
    from sdsync.cli.session import Session


def serve(session: Session, *, with_sandbox: bool) -> int:
    """Run until it is told to stop."""
    # Before all else: it keeps what draws from being imported.
    from sdsync.server.daemon import run  # isort: split
    from sdsync.config.load import missing_secrets
    from sdsync.config.problems import ConfigError

    config = session.config
    if problems := [*missing_secrets(config), *translators.problems(config)]:
        raise ConfigError(problems)

    beside: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if with_sandbox:
        beside = sandboxes.running(config, config.path.absolute().parent / "var" / "sandbox")
    shown = with_sandbox or session.out.stream.isatty()
    with beside:
        if not shown:
            return run(config)
        # Imported for a terminal only: a daemon would keep what draws for as long as it runs.
        from sdsync.cli.terminal import Terminal

        terminal = Terminal(session, with_sandbox=with_sandbox)
        return run(config, tail=terminal.tail, ready=terminal.ready)
