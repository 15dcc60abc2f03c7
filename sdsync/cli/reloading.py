"""Edited files put in force: the daemon is told, and waited for until it runs on them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdsync.cli import rooms, translators
from sdsync.cli.codes import CommandError
from sdsync.config.problems import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sdsync.config.model import Config

#: An orderly end takes ten seconds at most, a start two.
PATIENCE_S = 30.0
_LOOK_S = 0.1
_PROC = Path("/proc")


def put_in_force(config: Config, wait: Callable[[float], None] = time.sleep) -> tuple[str, ...]:
    """Names of the edited files that the daemon runs on now; empty: it ran on them already.

    Raises:
        ConfigError: What is wrong with them; the daemon is not told.
        CommandError: No daemon can be told, or it cannot take them.
    """
    from sdsync.server.started import changed, files_of

    if problems := translators.problems(config):
        raise ConfigError(problems)
    before, wanted = rooms.daemon(config), files_of(config)
    edited = changed(_files(before), wanted)
    if before and not edited:
        return ()
    refused = _refused(before)
    _tell(config, before.get("pid"))
    end_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_at:
        told = rooms.daemon(config)
        if told and not changed(_files(told), wanted):
            return edited
        if _refused(told)["times"] > refused["times"]:
            raise CommandError(
                f"sdsync runs on as before: {_refused(told)['why']}", cure="sdsync check"
            )
        wait(_LOOK_S)
    raise CommandError(
        f"sdsync was told, and does not run on them after {PATIENCE_S:.0f} s", cure="sdsync status"
    )


def _tell(config: Config, pid: object) -> None:
    where = f"{config.server.host}:{config.server.port}"
    if not isinstance(pid, int):
        told = f"no sdsync answers at {where}; where server was edited, it needs a restart"
        raise CommandError(told, cure="sdsync status")
    elsewhere = CommandError(
        f"the sdsync at {where} runs on another host, or in a container",
        cure="send it SIGHUP there: docker kill -s HUP NAME",
    )
    if not _is_sdsync(pid):
        raise elsewhere
    try:
        os.kill(pid, signal.SIGHUP)
    except PermissionError:
        told = f"process {pid} belongs to another user"
        raise CommandError(told, cure="sudo systemctl reload sdsync") from None
    except ProcessLookupError:
        raise elsewhere from None


def _is_sdsync(pid: int) -> bool:
    """Whether that process is one of ours: the number may be another host's, and mean a stranger.

    Where the machine does not show command lines, the number is believed.
    """
    if not _PROC.is_dir():
        return True
    try:
        return b"sdsync" in (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False


def _files(told: dict[str, Any]) -> dict[str, str]:
    files = told.get("files")
    return files if isinstance(files, dict) else {}


def _refused(told: dict[str, Any]) -> dict[str, Any]:
    refused = told.get("not_reloaded")
    return refused if isinstance(refused, dict) else {"times": 0, "why": ""}
