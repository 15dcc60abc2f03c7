"""Three products in their own words: a desk, a tracker and a board.

A flavour says what a product calls things and how it is built; nothing here
remembers anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sdsync.connectors.contract import Capabilities, CreateHandle, Handle


@dataclass(frozen=True, slots=True)
class Rule:
    """What the product knows of one native field; ``values`` None: free text."""

    values: tuple[str, ...] | None = None
    multiple: bool = False
    write_once: bool = False
    limit: int | None = None
    start: str = ""
    derived: bool = False  # of a record that has children


@dataclass(frozen=True, slots=True)
class Flavour:
    """One product's nature."""

    name: str
    capabilities: Capabilities
    place_path: str  # the native name of a record's place
    title_path: str
    text_path: str
    status_path: str
    people_paths: tuple[str, ...]
    rules: Mapping[str, Rule]  # flat native paths, the place left out
    closed: frozenset[str]
    transitions: Mapping[str, tuple[str, ...]] | None = None
    history: bool = True
    feed: str = "log"  # log: growing ids | stamps: changed-at, inclusive
    listing_lag_s: float = 0.0
    search_lag_s: float = 0.0
    mark_path: str | None = None
    note_marks: bool = False
    refuses_loudly: bool = False  # a bad field refuses the call; else it is ignored
    tells_deletes: bool = False
    person_form: str = "{login}"  # how a person's id looks
    key_form: str = "{number}"
    reacts: tuple[str, str] | None = None  # a customer note moves this status to that
    private_flag: bool = True  # notes can be marked internal


def _capabilities(
    product: str,
    *,
    create: Mapping[str, CreateHandle],
    cas: bool,
    stamp_s: float,
    edits: bool,
    removes: bool,
    note_format: str,
    webhooks: bool,
    edits_worklogs: bool = False,
    impersonates: bool = False,
) -> Capabilities:
    return Capabilities(
        product=product, tested=("1.0", "1.9"), record_kinds=("ticket",), create=create,
        compare_and_set=cas,
        window="none" if cas else "between the read before a write and the write",
        stamp_resolution_s=stamp_s, edits_notes=edits, removes_notes=removes,
        note_format=note_format, webhooks=webhooks, edits_worklogs=edits_worklogs,
        impersonates=impersonates,
    )  # fmt: skip


_STATUS = ("new", "open", "stalled", "resolved", "rejected")

DESK = Flavour(
    name="desk",
    capabilities=_capabilities(
        "Simulated Desk",
        create={
            "ticket": CreateHandle(Handle.STRONG_MARK, 20.0),
            "note": CreateHandle(Handle.STRONG_MARK, 20.0),
            "attachment": CreateHandle(Handle.IDEMPOTENCY_KEY, 20.0),
            "worklog": CreateHandle(Handle.OWN_RECENT, 20.0),
        },
        cas=True,
        stamp_s=0.0,
        edits=False,
        removes=False,
        note_format="plain",
        webhooks=True,
    ),
    place_path="Queue",
    title_path="Subject",
    text_path="Content",
    status_path="Status",
    people_paths=("Owner", "Requestor", "Cc"),
    rules={
        "Subject": Rule(),
        "Content": Rule(write_once=True),
        "Status": Rule(_STATUS, start="new"),
        "Owner": Rule(),
        "Requestor": Rule(multiple=True),
        "Cc": Rule(multiple=True),
        "Priority": Rule(("10", "30", "50", "70", "90"), start="50"),
        "Due": Rule(),
        "CustomFields.Environment": Rule(("Production", "PRD", "Staging", "Test", "Lab")),
        "CustomFields.Category": Rule(),
        "CustomFields.Tags": Rule(multiple=True),
        "CustomFields.Fix": Rule(),
        "CustomFields.Peer": Rule(),
        "CustomFields.Mark": Rule(),
    },
    closed=frozenset({"resolved", "rejected"}),
    mark_path="CustomFields.Mark",
    note_marks=True,
    tells_deletes=True,
    reacts=("new", "open"),
)

_MOVES = {
    "New": ("In Progress", "Rejected"),
    "In Progress": ("Feedback", "Resolved", "Rejected"),
    "Feedback": ("In Progress", "Resolved"),
    "Resolved": ("In Progress", "Closed"),
    "Closed": ("In Progress",),
    "Rejected": ("In Progress",),
}

TRACKER = Flavour(
    name="tracker",
    capabilities=_capabilities(
        "Simulated Tracker",
        create={
            "ticket": CreateHandle(Handle.LAGGING_MARK, 40.0),
            "note": CreateHandle(Handle.OWN_RECENT, 20.0),
            "attachment": CreateHandle(Handle.OWN_RECENT, 20.0),
            "worklog": CreateHandle(Handle.OWN_RECENT, 20.0),
        },
        edits_worklogs=True,
        impersonates=True,
        cas=False,
        stamp_s=1.0,
        edits=True,
        removes=True,
        note_format="markdown",
        webhooks=False,
    ),
    place_path="project",
    title_path="subject",
    text_path="description",
    status_path="status",
    people_paths=("assigned_to", "author", "watchers"),
    rules={
        "subject": Rule(limit=255),
        "description": Rule(),
        "status": Rule(tuple(_MOVES), start="New"),
        "priority": Rule(
            ("Low", "Normal", "High", "Urgent", "Immediate"), start="Normal", derived=True
        ),
        "assigned_to": Rule(),
        "author": Rule(write_once=True),
        "watchers": Rule(multiple=True),
        "category": Rule(),
        "due_date": Rule(),
        "custom_fields.Environment": Rule(("prod", "stage")),
        "custom_fields.Tags": Rule(multiple=True),
        "custom_fields.Resolution": Rule(("fixed", "wontfix", "duplicate")),
        "custom_fields.Peer": Rule(),
        "custom_fields.Mark": Rule(),
    },
    closed=frozenset({"Closed", "Rejected"}),
    transitions=_MOVES,
    feed="stamps",
    search_lag_s=35.0,
    mark_path="custom_fields.Mark",
    person_form="{number}",
    key_form="{place}#{number}",
)

BOARD = Flavour(
    name="board",
    capabilities=_capabilities(
        "Simulated Board",
        create={
            "ticket": CreateHandle(Handle.OWN_RECENT, 30.0),
            "note": CreateHandle(Handle.OWN_RECENT, 20.0),
            "attachment": CreateHandle(Handle.NONE, 20.0),
        },
        cas=False,
        stamp_s=0.001,
        edits=True,
        removes=True,
        note_format="markdown",
        webhooks=False,
    ),
    place_path="board",
    title_path="title",
    text_path="text",
    status_path="list",
    people_paths=("assignee",),
    rules={
        "title": Rule(limit=40),
        "text": Rule(),
        "list": Rule(("Inbox", "Doing", "Blocked", "Done"), start="Inbox"),
        "weight": Rule(("low", "mid", "top"), start="mid"),
        "assignee": Rule(),
        "labels": Rule(multiple=True),
        "due": Rule(),
    },
    closed=frozenset({"Done"}),
    history=False,
    feed="stamps",
    listing_lag_s=20.0,
    search_lag_s=25.0,
    refuses_loudly=True,
    person_form="u-{login}",
    key_form="{place}/{number}",
    private_flag=False,
)

FLAVOURS: Mapping[str, Flavour] = {one.name: one for one in (DESK, TRACKER, BOARD)}


@dataclass(frozen=True, slots=True)
class PlaceForm:
    """A place as its product is seeded with it."""

    key: str
    default_audience: str = "internal"
    public: bool = False
    private_right: bool = True  # our account may write internal notes here
    may_create: bool = True


@dataclass(frozen=True, slots=True)
class Setting:
    """The instance: which places, how far its clock is off."""

    places: tuple[PlaceForm, ...] = field(default=())
    clock_offset_s: float = 0.0
