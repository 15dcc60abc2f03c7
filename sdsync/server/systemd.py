"""What systemd is told: READY=1, WATCHDOG=1, STOPPING=1 (sd_notify(3))."""

from __future__ import annotations

import contextlib
import os
import socket


def notify(state: str) -> None:
    """Tell the service manager, if there is one; never fails."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),  # it tells us nothing that we could act on
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link,
    ):
        link.sendto(state.encode(), address)


def watchdog_s() -> float | None:
    """How often WATCHDOG=1 is due: half of what systemd waits; None: it does not watch us."""
    pid, micros = os.environ.get("WATCHDOG_PID", ""), os.environ.get("WATCHDOG_USEC", "")
    if not micros.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return int(micros) / 2_000_000
