"""What a plan costs: calls to read, calls to write, seconds, and whom the writes mail (law 47)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sdsync.connectors.contract import Operation
from sdsync.sync.plans.keeping import Pen
from sdsync.sync.plans.reading import Reader


def count_writes(pen: Pen, operations: Iterable[tuple[str, Operation]]) -> None:
    """Writes that follow once the sync is live, by system, and whom each would mail.

    What the mail budget does not let go is counted too: it waits, and is told as parked.
    """
    for system, operation in operations:
        mailed = pen.scene.notifies(system, operation)
        pen.count("writes")
        pen.count("mails to customers", mailed.customers)
        pen.count("mails to staff", mailed.staff)


def count_reads(pen: Pen, readers: Sequence[Reader], records: int) -> None:
    """Calls and seconds that it takes to read so many records of each reader once more."""
    for name in ("writes", "mails to customers", "mails to staff"):
        pen.count(name, 0)
    pen.count("reads", sum(round(one.look_calls * records) for one in readers))
    pen.count("seconds", round(sum(one.look_s for one in readers) * records))
