"""Records for the store's tests, as small as they can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sdsync.store.records import (
    Element,
    GroupRow,
    GroupState,
    Hub,
    InboxEvent,
    Intent,
    Placement,
    PlacementState,
    Replica,
    ReplicaState,
    Share,
    Work,
    WorkKey,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """An instant near the tests' own."""
    return NOW + timedelta(seconds=seconds)


def hub(n: int = 1, **changes: Any) -> Hub:
    """A ticket that began at the desk."""
    fields: dict[str, Any] = {
        "id": f"hub-{n}",
        "kind": "ticket",
        "syncs": ["escalations"],
        "correlation": f"desk#{n}",
        "birth_system": "desk",
        "created_at": NOW,
        "values": {"title": f"ticket {n}", "tags": ["env:prod"], "status": "new"},
    }
    return Hub(**{**fields, **changes})


def replica(n: int = 1, system: str = "desk", **changes: Any) -> Replica:
    """The ticket's copy at a system."""
    fields: dict[str, Any] = {
        "id": f"{system}-{n}",
        "hub_id": f"hub-{n}",
        "system": system,
        "kind": "ticket",
        "state": ReplicaState.LIVE,
        "native_id": str(n),
        "sent": {"title": f"ticket {n}"},
        "seen": {"Subject": f"ticket {n}"},
        "seen_at": NOW,
    }
    return Replica(**{**fields, **changes})


def intent(n: int = 1, **changes: Any) -> Intent:
    """The decision to make the ticket at dev."""
    fields: dict[str, Any] = {
        "id": f"intent-{n}",
        "hub_id": f"hub-{n}",
        "replica_id": f"dev-{n}",
        "kind": "ticket",
        "place": "infra",
        "generation": 1,
        "mark": f"mark-{n}",
    }
    return Intent(**{**fields, **changes})


def share(n: int = 1) -> Share:
    """A ticket at desk and dev, with a note on both and an intent."""
    note = Element(f"note-{n}", f"hub-{n}", "note", {"body": "hi"}, "desk", NOW, hops=("desk",))
    return Share(
        hub=hub(n),
        replicas=[replica(n, "desk"), replica(n, "dev")],
        elements=[note],
        placements=[
            Placement(note.id, f"desk-{n}", PlacementState.PLACED, native_id="71"),
            Placement(note.id, f"dev-{n}", PlacementState.PENDING),
        ],
        intents=[intent(n)],
    )


def group(state: GroupState, cause: str | None = None, *, seconds: float = 0) -> GroupRow:
    """A field group's row."""
    return GroupRow(state, after(seconds), cause)


def look(target: str = "1", lane: str = "desk", *, kind: str = "look", **changes: Any) -> Work:
    """Work that is due now."""
    fields: dict[str, Any] = {"priority": 3, "since": NOW, "due_at": NOW, "deadline_at": after(60)}
    return Work(WorkKey(lane, kind, target), **{**fields, **changes})


def event(digest: str = "d1", native_id: str | None = "1", system: str = "desk") -> InboxEvent:
    """A webhook as it came in."""
    return InboxEvent(system, "ticket", native_id, "webhook", NOW, digest, b'{"id": 1}')
