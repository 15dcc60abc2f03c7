"""When an alarm begins, when it is over, and who is still to be told.

Step functions without clock, store or network: the runner in ``server`` supplies those.
An alarm is stored before it is told, and that it was told is stored afterwards: a process
that dies between tells it once more, under the same id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sdsync.config.problems import count
from sdsync.config.units import render_duration
from sdsync.store.records import Alarm, AlarmWay
from sdsync.sync.watch.needs import Need

BEGAN, OVER, TEST = "began", "over", "test"
#: An alarm that is over for so long and was never taken is old news: it is listed, not told.
GIVE_UP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell by one way."""

    way: str
    event: str  # began | over | test
    alarm: Alarm
    at: datetime  # when it happened

    @property
    def id(self) -> str:
        """The same whenever it is told again."""
        return f"{self.alarm.id}-{self.event}"

    @property
    def text(self) -> str:
        """What it is about, with how many records wait for it."""
        return in_words(self.alarm)


def in_words(alarm: Alarm) -> str:
    """``412 records: dev does not take them``."""
    told = count(alarm.records, "record")
    return f"{told}: {alarm.text}" if alarm.records else alarm.text


# -- what is an alarm --------------------------------------------------------------
def alarming(
    found: Iterable[Need], alarms: Sequence[Alarm], now: datetime, *, held_s: float
) -> dict[str, Need]:
    """What somebody is woken for, by key.

    Args:
        found: All that needs a person.
        alarms: The latest ones: an outage explains what waited through it.
        now: Aware UTC.
        held_s: What is held for less wakes nobody; what is held longer is one alarm.
    """
    kept: dict[str, Need] = {}
    held = []
    for need in found:
        if need.kind == "held":
            held.append(need)
        elif need.said and not _explained(need, alarms):
            kept.setdefault(need.key, need)
    old = [one for one in held if one.since and (now - one.since).total_seconds() >= held_s]
    if old:
        kept["held"] = _held(old, held_s)
    return kept


def _explained(need: Need, alarms: Sequence[Alarm]) -> bool:
    """Whether it waits since before its system was back: the outage said it already."""
    return need.kind == "lag" and any(
        one.kind == "system"
        and one.system == need.system
        and (one.over_at is None or need.since is None or need.since < one.over_at)
        for one in alarms
    )


def _held(old: Sequence[Need], held_s: float) -> Need:
    said = f"held for longer than {render_duration(held_s)}: a person decides"
    first = min(old, key=lambda one: (one.since is None, one.since))
    return replace(
        first, key="held", records=sum(one.records for one in old), system=None,
        priority=min(one.priority for one in old), said=said, help="sdsync held list",
    )  # fmt: skip


# -- its life ----------------------------------------------------------------------
class Watch:
    """What was seen since when, without a gap: what lasts shorter than ``settle_s`` is no alarm.

    Kept in memory only. A need that knows its own beginning counts from there, so that a
    daemon which dies again and again still wakes somebody.
    """

    def __init__(self, store_id: str, settle_s: float) -> None:
        self._store_id, self._settle = store_id, timedelta(seconds=settle_s)
        self._seen: dict[str, datetime] = {}

    def step(
        self, alarms: Sequence[Alarm], seen: Mapping[str, Need], now: datetime, *, proved: bool
    ) -> list[Alarm]:
        """The alarms that are new or another by now; none of them is changed in place.

        Args:
            alarms: Those that are not ended.
            seen: What somebody is woken for now.
            now: Aware UTC; when it steps back, nothing begins and nothing is over.
            proved: Whether ``seen`` is all there is. What could not be read is not over.
        """
        running = {one.key: one for one in alarms if one.over_at is None}
        changed = [
            after
            for key, alarm in running.items()
            if (after := self._goes_on(alarm, seen.get(key), now, proved=proved)) != alarm
        ]
        if proved:
            self._seen = {key: at for key, at in self._seen.items() if key in seen}
        for key, need in seen.items():
            first = self._seen.setdefault(key, now)
            # The beginning of a lag is that of the change which waits, not of the trouble.
            since = first if need.kind == "lag" or need.since is None else min(first, need.since)
            if key not in running and now - since >= self._settle:
                changed.append(self._begun(need, now))
        return changed

    def _goes_on(self, alarm: Alarm, need: Need | None, now: datetime, *, proved: bool) -> Alarm:
        if need is not None:
            worst = min(alarm.priority, need.priority)
            return replace(alarm, missed_at=None, records=need.records, priority=worst)
        if not proved:
            return alarm
        missed_at = alarm.missed_at or now
        over = now - missed_at >= self._settle
        return replace(alarm, missed_at=missed_at, over_at=missed_at if over else None)

    def _begun(self, need: Need, now: datetime) -> Alarm:
        name = f"{self._store_id}\0{need.key}\0{now.isoformat()}"
        return Alarm(
            id=hashlib.sha256(name.encode()).hexdigest()[:16],
            key=need.key,
            kind=need.kind,
            text=need.said,
            cure=need.help,
            system=need.system,
            priority=need.priority,
            records=need.records,
            since=need.since or now,
            began_at=now,
        )


# -- who is to be told -------------------------------------------------------------
def messages(alarms: Iterable[Alarm], ways: Collection[str], now: datetime) -> list[Message]:
    """What is still to be told, in the order in which it happened."""
    found = [one for alarm in alarms for one in _messages(alarm, ways, now)]
    return sorted(found, key=lambda one: (one.at, one.event, one.alarm.id))


def _messages(alarm: Alarm, ways: Collection[str], now: datetime) -> Iterator[Message]:
    if alarm.over_at is not None and now - alarm.over_at > GIVE_UP:
        return
    for way in ways:
        told = alarm.ways.get(way, AlarmWay())
        if told.began_at is None:
            yield Message(way, BEGAN, alarm, alarm.began_at)
        if alarm.over_at is not None and told.over_at is None:
            # An end is never before its beginning, however the clock was set meanwhile.
            yield Message(way, OVER, alarm, max(alarm.over_at, alarm.began_at))


def told(alarm: Alarm, message: Message, trouble: str | None, now: datetime) -> Alarm:
    """The alarm after somebody tried to tell it; ``trouble`` None: it was taken."""
    way = alarm.ways.get(message.way, AlarmWay())
    if trouble is not None:
        way = replace(way, trouble=trouble, since=way.since or now)
    elif message.event == BEGAN:
        way = AlarmWay(began_at=now)
    else:
        way = AlarmWay(began_at=way.began_at, over_at=now)
    return replace(alarm, ways={**alarm.ways, message.way: way})


def ended(alarm: Alarm, ways: Collection[str], now: datetime) -> Alarm:
    """The alarm, ended when it is over and nobody is left to be told."""
    over = alarm.over_at is not None and not any(_messages(alarm, ways, now))
    return replace(alarm, ended=True) if over else alarm
