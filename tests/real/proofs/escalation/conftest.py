"""One daemon for the proofs of this folder, and a fight that goes on beside them."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.real.conftest import Product
from tests.real.proofs.escalation.world import Escalation, Robot, configure, furnish
from tests.real.rig import Daemon, retire, until


@pytest.fixture(scope="package")
def world(
    request_tracker: Product, redmine: Product, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Escalation]:
    run = uuid4().hex[:6]
    furnish(request_tracker, redmine, run)
    daemon = Daemon(tmp_path_factory.mktemp("escalation"), request_tracker, redmine)
    configure(daemon, request_tracker, redmine, run)
    daemon.start()
    try:
        until(daemon.watches)
        made = Escalation(daemon, request_tracker, redmine, run)
        yield made
        made.leave()
        print(daemon.type("status").stdout)
    finally:
        ended = daemon.stop()
        retire(request_tracker, run)
    assert ended == 0


@pytest.fixture(scope="package")
def robot(world: Escalation) -> Iterator[Robot]:
    """Begins before the other proofs, and is looked at after them."""
    with Robot(world) as one:
        yield one
