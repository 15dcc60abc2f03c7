"""When all is quiet: no work waits, both feeds were read since, and then nobody writes."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from sdsync.sandbox import accounts
from sdsync.store.records import Json
from sdsync.store.sql import SqlStore
from tests.crash.house import House
from tests.crash.kept import newest_transaction
from tests.crash.ledger import SIDES

LOOK_S = 0.2
#: Polls of each feed that must begin after the last change before silence means something.
FEEDS = 2
#: Polls of each feed in which nothing may be written afterwards.
SILENT_FEEDS = 3
FEED_OF = {"desk": "/REST/2.0/transactions", "dev": "/issues.json"}
#: Searches are POSTs at the desk; they write nothing.
READING_POSTS = ("/tickets", "/transactions", "/attachments", "/history", "/users", "/queues")


@dataclass(slots=True)
class Watch:
    """What sdsync's own account asked of both products, read on from where it was."""

    house: House
    calls: Counter[str] = field(default_factory=Counter)
    feeds: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    last_writes: list[str] = field(default_factory=list)
    #: Writes whose method, path and body are those of the write before on that path.
    again: Counter[str] = field(default_factory=Counter)
    _sent: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    _seq: dict[str, int] = field(default_factory=dict)

    def look(self) -> None:
        """Read what was asked since the last look."""
        for side in SIDES:
            asked = self.house.behind(side, f"requests?after={self._seq.get(side, 0)}")
            for one in asked:
                self._seq[side] = one["seq"]
                if one["login"] == accounts.SERVICE_LOGIN:
                    self._count(side, one)

    def _count(self, side: str, one: Json) -> None:
        self.calls[side] += 1
        self.feeds[side] += one["path"] == FEED_OF[side]
        reads = one["method"] == "GET" or one["path"].endswith(READING_POSTS)
        if not reads:
            self.writes[side] += 1
            place, sent = (side, one["path"]), (one["method"], one["body_sha256"])
            self.again[side] += self._sent.get(place) == sent
            self._sent[place] = sent
            self.last_writes = [*self.last_writes[-4:], f"{side} {one['method']} {one['path']}"]


class NeverQuietError(Exception):
    """Work still waited, or was still done, when patience ended; the text says which."""


def wait(house: House, store: SqlStore, watch: Watch, *, patience_s: float) -> float:
    """Return when all is quiet and stayed so; how many seconds until it was.

    Raises:
        NeverQuietError: It did not come to rest.
    """
    began = time.monotonic()
    pause = threading.Event()
    quiet_at, said = None, list[str]()
    mark, writes = _after(watch, FEEDS), watch.writes.total()
    while time.monotonic() - began < patience_s:
        watch.look()
        waiting = sum(number for _, number, _ in store.work_counts())
        if waiting or watch.writes.total() != writes:
            at, last = time.monotonic() - began, watch.last_writes[-1:]
            said = [*said[-30:], f"after {at:.0f} s, last write {last}", *_waiting(house)]
            quiet_at, writes = None, watch.writes.total()
            mark = _after(watch, FEEDS)
        elif all(watch.feeds[side] >= mark[side] for side in SIDES) and _caught_up(house, store):
            if quiet_at is None:
                quiet_at, mark = time.monotonic(), _after(watch, SILENT_FEEDS)
            else:
                return quiet_at - began
        pause.wait(LOOK_S)
    raise NeverQuietError("\n".join(said or ["the feeds were not read"]))


def _caught_up(house: House, store: SqlStore) -> bool:
    """Whether the desk's feed told of the newest transaction that it can show."""
    cursor = store.system("desk").cursor
    if not isinstance(cursor, dict):
        return False
    told = max([int(cursor["low"]), *map(int, cursor["told"])])
    return not newest_transaction(house.behind("desk", f"records?transactions={told}"))


def _after(watch: Watch, polls: int) -> dict[str, int]:
    """Counts of feed reads that are reached after so many more; one may be under way."""
    return {side: watch.feeds[side] + polls + 1 for side in SIDES}


def _waiting(house: House) -> list[str]:
    """Work that waits, the first due first."""
    path = next(house.folder.rglob("sdsync.db"))
    timers = "('poll','sweep','describe','people')"
    query = (
        "SELECT lane, kind, target, starts, due_at / 1000000 - strftime('%s', 'now')"
        f" FROM work WHERE kind NOT IN {timers} ORDER BY due_at LIMIT 12"
    )
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as link:
        rows = link.execute(query).fetchall()
    return [
        f"  {lane} {kind} {target}: start {starts}, due in {due} s"
        for lane, kind, target, starts, due in rows
    ]
