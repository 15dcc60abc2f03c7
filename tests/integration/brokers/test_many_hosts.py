"""Two daemons on one PostgreSQL and one broker: each lane has one holder, and survives it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from sdsync.config.clock import SystemClock
from sdsync.sandbox import accounts
from sdsync.store.opening import open_store
from tests.integration.brokers.servers import Broker, await_port, free_port
from tests.integration.brokers.test_doorbell import until

LANES = ("desk", "dev")
KEY = "q" * 43 + "="
CONFIG = """
store.url  = "env:HOSTS_DB"
store.key  = "env:HOSTS_KEY"
broker.url = "env:HOSTS_BROKER"
[systems.desk]
connector = "request_tracker"
url       = "http://127.0.0.1:{desk}"
token     = "env:HOSTS_DESK"
poll      = "1s"
[systems.dev]
connector = "redmine"
url       = "http://127.0.0.1:{dev}"
token     = "env:HOSTS_DEV"
poll      = "1s"
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put   = {{ project = "infra", type = "bug" }}
mode      = "live"
"""
DAEMON = """
import sys
from pathlib import Path
from sdsync.config.load import load
from sdsync.server.daemon import run
sys.exit(run(load(Path(sys.argv[1])), ready=lambda one: print(one.web.port, flush=True), port=0))
"""


class Products:
    """Both sandboxes, and what their people see."""

    def __init__(self) -> None:
        self.ports = {lane: free_port() for lane in LANES}
        self._client = httpx.Client(trust_env=False, timeout=60)

    @contextlib.contextmanager
    def running(self) -> Iterator[Products]:
        command = [sys.executable, "-m", "sdsync.sandbox", "--quiet"]
        command += [f"--{lane}-port={port}" for lane, port in self.ports.items()]
        with subprocess.Popen(command) as child, self._client:
            try:
                for port in self.ports.values():
                    await_port(port, child)
                yield self
            finally:
                child.terminate()

    def create(self, title: str) -> None:
        body = {"action": "create", "by": "nora", "Queue": "Escalated", "Subject": title}
        url = f"http://127.0.0.1:{self.ports['desk']}/_sandbox/act"
        self._client.post(url, json=body).raise_for_status()

    def issues(self) -> list[str]:
        url = f"http://127.0.0.1:{self.ports['dev']}/_sandbox/records"
        return sorted(one["subject"] for one in self._client.get(url).json()["issues"])


@pytest.fixture
def products() -> Iterator[Products]:
    with Products().running() as both:
        yield both


@contextlib.contextmanager
def host(
    folder: Path, products: Products, environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A daemon with a folder of its own, as on a host of its own; and the port it serves."""
    folder.mkdir()
    path = folder / "sdsync.toml"
    path.write_text(CONFIG.format(**products.ports))
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", DAEMON, str(path)],
            stdout=subprocess.PIPE, stderr=log, env={**os.environ, **environment},
        ) as child,
    ):  # fmt: skip
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            assert line, (folder / "log").read_text()
            yield child, int(line)
        finally:
            child.kill()


def test_each_lane_has_one_holder_and_the_other_host_takes_over(
    tmp_path: Path, products: Products, database: str, redis: Broker
) -> None:
    environment = {
        "HOSTS_DB": database,
        "HOSTS_KEY": KEY,
        "HOSTS_BROKER": redis.url,
        "HOSTS_DESK": accounts.DESK_TOKEN,
        "HOSTS_DEV": accounts.DEV_KEY,
    }
    with (
        host(tmp_path / "a", products, environment) as (one, _),
        host(tmp_path / "b", products, environment) as (other, other_port),
    ):
        store = open_store(database, KEY, path=tmp_path, clock=SystemClock())
        hosts = {one.pid, other.pid}

        def holders() -> dict[str, int]:
            rows = {lane: store.lane(lane).holder or "::" for lane in LANES}
            return {lane: int(row.split(":")[1] or 0) for lane, row in rows.items()}

        try:
            # What is born before a feed's first look is old, and would not enter.
            assert until(lambda: all(store.system(lane).watched_since for lane in LANES))
            products.create("before")
            assert until(lambda: products.issues() == ["before"])
            assert set(holders().values()) <= hosts

            killed = one if holders()["dev"] == one.pid else other
            killed.kill()
            killed.wait()
            products.create("after")

            assert until(lambda: products.issues() == ["after", "before"])
            (survivor,) = hosts - {killed.pid}
            assert until(lambda: set(holders().values()) == {survivor})
            assert _never(lambda: len(products.issues()) > 2)
        finally:
            store.close()
        if killed is one:
            ready = httpx.get(f"http://127.0.0.1:{other_port}/readyz", trust_env=False)
            assert ready.json() == {"status": "ready", "problems": {}, "notes": {}}


def test_a_daemon_says_that_its_broker_is_away_and_works_on(
    tmp_path: Path, products: Products, database: str, redis: Broker
) -> None:
    environment = {
        "HOSTS_DB": database,
        "HOSTS_KEY": KEY,
        "HOSTS_BROKER": redis.url,
        "HOSTS_DESK": accounts.DESK_TOKEN,
        "HOSTS_DEV": accounts.DEV_KEY,
    }
    redis.away()
    try:
        with host(tmp_path / "a", products, environment) as (_, port):
            page = f"http://127.0.0.1:{port}/readyz"

            def notes() -> dict[str, str]:
                told: dict[str, str] = httpx.get(page, trust_env=False).json()["notes"]
                return told

            assert until(lambda: "broker" in notes())
            assert httpx.get(page, trust_env=False).status_code == 200
            store = open_store(database, KEY, path=tmp_path, clock=SystemClock())
            assert until(lambda: all(store.system(lane).watched_since for lane in LANES))
            store.close()
            products.create("without bells")
            assert until(lambda: products.issues() == ["without bells"])
    finally:
        redis.back()


def _never(holds: Callable[[], bool]) -> bool:
    """Ask a few more times: a second one would come with the next polls."""
    return not any(holds() for _ in range(50))
