"""An answer of the other side, bounded, and what it means when it cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sdsync.connectors.bodies import Broken, parse
from sdsync.connectors.failures import Failure, Misconfigured, OutcomeUnknown, Rejected, Transient
from sdsync.connectors.stamps import clock
from sdsync.store.records import Json

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the other side, whole and bounded; any status."""

    method: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = field(default=b"", repr=False)
    #: why the body could not be taken; the status holds nevertheless
    broken: Broken | None = None

    @property
    def safe(self) -> bool:
        """Whether the call could not change anything there."""
        return self.method in SAFE_METHODS

    @property
    def ok(self) -> bool:
        """A 2xx: no proof of what was written (law 6)."""
        return 200 <= self.status < 300

    @property
    def date(self) -> datetime | None:
        """The product's clock as its Date header tells, aware UTC."""
        return clock(self.headers.get("date", ""))

    def json(self) -> Json | Failure:
        """The JSON of a 2xx, or what its absence means: see :meth:`unreadable`."""
        if self.broken is not None:
            return self.unreadable(self.broken)
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            return self.unreadable(Broken.WRONG_TYPE, kind[:40])
        parsed = parse(self.body)
        return self.unreadable(parsed) if isinstance(parsed, Broken) else parsed

    def unreadable(self, why: Broken, found: str = "") -> Failure:
        """A write that was taken but not understood is in doubt; a read is not.

        A read's answer cut short may be whole next time. One too large or too
        deep stays so: a person has to look at that record. Another type means
        that something else answers at this address.
        """
        text = f"{why.value} {found!r}" if found else why.value
        if not self.safe:
            return OutcomeUnknown(text)
        if why is Broken.WRONG_TYPE:
            return Misconfigured(f"{text}: is url the address of the product itself?")
        return Transient(text) if why is Broken.MALFORMED else Rejected(detail=text)

    def words(self) -> Json:
        """The JSON of a refusal, as far as it has any; None else."""
        if self.broken is not None or "json" not in self.headers.get("content-type", ""):
            return None
        parsed = parse(self.body)
        return None if isinstance(parsed, Broken) else parsed
