"""The daemon as a process: one per store, ready when it says so, gone when asked to."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sdsync.config.load import load
from sdsync.config.model import Config
from sdsync.server.daemon import Daemon, run
from sdsync.server.orders import Orders
from sdsync.server.single import AlreadyRunningError, only_instance
from sdsync.server.web import PortRefusedError
from sdsync.store.crypto import key_id, read_keys
from sdsync.store.records import WorkKey

SECRET = "whsec_ZGVzay1zYW5kYm94LXdlYmhvb2stc2VjcmV0LTAwMDA="
CANARY = "rt-token-canary-4711"
PATIENCE_S = 60
DOCS = Path(__file__).resolve().parents[3] / "docs"

PROGRAM = """
import sys
from pathlib import Path
from sdsync.config.load import load
from sdsync.server.daemon import run
sys.exit(run(load(Path(sys.argv[1])), ready=lambda one: print(one.web.port, flush=True), port=0))
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two systems that are away: nothing listens on their ports."""
    with socket.socket() as one, socket.socket() as other, socket.socket() as ours:
        for link in (one, other, ours):
            link.bind(("127.0.0.1", 0))
        ports = [link.getsockname()[1] for link in (one, other, ours)]
    monkeypatch.setenv("DAEMON_TEST_RT", CANARY)
    monkeypatch.setenv("DAEMON_TEST_HOOK", SECRET)
    path = tmp_path / "sdsync.toml"
    path.write_text(f"""
server.port = {ports[2]}
[systems.desk]
connector = "request_tracker"
url = "http://127.0.0.1:{ports[0]}"
token = "env:DAEMON_TEST_RT"
webhook = "env:DAEMON_TEST_HOOK"
[systems.dev]
connector = "redmine"
url = "http://127.0.0.1:{ports[1]}"
token = "env:DAEMON_TEST_RT"
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put = {{ project = "infra", type = "bug" }}
""")
    return path


@pytest.fixture
def config(settings: Path) -> Config:
    return load(settings)


@contextlib.contextmanager
def process(
    settings: Path, *, stdin: int | None = None, **environment: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A daemon of its own, and the port it serves."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(settings)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    ) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        if not line:
            raise AssertionError(child.communicate()[1].decode())
        try:
            yield child, int(line)
        finally:
            child.kill()


def get(port: int, page: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{port}/{page}", trust_env=False, timeout=PATIENCE_S)


def test_it_is_ready_although_its_systems_are_away(config: Config) -> None:
    with Daemon(config, port=0) as daemon:
        answer = get(daemon.web.port, "readyz")
        metrics = get(daemon.web.port, "metrics").text

    assert answer.status_code == 200, answer.text
    assert 'sdsync_lane_state{system="desk",state="ok"}' in metrics
    assert "process_resident_memory_bytes" in metrics
    assert CANARY not in metrics


def test_it_tells_each_metric_that_the_manual_names_and_the_key_in_use(config: Config) -> None:
    page = (DOCS / "how-to/watch-it.md").read_text("utf-8")
    promised = set(re.findall(r"sdsync_\w+", page))

    with Daemon(config, port=0) as daemon:
        metrics = get(daemon.web.port, "metrics").text
        alive = get(daemon.web.port, "healthz").json()

    assert promised
    assert promised <= set(re.findall(r"(?m)^# TYPE (sdsync_\w+) ", metrics))
    key = read_keys((config.path.parent / "sdsync.db.key").read_text("ascii"))[0]
    assert alive["key"] == key_id(key).hex()


def test_a_signed_webhook_becomes_work_of_its_lane(config: Config) -> None:
    body = b'{"kind": "ticket", "id": "4711"}'
    stamp = int(time.time())
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    raw = hmac.new(key, f"msg_1.{stamp}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": "v1," + base64.b64encode(raw).decode(),
    }
    with Daemon(config, port=0) as daemon:
        url = f"http://127.0.0.1:{daemon.web.port}/hooks/desk"
        answer = httpx.post(url, content=body, headers=headers, trust_env=False)
        bell = httpx.post(url.replace("desk", "dev"), content=b"?", trust_env=False)

        assert (answer.status_code, bell.status_code) == (202, 202)
        assert daemon.store.work(WorkKey("desk", "look", "4711")) is not None


def test_a_second_daemon_on_the_store_is_refused(config: Config) -> None:
    with Daemon(config, port=0), pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}"):
        Daemon(config, port=0).__enter__()


def test_a_taken_port_is_refused_before_any_work(config: Config) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", config.server.port))
        other.listen()
        with pytest.raises(PortRefusedError, match=r"is taken; .* server\.port"):
            Daemon(config).__enter__()

    with Daemon(config, port=0) as daemon:  # what the first try had opened is closed again
        assert daemon.alive


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    for _ in range(2):
        with only_instance(tmp_path / "sdsync.db"):
            pass


def test_a_stop_from_within_ends_it_in_order(config: Config) -> None:
    orders = Orders()

    assert run(config, ready=lambda _: orders.end(), orders=orders, port=0) == 0


def test_the_tail_shows_audit_rows_as_they_come(config: Config) -> None:
    orders, told = Orders(), list[str]()

    def tail(line: str) -> None:
        told.append(line)
        orders.end()

    overdue = threading.Timer(PATIENCE_S, orders.end)
    overdue.start()
    run(config, tail=tail, orders=orders, port=0)  # both systems are away, which is said once each
    overdue.cancel()

    assert "system out" in told[0]


def test_sigterm_with_200_slow_clients_ends_within_10_s(settings: Path) -> None:
    with process(settings) as (child, port):
        links = []
        for number in range(200):
            link = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
            head = b"POST /hooks/desk HTTP/1.1\r\nhost: x\r\n"
            link.sendall(head + (b"content-length: 9\r\n\r\n{" if number % 2 else b"x: y"))
            links.append(link)
        assert get(port, "healthz").status_code == 200

        began = time.monotonic()
        child.send_signal(signal.SIGTERM)
        code = child.wait(PATIENCE_S)

        assert time.monotonic() - began < 10
        assert code == 0
        for link in links:
            link.close()


def test_after_kill_9_the_next_one_starts(settings: Path) -> None:
    with process(settings) as (child, _):
        child.kill()
        child.wait(PATIENCE_S)

    with process(settings) as (_, port):
        assert get(port, "readyz").status_code == 200


def test_systemd_hears_ready_watchdog_and_stopping(settings: Path, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE_S)
        with process(settings, NOTIFY_SOCKET=address, WATCHDOG_USEC="1000000") as (child, _):
            assert manager.recv(100) == b"READY=1"
            assert manager.recv(100) == b"WATCHDOG=1"
            child.send_signal(signal.SIGTERM)
            heard = b""
            while heard != b"STOPPING=1":
                heard = manager.recv(100)


def test_the_log_is_json_without_a_secret(settings: Path) -> None:
    with process(settings) as (child, port):
        get(port, "readyz")
        child.send_signal(signal.SIGINT)
        _, log = child.communicate(timeout=PATIENCE_S)

    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert events[0] == "daemon.started"
    assert events[-1] == "daemon.stopped"
    assert CANARY.encode() not in log
    assert SECRET.removeprefix("whsec_").encode() not in log
