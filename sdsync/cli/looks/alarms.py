"""The alarms of now, the last ones that are over, and the ways by which they leave."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sdsync.config.model import Config
from sdsync.server.ways import Way
from sdsync.store.contract import Store
from sdsync.store.records import Alarm
from sdsync.sync.watch.alarms import TEST, Message, in_words

LAST = 20


@dataclass(frozen=True, slots=True)
class AlarmLook:
    """One alarm. ``told`` is how far it got by each way: "began", "over", or what hinders it."""

    id: str
    key: str
    priority: int
    text: str
    cure: str
    since: datetime
    began_at: datetime
    over_at: datetime | None
    told: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AlarmsLook:
    """Everything that ``sdsync alarms`` tells, the newest first."""

    at: datetime
    now: Sequence[AlarmLook]
    over: Sequence[AlarmLook]
    ways: Sequence[str]


@dataclass(frozen=True, slots=True)
class Tried:
    """A way that was tried; ``trouble`` None: it was taken."""

    way: str
    trouble: str | None


def look(store: Store, config: Config, now: datetime) -> AlarmsLook:
    """Read them."""
    set_up = config.alarms
    ways = [name for name in ("webhook", "mail", "heartbeat") if getattr(set_up, name) is not None]
    running = [one for one in store.alarms(open_only=True) if one.over_at is None]
    over = [one for one in store.alarms(limit=LAST + len(running)) if one.over_at is not None]
    return AlarmsLook(
        now, [_look(one, ways) for one in running], [_look(one, ways) for one in over[:LAST]], ways
    )


def _look(alarm: Alarm, ways: Sequence[str]) -> AlarmLook:
    told = {way: _told(alarm, way) for way in ways if way != "heartbeat"}
    return AlarmLook(
        alarm.id, alarm.key, alarm.priority, in_words(alarm), alarm.cure, alarm.since,
        alarm.began_at, alarm.over_at, told,
    )  # fmt: skip


def _told(alarm: Alarm, way: str) -> str:
    row = alarm.ways.get(way)
    if row is None:
        return "not yet"
    if row.trouble:
        return row.trouble
    return "over" if row.over_at else "began"


def tried(ways: Mapping[str, Way], now: datetime) -> list[Tried]:
    """Send one by each way, and hear what came back."""
    name = uuid.uuid4().hex[:16]
    text = "somebody tries whether alarms arrive"
    alarm = Alarm(name, "test", "test", text, "none: this is a test", None, 5, 0, now, now)
    return [Tried(way, one.send(Message(way, TEST, alarm, now), now)) for way, one in ways.items()]
