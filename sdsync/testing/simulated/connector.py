"""The connector of a simulated product: every method of the contract, and all its troubles."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

import orjson

from sdsync.connectors.contract import (
    NEWEST,
    Account,
    AddElement,
    Answer,
    Audience,
    Capabilities,
    ChangeEvent,
    Changes,
    Create,
    Description,
    Done,
    Find,
    Found,
    Leave,
    Listed,
    NativePerson,
    NativeRecord,
    NativeTeam,
    Operation,
    Update,
)
from sdsync.connectors.failures import (
    Failure,
    Forbidden,
    Missing,
    OutcomeUnknown,
    Pending,
    Rejected,
    Transient,
)
from sdsync.store.records import Json, Ref
from sdsync.testing.simulated import feed, search
from sdsync.testing.simulated.clock import VirtualClock
from sdsync.testing.simulated.faults import Faults
from sdsync.testing.simulated.flavours import BOARD, DESK, TRACKER
from sdsync.testing.simulated.native import flat, partial, show, show_place
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import OURS, Record
from sdsync.testing.simulated.ties import linked
from sdsync.testing.simulated.trouble import Line
from sdsync.testing.simulated.writing import carry_out, reach

#: Failures of one item of a batch; after any other the rest is not sent.
OF_ONE_ITEM = ("Rejected", "Conflict", "Missing", "Forbidden", "Pending")

#: What a job that still runs says when it is asked too early.
JOB_AGAIN_S = 3.0


class SimulatedConnector:
    """Speaks to one :class:`SimulatedProduct` over a :class:`Line` full of trouble."""

    capabilities: ClassVar[Capabilities]

    def __init__(
        self, product: SimulatedProduct, faults: Faults, clock: VirtualClock, rand: random.Random
    ) -> None:
        self.product = product
        self.faults = faults
        self.clock = clock
        self.rand = rand
        self.line = Line(clock, faults, rand)
        self.jobs: dict[str, Answer[Done]] = {}
        self.about: Ref | None = None  # the record that the call under way is about
        self.reading: Ref | None = None  # the record being fetched just now
        self.mailing: frozenset[str] = frozenset()  # fields whose change mails somebody of staff
        self.names: Leave | None = None  # what it answers of writing in somebody's name
        self.deaf = False  # it writes as our account, whomever a call names
        self.strangers: set[str] = set()  # who may not write there
        self.looked: Callable[[NativeRecord], None] = lambda _: None

    # -- reading -----------------------------------------------------------------
    def describe(self) -> Answer[Description]:
        """Version, identity, account, clock and places as they are now."""
        if (trouble := self.line.go()) is not None:
            return trouble
        product = self.product
        described = Description(
            product=self.capabilities.product,
            version="1.4",
            identity=f"{product.name}-instance",
            account=Account(product.us, OURS, "Sdsync"),
            clock=product.clock.now() + product.offset,
            places={key: show_place(product, one) for key, one in product.places.items()},
            newest=tuple(self._newest()),
            impersonates=self.names,
        )
        if product.offset:
            self.faults.note("wrong clock")
        self.line.back()
        return described

    def _newest(self) -> list[str]:
        standing = [one.number for one in self.product.records.values() if not one.deleted]
        return [str(number) for number in sorted(standing, reverse=True)[:NEWEST]]

    def changes(self, cursor: Json) -> Answer[Changes]:
        """The feed since ``cursor``."""
        if (trouble := self.line.go()) is not None:
            return trouble
        page = feed.changes(self.product, self.faults, cursor)
        self.line.back()
        return page

    def fetch(self, ref: Ref) -> Answer[NativeRecord]:
        """The record as one look; sometimes the look of a moment ago."""
        self.about = self.reading = ref
        try:
            if (trouble := self.line.go()) is not None:
                return trouble
            found = self._look(ref)
            self.line.back()
        finally:
            self.reading = None
        if isinstance(found, NativeRecord):
            self.product.read.add(found.ref.id)
            self.looked(found)
        return found

    def _look(self, ref: Ref) -> Answer[NativeRecord]:
        record = reach(self.product, ref)
        if not isinstance(record, Record):
            self._count_unreachable(record)
            return record
        if self.faults.strike("not found for a while"):
            record.missing_until = self.clock.now() + timedelta(seconds=self.rand.uniform(1, 40))
            return Missing()
        if record.id != ref.id:
            self.faults.note("merged record answers with another id")
        before = record.shown_before
        # Only where a version tells them apart: an older look that nothing
        # distinguishes from an edit back is one, to everybody.
        if before is not None and before.version is not None and self.faults.strike("stale read"):
            return before
        shown = show(self.product, record)
        ties = linked(self.product.flavour, record, self.product.records)
        shown = replace(shown, linked=ties) if ties else shown
        if record.id != ref.id:
            asked = show(self.product, self.product.records[ref.id])
            shown = replace(shown, left=(*(asked.notes or ()), *(asked.attachments or ())))
        return partial(shown, self.rand) if self.faults.strike("partial read") else shown

    def _count_unreachable(self, failure: Failure) -> None:
        if isinstance(failure, Forbidden):
            self.faults.note("forbidden record")
        elif isinstance(failure, Missing):
            self.faults.note("missing record")

    def readable(self, place: str) -> Answer[bool]:
        """Whether records of this place can be read now."""
        if (trouble := self.line.go()) is not None:
            return trouble
        found = self.product.places.get(place)
        self.line.back()
        return found is not None and not found.archived

    def find(self, query: Find) -> Answer[Found]:
        """Look for what an intent may have made."""
        if (trouble := self.line.go()) is not None:
            return trouble
        found = search.find(self.product, self.faults, query)
        self.line.back()
        return found

    def search(self, place: str | None, path: str, value: Json) -> Answer[Found]:
        """Records of a place whose native field equals a value."""
        if (trouble := self.line.go()) is not None:
            return trouble
        found = search.search(self.product, self.faults, place, path, value)
        self.line.back()
        return found

    def records(self, place: str, after: str) -> Answer[Listed]:
        """The next page of a place's records."""
        if (trouble := self.line.go()) is not None:
            return trouble
        found = search.records(self.product, place, after)
        self.line.back()
        return found

    def download(self, ref: Ref, native_id: str, *, limit_bytes: int) -> Answer[bytes]:
        """A file's content."""
        if (trouble := self.line.go()) is not None:
            return trouble
        self.line.back()
        record = reach(self.product, ref)
        if not isinstance(record, Record):
            return record
        file = next((one for one in record.files if one.id == native_id), None)
        if file is None:
            return Missing()
        if len(file.content) > limit_bytes:
            return Rejected((), "larger than the limit")
        return file.content

    def people(self) -> Answer[Sequence[NativePerson]]:
        """Everybody with an account."""
        if (trouble := self.line.go()) is not None:
            return trouble
        self.line.back()
        return [
            NativePerson(one.native_id, one.login, one.email, True, one.name, one.human, one.active)
            for one in self.product.people.values()
        ]

    def teams(self) -> Answer[Sequence[NativeTeam]]:
        """No flavour has teams."""
        return []

    # -- writing -----------------------------------------------------------------
    def apply(
        self, operations: Sequence[Operation], *, within_s: float | None = None
    ) -> Sequence[Answer[Done]]:
        """Carry out in order; after a failure of the way itself the rest is not sent."""
        answers: list[Answer[Done]] = []
        broken = within_s is not None and within_s <= 0
        for operation in operations:
            answer = Transient("not sent") if broken else self._send(operation)
            answers.append(answer)
            broken = not isinstance(answer, Done) and type(answer).__name__ not in OF_ONE_ITEM
        return answers

    def leave(self, ref: Ref, person: str, *, internal: bool) -> Answer[Leave]:
        """Whether a note may be written in somebody's name."""
        del ref, internal
        if (trouble := self.line.go()) is not None:
            return trouble
        self.line.back()
        if person in self.strangers:
            return Leave(given=False, why="may not write there")
        return self.names or Leave(given=False)

    def _send(self, operation: Operation) -> Answer[Done]:
        self.about = None if isinstance(operation, Create) else operation.ref
        if (trouble := self.line.go()) is not None:
            return trouble
        faults = self.faults
        if faults.strike("cut before effect"):
            return self.line.cut()
        if faults.strike("delayed effect"):
            landing = self.rand.uniform(0.0, self._landing_s(operation))
            self.clock.after(10.0 + landing * 0.95, lambda: self._land(operation))
            return self.line.cut()
        if isinstance(operation, Create | AddElement) and faults.strike("pending job"):
            return self._as_job(operation)
        answer = self._carry_out(operation)
        if isinstance(operation, Create | AddElement) and faults.strike("call delivered twice"):
            self.product.twice = True
            self._carry_out(operation)
            self.product.twice = False
            return self.line.cut()
        if isinstance(answer, Done) and faults.strike("effect then cut"):
            return self.line.cut()
        self.line.back()
        if isinstance(answer, Done) and faults.strike("effect then 500"):
            return OutcomeUnknown("500 internal server error")
        return answer

    def _as_job(self, operation: Create | AddElement) -> Pending:
        ask_after_s = self.rand.uniform(1.0, 15.0)
        handle = f"job-{operation.intent}"
        self.jobs.pop(handle, None)  # of an earlier start
        if not self.faults.strike("lost job"):
            # The job may be done a little after the product said to ask.
            late = self.rand.uniform(0.2, 1.2) * ask_after_s
            self.jobs[handle] = Pending(handle, JOB_AGAIN_S)
            self.clock.after(late, lambda: self._finish_job(handle, operation))
        self.line.back()
        return Pending(handle, ask_after_s)

    def _finish_job(self, handle: str, operation: Operation) -> None:
        self.jobs[handle] = self._land(operation)

    def job(self, handle: str) -> Answer[Done]:
        """What became of a write that was accepted as a job; Missing when it was lost."""
        if (trouble := self.line.go()) is not None:
            return trouble
        self.line.back()
        return self.jobs.get(handle, Missing())

    def _carry_out(self, operation: Operation) -> Answer[Done]:
        if self.deaf and isinstance(operation, AddElement):
            operation = replace(operation, author=None)
        return carry_out(self.product, self.faults, operation)

    def _land(self, operation: Operation) -> Answer[Done]:
        self.product.late = True
        answer = self._carry_out(operation)
        self.product.late = False
        return answer

    def _landing_s(self, operation: Operation) -> float:
        kind = operation.kind if isinstance(operation, Create | AddElement) else "note"
        return self.capabilities.create[kind].landing_s

    def notifies(self, operation: Operation) -> Audience:
        """A note that is not internal mails one customer, or one of staff inside."""
        if isinstance(operation, Update) and self.mailing & flat(operation.values).keys():
            return Audience(staff=1)
        if not isinstance(operation, AddElement) or operation.kind != "note":
            return Audience()
        if operation.values.get("internal"):
            return Audience()
        record = self.product.records.get(operation.ref.id)
        place = self.product.places.get(record.place) if record else None
        outside = place is not None and place.default_audience in ("customer", "public")
        return Audience(customers=1) if outside else Audience(staff=1)

    # -- pushing -----------------------------------------------------------------
    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> Answer[Sequence[ChangeEvent]]:
        """A webhook names records; see :func:`webhook`."""
        del headers, now
        try:
            named = orjson.loads(body)["records"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return Rejected((), "not one of ours")
        return [ChangeEvent("ticket", str(one["id"]), None, str(one["digest"])) for one in named]

    def close(self) -> None:
        """Nothing is open."""


class DeskConnector(SimulatedConnector):
    """The desk: compare-and-set, a true cursor, strong marks, notes that stay."""

    capabilities: ClassVar[Capabilities] = DESK.capabilities


class TrackerConnector(SimulatedConnector):
    """The tracker: whole-second stamps, no compare-and-set, a flag dropped in silence."""

    capabilities: ClassVar[Capabilities] = TRACKER.capabilities


class BoardConnector(SimulatedConnector):
    """The board: cut titles, no marks, no history, a search that lags."""

    capabilities: ClassVar[Capabilities] = BOARD.capabilities


CONNECTORS: Mapping[str, type[SimulatedConnector]] = {
    "desk": DeskConnector,
    "tracker": TrackerConnector,
    "board": BoardConnector,
}


def webhook(product: SimulatedProduct, events: Sequence[ChangeEvent]) -> bytes:
    """The body that the product would push for these events."""
    named = [{"id": one.native_id, "digest": one.digest} for one in events]
    return orjson.dumps({"product": product.name, "records": named})
