"""One daemon for the troubles that it lives through.

    make real ARGS=tests/real/proofs/trouble         twelve changes in each trouble
    SDSYNC_REAL_CHANGES=200 make real ARGS=…         two hundred, 20 kills, 40 refusals, each outage

SDSYNC_REAL_SEED chooses the changes; it is printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.real.conftest import Product
from tests.real.proofs.trouble.door import Door
from tests.real.proofs.trouble.world import SEED, House, Keys, configure, furnish
from tests.real.rig import Daemon, until

#: One: whoever watches the products reads each queue and project of every test.
NAMES = ("shop",)


@pytest.fixture(scope="package")
def door(redmine: Product) -> Iterator[Door]:
    with Door(redmine.base_url) as door:
        yield door


@pytest.fixture(scope="package")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    return Keys(folder / "desk", folder / "dev")


@pytest.fixture(scope="package")
def house(
    request_tracker: Product,
    redmine: Product,
    door: Door,
    keys: Keys,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    run = uuid4().hex[:6]
    print(f"SDSYNC_REAL_SEED={SEED}")
    furnish(request_tracker, redmine, run, NAMES, keys)
    daemon = Daemon(tmp_path_factory.mktemp("trouble"), request_tracker, redmine)
    configure(daemon, request_tracker, door.url, run, NAMES, keys)
    daemon.start()
    try:
        until(daemon.watches)
        house = House(daemon, request_tracker, redmine, run)
        yield house
        house.leave()
        print(daemon.type("status").stdout)
    finally:
        ended = daemon.stop()
    assert ended == 0
