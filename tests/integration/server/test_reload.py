"""Files read anew by a daemon that runs: all of them, or none; and nobody is refused meanwhile."""

from __future__ import annotations

import os
import pty
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from sdsync.config.load import load
from sdsync.config.model import Config
from sdsync.server.daemon import Daemon, run
from sdsync.server.orders import Orders
from sdsync.server.reading import NotReloadedError, read_anew
from tests.integration.server.test_daemon import PATIENCE_S, config, get, process, settings

__all__ = ["config", "settings"]


def edit(config: Config, old: str, new: str) -> None:
    text = config.path.read_text()
    assert old in text
    config.path.write_text(text.replace(old, new))


def reloaded(config: Config, meanwhile: Callable[[Daemon], None]) -> list[Config]:
    """What it ran on, told to reload once and to end at the next chance."""
    orders, ran = Orders(), list[Config]()

    def ready(daemon: Daemon) -> None:
        ran.append(daemon.config)
        if len(ran) == 1:
            orders.reload()
        meanwhile(daemon)
        if len(ran) == 2:
            orders.end()

    assert run(config, ready=ready, orders=orders, port=0) == 0
    return ran


def test_what_connects_between_two_daemons_is_answered_by_the_second(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    links, ports, leave = list[socket.socket](), list[int](), Daemon.__exit__

    def left(daemon: Daemon, *error: object) -> None:
        leave(daemon, *error)
        if not links:
            links.append(socket.create_connection(("127.0.0.1", ports[0]), PATIENCE_S))
            links[0].sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")

    def meanwhile(daemon: Daemon) -> None:
        ports.append(daemon.web.port)
        if links:
            with links[0] as link:
                assert link.recv(100).startswith(b"HTTP/1.1 200")

    monkeypatch.setattr(Daemon, "__exit__", left)
    edit(config, 'type = "bug"', 'type = "support"')
    ran = reloaded(config, meanwhile)

    assert [one.syncs["escalations"].put["dev"]["type"] for one in ran] == ["bug", "support"]
    assert ports[0] == ports[1]


def test_a_daemon_that_read_its_files_anew_still_says_since_when_it_runs(config: Config) -> None:
    began = list[float]()
    edit(config, 'type = "bug"', 'type = "support"')
    reloaded(config, lambda daemon: began.append(daemon.health.started))

    assert len(began) == 2
    assert began[0] == began[1]


def test_a_signal_reloads_the_process_that_runs(settings: Path) -> None:
    with process(settings) as (child, port):
        before = get(port, "healthz").json()
        edit(load(settings), "[systems.dev]", "[lag]\nP1 = '40s'\n[systems.dev]")
        child.send_signal(signal.SIGHUP)
        assert child.stdout is not None
        assert int(child.stdout.readline()) == port
        after = get(port, "healthz").json()
        child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE_S) == 0

    assert (before["pid"], after["pid"]) == (child.pid, child.pid)
    assert before["files"] != after["files"]


@pytest.mark.parametrize("gone", [True, False])
def test_a_terminal_that_is_gone_ends_it_and_one_that_is_there_does_not(
    settings: Path, gone: bool
) -> None:
    ours, its = pty.openpty()
    with process(settings, stdin=its) as (child, port):
        os.close(its)
        if gone:
            os.close(ours)
        child.send_signal(signal.SIGHUP)
        if gone:
            assert child.wait(PATIENCE_S) == 0
            return
        told = get(port, "healthz").json()["files"]
        edit(load(settings), "[systems.dev]", "[lag]\nP1 = '40s'\n[systems.dev]")
        child.send_signal(signal.SIGHUP)
        assert child.stdout is not None
        while get(port, "healthz").json()["files"] == told:
            assert int(child.stdout.readline()) == port
    os.close(ours)


def test_a_file_that_was_cut_off_takes_no_system_away(config: Config) -> None:
    config.path.write_text("")

    with pytest.raises(NotReloadedError, match="systems: found none"):
        read_anew(config)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('type = "bug"', 'type = "bgu', "sdsync.toml:"),
        ("[systems.dev]", '[tables]\nx = "x.csv"\n[systems.dev]', "x.csv"),
        ("env:DAEMON_TEST_HOOK", "env:NOT_THERE_AT_ALL", "NOT_THERE_AT_ALL"),
        ("server.port", "store.url = 'sqlite:///other.db'\nserver.port", "store changed"),
        ("dev.put", 'dev.take = "prioritty > 1"\ndev.put', 'did you mean "priority"'),
    ],
)
def test_what_cannot_be_taken_is_told_and_it_runs_on(
    settings: Path, tmp_path: Path, old: str, new: str, why: str
) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE_S)
        with process(settings, NOTIFY_SOCKET=address) as (child, port):
            assert manager.recv(200) == b"READY=1"
            before = get(port, "healthz").json()
            edit(load(settings), old, new)
            child.send_signal(signal.SIGHUP)
            assert manager.recv(200).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert manager.recv(200) == b"READY=1"
            after = get(port, "healthz").json()

    assert after["files"] == before["files"]
    assert after["not_reloaded"]["times"] == 1
    assert why in after["not_reloaded"]["why"]
