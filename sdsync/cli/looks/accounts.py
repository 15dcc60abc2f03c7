"""The last daily account of what a sync that observes would have sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sdsync.store.contract import Store
from sdsync.sync.watch.tally import WOULD_SEND, Tally


@dataclass(frozen=True, slots=True)
class AccountLook:
    """What would go to one system: by now, and of it what came within the last day."""

    system: str
    at: datetime
    all: Tally
    day: Tally


def look(store: Store, sync: str, systems: Iterable[str]) -> Iterator[AccountLook]:
    """The accounts of a sync, by system; none before its first night."""
    for system in systems:
        told = (store.system(system).info.get(WOULD_SEND) or {}).get(sync)
        if told:
            at = datetime.fromisoformat(told["at"])
            yield AccountLook(system, at, Tally.of(told["all"]), Tally.of(told["day"]))
