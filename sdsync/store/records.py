"""The shape of what is stored: hub records, replicas, elements, intents, work.

Plain data without behaviour that reaches outside. A step function gets copies,
changes them and hands them back in a :class:`Change`; whoever loads a record
owns that copy. All instants are aware UTC; all ``values`` are JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

Json = Any
"""JSON data: checked where it enters (mappings, connectors), opaque here."""

Lane = NewType("Lane", str)
"""Everything that shares one rate budget; today the system's name."""


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """A record in a system. ``id`` is the product's immutable one."""

    system: str
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.system}#{self.id}"


class GroupState(StrEnum):
    """What a field group on a replica is, and so who ends it (``docs/words.md``)."""

    IN_STEP = "in step"
    DIRTY = "dirty"
    IN_DOUBT = "in doubt"
    DIFFERS = "differs"
    AWAITING_PLAN = "awaiting plan"
    HELD = "held"
    PARKED = "parked"
    PAUSED = "paused"


class ReplicaState(StrEnum):
    """Where a replica stands in its life."""

    UNBORN = "unborn"  # decided, not yet made; an intent may be open
    LIVE = "live"
    OUT_OF_REACH = "out of reach"  # a 403 on this record alone (law 39)
    MISSING = "missing"  # not found once; not proved gone (law 21)
    GONE = "gone"
    MERGED = "merged"  # merged into another at its system (law 22)
    LEFT = "left"  # frozen after leaving the scope (law 23)
    UNLINKED = "unlinked"


class PlacementState(StrEnum):
    """Where an element stands on one replica."""

    PENDING = "pending"
    PLACED = "placed"
    UNPLACEABLE = "unplaceable"
    GONE = "gone"


class IntentState(StrEnum):
    """The life of a decision to make one visible thing (laws 25 to 31)."""

    OPEN = "open"  # decided; no call is out
    STARTED = "started"  # a call is out, or died: in doubt until settled
    PENDING = "pending"  # accepted, the product's job runs (law 31)
    SETTLED = "settled"
    HELD = "held"  # doubt that cannot be looked up: for a person
    ABANDONED = "abandoned"


@dataclass(slots=True)
class FieldVersion:
    """One version of one hub field; also the row of provenance.

    ``changed_lo`` and ``changed_hi`` bound when the change happened: equal when
    the product's history told, else two looks (law 14).
    """

    field: str
    version: int
    value: Json
    source: str  # a system, "rules", "reaction:SYSTEM", "undo:PLAN", "person:NAME"
    source_ref: str | None
    changed_lo: datetime
    changed_hi: datetime
    changed_by: str | None = None
    human: bool = True  # unknown counts as a person (law 18)
    hops: tuple[str, ...] = ()


@dataclass(slots=True)
class GroupRow:
    """A field group on a replica. Absent means in step."""

    state: GroupState
    since: datetime
    cause: str | None = None  # Cause.id when parked or held, and while replayed, to its end
    head: dict[str, Json] | None = None  # candidate values when held (law 19)
    head_by: str | None = None
    head_at: datetime | None = None
    note: str | None = None


@dataclass(slots=True)
class FidelityNote:
    """What a write cut, flattened, could not place or found not applicable."""

    field: str
    text: str
    at: datetime
    shown: Json = None  # the system's own word for somebody whom sdsync does not know


@dataclass(slots=True)
class Hub:
    """The merged canonical truth of one shared record."""

    id: str
    kind: str
    syncs: list[str]
    correlation: str  # unique with kind: the side of birth's ref, as text
    birth_system: str
    created_at: datetime
    tenant: str | None = None
    priority: int = 3  # 1 to 5
    state: str = "open"  # open | closed | held | unlinked
    values: dict[str, Json] = field(default_factory=dict)
    versions: dict[str, FieldVersion] = field(default_factory=dict)
    #: Recent values of a field, for the brakes: field -> [[digest, at_iso, source, actor, human]]
    flips: dict[str, list[list[Json]]] = field(default_factory=dict)
    #: Refused edits of the last day: "system/group" -> [digest, at_iso] (law 16)
    refused: dict[str, list[Json]] = field(default_factory=dict)
    rules_seen: dict[str, str] = field(default_factory=dict)
    merged_into: str | None = None  # hub id of the survivor (law 22)
    merged_at: datetime | None = None
    told_at: datetime | None = None  # when the record said that it waits (law 48)
    human_at: datetime | None = None  # oldest human change not yet delivered everywhere
    planned_at: datetime | None = None  # let in by a plan: what is older is nobody's change of now
    born_at: datetime | None = None  # when the record of birth was made, if before it was taken in
    version: int = 0  # optimistic: a commit on an older version is Stale


@dataclass(slots=True)
class Replica:
    """One system's copy of a hub record, with its base."""

    id: str
    hub_id: str
    system: str
    kind: str
    state: ReplicaState
    native_id: str | None = None
    place: str | None = None
    key: str | None = None
    url: str | None = None
    aliases: list[str] = field(default_factory=list)
    #: Canonical values last acknowledged there (law 1).
    sent: dict[str, Json] = field(default_factory=dict)
    #: Native values that mappings read, as the system last showed them (law 1).
    seen: dict[str, Json] = field(default_factory=dict)
    seen_mapping: str = ""  # version of the mapping that read ``seen`` (law 7)
    seen_at: datetime | None = None  # start of the read behind ``seen``
    previous_look_at: datetime | None = None  # the look before it (law 14)
    confirmed_at: datetime | None = None  # end of the last confirmed write (law 4)
    etag: str | None = None
    unproved: list[str] = field(default_factory=list)  # fields that the last read did not prove
    groups: dict[str, GroupRow] = field(default_factory=dict)
    #: Field -> intended canonical value of a write whose outcome is unknown (law 5).
    doubt: dict[str, Json] = field(default_factory=dict)
    fidelity: list[FidelityNote] = field(default_factory=list)
    merged_into: str | None = None  # native id of the survivor
    not_found_at: datetime | None = None
    in_scope: bool = True
    last_ok_at: datetime | None = None  # last successful read of this record (law 13)
    wrote_at: datetime | None = None  # last write of ours, confirmed or not
    wrote_from: list[str] = field(default_factory=list)  # sources behind that write (law 20)
    joined_at: datetime | None = None  # older notes and files count as seen (law 11)
    worklogs_since: datetime | None = None  # older worklogs too; None: none were read yet
    allowed_status: list[str] | None = None  # native, as of the last look; None: not told
    #: Field -> native footprint of the running step of a transition path (law 5).
    stepping: dict[str, Json] = field(default_factory=dict)
    #: Statuses between *sent* and the hub's that start or stop a clock (law 24).
    trail: list[Json] = field(default_factory=list)
    birth: dict[str, Json] = field(default_factory=dict)  # values of ``put``, used once
    #: Orders that stood among its tags at the last look that proved them (``sdsync:stop``).
    orders: list[str] = field(default_factory=list)
    #: Native ids of what it is tied to either way, as last seen: who may wait for its pair.
    linked: list[str] = field(default_factory=list)
    solo: bool = False  # a whole was refused without a name: groups go one by one (law 35)
    failures: int = 0  # attempts in a row without progress
    crashes: int = 0  # times that the process died with a call of this replica open


@dataclass(slots=True)
class Element:
    """A member of a collection of a hub record: a note, a file or a worklog."""

    id: str
    hub_id: str
    kind: str  # note | attachment | worklog
    values: dict[str, Json]  # canonical note, attachment or worklog
    source: str  # system where it was first seen
    created_at: datetime
    version: int = 1
    hops: tuple[str, ...] = ()
    deleted_at: datetime | None = None
    blob: str | None = None  # None | wanted | stored | dropped: fetched again | too large | refused


@dataclass(slots=True)
class Placement:
    """An element on one replica."""

    element_id: str
    replica_id: str
    state: PlacementState
    native_id: str | None = None
    sent_version: int = 0
    seen_digest: str = ""  # digest of the native values last shown
    cause: str | None = None
    note: str | None = None
    author: str | None = None  # native id of the person in whose name we wrote it; None: ours


@dataclass(slots=True)
class Intent:
    """The stored decision to make something new in a place; unique per thing.

    ``may_land_until`` is None while no call is out (law 27).
    """

    id: str
    hub_id: str
    replica_id: str
    kind: str  # the record's kind, note, attachment, worklog
    place: str
    generation: int
    mark: str
    element_id: str | None = None
    state: IntentState = IntentState.OPEN
    starts: int = 0
    started_at: datetime | None = None
    may_land_until: datetime | None = None
    not_found: int = 0  # times that a look-up after landing found nothing
    digest: str = ""  # of the exact content, for own-recent look-ups
    #: The exact native content of the last call, for own-recent look-ups; dropped when settled.
    content: dict[str, Json] = field(default_factory=dict)
    version: int = 0  # of the element that the last call carried
    audience: str | None = None  # that the last call asked for
    sent_to: str | None = None  # native id of the record that the last call named
    native_id: str | None = None
    author: str | None = None  # native id of the person in whose name the last call wrote
    said: str = ""  # digest of the words of that call: in somebody's name, they tell ours


@dataclass(slots=True)
class Attempt:
    """Operations sent to one replica, stored before the first call (law 5)."""

    id: str
    replica_id: str
    hub_id: str
    started_at: datetime
    deadline_at: datetime
    fields: dict[str, Json]  # intended canonical values
    summary: str  # for the trace: "Status open, Priority 40"
    intents: list[str] = field(default_factory=list)
    operation: str = ""  # name of the call: Create, Update, AddElement …
    element_id: str | None = None
    version: int = 0  # of the element that the call carried
    #: Of the product's job that carries it out; it is asked at ``deadline_at`` (law 31).
    handle: str | None = None


@dataclass(slots=True)
class Share:
    """A hub record with all that hangs on it: what a step function works on."""

    hub: Hub
    replicas: list[Replica] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)
    placements: list[Placement] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)  # open ones only

    def replica(self, replica_id: str) -> Replica:
        """The replica with this id; KeyError when it is not of this hub record."""
        for one in self.replicas:
            if one.id == replica_id:
                return one
        raise KeyError(replica_id)

    def at(self, system: str) -> Replica | None:
        """The live replica in ``system``, else any in it, a parted one last, else None."""
        found = None
        for one in self.replicas:
            if one.system == system:
                if one.state is ReplicaState.LIVE:
                    return one
                if found is None or found.state is ReplicaState.UNLINKED:
                    found = one
        return found

    def placements_of(self, element_id: str) -> Iterator[Placement]:
        """Where the element stands, one per replica that was decided."""
        return (one for one in self.placements if one.element_id == element_id)

    def placement(self, element_id: str, replica_id: str) -> Placement | None:
        """Where the element stands on that replica; None when not decided."""
        for one in self.placements:
            if one.element_id == element_id and one.replica_id == replica_id:
                return one
        return None


@dataclass(slots=True)
class Cause:
    """Why things are parked or held: one row, many replicas and groups point at it.

    As long as any of them points at it, whoever joins it keeps its ``since`` and ``owner``.
    """

    id: str  # three or more hex digits, unique among open causes
    kind: str  # parked | held | system | restored
    system: str
    fingerprint: str  # equal causes share it
    text: str  # for a person; no secret, no masked datum
    since: datetime
    priority: int = 3  # worst of its members
    place: str | None = None  # file:line of the mapping rule, when one is to blame
    remedy: str | None = None  # the next command
    owner: str | None = None  # in a commit None leaves it as it is, "" takes it away
    at_place: str | None = None  # the queue or project that must not be trusted meanwhile
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True, order=True)
class WorkKey:
    """What is dirty. ``target`` is a native id (look), a replica id (deliver) …"""

    lane: str
    kind: str  # look | deliver | pull | poll | describe | sweep | count | account
    target: str


@dataclass(slots=True)
class Work:
    """One dirty thing of a lane. Claimed in order of ``deadline_at``.

    ``deadline_at`` is when it will have waited as long as its priority ever may,
    so that waiting raises it and nothing starves (law 36). ``generation`` grows with
    each ring; finishing clears only the generation that was taken.
    """

    key: WorkKey
    priority: int
    since: datetime
    due_at: datetime
    deadline_at: datetime
    generation: int = 1
    starts: int = 0  # counted before the work starts; reset by an orderly end (law 35)
    hint: dict[str, Json] = field(default_factory=dict)


@dataclass(slots=True)
class InboxEvent:
    """A change event as it came in; append-only."""

    system: str
    kind: str
    native_id: str | None
    via: str  # webhook | poll | sweep | person
    received_at: datetime
    digest: str  # equal events share it: a repeat is not kept, and changes no work that waits
    body: bytes = b""


@dataclass(slots=True)
class LaneRow:
    """What must outlive the process that drives a lane."""

    lane: str
    holder: str | None = None
    lease_until: datetime | None = None
    fence: int = 0
    rung: bool = False
    checkpoint: dict[str, Json] = field(default_factory=dict)


@dataclass(slots=True)
class SystemRow:
    """What is known of a system between runs."""

    system: str
    identity: str | None = None
    cursor: Json = None
    clock_offset_s: float = 0.0
    state: str = "new"  # new | ok | throttled | unauthorised | unreachable | misconfigured | paused
    state_since: datetime | None = None
    seen_at: datetime | None = None  # last successful answer
    watched_since: datetime | None = None  # its first cursor: what is older is old (law 23)
    feed_ok_at: datetime | None = None  # start of the last look at its feed that was whole
    detail: str | None = None
    info: dict[str, Json] = field(default_factory=dict)


@dataclass(slots=True)
class SyncRow:
    """What is known of a sync: when it was switched on bounds what is old (law 23)."""

    sync: str
    activated_at: datetime
    mode: str  # the truth: ``live`` and ``observe`` change it
    in_file: str = ""  # the file's word at the last start; only a new word counts


@dataclass(slots=True)
class Pause:
    """Somebody said so. ``scope`` is "all", "system:X", "sync:X", "tenant:X" or "record:HUB"."""

    scope: str
    since: datetime
    by: str
    reason: str | None = None
    #: "tag" or "note" when an order in the product said so: then a word there ends it too.
    word: str | None = None


@dataclass(slots=True)
class AuditRow:
    """Who or what changed what, when and why; every line of a trace is one.

    ``seq`` and ``chain`` are given by the store and its sealer. ``before`` and
    ``after`` lie encrypted beside the chain, which covers their salted digests.
    """

    at: datetime
    action: str  # born, linked, edited, written, note_placed, dropped, parked, … see docs
    source: str
    hub_id: str | None = None
    system: str | None = None
    ref: str | None = None
    field: str | None = None
    actor: str | None = None
    why: str | None = None
    text: str = ""
    before: Json = None
    after: Json = None
    duration_ms: int | None = None
    seq: int = 0


@dataclass(slots=True)
class PersonRow:
    """A person as one system knows them; ``key`` joins them across systems.

    ``team``: it is a group that can be assigned work, and ``members`` are native ids of
    people in it; None: the system does not tell them.
    """

    system: str
    native_id: str
    key: str
    login: str | None = None
    email: str | None = None
    email_verified: bool = False
    name: str = ""
    human: bool = True
    active: bool = True
    team: bool = False
    members: list[str] | None = None


class Verdict(StrEnum):
    """What a plan found out about a record, or about two that may belong together."""

    CERTAIN = "certain"  # carried out once the plan is approved
    AMBIGUOUS = "ambiguous"  # for a person: several candidates, or a reason against
    JOINED = "joined already"
    ALONE = "alone"  # no record of the other side belongs to it
    LEFT_OUT = "left out"  # not looked for: closed, for one


class LineState(StrEnum):
    """What became of a line of a plan. Lines that are not certain stay noted."""

    NOTED = "noted"
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"  # its record moved since, or cannot be read
    WITHOUT = "without"  # whoever approved the plan left this line out


class PlanState(StrEnum):
    """The life of a plan; ``applied`` when no line of it waits any more."""

    MAKING = "being made"  # whoever makes it died, unless they are at it
    OPEN = "open"
    APPROVED = "approved"
    APPLIED = "applied"
    DROPPED = "dropped"


@dataclass(slots=True)
class Plan:
    """The exact list of changes that a join, a backfill or a levelling would make."""

    id: str  # what people type: "p-19"
    kind: str  # connect | backfill | level | remap | undo
    sync: str
    by: str
    at: datetime
    how: str  # the options that made it, as typed
    state: PlanState = PlanState.MAKING
    approved_by: str | None = None
    approved_at: datetime | None = None
    mappings: dict[str, str] = field(default_factory=dict)  # system -> version that read it
    counts: dict[str, int] = field(default_factory=dict)  # records, calls, mails … by name
    version: int = 0  # optimistic, as of a hub record


@dataclass(slots=True)
class Wrote:
    """A value that a line of a plan put in place of another, on one copy."""

    ref: Ref
    field: str
    before: Json  # canonical, as the copy showed it
    after: Json
    hub: Json  # the hub's value before
    #: The native values behind both: they tell what stands there under another mapping too.
    shown: dict[str, Json]
    left: dict[str, Json]


@dataclass(slots=True)
class PlanLine:
    """One line of a plan: the records it is about, what was found, what became of it."""

    plan_id: str
    n: int  # from 1, in the order of the plan
    verdict: Verdict
    refs: list[Ref]  # of a join the side of birth first
    state: LineState = LineState.NOTED
    title: str = ""
    why: str = ""
    differs: list[str] = field(default_factory=list)  # fields, at first contact
    candidates: list[Ref] = field(default_factory=list)
    #: Ref as text -> digest of what the record showed: a line assumes it (law 44).
    seen: dict[str, str] = field(default_factory=dict)
    told: str = ""  # what became of it, where that needs words
    done_at: datetime | None = None
    did: list[Wrote] = field(default_factory=list)  # once it is done: what an undo takes back
    of: int = 0  # of an undo: the line that it takes back


@dataclass(slots=True)
class MappingVersion:
    """A mapping as it came into force; ``n`` 0: put in place by a command, not yet in force."""

    mapping: str  # SYSTEM-KIND: "dev-ticket"
    n: int  # from 1, in the order of time
    digest: str  # of all files and tables that it was made of
    at: datetime  # in force since then; of 0: put in place then
    text: str | None  # of the site's own file; None: it had none
    by: str | None = None  # who put it in place by a command, else whose the file was
    why: str = ""  # of a command: what it was


@dataclass(slots=True)
class AlarmWay:
    """How far an alarm got by one way: what its receiver has taken, and what hinders the rest."""

    began_at: datetime | None = None
    over_at: datetime | None = None
    trouble: str = ""
    since: datetime | None = None  # of the trouble


@dataclass(slots=True)
class Alarm:
    """Something that needs a person, told once when it begins and once when it is over.

    No value of a ticket and no name of a person is in it: it leaves the house.
    """

    id: str  # the same each time that it is told: whoever hears it twice can tell
    key: str  # what it is about; one alarm of a key at a time
    kind: str  # system | parked | held | loop | lag | suspect | store
    text: str
    cure: str
    system: str | None
    priority: int
    records: int
    since: datetime  # what it tells of
    began_at: datetime
    missed_at: datetime | None = None  # seen no more since, and not yet over
    over_at: datetime | None = None
    ended: bool = False  # over, and nobody is to be told any more
    ways: dict[str, AlarmWay] = field(default_factory=dict)


@dataclass(slots=True)
class Change:
    """Everything that one commit writes; all or nothing.

    ``shares`` are written whole when their ``hub.version`` is still the stored
    one (a new hub has version 0), else the commit raises ``Stale`` and nothing
    is written. ``finished`` clears work whose generation still matches. Stale too is
    what was decided on a pause or an open cause that is another by now (``saw_…``), and
    a plan's line that is carried out and waits no more, and a version of a mapping whose
    number is taken.
    """

    shares: list[Share] = field(default_factory=list)
    versions: list[tuple[str, FieldVersion]] = field(default_factory=list)  # (hub_id, row)
    audit: list[AuditRow] = field(default_factory=list)
    ring: list[Work] = field(default_factory=list)
    finished: list[tuple[WorkKey, int]] = field(default_factory=list)
    postponed: list[tuple[WorkKey, datetime]] = field(
        default_factory=list
    )  # new due_at; resets starts
    shelved: list[tuple[WorkKey, int]] = field(
        default_factory=list
    )  # as finished, but due once a pause is over
    events: list[InboxEvent] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    systems: list[SystemRow] = field(default_factory=list)
    syncs: list[SyncRow] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)  # scopes
    saw_pauses: dict[str, Pause | None] = field(default_factory=dict)  # scope -> None: no pause
    saw_open: list[str] = field(default_factory=list)  # causes
    people: list[PersonRow] = field(default_factory=list)
    blobs: list[tuple[str, bytes]] = field(default_factory=list)  # (element id, content)
    dropped_blobs: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)  # version 0: new; else Stale as of shares
    plan_lines: list[PlanLine] = field(default_factory=list)
    mappings: list[MappingVersion] = field(default_factory=list)  # 0 is replaced, others are new
    alarms: list[Alarm] = field(default_factory=list)
