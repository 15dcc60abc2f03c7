"""The tracker's records: issues with journals, files, people, projects, and the stock lists."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sdsync.sandbox.owned import Owned
from sdsync.sandbox.world import World

T = TypeVar("T")

ACTIVE, CLOSED, ARCHIVED = 1, 5, 9

#: id -> (name, closed): the default data of the stock product
STATUSES: dict[int, tuple[str, bool]] = {
    1: ("New", False), 2: ("In Progress", False), 3: ("Resolved", False),
    4: ("Feedback", False), 5: ("Closed", True), 6: ("Rejected", True),
}  # fmt: skip
TRACKERS: dict[int, str] = {1: "Bug", 2: "Feature", 3: "Support"}
PRIORITIES: dict[int, str] = {1: "Low", 2: "Normal", 3: "High", 4: "Urgent", 5: "Immediate"}
DEFAULT_PRIORITY = 2
ACTIVITIES: dict[int, str] = {8: "Design", 9: "Development"}
OPEN_STATUSES = tuple(id_ for id_, (_, closed) in STATUSES.items() if not closed)


@dataclass(slots=True)
class Role:
    """A role. ``transitions``: status -> statuses that may follow; from 0: at birth."""

    id: int
    name: str
    permissions: frozenset[str]
    transitions: dict[int, tuple[int, ...]]
    builtin: bool = False
    assignable: bool = True
    sees_all: bool = False  # private issues too
    sees_own: bool = False  # nobody else's issues


@dataclass(slots=True)
class User:
    """A user. ``hide_mail``: only administrators see the address."""

    id: int
    login: str
    firstname: str
    lastname: str
    mail: str
    created: datetime
    admin: bool = False
    key: str | None = None
    active: bool = True
    hide_mail: bool = False

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.firstname} {self.lastname}".strip()


@dataclass(slots=True)
class Group:
    """A group of users."""

    id: int
    name: str
    users: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Project:
    """A project; ``status`` is ACTIVE, CLOSED or ARCHIVED."""

    id: int
    identifier: str
    name: str
    created: datetime
    description: str = ""
    status: int = ACTIVE
    public: bool = True
    categories: dict[int, str] = field(default_factory=dict)
    trackers: list[int] = field(default_factory=lambda: list(TRACKERS))


@dataclass(slots=True)
class Member:
    """Somebody's roles in a project."""

    id: int
    project: int
    user: int
    roles: list[int]


@dataclass(slots=True)
class CustomField:
    """A custom field of issues, on all trackers. ``projects`` empty: everywhere."""

    id: int
    name: str
    format: str = "string"  # string | list | text
    multiple: bool = False
    required: bool = False
    max_length: int | None = None
    values: list[str] = field(default_factory=list)
    projects: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Detail:
    """One changed property of a journal."""

    property: str  # attr | cf | attachment
    name: str
    old: str | None
    new: str | None


@dataclass(slots=True)
class Journal:
    """A note, changes, or both."""

    id: int
    user: int
    created: datetime
    notes: str | None = ""
    private: bool = False
    details: list[Detail] = field(default_factory=list)


@dataclass(slots=True)
class Attachment:
    """A file; ``issue`` None: uploaded, not yet used."""

    id: int
    filename: str
    content: bytes
    author: int
    created: datetime
    token: str
    content_type: str = "application/octet-stream"
    description: str = ""
    issue: int | None = None


@dataclass(slots=True)
class Relation:
    """How two issues belong together."""

    id: int
    source: int
    target: int
    type: str = "relates"


@dataclass(slots=True)
class Issue:
    """An issue."""

    id: int
    project: int
    tracker: int
    author: int
    created: datetime
    updated: datetime
    subject: str = ""
    description: str | None = None
    status: int = 1
    priority: int = DEFAULT_PRIORITY
    assigned_to: int | None = None
    category: int | None = None
    parent: int | None = None
    start_date: str | None = None
    due_date: str | None = None
    done_ratio: int = 0
    is_private: bool = False
    closed: datetime | None = None
    lock_version: int = 0
    fields: dict[int, str | list[str]] = field(default_factory=dict)
    watchers: list[int] = field(default_factory=list)
    journals: list[Journal] = field(default_factory=list)


@dataclass(slots=True)
class TimeEntry:
    """Hours that somebody worked on an issue, on a day."""

    id: int
    issue: int
    user: int
    activity: int
    hours: float
    spent_on: str
    comments: str
    created: datetime
    updated: datetime


@dataclass(slots=True)
class Counter:
    """Numbers that are never given twice, deleted records included."""

    issue: int = 0
    journal: int = 0
    attachment: int = 0
    relation: int = 0
    time_entry: int = 0


def _parent(one: Issue) -> tuple[int | None]:
    return (one.parent,)


def _issue(one: Attachment | TimeEntry) -> tuple[int | None]:
    return (one.issue,)


def _ends(one: Relation) -> tuple[int, int]:
    return one.source, one.target


class RedmineState:
    """All records, kept in a file if the world has one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.roles: dict[int, Role] = {}
        self.users: dict[int, User] = {}
        self.groups: dict[int, Group] = {}
        self.projects: dict[int, Project] = {}
        self.members: dict[int, Member] = {}
        self.custom_fields: dict[int, CustomField] = {}
        self.issues: Owned[Issue] = Owned(_parent)
        self.attachments: Owned[Attachment] = Owned(_issue)
        self.relations: Owned[Relation] = Owned(_ends)
        self.time_entries: Owned[TimeEntry] = Owned(_issue)
        self.default_activity = 0  # none, as in the stock product
        self.assigns_groups = False  # "Allow issue assignment to groups", likewise
        self.counter = Counter()

    def load(self) -> bool:
        """Read what was kept over the seed; False when there is nothing."""
        saver = self.world.saver
        self.projects.update(_by_number(saver.load("project", Project)))
        self.issues = Owned(_parent, _by_number(saver.load("issue", Issue)))
        self.attachments = Owned(_issue, _by_number(saver.load("attachment", Attachment)))
        self.relations = Owned(_ends, _by_number(saver.load("relation", Relation)))
        self.time_entries = Owned(_issue, _by_number(saver.load("time_entry", TimeEntry)))
        kept = saver.load("counter", Counter)
        self.counter = kept.get("0", Counter())
        return bool(kept)

    def clear(self) -> None:
        """Forget all records."""
        for table in (self.issues, self.attachments, self.relations, self.users, self.groups,
                      self.projects, self.members, self.custom_fields, self.roles,
                      self.time_entries):  # fmt: skip
            table.clear()
        self.default_activity = 0
        self.assigns_groups = False
        self.counter = Counter()

    def number(self, kind: str) -> int:
        """The next id of a kind."""
        value = int(getattr(self.counter, kind)) + 1
        setattr(self.counter, kind, value)
        self.world.saver.put("counter", "0", self.counter)
        return value

    def keep_issue(self, issue: Issue) -> Issue:
        """Add or save."""
        self.issues[issue.id] = issue
        self.world.saver.put("issue", str(issue.id), issue)
        return issue

    def keep_project(self, project: Project) -> Project:
        """Add or save."""
        self.projects[project.id] = project
        self.world.saver.put("project", str(project.id), project)
        return project

    def keep_attachment(self, one: Attachment) -> Attachment:
        """Add or save."""
        self.attachments[one.id] = one
        self.world.saver.put("attachment", str(one.id), one)
        return one

    def keep_relation(self, one: Relation) -> Relation:
        """Add or save."""
        self.relations[one.id] = one
        self.world.saver.put("relation", str(one.id), one)
        return one

    def keep_time_entry(self, one: TimeEntry) -> TimeEntry:
        """Add or save."""
        self.time_entries[one.id] = one
        self.world.saver.put("time_entry", str(one.id), one)
        return one

    def drop_time_entry(self, one: TimeEntry) -> None:
        """Delete it; its number is not used again."""
        del self.time_entries[one.id]
        self.world.saver.drop("time_entry", str(one.id))

    def drop(self, kind: str, id_: int) -> None:
        """Remove a record; its number is not used again."""
        table: dict[int, object] = getattr(self, f"{kind}s")
        with suppress(KeyError):  # its owners forget it too, as they would not by a pop
            del table[id_]
        self.world.saver.drop(kind, str(id_))

    # -- looking up --------------------------------------------------------------
    def user_by_login(self, login: str) -> User | None:
        """By login."""
        return next((one for one in self.users.values() if one.login == login), None)

    def project(self, key: str) -> Project | None:
        """By id or identifier."""
        for one in self.projects.values():
            if key in (str(one.id), one.identifier):
                return one
        return None

    def fields_of(self, project: int) -> list[CustomField]:
        """The custom fields of a project's issues."""
        return [one for one in self.custom_fields.values()
                if not one.projects or project in one.projects]  # fmt: skip

    def children(self, issue: Issue) -> list[Issue]:
        """Its subtasks."""
        return self.issues.of(issue.id)

    def files(self, issue: Issue) -> list[Attachment]:
        """Its attachments."""
        return self.attachments.of(issue.id)


def _by_number(rows: dict[str, T]) -> dict[int, T]:
    return {int(key): one for key, one in rows.items()}
