"""What every product of the sandbox stands on: clock, switches, mails, what was asked."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sdsync.config.clock import Clock, SystemClock
from sdsync.sandbox.call import Call, Json
from sdsync.sandbox.saving import Saver
from sdsync.sandbox.switches import Switches

KEPT_REQUESTS = 20_000


@dataclass(slots=True)
class Recorded:
    """One request as the product saw it. ``status`` 0: it got no answer."""

    seq: int
    at: datetime
    method: str
    path: str
    query: list[tuple[str, str]]
    body_sha256: str
    body_bytes: int
    login: str | None = None
    status: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Mail:
    """A mail that the product would have sent."""

    at: datetime
    to: str
    subject: str
    record: int
    why: str
    staff: bool


@dataclass(frozen=True, slots=True)
class Happened:
    """A change of a record, for webhooks."""

    kind: str
    id: int
    what: str  # created | updated | deleted
    at: datetime


class World:
    """The ground of one product. One event loop drives it: no locks."""

    def __init__(
        self, name: str, *, seed: int = 0, clock: Clock | None = None, saver: Saver | None = None
    ) -> None:
        self.name = name
        self.clock: Clock = clock or SystemClock()
        self.switches = Switches(seed)
        self.saver = saver or Saver(None)
        self.requests: deque[Recorded] = deque(maxlen=KEPT_REQUESTS)
        self.mails: list[Mail] = list(self.saver.load("mail", Mail).values())
        self.listeners: list[Callable[[Happened], None]] = []
        self._seq = 0

    def now(self) -> datetime:
        """The product's clock, right or wrong."""
        wrong = self.switches.standing("wrong_clock")
        offset = float(str(wrong["offset_s"])) if wrong else 0.0
        return self.clock.now() + timedelta(seconds=offset)

    def stamp(self) -> datetime:
        """Now, as the product writes it down: whole seconds, or coarser."""
        coarse = self.switches.standing("coarse_stamps")
        resolution = int(str(coarse["resolution_s"])) if coarse else 1
        seconds = int(self.now().timestamp()) // resolution * resolution
        return datetime.fromtimestamp(seconds, UTC)

    def record(self, call: Call) -> Recorded:
        """Note a request before anything is done about it."""
        self._seq += 1
        digest = hashlib.sha256(call.body).hexdigest()
        one = Recorded(
            self._seq, call.at, call.method, call.path, call.query, digest, len(call.body)
        )
        self.requests.append(one)
        return one

    def mail(self, to: str, subject: str, record: int, why: str, *, staff: bool) -> None:
        """Put a mail into the sink."""
        mail = Mail(self.stamp(), to, subject, record, why, staff)
        self.mails.append(mail)
        self.saver.put("mail", str(len(self.mails)), mail)

    def tell(self, kind: str, id_: int, what: str) -> None:
        """A record changed: whoever listens is told."""
        for listener in self.listeners:
            listener(Happened(kind, id_, what, self.stamp()))

    def lag(self, call: Call | None) -> datetime | None:
        """The instant up to which lists are current; None: they are up to date."""
        stale = self.switches.fires("stale_search", call)
        return self.now() - timedelta(seconds=float(str(stale["lag_s"]))) if stale else None

    def reset(self) -> None:
        """Forget requests, mails and switches."""
        self.requests.clear()
        self.mails.clear()
        self.switches.reset()
        self.saver.clear()


def ignored(world: World, call: Call | None) -> frozenset[str]:
    """Field names that this write silently leaves as they were."""
    struck = world.switches.fires("ignored_field", call)
    names: Mapping[str, Json] = struck or {}
    listed = names.get("fields", [])
    return frozenset(str(one) for one in listed) if isinstance(listed, list) else frozenset()
