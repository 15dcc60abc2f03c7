"""Mappings of the three flavours, written by hand and as a site would have them.

``edition`` 2 reads one word in another way, for what a mapping change alone does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdsync.mappings.contract import NO_NAMES, Direction, People, Put, RecordNames, Viewed, Written
from sdsync.mappings.orders import Word, contents, standing
from sdsync.store.records import Json
from sdsync.testing.simulated.lenses import (
    Crowd,
    Leaf,
    Lens,
    Somebody,
    Table,
    Text,
    Words,
    shaped,
)
from sdsync.testing.simulated.native import flat, nested
from sdsync.testing.simulated.ties import tie_rules

_DESK: Mapping[str, Lens] = {
    "title": Text("Subject"),
    "description": Text("Content"),
    "status": Table(
        "Status",
        {
            "new": ("new",),
            "in_progress": ("open",),
            "triage": ("open",),
            "waiting": ("stalled",),
            "resolved": ("resolved",),
            "closed": ("resolved",),
            "cancelled": ("rejected",),
        },
    ),
    "resolution": Text("CustomFields.Fix"),
    "priority": Table(
        "Priority",
        {
            "lowest": ("10",),
            "low": ("30",),
            "normal": ("50",),
            "high": ("70",),
            "critical": ("90",),
        },
    ),
    "owner_person": Somebody("Owner"),
    "reporter": Somebody("Requestor", first=True),
    "watchers": Crowd("Cc"),
    "due_at": Text("Due"),
    "environment": Table(
        "CustomFields.Environment",
        {"prod": ("Production", "PRD"), "stage": ("Staging",), "test": ("Test",)},
    ),
    "category_path": Leaf("CustomFields.Category", joined=True),
    "tags": Words("CustomFields.Tags"),
    "peer_key": Text("CustomFields.Peer"),
}

_TRACKER: Mapping[str, Lens] = {
    "title": Text("subject"),
    "description": Text("description"),
    "status": Table(
        "status",
        {
            "new": ("New",),
            "in_progress": ("In Progress",),
            "triage": ("In Progress",),
            "waiting": ("Feedback",),
            "resolved": ("Resolved",),
            "closed": ("Closed",),
            "cancelled": ("Rejected",),
        },
    ),
    "resolution": Table(
        "custom_fields.Resolution",
        {"fixed": ("fixed",), "wontfix": ("wontfix",), "duplicate": ("duplicate",)},
    ),
    "priority": Table(
        "priority",
        {
            "lowest": ("Low",),
            "low": ("Low",),
            "normal": ("Normal",),
            "high": ("High", "Urgent"),
            "critical": ("Immediate",),
        },
    ),
    "owner_person": Somebody("assigned_to"),
    "watchers": Crowd("watchers"),
    "due_at": Text("due_date"),
    "environment": Table("custom_fields.Environment", {"prod": ("prod",), "stage": ("stage",)}),
    "category_path": Leaf("category"),
    "tags": Words("custom_fields.Tags"),
    "peer_key": Text("custom_fields.Peer"),
}


def _board(edition: int) -> Mapping[str, Lens]:
    high = ("top",) if edition == 1 else ("mid",)
    return {
        "title": Text("title"),
        "description": Text("text"),
        "status": Table(
            "list",
            {
                "new": ("Inbox",),
                "in_progress": ("Doing",),
                "triage": ("Inbox",),
                "waiting": ("Blocked",),
                "resolved": ("Done",),
                "closed": ("Done",),
                "cancelled": ("Done",),
            },
        ),
        "priority": Table(
            "weight",
            {
                "critical": ("top",),
                "high": high,
                "normal": ("mid",),
                "low": ("low",),
                "lowest": ("low",),
            },
        ),
        "owner_person": Somebody("assignee"),
        "due_at": Text("due"),
        "tags": Words("labels"),
    }


def _lenses(flavour: str, edition: int) -> Mapping[str, Lens]:
    return {"desk": _DESK, "tracker": _TRACKER, "board": _board(edition)}[flavour]


class SimulatedMapping:
    """A :class:`sdsync.mappings.contract.Mapping` of tickets."""

    def __init__(self, system: str, flavour: str, edition: int = 1, *, ties: bool = False) -> None:
        self.system = system
        self.kind = "ticket"
        self.version = f"{flavour}-{edition}"
        self.written: Written | None = None
        self._lenses = _lenses(flavour, edition)
        self.fields: Mapping[str, Direction] = {
            name: Direction.OUT if name == "peer_key" else Direction.BOTH for name in self._lenses
        }
        self._ties = tie_rules(flavour) if ties else {}
        self.fields = {**self.fields, **{name: one.direction for name, one in self._ties.items()}}
        self._entering = {"resolved": "Done"} if flavour == "desk" else {}

    def paths(self, field: str) -> Sequence[str]:
        """The one path that the field's rule reads."""
        return (self._path(field),)

    def keep(self, native: Mapping[str, Json]) -> dict[str, Json]:
        """Only what rules read."""
        known = flat(native)
        paths = map(self._path, self.fields)
        return nested({path: known[path] for path in paths if path in known})

    def _path(self, field: str) -> str:
        rule = self._ties.get(field)
        return rule.path.text if rule and rule.path else self._lenses[field].path

    def extract(self, field: str, native: Mapping[str, Json]) -> Json:
        """The native value behind the field; empty ones are equal."""
        if field in self._ties:
            return self._ties[field].extract(native)
        shown = self._shown(field, native)
        return (contents(shown) if field == "tags" and shown else shown) or None

    def orders(self, native: Mapping[str, Json]) -> frozenset[Word]:
        """The orders among the tags."""
        return standing(self._shown("tags", native))

    def get(
        self,
        field: str,
        native: Mapping[str, Json],
        people: People,
        names: RecordNames = NO_NAMES,
    ) -> Viewed:
        """The canonical value."""
        if field in self._ties:
            return self._ties[field].get(native, self.system, people)
        return self._lenses[field].get(self.system, self._shown(field, native), people)

    def put(
        self,
        field: str,
        value: Json,
        *,
        seen: Mapping[str, Json],
        hub: Mapping[str, Json],
        people: People,
        names: RecordNames = NO_NAMES,
    ) -> Put:
        """The native patch."""
        if field in self._ties:
            return self._ties[field].put(value, seen, hub, self.system, people)
        return shaped(self._lenses[field].put(self.system, value, self._shown(field, seen), people))

    def carry(self, field: str, *, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """A view's edit on the whole."""
        if field in self._ties:
            return self._ties[field].lens.carry(old_view, new_view, whole)
        return self._lenses[field].carry(old_view, new_view, whole)

    def place(self, field: str) -> str | None:
        """No file."""
        return None

    def entering(self, field: str, value: Json, *, hub: Mapping[str, Json]) -> dict[str, Json]:
        """The desk asks for a fix when it resolves."""
        if field != "status" or value not in self._entering:
            return {}
        return nested({"CustomFields.Fix": hub.get("resolution") or self._entering[str(value)]})

    def _shown(self, field: str, native: Mapping[str, Json]) -> Json:
        head, _, rest = self._path(field).partition(".")
        value = native.get(head)
        if rest:
            return value.get(rest) if isinstance(value, dict) else None
        return value
