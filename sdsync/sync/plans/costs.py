"""What a plan costs: calls to read, calls to write, seconds, and whom the writes mail (law 47)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sdsync.connectors.contract import Audience, Operation
from sdsync.store.records import Replica
from sdsync.sync.deliver.compute import Send
from sdsync.sync.plans.keeping import Pen
from sdsync.sync.plans.reading import Reader


def count_writes(pen: Pen, operations: Iterable[tuple[str, Operation]]) -> None:
    """Writes that follow once the sync is live, by system, and whom each would mail."""
    for system, operation in operations:
        count_mails(pen, pen.scene.notifies(system, operation))


def count_fields(pen: Pen, sends: Iterable[tuple[Replica, Send]]) -> None:
    """Values that these writes carry, by system and field."""
    for replica, send in sends:
        for name in send.fields:
            pen.count(f"field {replica.system} {name}")


def count_mails(pen: Pen, mailed: Audience) -> None:
    """One write that goes, and whom it mails."""
    pen.count("writes")
    pen.count("mails to customers", mailed.customers)
    pen.count("mails to staff", mailed.staff)


def count_reads(pen: Pen, readers: Sequence[Reader], records: int) -> None:
    """Calls and seconds that it takes to read so many records of each reader once more."""
    for name in ("writes", "mails to customers", "mails to staff"):
        pen.count(name, 0)
    pen.count("reads", sum(round(one.look_calls * records) for one in readers))
    pen.count("seconds", round(sum(one.look_s for one in readers) * records))
