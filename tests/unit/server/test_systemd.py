"""sd_notify(3), as far as we speak it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from sdsync.server.systemd import notify, watchdog_s


@pytest.mark.parametrize("abstract", [True, False])
def test_the_service_manager_is_told(
    abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"sdsync-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name if abstract else name)

        notify("READY=1")

        assert manager.recv(100) == b"READY=1"


def test_without_a_service_manager_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    notify("READY=1")


@pytest.mark.parametrize(
    ("usec", "pid", "every_s"),
    [("30000000", None, 15.0), ("30000000", "1", None), ("", None, None), ("soon", None, None)],
)
def test_the_watchdog_is_fed_twice_per_its_patience(
    usec: str, pid: str | None, every_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    if pid is None:
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    else:
        monkeypatch.setenv("WATCHDOG_PID", pid)

    assert watchdog_s() == every_s
