"""What needs a person: read by the status, by the console and by the alarms, in the same words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sdsync.config.model import Config, SystemConfig
from sdsync.config.units import render_duration
from sdsync.store.contract import Store
from sdsync.store.records import AlarmWay, Cause, Pause, PlanState, Share, SystemRow
from sdsync.sync.persons.pauses import scopes
from sdsync.sync.watch import activating, nights

#: How the text of a cause begins, under which a flood of notes is held (law 18).
LOOP = "loop suspected"
#: A system that answers again within this needs nobody.
AWAY_S = 60
#: A cause that begins so soon after a mapping changed may come of that.
NEWS = timedelta(days=1)
#: Late changes of a lane that are asked whether somebody paused them.
_LATE = 20
_DOWN = frozenset({"unauthorised", "misconfigured", "unreachable"})


@dataclass(frozen=True, slots=True)
class MappingLook:
    """The mapping that a cause's place belongs to, and since when it is in force."""

    number: int
    version: str  # digest of its files and tables
    since: datetime
    by: str | None
    #: The command that takes it back, when the cause began soon after it came into force.
    rollback: str | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person, with the command that cures it.

    ``said`` and ``help`` are the same for outside of the house: without values of tickets
    and names of people. A need that has none is for screens alone.
    """

    key: str  # names it as long as it lasts
    kind: str  # system | parked | held | loop | lag | suspect | store | "": told on screens
    id: str | None
    text: str
    records: int
    since: datetime | None
    priority: int
    place: str | None
    cure: str
    mapping: MappingLook | None = None
    system: str | None = None
    said: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside the store and the settings."""

    running: bool = False
    edited: Sequence[str] = ()  # files that changed since the process started
    broker: str = ""  # what the broker does not do
    anchor: str = ""  # why the trail's head is not noted outside
    free_bytes: int | None = None  # of the disk that the store is on; None: not our disk


def needs(store: Store, config: Config, now: datetime, around: Around) -> list[Need]:
    """All of it, the most urgent first; costs as the troubles, not as the records."""
    pauses = store.pauses()
    found = [*_of_house(store, config, around), *_of_causes(store)]
    found += _of_systems(store, config, now)
    found += _of_lags(store, config, pauses, now)
    found += [_pause(store, one) for one in pauses]
    found += _of_alarms(store)
    return sorted(found, key=lambda one: one.priority)


# -- the house ---------------------------------------------------------------------
def _of_house(store: Store, config: Config, around: Around) -> Iterator[Need]:
    if not around.running:
        yield _plain("down", 1, "sdsync is not running", "sdsync run")
    if around.edited:
        text = f"{', '.join(around.edited)} changed since sdsync started, which runs on as before"
        yield _plain("edited", 2, text, "sdsync reload")
    if around.broker:
        text = f"broker: {around.broker}; nothing is lost"
        yield _plain("broker", 4, text, "look at broker.url (sdsync config)")
    if around.anchor:
        text = f"the audit trail is not anchored: {around.anchor}"
        yield _plain("anchor", 3, text, "look at audit.anchor (sdsync config)")
    free, least = around.free_bytes, config.alarms.store_free_bytes
    if free is not None and free < least:
        text = f"the store's disk has {free // 1_000_000:,} MB left"
        cure = "df -h, beside the store; alarms.store_free says what is too little"
        yield _whole("store full", "store", 1, text, cure)
    yield from _of_retention(store)
    if (reason := store.identity().suspect) is not None:
        text = "the store may not be the newest of its copies"
        cure = "none: it ends once every system was read; sooner: sdsync store trust"
        yield Need("suspect", "suspect", None, f"{text}: {reason}", 0, None, 2, None, cure,
                   said=text, help=cure)  # fmt: skip


def _of_retention(store: Store) -> Iterator[Need]:
    found = nights.stuck(store)
    if found is None:
        return
    plan, why = found
    if why.startswith(nights.BROKEN):
        text = "the audit trail is not whole: retention takes nothing more"
        cure = "sdsync audit verify"
        yield Need("trail", "store", None, f"retention {plan.id} takes nothing: {why}", 0, plan.at,
                   1, None, cure, said=text, help=cure)  # fmt: skip
    else:
        step = "plan approve" if plan.state is PlanState.OPEN else "apply"
        cure = f"sdsync {step} {plan.id}"
        yield Need("retention", "", None, f"retention {plan.id} waits: {why}", 0, plan.at, 4,
                   None, cure)  # fmt: skip


def unwritable(since: datetime) -> Need:
    """The store is full, read-only or away: nothing is taken in and nothing goes out."""
    text = "the store cannot be written: nothing is acknowledged until it can"
    cure = "df -h, beside the store; then sdsync store verify"
    return Need("store", "store", None, text, 0, since, 1, None, cure, said=text, help=cure)


def _plain(key: str, priority: int, text: str, cure: str) -> Need:
    return Need(key, "", None, text, 0, None, priority, None, cure)


def _whole(key: str, kind: str, priority: int, text: str, cure: str) -> Need:
    return Need(key, kind, None, text, 0, None, priority, None, cure, said=text, help=cure)


# -- causes ------------------------------------------------------------------------
def _of_causes(store: Store) -> Iterator[Need]:
    """A cause whose last record went on is over, even before somebody closes its row."""
    asking = store.asking()
    for cause in sorted(store.causes(), key=lambda one: one.since):
        if cause.kind == "system" or asking.get(cause.id):
            yield _cause(store, cause, asking.get(cause.id, 0))


def _cause(store: Store, cause: Cause, records: int) -> Need:
    kind, key, cure = cause.kind, f"cause:{cause.id}", f"sdsync dead show {cause.id}"
    said, cured = f"{cause.system} does not take them", cure
    if kind == "system":
        cure = cause.remedy or f"sdsync check --live {cause.system}"
        said, cured = "the store may not be the newest of its copies", cure
        kind, key = ("system", key) if cause.system else ("suspect", "suspect")
        said = f"{cause.system} is not trusted any more" if cause.system else said
    elif kind == "restored":
        kind, said, cure = "system", cause.text, cause.remedy or cure
    elif kind == "held":
        cured = f"sdsync held show {cause.id}"
        cure = cause.remedy or cured
        said = f"held in {cause.system}: a person decides"
        if cause.text.startswith(LOOP):
            kind, said = "loop", f"{cause.system}: loop suspected, its notes are held"
    place, mapping = spot(cause.place), blamed(store, cause)
    return Need(key, kind, cause.id, cause.text, records, cause.since, cause.priority,
                place, cure, mapping, cause.system, said, cured)  # fmt: skip


def blamed(store: Store, cause: Cause) -> MappingLook | None:
    """The mapping in force, of a cause that one of its rules may be to blame for."""
    name = activating.name_of(cause.system, "ticket")
    newest = activating.in_force(store.mapping_versions(name, limit=1)) if cause.place else None
    if newest is None:
        return None
    # A rule of a pack was not what the site changed: its file taken back would mend nothing.
    ours = not (cause.place or "").startswith("packs/")
    new = ours and newest.n > 1 and newest.at <= cause.since <= newest.at + NEWS
    back = f"sdsync mappings rollback {name}" if new else None
    return MappingLook(newest.n, newest.digest, newest.at, newest.by, back)


def spot(place: str | None) -> str | None:
    """A rule's ``file:line``, without the column."""
    if place is None or place.count(":") < 2:
        return place
    return place.rpartition(":")[0]


# -- systems -----------------------------------------------------------------------
def _of_systems(store: Store, config: Config, now: datetime) -> Iterator[Need]:
    told = {cause.system for cause in store.causes() if cause.kind == "system"}
    for name, system in config.systems.items():
        if name not in told:
            yield from _system(name, system, store.system(name), now)


def _system(name: str, config: SystemConfig, row: SystemRow, now: datetime) -> Iterator[Need]:
    need = out(name, config, row)
    if need is not None and (row.state != "unreachable" or _away_s(row, now) > AWAY_S):
        yield need


def out(name: str, config: SystemConfig, row: SystemRow) -> Need | None:
    """Why nothing goes to a system now, from the first failed call on."""
    detail = ""
    if row.state == "unauthorised":
        token = config.token or "the token"
        text = f"{name} refuses our credential; what waits for it is not lost"
        cured = f"renew {token}, then it drains by itself"
    elif row.state == "misconfigured":
        text, cured = f"{name} is not what the configuration says", "sdsync check --live"
        detail = f": {row.detail}" if row.detail else ""
    elif row.state == "unreachable":
        text = f"{name} does not answer; what waits for it is not lost"
        cured = f"curl -sS {config.url}"
    else:
        return None
    return Need(f"{row.state}:{name}", "system", None, f"{text}{detail}", 0, row.state_since, 2,
                None, cured, system=name, said=text, help=cured)  # fmt: skip


def _away_s(row: SystemRow, now: datetime) -> float:
    return (now - row.state_since).total_seconds() if row.state_since else 0.0


# -- lag ---------------------------------------------------------------------------
def _of_lags(
    store: Store, config: Config, pauses: Sequence[Pause], now: datetime
) -> Iterator[Need]:
    """What waits too long, save where the system is down or somebody paused it: that says it."""
    paused = {one.scope for one in pauses}
    for name in config.systems:
        if {"all", f"system:{name}"} & paused or store.system(name).state in _DOWN:
            continue
        for word, lag_s in config.lag.items():
            before = now - timedelta(seconds=lag_s)
            since = _oldest(store, name, int(word[1:]), before, paused)
            if since is not None:
                yield _lag(name, word, lag_s, since)


def _oldest(
    store: Store, lane: str, priority: int, before: datetime, paused: set[str]
) -> datetime | None:
    for replica_id, since in store.late(lane, priority, before=before, limit=_LATE):
        share = store.share_with_replica(replica_id) if paused else None
        if share is None or not paused & set(scopes(share.hub)):
            return since
    return None


def _lag(system: str, word: str, lag_s: float, since: datetime) -> Need:
    text = f"{word} changes wait for {system} longer than {render_duration(lag_s)}"
    cure = f"sdsync status: STATE, BUDGET of {system}; lag.{word} says what is too long"
    return Need(f"lag:{word}:{system}", "lag", None, text, 0, since, int(word[1:]), None, cure,
                system=system, said=text, help=cure)  # fmt: skip


# -- what people and alarms did ----------------------------------------------------
def _pause(store: Store, pause: Pause) -> Need:
    """A record is told by the name that people know it by."""
    kind, _, name = pause.scope.partition(":")
    share = store.share(name) if kind == "record" else None
    shown = name_of(share) if share else pause.scope
    reason = f": {pause.reason}" if pause.reason else ""
    text = f"{shown} is paused by {pause.by}{reason}"
    cure = f"sdsync resume {shown if share else name or pause.scope}"
    return Need(f"pause:{pause.scope}", "", None, text, 0, pause.since, 3, None, cure)


def name_of(share: Share) -> str:
    """What every command takes for this record: ``desk#4711``, or its hub record's id."""
    born = share.at(share.hub.birth_system)
    for one in (born, *share.replicas):
        if one is not None and one.native_id is not None:
            return f"{one.system}#{one.native_id}"
    return share.hub.id


def _of_alarms(store: Store) -> Iterator[Need]:
    """A way that alarms cannot go: nobody would be woken."""
    stuck: dict[str, AlarmWay] = {}
    for alarm in store.alarms(open_only=True):
        for way, row in alarm.ways.items():
            stuck.setdefault(way, row)
            if row.trouble:
                stuck[way] = row
    for way, row in sorted(stuck.items()):
        if row.trouble:
            text = f"no alarm gets through by {way}: {row.trouble}"
            yield Need(f"alarms:{way}", "", None, text, 0, row.since, 2, None, "sdsync alarms test")
