"""Two shared records, one of them in trouble, in a store in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sdsync.config.load import load_text
from sdsync.config.model import Config
from sdsync.store.contract import Store
from sdsync.store.records import (
    AuditRow,
    Cause,
    Change,
    Element,
    FidelityNote,
    FieldVersion,
    GroupRow,
    GroupState,
    Hub,
    Placement,
    PlacementState,
    Replica,
    ReplicaState,
    Share,
    SyncRow,
    SystemRow,
    Work,
    WorkKey,
)
from sdsync.testing.memory_store import MemoryStore

NOW = datetime(2026, 11, 21, 3, 7, 12, tzinfo=UTC)

TOML = """
[systems.desk]
connector = "request_tracker"
url       = "https://rt.example.org"
token     = "env:RT_TOKEN"
[systems.dev]
connector = "redmine"
url       = "https://redmine.example.org"
token     = "env:REDMINE_KEY"
per_minute = 600
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put   = { project = "infra", type = "bug" }
mode      = "live"
"""


@dataclass(frozen=True)
class FixedClock:
    """Stands still at NOW."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


def at(clock: str) -> datetime:
    hour, minute, second = (int(part) for part in clock.split(":"))
    return NOW.replace(hour=hour, minute=minute, second=second)


def config() -> Config:
    return load_text(TOML, path=Path("sdsync.toml"))


def empty() -> MemoryStore:
    return MemoryStore(FixedClock())


def busy() -> MemoryStore:
    """A store after some hours of a bad night."""
    store = empty()
    fill(store)
    return store


def fill(store: Store) -> None:
    """Put that night into any store."""
    parked, held = disk_full(), printer()
    store.commit(
        Change(
            shares=[parked, held],
            causes=[
                Cause(
                    id="7f3", kind="parked", system="dev", fingerprint="f-7f3",
                    text='dev refuses environment "prod2"', since=at("02:14:05"), priority=1,
                    place="mappings/dev-ticket.yaml:31", owner="ops-core",
                ),
                Cause(
                    id="9a1", kind="held", system="dev", fingerprint="f-9a1",
                    text="outcome of both sides changed", since=at("02:51:00"), priority=3,
                ),
            ],
            systems=[
                SystemRow("desk", state="ok", seen_at=NOW - timedelta(seconds=2)),
                SystemRow("dev", state="unauthorised", state_since=at("02:51:00"),
                          seen_at=NOW - timedelta(minutes=16)),
            ],
            syncs=[SyncRow("escalations", activated_at=NOW - timedelta(days=12), mode="live")],
            audit=story(parked.hub.id),
            ring=[
                work("dev", "deliver", "r-dev-1", since=NOW - timedelta(seconds=48)),
                work("desk", "poll", "feed", due=NOW + timedelta(seconds=8)),
            ],
        )
    )  # fmt: skip


def work(lane: str, kind: str, target: str, *, since: datetime = NOW, due: datetime = NOW) -> Work:
    return Work(WorkKey(lane, kind, target), 3, since, due, due)


def version(field: str, value: object, source: str, when: datetime, by: str | None) -> FieldVersion:
    return FieldVersion(field, 1, value, source, None, when, when, changed_by=by)


def disk_full() -> Share:
    """A P1 whose environment the other side refuses."""
    values = {"title": "db01: disk full", "status": "in_progress", "environment": "prod2"}
    hub = Hub(
        "h1", "ticket", ["escalations"], "desk#4711", "desk", at("02:14:03"), tenant="acme",
        priority=1, values=values,
        versions={
            "status": version("status", "in_progress", "dev", at("03:05:10"), "ops-2"),
            "environment": version("environment", "prod2", "desk", at("02:14:03"), "desk-7"),
            "title": version("title", "db01: disk full", "desk", at("02:14:03"), "desk-7"),
        },
        human_at=NOW - timedelta(seconds=48),
    )  # fmt: skip
    desk = Replica(
        "r-desk-1", "h1", "desk", "ticket", ReplicaState.LIVE, "4711", "Escalated", "4711",
        "https://rt.example.org/4711", sent=dict(values), confirmed_at=at("03:05:10"),
        seen={"Status": "open", "CustomFields": {"Environment": "prod2"}},
    )  # fmt: skip
    dev = Replica(
        "r-dev-1", "h1", "dev", "ticket", ReplicaState.LIVE, "882", "infra", "infra#882",
        "https://redmine.example.org/issues/882", confirmed_at=at("03:05:10"),
        sent={**values, "environment": None}, seen={"status": "In Progress"},
        groups={
            "environment": GroupRow(
                GroupState.PARKED, at("02:14:05"), cause="7f3", note="allowed: prod, stage, test"
            )
        },
        fidelity=[FidelityNote("title", "cut at 255 characters", at("02:14:04"))],
    )  # fmt: skip
    notes = [
        Element(f"n{n}", "h1", "note", {"body": "x"}, "desk", at("02:20:00")) for n in range(7)
    ]
    placements = [Placement(one.id, "r-desk-1", PlacementState.PLACED) for one in notes]
    placements += [Placement(one.id, "r-dev-1", PlacementState.PLACED) for one in notes[:5]]
    placements += [Placement(one.id, "r-dev-1", PlacementState.PENDING) for one in notes[5:]]
    return Share(hub, [desk, dev], notes, placements)


def printer() -> Share:
    """A P3 that two people changed at once."""
    hub = Hub(
        "h2", "ticket", ["escalations"], "desk#4712", "desk", at("01:00:00"),
        values={"title": "printer on fire", "status": "waiting"},
    )  # fmt: skip
    heads = {"desk": ("resolved", "desk-7"), "dev": ("cancelled", "ops-2")}
    natives = {"desk": ("4712", "4712"), "dev": ("883", "infra#883")}
    replicas = [
        Replica(
            f"r-{system}-2", "h2", system, "ticket", ReplicaState.LIVE, native, key=key,
            sent=dict(hub.values),
            groups={
                "outcome": GroupRow(
                    GroupState.HELD, at("02:51:00"), cause="9a1", head={"status": heads[system][0]},
                    head_by=heads[system][1], head_at=at("02:51:00"), note="changed on both sides",
                )
            },
        )
        for system, (native, key) in natives.items()
    ]  # fmt: skip
    return Share(hub, replicas)


def story(hub_id: str) -> list[AuditRow]:
    """The night of the first record, as audit rows."""
    return [
        AuditRow(at("02:14:03"), "entered", "desk", hub_id, "desk", "4711",
                 text="db01: disk full", why="escalations"),
        AuditRow(at("02:14:04"), "born", "desk", hub_id, "dev", "infra#882", text="infra",
                 duration_ms=430),
        AuditRow(at("02:14:05"), "parked", "sdsync", hub_id, "dev", "infra#882", "environment",
                 why="7f3", text='dev refuses environment "prod2"'),
        AuditRow(at("03:05:10"), "edited", "dev", hub_id, "dev", "infra#882", "status",
                 actor="ops-2", before="triage", after="in_progress"),
        AuditRow(at("03:05:10"), "written", "dev", hub_id, "desk", "4711", "status",
                 before="triage", after="in_progress", duration_ms=190),
    ]  # fmt: skip
