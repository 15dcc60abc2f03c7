"""What a product tells of changes: a log with growing ids, or changed-at stamps.

Cursors overlap on purpose: stamps are coarse, listings lag, and a repeated
event is dropped by its digest while a missed one is lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.connectors.contract import ChangeEvent, Changes
from sdsync.store.records import Json
from sdsync.testing.simulated.faults import Faults
from sdsync.testing.simulated.native import KIND
from sdsync.testing.simulated.product import Logged, SimulatedProduct
from sdsync.testing.simulated.things import Record

PAGE = 50
SHORT_PAGE = 2
#: A stamp cursor goes back this far, beyond every listing's lag.
OVERLAP = timedelta(seconds=45)


def changes(product: SimulatedProduct, faults: Faults, cursor: Json) -> Changes:
    """A page of the feed after ``cursor``, misbehaving as the faults say."""
    if product.flavour.feed == "log":
        return _from_log(product, faults, cursor)
    return _from_stamps(product, faults, cursor)


def _from_log(product: SimulatedProduct, faults: Faults, cursor: Json) -> Changes:
    end = len(product.log)
    if cursor is None:
        return Changes((), end)
    start = int(str(cursor))
    if faults.strike("repeated page"):
        start = max(0, start - 5)
    size = SHORT_PAGE if end - start > SHORT_PAGE and faults.strike("short page") else PAGE
    page = product.log[start : start + size]
    shown = [event_of(product, line) for line in page]
    done = start + len(page)
    events = _lose(product, faults, shown)
    return Changes(tuple(_shuffle(faults, events)), max(done, int(str(cursor))), done < end)


def event_of(product: SimulatedProduct, line: Logged) -> ChangeEvent:
    """The event that a log line is; webhooks carry the same."""
    told = line.deleted and product.flavour.tells_deletes
    return ChangeEvent(
        kind=KIND,
        native_id=line.record_id,
        at=line.at,
        digest=f"{product.name}/{line.record_id}@{line.at.isoformat()}/{line.deleted}",
        actor=line.by,
        deleted=told,
    )


def _from_stamps(product: SimulatedProduct, faults: Faults, cursor: Json) -> Changes:
    if cursor is None:
        return Changes((), product.now().isoformat())
    since = datetime.fromisoformat(str(cursor))
    lag = timedelta(seconds=product.flavour.listing_lag_s)
    stale = faults.strike("stale listing")
    horizon = product.clock.now() - (lag if lag and stale else timedelta(0))
    floor = since - OVERLAP
    rows = [
        one
        for one in product.records.values()
        if one.updated_at >= floor and one.changed_at <= horizon and _listed(product, one)
    ]
    rows.sort(key=lambda one: (one.updated_at, one.number))
    events = _lose(product, faults, [_event(product, one) for one in rows])
    newest = max([since, *(one.updated_at for one in rows)])
    if len(rows) > SHORT_PAGE and faults.strike("short page"):
        # What the page leaves out is at or after the cursor, so it comes again.
        return Changes(tuple(events[:SHORT_PAGE]), cursor, more=False)
    if faults.strike("repeated page"):
        events = events + events
    return Changes(tuple(_shuffle(faults, events)), newest.isoformat())


def _listed(product: SimulatedProduct, record: Record) -> bool:
    """Lists leave out what is gone, merged away or archived, without a word."""
    gone = record.deleted or record.merged_into is not None or record.forbidden
    return not gone and not product.places[record.place].archived


def _event(product: SimulatedProduct, record: Record) -> ChangeEvent:
    return ChangeEvent(
        kind=KIND,
        native_id=record.id,
        at=record.updated_at,
        digest=f"{product.name}/{record.id}@{record.updated_at.isoformat()}/{record.version}",
        actor=None,
    )


def _shuffle(faults: Faults, events: list[ChangeEvent]) -> list[ChangeEvent]:
    if len(events) > 1 and faults.strike("reordered page"):
        return faults.rand.sample(events, len(events))
    return events


def _lose(
    product: SimulatedProduct, faults: Faults, events: list[ChangeEvent]
) -> list[ChangeEvent]:
    """Some events of old acquaintances never come; only a sweep finds what they said.

    A first event is never lost, nor any until the record was read: of a record that
    nobody ever named, nobody can know.
    """
    kept = []
    for event in events:
        record = product.records[event.native_id]
        new = not record.history or record.id not in product.read
        if new or not faults.strike("lost event"):
            kept.append(event)
            product.unheard.discard(record.id)
        else:
            product.unheard.add(record.id)
    return kept
