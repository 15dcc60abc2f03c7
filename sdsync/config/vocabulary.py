"""The canonical ticket's field names, their kinds, and the groups they merge in.

One small table for everybody: policies in ``sdsync.toml`` name these words, and
mappings are written with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Kind = Literal[
    "text",
    "rich",
    "choice",
    "person",
    "people",
    "tags",
    "team",
    "date",
    "list",
    "ref",
    "int",
    "record",
    "links",
]

#: The products' own words for a record's place.
PLACE_WORDS: Final = ("queue", "project", "place")

#: ``ext.NAME`` is a site's own field; it is text unless its mapping says otherwise.
EXT: Final = "ext."

#: Kinds of field that hold several members, each of which comes and goes by itself.
SETS: Final[frozenset[str]] = frozenset({"people", "tags", "list", "links"})

FIELDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "title": "text",
        "description": "rich",
        "type": "choice",
        "tenant": "text",
        "place": "ref",
        "status": "choice",
        "waiting_on": "choice",
        "resolution": "text",  # its code
        "closed_at": "date",
        "impact": "choice",
        "urgency": "choice",
        "priority": "choice",
        "severity": "choice",
        "major": "choice",
        "category_path": "list",
        "service_ref": "ref",
        "ci_refs": "list",
        "environment": "text",
        "reporter": "person",
        "requested_for": "person",
        "contact_channel": "text",
        "owner_team": "team",
        "owner_person": "person",
        "owner_secondary": "person",
        "watchers": "people",
        "stakeholders": "people",
        "participants": "list",  # each a person with a role
        "tags": "tags",
        "parent": "record",
        "links": "links",  # each a type and the other record's name: blocks desk#4711
        "due_at": "date",
        "detected_at": "date",
        "acknowledged_at": "date",
        "responded_at": "date",
        "mitigated_at": "date",
        "resolved_at": "date",
        "reopened_count": "int",
        "reassigned_count": "int",
        "customer_impact": "rich",
        "workaround": "rich",
        "satisfaction": "int",
        "sla_mirror": "list",
        "change_refs": "list",
        "escalation.level": "int",
        "escalation.reason": "text",
        "escalation.by": "person",
        "escalation.at": "date",
        "handoff.from": "person",
        "handoff.to": "person",
        "handoff.at": "date",
        "handoff.accepted_at": "date",
        "handoff.score": "int",
        "handoff.gaps": "list",
        "handoff.waiver": "text",
        "peer_key": "text",  # the other side's key, written by sdsync
        "peer_url": "text",  # … and its link
    }
)

#: Fields that only make sense together; every other field is a group of one.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "outcome": ("status", "waiting_on", "resolution", "closed_at"),
        "urgency": ("impact", "urgency", "priority", "severity"),
        "assignment": ("owner_team", "owner_person", "owner_secondary"),
        "category": ("category_path",),
        "escalation": tuple(name for name in FIELDS if name.startswith("escalation.")),
        "handoff": tuple(name for name in FIELDS if name.startswith("handoff.")),
    }
)

#: What a side shows of the other: ours alone to write, and never a reason to mail anybody.
PEER: Final = frozenset({"peer_key", "peer_url"})

#: Fields that name other records. Their type tells the way: ``blocked_by`` turns ``blocks``.
TIES: Final = frozenset({"parent", "links"})

#: Types of links, as the record that shows them sees it.
LINK_TYPES: Final = (
    "relates",
    "duplicates",
    "duplicated_by",
    "blocks",
    "blocked_by",
    "precedes",
    "follows",
)

#: A type of link as the other record shows it.
TURNED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "relates": "relates",
        "duplicates": "duplicated_by",
        "duplicated_by": "duplicates",
        "blocks": "blocked_by",
        "blocked_by": "blocks",
        "precedes": "follows",
        "follows": "precedes",
    }
)

_LEVELS: Final = ("critical", "high", "normal", "low", "lowest")

#: The closed vocabularies of the fields of kind ``choice``, in their order.
CHOICES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "type": ("incident", "problem", "change", "request", "task", "bug"),
        "status": (
            "new",
            "triage",
            "in_progress",
            "waiting",
            "resolved",
            "closed",
            "cancelled",
        ),
        "waiting_on": ("caller", "vendor", "team", "change"),
        "impact": _LEVELS,
        "urgency": _LEVELS,
        "priority": _LEVELS,
        "severity": _LEVELS,
        "major": ("yes", "no"),
    }
)

#: Who may read a note, a file or a place: widest first.
AUDIENCES: Final = ("public", "customer", "internal", "team", "restricted")

#: What a sync may say of a group; a system's name means that it owns the group.
POLICIES: Final = ("newest", "union", "max", "append", "hold", "each")

#: The member that people think of first, where a group's name is none of theirs.
_SPOKEN: Final = {"outcome": "status", "urgency": "priority", "assignment": "owner"}

_GROUP_OF: Final = {member: group for group, members in GROUPS.items() for member in members}


def is_field(name: str) -> bool:
    """Whether ``name`` is a canonical field, ``ext.NAME`` included."""
    return name in FIELDS or (name.startswith(EXT) and len(name) > len(EXT))


def kind_of(name: str) -> Kind:
    """The field's kind; ``ext.NAME`` is text. KeyError for a name that is no field."""
    return "text" if name not in FIELDS and is_field(name) else FIELDS[name]


def group_of(name: str) -> str:
    """The group that the field merges in: its own name when it is a group of one."""
    return _GROUP_OF.get(name, name)


def spoken(group: str) -> str:
    """A group's name on a screen: ``status (outcome)``; commands take either word."""
    return f"{_SPOKEN[group]} ({group})" if group in _SPOKEN else group


def members_of(group: str) -> tuple[str, ...]:
    """The fields of a group; a group of one holds the field of its own name."""
    return GROUPS.get(group, (group,))
