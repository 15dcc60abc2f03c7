"""One daemon for the troubles that it lives through.

    make real ARGS=tests/real/proofs/trouble         twelve changes in each trouble
    SDSYNC_REAL_CHANGES=200 make real ARGS=…         two hundred, 20 kills, 40 refusals, each outage

SDSYNC_REAL_SEED chooses the changes; it is printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.real.conftest import Product
from tests.real.proofs.trouble.door import Door
from tests.real.proofs.trouble.world import LONG, SEED, House, Keys, configure, furnish
from tests.real.rig import Daemon, retire, until

#: Five minutes each: named on the command line, or of the long form.
collect_ignore = [] if LONG else ["test_store_restored.py", "test_target_restored.py"]
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
    with lived_in(
        request_tracker, redmine, door, keys, tmp_path_factory.mktemp("trouble")
    ) as house:
        yield house


@contextmanager
def lived_in(
    desk: Product, dev: Product, door: Door, keys: Keys, folder: Path, *, sync: str = ""
) -> Iterator[House]:
    """Queues and projects of its own, with a daemon between them that ends well."""
    run = uuid4().hex[:6]
    print(f"SDSYNC_REAL_SEED={SEED}")
    furnish(desk, dev, run, NAMES, keys)
    daemon = Daemon(folder, desk, dev)
    configure(daemon, desk, door.url, run, NAMES, keys, sync)
    daemon.start()
    try:
        until(daemon.watches)
        house = House(daemon, desk, dev, run)
        yield house
        house.leave()
        print(daemon.type("status").stdout)
    finally:
        ended = daemon.stop()
        retire(desk, run)
    assert ended == 0
