"""Stores of each kind; every test that asks for ``store`` runs on all of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from sdsync.store.contract import Store
from sdsync.store.opening import open_store
from sdsync.store.sql import SqlStore
from sdsync.testing.memory_store import MemoryStore
from tests.conftest import need
from tests.integration.store import postgres
from tests.integration.store.builders import after
from tests.simulation.swift_store import SwiftStore

KEY = "q" * 43 + "="  # 32 bytes in base64
_counter = itertools.count()


class FixedClock:
    """Ten seconds after the tests' records."""

    def now(self) -> datetime:
        return after(10)

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    need("PostgreSQL")
    programs = postgres.binaries()
    assert programs is not None
    running = postgres.start(programs)
    yield running
    running.stop()


@pytest.fixture
def database(server: postgres.Server) -> Iterator[str]:
    """The address of a database that is gone after the test."""
    name = psycopg.sql.Identifier(f"store_{next(_counter)}")
    with psycopg.connect(server.url("postgres"), autocommit=True) as link:
        link.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(name))
        yield server.url(name.as_string().strip('"'))
        link.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


IN_MEMORY = {"memory": MemoryStore, "simulation": SwiftStore}


@pytest.fixture(params=[*IN_MEMORY, "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param in IN_MEMORY:
        yield IN_MEMORY[request.param](FixedClock())
        return
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("database")
    opened = open_store(url, KEY, path=tmp_path, clock=FixedClock())
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def sql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("database")
    opened = open_store(url, KEY, path=tmp_path, clock=FixedClock())
    yield opened
    opened.close()
