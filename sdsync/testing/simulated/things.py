"""What a simulated product stores, and the truth that hangs on it unseen.

``truth`` names what a thing is a copy of and ``intent`` what made it; no
connector shows them, so only the proof can read them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sdsync.connectors.contract import FieldChange, NativeRecord
from sdsync.store.records import Json

OURS = "sdsync"
"""The login that our credential acts as, in every product."""


@dataclass(slots=True)
class Actor:
    """A person or machine account of one product."""

    native_id: str
    login: str
    email: str
    name: str
    human: bool = True
    active: bool = True


@dataclass(slots=True)
class Place:
    """A queue, project or board, as it is now."""

    key: str
    native_id: str
    default_audience: str
    public: bool
    private_right: bool
    may_create: bool
    archived: bool = False


@dataclass(slots=True)
class Note:
    """A note of a record."""

    id: str
    truth: str
    author: str
    created_at: datetime
    body: str
    internal: bool
    mark: str | None = None
    intent: str | None = None
    edited_at: datetime | None = None
    dropped: bool = False  # it was to be internal, and the product forgot to say no


@dataclass(slots=True)
class File:
    """A file of a record."""

    id: str
    truth: str
    author: str
    created_at: datetime
    name: str
    media_type: str
    content: bytes
    internal: bool
    intent: str | None = None


@dataclass(slots=True)
class Log:
    """Time that somebody worked on a record."""

    id: str
    truth: str
    author: str
    created_at: datetime
    seconds: int
    text: str
    intent: str | None = None
    edited_at: datetime | None = None


@dataclass(slots=True)
class Record:
    """A ticket. ``values`` are flat native paths without the place."""

    id: str
    number: int
    truth: str
    place: str
    values: dict[str, Json]
    created_at: datetime
    created_by: str
    updated_at: datetime
    made_at: datetime  # this and the next on the simulation's own clock
    changed_at: datetime
    born_values: dict[str, Json] = field(default_factory=dict)  # as they were first stored
    version: int = 1
    intent: str | None = None
    notes: list[Note] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    history: list[FieldChange] = field(default_factory=list)
    #: When each path was last written by a person, on the simulation's own clock.
    by_people: dict[str, datetime] = field(default_factory=dict)
    merged_into: str | None = None
    deleted: bool = False
    forbidden: bool = False
    missing_until: datetime | None = None
    has_child: bool = False
    frozen: set[str] = field(default_factory=set)  # paths that our account may not write
    broken_until: datetime | None = None  # writes fail with a 500 that changed nothing
    indexed_at: datetime | None = None  # when a lagging search will know it
    shown: NativeRecord | None = None  # as of ``version``; None: to be built
    shown_before: NativeRecord | None = None
