"""One daemon for all proofs of this folder; it rests when other tests look for quiet."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.real.conftest import Product
from tests.real.proofs.world import Way, World, furnish, toml
from tests.real.rig import Daemon, retire, until

WAYS = (
    Way("private"),
    Way("written", sync='notes = "as written"'),
    Way("portal", audience="customer", sync='notes = "as written"'),
    Way("half", role="no private notes"),
    Way("counter", role="no private notes", audience="customer"),
    Way("open", public=True),
    Way("frozen", sync='on_leave = "freeze"'),
    Way("shelved"),
    Way("shut"),
    Way("mutual", both=True),
)


@pytest.fixture(scope="package")
def world(
    request_tracker: Product, redmine: Product, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    run = uuid4().hex[:6]
    furnish(request_tracker, redmine, WAYS, run)
    daemon = Daemon(tmp_path_factory.mktemp("proofs"), request_tracker, redmine)
    text = toml(WAYS, run, request_tracker, redmine, daemon.port)
    daemon.toml.write_text(text, encoding="utf-8")
    daemon.start()
    try:
        until(daemon.watches)
        world = World(daemon, request_tracker, redmine, run)
        yield world
        print(daemon.type("status").stdout)
        world.store.close()
    finally:
        ended = daemon.stop()
        retire(request_tracker, run)
    assert ended == 0
