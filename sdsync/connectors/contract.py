"""What every connector offers, and the shapes it speaks in.

A connector translates and transports: no sleep, no retry, no rate limit, no log
line for a failure. Every answer is the thing asked for or a ``Failure`` value.
Native values keep the product's own words: pack files name them (``at: Status``).
"""

# A Protocol's methods have no bodies.
# pyright: reportReturnType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol, TypeAlias, TypeVar, runtime_checkable

from sdsync.connectors.failures import Failure
from sdsync.store.records import Json, Ref

T = TypeVar("T")
Answer: TypeAlias = T | Failure
#: So many ids of :attr:`Description.newest`: somebody may delete the newest, but hardly all.
NEWEST = 5


class Handle(StrEnum):
    """By what a product lets us find what we made (law 26)."""

    OWN_ID = "own id"
    IDEMPOTENCY_KEY = "idempotency key"
    STRONG_MARK = "strong mark"  # a look-up by mark sees it at once
    LAGGING_MARK = "lagging mark"  # … after the landing time
    OWN_RECENT = "own recent"  # list of what our account made, exact content
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CreateHandle:
    """How to find what a create made. ``landing_s``: how long a call that we
    gave up may still take effect, and an index may lag."""

    handle: Handle
    landing_s: float


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Declared before any code runs, so that they can be listed without credentials."""

    product: str  # for people: "Request Tracker"
    tested: tuple[str, str]  # first and last version proved, inclusive
    record_kinds: tuple[str, ...]  # ("ticket",)
    create: Mapping[str, CreateHandle]  # kind (ticket, note, attachment, worklog) -> handle
    compare_and_set: bool  # Update.if_version is honoured (law 3)
    window: str  # what remains between compare and write, for the docs
    stamp_resolution_s: float  # of changed-at stamps in its feed
    edits_notes: bool
    removes_notes: bool
    note_format: str  # plain | html | textile | markdown
    webhooks: bool
    impersonates: bool = False  # it is :class:`Impersonates`
    edits_worklogs: bool = False  # and takes them back


@dataclass(frozen=True, slots=True)
class Account:
    """Whom our credential acts as."""

    native_id: str
    login: str
    name: str


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A native field in a place. ``values`` None: free; empty: nothing may be set."""

    path: str
    values: tuple[str, ...] | None = None
    read_only: bool = False
    write_once: bool = False
    required: bool = False
    derived: bool = False
    max_length: int | None = None
    multiple: bool = False


@dataclass(frozen=True, slots=True)
class PlaceInfo:
    """A queue, project, table or channel as our account sees it."""

    key: str  # the word that configuration uses
    native_id: str
    default_audience: str = "internal"  # who reads a note written without a flag
    public: bool = False  # strangers can read it
    may_create: bool = True
    #: audiences that a note can be given here, proved by rights, not by hope (law 45)
    proved_audiences: frozenset[str] = frozenset()
    fields: Mapping[str, FieldInfo] = field(default_factory=dict)
    #: native status -> statuses that our account may set from it; None: not told
    transitions: Mapping[str, tuple[str, ...]] | None = None
    archived: bool = False
    rights: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Leave:
    """Whether we may write in somebody's name, as reading back proved."""

    given: bool
    why: str = ""  # it is not given, for a person
    ignored: bool = False  # the product acts as our own account whomever we name


@dataclass(frozen=True, slots=True)
class Description:
    """What the product at this address says of itself, live."""

    product: str
    version: str
    identity: str  # instance id, or address plus digest of the oldest records
    account: Account
    clock: datetime  # the product's clock (its Date header), aware UTC
    places: Mapping[str, PlaceInfo]
    warnings: tuple[str, ...] = ()
    #: Ids of some of the newest records that our account sees, highest first; empty: not told.
    #: When all of them are gone, the product was restored from an older copy (law 32).
    newest: tuple[str, ...] = ()
    #: Whether notes can be written in their authors' names; None: that is not asked for.
    impersonates: Leave | None = None


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """A doorbell. ``native_id`` may be an alias; only a fetch tells."""

    kind: str
    native_id: str
    at: datetime | None
    digest: str  # equal events share it, over restarts too
    actor: str | None = None
    deleted: bool = False  # a delete feed says so: proof (law 21)


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of the feed, and the cursor to commit with it.

    ``more``: ask again at once. Without it the feed was read to its end: a store that was
    restored is trusted for it (law 32), so a page that is short only since the product
    hides rows from our account is no end.
    """

    events: tuple[ChangeEvent, ...]
    cursor: Json
    more: bool = False


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One line of a product's own history, oldest first."""

    #: native path as packs name it; "place" for a move to another; "" when it is not told
    path: str
    at: datetime
    actor: str | None  # native id of the person
    old: Json = None
    new: Json = None
    automatic: bool = False  # the product or an automation did it, not a person


@dataclass(frozen=True, slots=True)
class NativeElement:
    """A note, file or worklog as the product shows it.

    ``values`` of a note: body (native markup), format, internal (bool), author
    (display name). Of a file: name, media_type, size. Of a worklog: the time in the
    product's own unit. ``values`` may hold more, for packs to name.
    """

    kind: str  # note | attachment | worklog
    native_id: str
    author: str | None  # native id
    created_at: datetime
    values: Mapping[str, Json]
    edited_at: datetime | None = None
    mark: str | None = None
    ours: bool = False  # written by our account
    url: str | None = None  # its page, for people


@dataclass(frozen=True, slots=True)
class NativeRecord:
    """A record as the product shows it, and what that read proves."""

    ref: Ref  # the id that was answered: another than asked is a move or a merge
    place: str
    key: str  # what people call it: "4711", "infra#882"
    url: str
    values: Mapping[str, Json]  # nested: {"Subject": …, "CustomFields": {…}}
    #: top-level names (or "CustomFields.X") that this read did NOT prove: unknown (law 9)
    unknown: frozenset[str]
    created_at: datetime
    created_by: str | None
    closed: bool
    version: str | None = None
    mark: str | None = None
    notes: tuple[NativeElement, ...] | None = None  # None: unknown
    attachments: tuple[NativeElement, ...] | None = None
    worklogs: tuple[NativeElement, ...] | None = None  # read where ``config.worklogs`` says so
    history: tuple[FieldChange, ...] | None = None  # None: the product does not tell
    #: statuses that may be written now; None: not told
    allowed_status: tuple[str, ...] | None = None
    state: str = "live"  # live | deleted | archived
    ours: bool = False  # made by our account
    #: ids of the records that this one and others hang on one another by: links, parent, children
    linked: frozenset[str] = frozenset()
    #: when another record answered than was asked for: notes and files that stayed with that one
    left: tuple[NativeElement, ...] = ()
    #: native paths that the product may compute from other records now, and then never takes
    #: from us: a parent's priority from its children's
    derived: frozenset[str] = frozenset()

    def elements(self, kind: str) -> tuple[NativeElement, ...] | None:
        """What hangs on it, of one kind of element; None: unknown."""
        match kind:
            case "note":
                return self.notes
            case "attachment":
                return self.attachments
            case _:
                return self.worklogs if kind == "worklog" else None


@dataclass(frozen=True, slots=True)
class Create:
    """Make a record. ``values`` are native; ``mark`` goes where the product has a field."""

    kind: str
    place: str
    values: Mapping[str, Json]
    mark: str
    intent: str


@dataclass(frozen=True, slots=True)
class Update:
    """Write these native values, and nothing else."""

    ref: Ref
    values: Mapping[str, Json]
    if_version: str | None = None


@dataclass(frozen=True, slots=True)
class AddElement:
    """Add a note, file or worklog to a record. ``content`` is the file's, else None.

    ``author`` is the native id of the person in whose name a note is written; None: ours.
    """

    ref: Ref
    kind: str
    values: Mapping[str, Json]
    mark: str
    intent: str
    content: bytes | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True)
class EditElement:
    """Change a note or worklog that we placed."""

    ref: Ref
    kind: str
    native_id: str
    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class RemoveElement:
    """Take back a note, file or worklog that we placed."""

    ref: Ref
    kind: str
    native_id: str


Operation = Create | Update | AddElement | EditElement | RemoveElement


@dataclass(frozen=True, slots=True)
class Done:
    """A call that was answered well: still no proof of what was written (law 6).

    ``native_id`` is of the thing made; None when the product does not tell.
    """

    native_id: str | None = None
    version: str | None = None
    complaints: tuple[str, ...] = ()  # what the product said beside its 2xx


@dataclass(frozen=True, slots=True)
class Find:
    """Look for what an intent may have made.

    ``kind`` is of a record, note, attachment or worklog; ``ref`` the record of an element;
    ``since`` the intent's start, aware UTC; ``author`` as of :class:`AddElement`: what bears
    that name or ours fits.
    """

    kind: str
    place: str
    mark: str
    since: datetime
    ref: Ref | None = None
    values: Mapping[str, Json] = field(default_factory=dict)  # the exact content sent
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Native ids that fit, oldest first; ``complete`` False: more may exist."""

    native_ids: tuple[str, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a place's records, in the order of their ids.

    A list proves less than a look: what it leaves out stands in ``unknown``. ``after``
    is where the next page goes on; None: that was the last.
    """

    records: tuple[NativeRecord, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class NativePerson:
    """A person or machine account as the product tells."""

    native_id: str
    login: str | None
    email: str | None
    email_verified: bool
    name: str
    human: bool
    active: bool


@dataclass(frozen=True, slots=True)
class NativeTeam:
    """A group that can be assigned work. ``members``: native ids of people; None: not told."""

    native_id: str
    name: str
    members: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is mailed by a write, as far as the product lets us know (law 47)."""

    customers: int = 0
    staff: int = 0
    who: str = ""  # the customers in the product's own words, for a person


@runtime_checkable
class Metered(Protocol):
    """A connector that counts its calls over the wire: one method may take many."""

    @property
    def calls(self) -> int:
        """Calls since it was made; what a lane's budget is charged with."""


def calls_of(connector: object) -> int:
    """What a connector has counted so far; 0 for one that is not ``Metered``.

    Asked around each step of work, where ``isinstance`` of a protocol is too slow.
    """
    counted: int = getattr(connector, "calls", 0)
    return counted


@runtime_checkable
class Lists(Protocol):
    """A connector that names every record of a place: for joins and backfills alone."""

    def records(self, place: str, after: str) -> Answer[Listed]:
        """The next page of a place's records; ``after`` "" begins with the lowest id."""


@runtime_checkable
class Impersonates(Protocol):
    """A connector that can write a note in its author's name, where that is configured."""

    def leave(self, ref: Ref, person: str, *, internal: bool) -> Answer[Leave]:
        """Whether this person may write such a note on the record, and we in their name.

        Asked before each: the product's own answer to a call in that name says who made it.
        """


@runtime_checkable
class Recalls(Protocol):
    """A connector that counts whom a write mails by what the record showed (law 47).

    Several serve one system and each reads some of its records; after a start none has
    read any. So they have their memory in common, and the store's is told before it counts.
    """

    def recall(self, ref: Ref, values: Mapping[str, Json], account: str | None) -> None:
        """What mappings read of the record when it was read last; ``account``: our id there."""

    def share(self, other: Connector) -> None:
        """Have one memory with another connector of the same system from now on."""


class Connector(Protocol):
    """One product's API. All methods block; one instance serves one thread at a time."""

    capabilities: ClassVar[Capabilities]

    def describe(self) -> Answer[Description]:
        """Version, identity, account, clock and places, all read live."""

    def changes(self, cursor: Json) -> Answer[Changes]:
        """The feed since ``cursor``. None: no events, only a cursor that means now."""

    def fetch(self, ref: Ref) -> Answer[NativeRecord]:
        """The record, its notes, files and history, as one consistent look."""

    def readable(self, place: str) -> Answer[bool]:
        """Whether records of this place can be read now: the canary of law 21."""

    def find(self, query: Find) -> Answer[Found]:
        """Look for what an intent may have made."""

    def apply(
        self, operations: Sequence[Operation], *, within_s: float | None = None
    ) -> Sequence[Answer[Done]]:
        """Carry out in order; one answer each, in the same order.

        ``within_s`` bounds all calls together, however many one operation takes: none
        begins afterwards, for whoever looks for the effects then must not miss a late
        one (law 27). None: each call has its own deadline.

        After a failure that is not of one item the rest is Transient (not sent).
        """

    def job(self, handle: str) -> Answer[Done]:
        """What became of an accepted write (law 31); ``handle`` is of its Pending.

        Pending again while it runs; Done or a refusal as ``apply`` would have
        answered; Missing when the product knows no such job.
        """

    def notifies(self, operation: Operation) -> Audience:
        """Whom this write mails, without calling the product."""

    def download(self, ref: Ref, native_id: str, *, limit_bytes: int) -> Answer[bytes]:
        """A file's content; Rejected when larger than the limit."""

    def search(self, place: str | None, path: str, value: Json) -> Answer[Found]:
        """Records of a place whose native field equals a value: joining comes first (law 12).

        A place of None is wherever our account may see them: what a store has forgotten may
        have been moved since (law 32).
        """

    def people(self) -> Answer[Sequence[NativePerson]]:
        """Everyone that the product shows us; never proved to be all."""

    def teams(self) -> Answer[Sequence[NativeTeam]]:
        """Groups that can be assigned work."""

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> Answer[Sequence[ChangeEvent]]:
        """Read a webhook whose signature was verified already. Rejected: not one of ours."""

    def close(self) -> None:
        """Close the connections; nothing is called afterwards."""
