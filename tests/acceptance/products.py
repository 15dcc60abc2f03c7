"""Both sandboxes, a live sync between them, and a command line on the same store; time is ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from sdsync.config.load import load
from sdsync.sandbox import Pair, accounts, serve
from sdsync.store.opening import open_store
from sdsync.store.records import AuditRow, Pause, Ref, Share
from sdsync.store.sql import SqlStore
from sdsync.sync.assemble import assemble
from sdsync.sync.engine import Engine
from sdsync.testing.simulated.clock import VirtualClock
from tests.acceptance.conftest import Desk

TOML = """
server.port = 1
[systems.desk]
connector = "request_tracker"
url = "{desk}"
token = "env:RT_TOKEN"
poll = "{poll}"
[systems.dev]
connector = "redmine"
url = "{dev}"
token = "env:REDMINE_KEY"
poll = "{poll}"
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put = {{ project = "infra", type = "bug" }}
mode = "{mode}"
"""
SPIN = 5_000
#: Ids of the tracker's custom fields, as the sandbox seeds them.
DEV_FIELDS = {"sdsync mark": 1, "sdsync tags": 2, "sdsync peer": 3}


class Shop:
    """A service desk, a tracker, and sdsync between them."""

    def __init__(self, house: Desk, pair: Pair, engine: Engine, clock: VirtualClock) -> None:
        self.house, self.pair, self.engine, self.clock = house, pair, engine, clock
        self.store = engine.core.store

    def type(self, *words: str) -> Any:
        """One command line, typed where ``sdsync.toml`` lies."""
        return self.house.type(*words)

    def run(self, seconds: float = 60.0) -> Shop:
        """Let sdsync work while time passes."""
        end, spins = self.clock.now() + timedelta(seconds=seconds), 0
        while self.clock.now() < end:
            before = self.clock.now()
            worked = [self.engine.work(lane) for lane in self.engine.core.systems]
            if not any(one.did for one in worked):
                wakes = [one.wake_at for one in worked if one.wake_at is not None]
                soonest = min(wakes, default=end)
                self.clock.advance_to(min(end, max(soonest, before + timedelta(milliseconds=5))))
            spins = 0 if self.clock.now() > before else spins + 1
            assert spins < SPIN, "it runs in circles"
        return self

    def today(self) -> Shop:
        """Time has passed until now: what a command reads and what sdsync reads is of one clock."""
        self.clock.advance_to(datetime.now(UTC))
        return self

    def ticket(self, subject: str = "disk full", *, by: str = "nora", **more: Any) -> str:
        """Somebody opens a ticket that enters; its id."""
        usual = {
            "Queue": "Escalated",
            "Content": "What happened.",
            "Requestor": "greta@customer.example",
        }
        made: Any = self.pair.desk.act("create", by=by, Subject=subject, **usual | more)
        self.run()
        return str(made["id"])

    def at_desk(self, action: str, ticket: str, *, by: str = "nora", **fields: Any) -> None:
        """What somebody does to a ticket, and what sdsync makes of it."""
        self.clock.advance(2)
        self.pair.desk.act(action, by=by, id=ticket, **fields)
        self.run()

    def at_dev(self, action: str, issue: str, *, by: str = "irina", **fields: Any) -> None:
        """The same on an issue; ``fields`` named as in custom fields become those."""
        self.clock.advance(2)
        custom = [
            {"id": DEV_FIELDS[name], "value": fields.pop(name)}
            for name in DEV_FIELDS
            if name in fields
        ]
        more = {"custom_fields": custom} if custom else {}
        self.pair.dev.act(action, by=by, id=issue, **fields, **more)
        self.run()

    def share(self, ticket: str) -> Share:
        """What the store knows of a ticket."""
        found = self.store.share_of(Ref("desk", "ticket", ticket))
        assert found is not None, f"desk#{ticket} is not shared"
        return found

    def issue(self, ticket: str) -> str:
        """The id of its issue."""
        replica = self.share(ticket).at("dev")
        assert replica is not None
        assert replica.native_id is not None, "its issue is not born"
        return replica.native_id

    def shown(self, system: str, native_id: str) -> Any:
        """The record as the product shows it now."""
        with self.engine.core.systems[system].connector() as connector:
            return connector.fetch(Ref(system, "ticket", native_id))

    def told(self, ticket: str, action: str) -> list[AuditRow]:
        """Rows of the audit trail."""
        rows = self.store.audit(hub_id=self.share(ticket).hub.id)
        return [one for one in rows if one.action == action]

    def pauses(self) -> list[Pause]:
        """What is paused."""
        return list(self.store.pauses())

    def writes(self) -> int:
        """Calls that changed something, in both products."""
        sides = (self.pair.desk, self.pair.dev)
        return sum(one.method != "GET" for side in sides for one in side.requests)


@contextmanager
def open_shop(
    house: Desk,
    monkeypatch: pytest.MonkeyPatch,
    *,
    mode: str = "live",
    poll: str = "10s",
    toml: str = TOML,
    begin: Callable[[Pair], None] = lambda _: None,
    ago: timedelta = timedelta(),
) -> Iterator[Shop]:
    """Both products as ``begin`` leaves their seed, and an engine that a test drives.

    Args:
        ago: When it all begins. Commands have the machine's clock: see :meth:`Shop.today`.
    """
    clock = VirtualClock(datetime.now(UTC).replace(microsecond=0) - ago)
    monkeypatch.setenv("RT_TOKEN", accounts.DESK_TOKEN)
    monkeypatch.setenv("REDMINE_KEY", accounts.DEV_KEY)
    with serve(clock=clock) as pair:
        begin(pair)
        house.toml.write_text(
            toml.format(desk=pair.desk.url, dev=pair.dev.url, mode=mode, poll=poll),
            encoding="utf-8",
        )
        store: SqlStore = open_store(None, None, path=house.folder, clock=clock)
        engine = Engine(assemble(load(house.toml), store, clock=clock, rand=Random(7)))
        try:
            engine.start()
            yield Shop(house, pair, engine, clock).run()
        finally:
            for system in engine.core.systems.values():
                system.close()
            store.close()
