"""The daily account of what a sync that observes would have sent (law 56).

Once a night per system, in slices, so that its lane serves others meanwhile. It ends in
an audit row and a log event, and stays with the system for the screens.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from sdsync.connectors.contract import Connector
from sdsync.store.contract import Store
from sdsync.store.records import AuditRow, Change, Json, Work, WorkKey
from sdsync.sync.confirm.doubles import next_night
from sdsync.sync.core import FEED, Core
from sdsync.sync.persons.by_hand import commit
from sdsync.sync.systems import System
from sdsync.sync.watch.forecast import Tallies, forecast
from sdsync.sync.watch.tally import WOULD_SEND, Tally

log = structlog.get_logger(__name__)

KIND = "account"
#: A person waits for it.
URGENT = 1
SLICE = 100  # records at once
DAY = timedelta(days=1)


class Accounts:
    """The accounts of one engine; a crash goes on where the last slice ended."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def account(self, system: System, connector: Connector, work: Work) -> None:
        """Count one slice, and come again: at once, or next night."""
        core, now = self._core, self._core.clock.now()
        sync = self._sync(system, work.hint)
        change = Change(finished=[(work.key, work.generation)])
        again = core.work_for(system.name, KIND, work.key.target, due=now, priority=5)
        if sync is None:
            again.due_at = next_night(now)
        else:
            again.hint = self._slice(system, connector, sync, work.hint, change)
        change.ring.append(again)
        core.store.commit(change)

    def _sync(self, system: System, hint: dict[str, Json]) -> str | None:
        """The sync that is counted, or the next one; None when all were."""
        observing = sorted(
            name
            for name, one in self._core.context().syncs.items()
            if one.mode == "observe" and system.name in one.systems
        )
        if hint.get("sync") in observing:
            return str(hint["sync"])
        done = str(hint.get("done") or "")
        return next((name for name in observing if name > done), None)

    def _slice(
        self, system: System, connector: Connector, sync: str, hint: dict[str, Json], change: Change
    ) -> dict[str, Json]:
        core, ctx = self._core, self._core.context()
        begun = hint if hint.get("sync") == sync else {}
        tallies = Tallies(
            since=_instant(begun.get("since")) or ctx.now - DAY,
            all=Tally.of(begun.get("all") or {}),
            day=Tally.of(begun.get("day") or {}),
        )
        page = core.store.hubs(sync=sync, after=str(begun.get("after") or ""), limit=SLICE)
        for hub in page:
            share = core.store.share(hub.id)
            if share is not None:
                forecast(share, ctx, sync, system.name, connector, tallies)
        if len(page) == SLICE:
            return {
                "sync": sync,
                "after": page[-1].id,
                "since": tallies.since.isoformat(),
                "all": tallies.all.plain(),
                "day": tallies.day.plain(),
            }
        self._tell(system, sync, tallies, change, ctx.now)
        return {"done": sync}

    def _tell(
        self, system: System, sync: str, tallies: Tallies, change: Change, now: datetime
    ) -> None:
        told = {"all": tallies.all.plain(), "day": tallies.day.plain()}
        row = self._core.store.system(system.name)
        accounts = {**(row.info.get(WOULD_SEND) or {}), sync: {"at": now.isoformat(), **told}}
        row.info = {**row.info, WOULD_SEND: accounts}
        change.systems.append(row)
        change.audit.append(
            AuditRow(
                now,
                "would_send",
                "sdsync",
                system=system.name,
                why=sync,
                text=tallies.all.in_words(),
                after=told,
            )
        )
        day = {name: value for name, value in tallies.day.plain().items() if value}
        log.info("sync.observed", sync=sync, system=system.name, would_send=day)


def _instant(text: Json) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def ask(store: Store, systems: Iterable[str], now: datetime) -> None:
    """Have a running daemon take the account of these systems now, before its night."""
    work = [Work(WorkKey(name, KIND, FEED), URGENT, now, now, now) for name in systems]
    commit(store, Change(ring=work))
