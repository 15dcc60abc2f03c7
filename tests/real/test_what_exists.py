"""Two stock products in which hundreds of records stood before sdsync came.

    make real ARGS="tests/real/test_what_exists.py"      400 records
    SDSYNC_REAL_RECORDS=5000 make real ARGS=…            5,000 records

SDSYNC_REAL_SEED chooses what stands there; a failing one is printed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sdsync.config.load import load
from sdsync.connectors.contract import Listed, Lists, NativeRecord
from sdsync.mappings.contract import Unmapped
from sdsync.store.opening import open_store
from sdsync.sync.assemble import assemble
from sdsync.sync.edits import proved
from tests.real.conftest import Product
from tests.real.rig import Daemon
from tests.real.years import PROJECT, QUEUE, Years, years

pytestmark = pytest.mark.real

SEED = int(os.environ.get("SDSYNC_REAL_SEED", "20261122"))
#: Who is who is no question of the packs: a customer need not be known to both.
PEOPLE = {"owner_person", "reporter", "watchers"}


@dataclass(frozen=True)
class Shop:
    """What stood in both products, and the command line between them."""

    daemon: Daemon  # never started here
    years: Years


@pytest.fixture(scope="module")
def shop(
    request_tracker: Product, redmine: Product, tmp_path_factory: pytest.TempPathFactory
) -> Shop:
    """The ten lines as ``init`` writes them."""
    print(f"SDSYNC_REAL_SEED={SEED}")
    stood = years(request_tracker, redmine, SEED, tmp_path_factory.mktemp("years"))
    daemon = Daemon(tmp_path_factory.mktemp("sdsync"), request_tracker, redmine)
    addresses = ("--url", request_tracker.base_url, "--other-url", redmine.base_url)
    words = ("--yes", "--overwrite", *addresses, "--take", QUEUE, "--put", PROJECT)
    written = daemon.type("init", *words)
    assert written.returncode == 0, written.stderr
    return Shop(daemon, stood)


def test_check_is_clean_and_no_value_of_the_years_is_unmapped(
    shop: Shop, request_tracker: Product, redmine: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RT_TOKEN", request_tracker.token)
    monkeypatch.setenv("REDMINE_KEY", redmine.token)
    checked = shop.daemon.type("check", "--live")
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    assert shop.daemon.type("mappings", "check").returncode == 0

    strange = Counter[str]()
    store = open_store(None, None, path=shop.daemon.folder)
    engine = assemble(load(shop.daemon.toml), store)
    for name, place in (("desk", QUEUE), ("dev", PROJECT)):
        system = engine.systems[name]
        seen = 0
        connector = system.connect()
        connector.describe()
        for record in listed(connector, place):
            mapping, seen = system.mappings["ticket"], seen + 1
            for one in mapping.fields.keys() - PEOPLE:
                if proved(mapping, one, record):
                    value = mapping.get(one, record.values, engine.people)
                    strange[f"{name} {one} {value}"] += isinstance(value, Unmapped)
        assert seen == (shop.years.tickets if name == "desk" else shop.years.issues)
        connector.close()
    store.close()
    assert +strange == Counter()


def listed(connector: object, place: str) -> Iterator[NativeRecord]:
    assert isinstance(connector, Lists)
    after: str | None = ""
    while after is not None:
        page = connector.records(place, after)
        assert isinstance(page, Listed), page
        yield from page.records
        after = page.after
