"""The canonical records: one form of ticket, note, file, person, team and place for all products.

Values on hot paths travel as plain maps; these models are the edges, where a
record enters, is shown or is documented. The names of fields and their groups
live in :mod:`sdsync.config.vocabulary` and are re-exported here.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from sdsync.config.vocabulary import (
    AUDIENCES,
    CHOICES,
    FIELDS,
    GROUPS,
    group_of,
    is_field,
    kind_of,
    members_of,
)

__all__ = [
    "AUDIENCES",
    "CHOICES",
    "ELEMENT_FIELDS",
    "FIELDS",
    "GROUPS",
    "Attachment",
    "Audience",
    "Note",
    "Person",
    "Place",
    "Provenance",
    "Tag",
    "Team",
    "Ticket",
    "Worklog",
    "audience_of",
    "fields_of",
    "group_of",
    "is_field",
    "kind_of",
    "members_of",
    "narrowest",
]


class Audience(StrEnum):
    """Who may read something, widest first."""

    PUBLIC = "public"
    CUSTOMER = "customer"
    INTERNAL = "internal"
    TEAM = "team"
    RESTRICTED = "restricted"

    @property
    def rank(self) -> int:
        """0 for the widest; grows as the circle narrows."""
        return _RANK[self]

    def narrower(self, other: Audience) -> Audience:
        """The narrower of the two (law 45)."""
        return self if self.rank >= other.rank else other

    def within(self, other: Audience) -> bool:
        """Whether everybody of this audience belongs to ``other`` as well."""
        return self.rank >= other.rank


_RANK: Final = {audience: rank for rank, audience in enumerate(Audience)}


def audience_of(word: object) -> Audience:
    """The audience that a stored word means; whatever is unknown is internal (law 45)."""
    try:
        return Audience(str(word))
    except ValueError:
        return Audience.INTERNAL


def narrowest(audiences: Iterable[object]) -> Audience:
    """The narrowest of several; internal when there is none."""
    ranked = sorted((audience_of(word) for word in audiences), key=lambda one: one.rank)
    return ranked[-1] if ranked else Audience.INTERNAL


def _is_tag(text: str) -> str:
    if not text.strip() or text != text.strip():
        raise ValueError("a tag is a word or ns:key, without space around it")
    return text


Tag = Annotated[str, AfterValidator(_is_tag)]
"""``ns:key``, or a plain word: a tag without a namespace."""

Level = Literal["critical", "high", "normal", "low", "lowest"]
Status = Literal["new", "triage", "in_progress", "waiting", "resolved", "closed", "cancelled"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Provenance(_Model):
    """Where a value came from; one per changed version of a field."""

    source: str
    source_ref: str | None = None
    changed_at: AwareDatetime
    changed_by: str | None = None
    version: int = 1
    data_class: str | None = None
    audience: Audience = Audience.INTERNAL


class Ticket(_Model):
    """Incident, problem, change, request, task or bug. None: empty; sets are empty lists."""

    title: str | None = None
    description: str | None = None  # CommonMark
    type: Literal["incident", "problem", "change", "request", "task", "bug"] | None = None
    tenant: str | None = None
    place: str | None = None
    status: Status | None = None
    waiting_on: Literal["caller", "vendor", "team", "change"] | None = None
    resolution: str | None = None  # its code
    closed_at: AwareDatetime | None = None
    impact: Level | None = None
    urgency: Level | None = None
    priority: Level | None = None
    severity: Level | None = None
    category_path: list[str] = Field(default_factory=list)
    environment: str | None = None
    reporter: str | None = None  # person keys
    owner_team: str | None = None
    owner_person: str | None = None
    owner_secondary: str | None = None
    watchers: list[str] = Field(default_factory=list)
    tags: list[Tag] = Field(default_factory=list)
    parent: str | None = None
    links: list[str] = Field(default_factory=list)  # type and name: "blocks desk#4711"
    due_at: str | None = None  # a date without zone, or an instant with Z
    peer_key: str | None = None
    peer_url: str | None = None
    ext: dict[str, object] = Field(default_factory=dict)


class Note(_Model):
    """A comment, reply or work note on a ticket."""

    body: str  # CommonMark
    audience: Audience = Audience.INTERNAL
    author: str | None = None  # a person key
    author_display: str = ""
    created_at: AwareDatetime | None = None


class Attachment(_Model):
    """A file on a ticket."""

    name: str
    media_type: str = "application/octet-stream"
    size: int = Field(default=0, ge=0)
    sha256: str | None = None
    audience: Audience = Audience.INTERNAL


class Worklog(_Model):
    """Time that somebody worked on a ticket. Each has one owner: where it was logged."""

    seconds: int  # below zero where a correction takes some back
    started_at: str | None = None  # a date without zone, or an instant with Z
    text: str = ""
    billable: bool | None = None  # None: not told
    author_display: str = ""
    audience: Audience = Audience.INTERNAL


class Person(_Model):
    """Somebody, joined across systems by ``key``."""

    key: str
    name: str = ""
    emails: list[str] = Field(default_factory=list)
    logins: dict[str, str] = Field(default_factory=dict)  # system -> login
    active: bool = True
    human: bool = True


class Team(_Model):
    """A group that can be assigned work."""

    key: str
    name: str
    members: list[str] = Field(default_factory=list)


class Place(_Model):
    """A queue, project, table or channel of a system."""

    system: str
    key: str
    tenant: str | None = None
    audience: Audience = Audience.INTERNAL


ELEMENT_FIELDS: Final = {
    "note": {
        "body": "rich",
        "audience": "choice",
        "author": "person",
        "author_display": "text",
        "created_at": "date",
    },
    "attachment": {
        "name": "text",
        "media_type": "text",
        "size": "int",
        "sha256": "text",
        "audience": "choice",
    },
    "worklog": {
        "seconds": "int",
        "started_at": "date",
        "text": "text",
        "billable": "text",
        "author_display": "text",
        "audience": "choice",
    },
}
"""Canonical fields of the kinds that hang on a ticket, with their kind of value."""


def fields_of(kind: str) -> dict[str, str]:
    """The canonical fields of a kind of record and what each holds; ``ext.NAME`` comes on top."""
    found = ELEMENT_FIELDS.get(kind)
    return dict(found) if found is not None else {name: str(what) for name, what in FIELDS.items()}
