"""``sdsync run --with-sandbox``, as a process: it works, it tells, it stops."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import sdsync
from tests.acceptance.conftest import Desk

#: Only a hanging daemon needs it: a birth comes within seconds.
PATIENCE_S = 120.0
HOME = str(Path(sdsync.__file__).resolve().parents[1])
#: It draws nothing, and these are for some daemons only, or for other commands.
NOT_ITS_OWN = {
    "alembic", "bs4", "keyring", "markdown_it", "pika", "psycopg", "pygments", "redis", "rich",
    "starlette", "tenacity",
}  # fmt: skip


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture
def running(empty_desk: Desk) -> Iterator[subprocess.Popen[str]]:
    server, desk, dev = free_ports(3)
    empty_desk.toml.write_text(
        f"""
server.port = {server}
[systems.desk]
connector = "request_tracker"
url = "http://127.0.0.1:{desk}"
token = "env:DESK"
poll = "1s"
[systems.dev]
connector = "redmine"
url = "http://127.0.0.1:{dev}"
token = "env:DEV"
poll = "1s"
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put = {{ project = "infra", type = "bug" }}
mode = "live"
""",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "sdsync", "run", "--with-sandbox"],
        cwd=empty_desk.folder,
        env={
            **os.environ,
            "DESK": "1-20-sandbox",
            "DEV": "dev-sandbox-key",
            "PYTHONPATH": HOME,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(PATIENCE_S, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def test_a_ticket_is_born_told_traced_and_the_daemon_stops(
    empty_desk: Desk, running: subprocess.Popen[str]
) -> None:
    assert running.stdout
    born = next((one for one in running.stdout if "> born dev#" in one), None)
    assert born, "the daemon ended before anything was born"
    found = re.match(r"(\S+) dev +(desk#\d+) +> (born dev#\d+ in infra)", born)
    assert found, born

    traced = empty_desk.type("trace", found[2], "--all")
    status = empty_desk.type("status", "--json")

    assert f"{found[1]} dev    > {found[3]}" in traced.out
    assert status.json["running"]
    assert status.json["syncs"][0]["shared"] >= 1
    assert not [one for one in status.json["needs"] if "changed since" in one["text"]]

    with empty_desk.toml.open("a", encoding="utf-8") as file:
        file.write("\n# edited meanwhile\n")
    edited = empty_desk.type("status", "--json").json
    assert "sdsync.toml changed since sdsync started" in edited["needs"][0]["text"]
    assert edited["config"] == status.json["config"], "what is in force is the file of the start"

    running.send_signal(signal.SIGTERM)
    _, told = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, told
    assert "sdsync trace desk#" in told


def test_a_daemon_imports_nothing_that_draws_or_that_only_some_need(tmp_path: Path) -> None:
    """As it is started, for what is imported first decides what libraries import by the way."""
    (port,) = free_ports(1)
    (tmp_path / "sdsync.toml").write_text(
        f"""
server.port = {port}
[systems.desk]
connector = "request_tracker"
url = "http://127.0.0.1:1"
token = "env:DESK"
[systems.dev]
connector = "redmine"
url = "http://127.0.0.1:1"
token = "env:DESK"
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put = {{ project = "infra" }}
"""
    )
    told = "print(*{one.partition('.')[0] for one in sys.modules}, file=sys.stderr)"
    code = f"import sys; sys.argv = ['sdsync', 'run']; from sdsync.cli import main; main(); {told}"
    last = ""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "DESK": "token", "PYTHONPATH": HOME},
    ) as daemon:  # fmt: skip
        assert daemon.stderr
        for last in daemon.stderr:
            if "daemon.started" in last:
                daemon.terminate()

    found = set(last.split())
    assert "uvicorn" in found
    assert not found & NOT_ITS_OWN
