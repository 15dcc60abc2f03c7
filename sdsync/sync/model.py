"""What the step functions know of the world besides the share they work on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from sdsync.config.clock import moved
from sdsync.connectors.contract import Capabilities, PlaceInfo
from sdsync.mappings.contract import NO_NAMES, People, RecordNames
from sdsync.mappings.contract import Mapping as FieldMapping
from sdsync.ratelimit import urgency
from sdsync.store.records import Hub, Json, Pause, Ref, Replica, Share, SystemRow

if TYPE_CHECKING:
    from sdsync.sync.draft import Draft

#: So many records may always go within an hour: of a few each one is many percent (law 41).
FEW = 5

#: Lag objective per priority, seconds: how old the oldest unsent change may be.
OBJECTIVES: Mapping[str, float] = {"P1": 30, "P2": 120, "P3": 600, "P4": 1800, "P5": 3600}

#: In what is known of a system: its places that strangers can read.
PUBLIC = "public"

#: Why a group awaits a plan while the store may not be the newest of its copies (law 32).
SUSPECT = "the store is suspect"
NAMED = "named by a person"  # of a dirty group that such a store may write all the same

BIRTH = "birth"  # a policy: the side of birth owns the group

#: What a group follows when the sync says nothing. All others are ``newest``.
DEFAULT_POLICIES: Mapping[str, str] = {
    "description": BIRTH,
    "tags": "union",
    "watchers": "union",
    "stakeholders": "union",
    "type": "each",
    "place": "each",
    "tenant": "each",
    "reporter": "each",
    "links": "union",
}


class Condition(Protocol):
    """A compiled ``take`` or ``put`` expression."""

    @property
    def reads(self) -> frozenset[str]:
        """Canonical fields that it looks at."""
        ...

    def value(self, env: Mapping[str, Json]) -> Json:
        """Its value; UNKNOWN when a field that decides is unknown."""
        ...


class Rule(Protocol):
    """One rule. ``decide`` is pure: equal values give equal changes."""

    @property
    def name(self) -> str:
        """Unique; what the rule has seen is kept under it."""
        ...

    @property
    def reads(self) -> frozenset[str]:
        """The fields that it decides by."""
        ...

    def decide(self, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Field -> new value; empty when nothing is to be changed."""
        ...


class Records(Protocol):
    """Other shared records, as they are now; a merged one is its survivor."""

    def of(self, ref: Ref) -> Share | None:
        """The shared record behind a native id."""
        ...

    def named(self, kind: str, name: str) -> Share | None:
        """The shared record of this name (``Hub.correlation``)."""
        ...

    def children(self, kind: str, name: str) -> Sequence[Share]:
        """The shared records whose parent has this name."""
        ...


class NoRecords:
    """Nothing else is shared."""

    def of(self, ref: Ref) -> Share | None:
        """Nothing."""
        return None

    def named(self, kind: str, name: str) -> Share | None:
        """Nothing."""
        return None

    def children(self, kind: str, name: str) -> Sequence[Share]:
        """Nobody."""
        return ()


@dataclass(frozen=True, slots=True)
class PutRule:
    """Where a new record is born in one system: literals and expressions by field."""

    literals: Mapping[str, Json]
    computed: Mapping[str, Condition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """One sync, compiled: who enters, where new ones are born, who owns what."""

    name: str
    systems: tuple[str, ...]  # their order decides what nothing else does (law 14)
    take: Mapping[str, Condition]
    put: Mapping[str, PutRule]
    kind: str = "ticket"
    mode: str = "observe"
    fields: Mapping[str, str] = field(default_factory=dict)  # group -> policy
    match: tuple[str, ...] = ()
    notes: str = "internal"  # or "as written"
    worklogs: str = "none"  # or "copy"
    closes: str = BIRTH  # or "any"
    on_refused: str = "keep"
    on_delete: str = "hold"
    on_leave: str = "finish"
    delete_limit: int = 20  # records of one system that may go within an hour (law 41)
    delete_limit_percent: float = 10.0
    mail: str | None = None  # none | staff | customers; None: staff for a person's own change
    file_limit_bytes: int = 10_000_000
    owner_silent_s: float = 900.0


@dataclass(frozen=True, slots=True)
class SystemView:
    """A system as the step functions see it: pure data, no connection."""

    name: str
    capabilities: Capabilities
    mappings: Mapping[str, FieldMapping]  # kind -> mapping; ticket, note, attachment, worklog
    account: str | None = None  # native id of our account
    places: Mapping[str, PlaceInfo] = field(default_factory=dict)
    tenants: Mapping[str, str] = field(default_factory=dict)  # place -> tenant
    leaky: frozenset[str] = frozenset()  # places that dropped a private flag (law 45)
    deadline_s: float = 10.0
    clock_offset_s: float = 0.0
    impersonates: bool = False  # notes can be written in their authors' names, as read back
    described_at: datetime | None = None  # when it was asked for its places and rights
    restored_at: datetime | None = None  # when it was noticed to be an older copy (law 32)


@dataclass(frozen=True, slots=True)
class Wave:
    """What went from a system within the last hour, of all that it ever shared.

    ``is_open``: a wave of it is held already and waits for a person.
    """

    gone: int
    known: int
    is_open: bool

    @property
    def in_number(self) -> bool:
        """Whether one more is one of many: then a delete feed alone is no proof."""
        return self.is_open or self.gone >= FEW

    def over(self, most: int, percent: float) -> bool:
        """Whether one more is more than may go at once, counted or in percent."""
        if not self.in_number:
            return False
        gone = self.gone + 1
        return self.is_open or gone > most or gone * 100 > percent * self.known


CALM = Wave(0, 0, is_open=False)


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a step function may ask; ``now`` is the only clock it has."""

    now: datetime
    systems: Mapping[str, SystemView]
    syncs: Mapping[str, SyncPolicy]
    people: People
    new_id: Callable[[], str]
    humans: Callable[[str, str | None], bool]  # (system, native person) -> is a person
    rules: tuple[Rule, ...] = ()
    objectives: Mapping[str, float] = field(default_factory=lambda: OBJECTIVES)
    suspect: bool = False  # the store may not be the newest of its copies (law 32)
    trusted_at: datetime | None = None  # when it was suspect last
    origin: str = ""  # its id and epoch, for marks
    wave: Callable[[str], Wave] = lambda _system: CALM  # what went lately (law 41)
    #: What the store knows of a system: another process may hold its lane, and only that has asked.
    row: Callable[[str], SystemRow] = SystemRow
    pause: Callable[[str], Pause | None] = lambda _scope: None  # who paused it, if somebody did
    records: Records = field(default_factory=NoRecords)  # who else is shared (counterparts.py)
    naming: Callable[[Draft], RecordNames] = lambda _draft: NO_NAMES
    names: RecordNames = NO_NAMES  # of the draft at hand: what its texts may name

    def ours(self, system: str, at: datetime) -> datetime:
        """A stamp of a product's clock as our clock would have read it (law 14)."""
        return moved(at, -self.systems[system].clock_offset_s)

    def may_have_made(self, at: datetime) -> bool:
        """Whether what is of then may stand at its target, and the store forgot it (law 32).

        What waits, or comes late, when the store is trusted again was not looked up yet.
        """
        return self.suspect or (self.trusted_at is not None and at <= self.trusted_at)

    def mapping(self, replica: Replica) -> FieldMapping:
        """The mapping that reads and writes this replica."""
        return self.systems[replica.system].mappings[replica.kind]

    def policies(self, hub: Hub) -> Sequence[SyncPolicy]:
        """The syncs that share the hub record; those no longer configured are left out."""
        return [self.syncs[name] for name in hub.syncs if name in self.syncs]

    def policy(self, hub: Hub, group: str) -> str:
        """The policy of a field group: a name, or the system that owns it (law 23)."""
        for sync in self.policies(hub):
            if group in sync.fields:
                return sync.fields[group]
        default = DEFAULT_POLICIES.get(group, "newest")
        return hub.birth_system if default == BIRTH else default

    def rank(self, hub: Hub, system: str) -> int:
        """The system's place in the order that decides ties; lower wins."""
        for sync in self.policies(hub):
            if system in sync.systems:
                return sync.systems.index(system)
        return len(self.systems)

    def setting(self, hub: Hub, name: str, default: Json) -> Json:
        """A setting of the first sync that shares the hub record."""
        for sync in self.policies(hub):
            return getattr(sync, name)
        return default

    def deadline(self, since: datetime, priority: int) -> datetime:
        """When waiting work of this priority becomes the most urgent (law 36)."""
        return urgency.deadline(since, priority, self.objectives)
