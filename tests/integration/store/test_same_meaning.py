"""Whatever is committed, memory and SQL answer every question alike."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sdsync.store.contract import Stale, Store
from sdsync.store.opening import open_store
from sdsync.store.records import (
    Alarm,
    AlarmWay,
    Attempt,
    AuditRow,
    Cause,
    Change,
    Element,
    FieldVersion,
    GroupRow,
    GroupState,
    Hub,
    Intent,
    IntentState,
    LineState,
    MappingVersion,
    Pause,
    PersonRow,
    Placement,
    PlacementState,
    Plan,
    PlanLine,
    Ref,
    Replica,
    ReplicaState,
    Share,
    SyncRow,
    SystemRow,
    Verdict,
)
from sdsync.testing.memory_store import MemoryStore
from tests.integration.store.builders import NOW, after, event, look
from tests.integration.store.conftest import KEY, FixedClock

SYSTEMS = ("desk", "dev", "prom")
instants = st.integers(-20, 20).map(after)
names = st.sampled_from("abc")
values = st.dictionaries(
    st.sampled_from(["title", "tags", "status"]),
    st.one_of(st.none(), st.integers(0, 2), st.lists(names, max_size=2), names),
)
groups = st.dictionaries(
    st.sampled_from(["outcome", "urgency"]),
    st.builds(
        GroupRow, st.sampled_from(GroupState), instants, st.sampled_from([None, "7f3", "b20"])
    ),
)
work = st.builds(
    look,
    names,
    st.sampled_from(SYSTEMS),
    kind=st.sampled_from(["look", "deliver", "poll"]),
    priority=st.integers(1, 5),
    since=instants,
    due_at=instants,
    deadline_at=instants,
    hint=st.dictionaries(names, st.integers(0, 3)),
)
audit = st.builds(
    AuditRow, instants, names, names, st.sampled_from([None, "h1"]), text=names, before=values
)


@st.composite
def shares(draw: Any, hub_id: str) -> Share:
    """A share of a few parts whose keys collide often."""
    name = draw(st.sampled_from(["desk#1", "dev#1", "desk#2"]))
    hub = Hub(hub_id, "ticket", draw(st.lists(names, unique=True)), name, "desk", NOW)
    hub.values, hub.human_at = draw(values), draw(st.none() | instants)
    share = Share(hub)
    for system in draw(st.lists(st.sampled_from(SYSTEMS), unique=True)):
        native = draw(st.none() | st.sampled_from("123"))
        state = draw(st.sampled_from(ReplicaState))
        row = Replica(f"{hub_id}-{system}", hub_id, system, "ticket", state, native)
        row.groups = draw(groups)
        share.replicas.append(row)
        if draw(st.booleans()):
            note = Element(f"{hub_id}-n-{system}", hub_id, "note", draw(values), system, NOW)
            share.elements.append(note)
            share.placements.append(
                Placement(note.id, row.id, draw(st.sampled_from(PlacementState)))
            )
        if draw(st.booleans()):
            made = Intent(f"{row.id}-i", hub_id, row.id, "ticket", draw(names), 1, draw(names))
            made.state = draw(st.sampled_from(IntentState))
            share.intents.append(made)
        if draw(st.booleans()):
            share.attempts.append(Attempt(f"{row.id}-a", row.id, hub_id, NOW, NOW, {}, draw(names)))
    return share


def rarely(usual: Any, more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What makes most commits stale, so that the others are not forgotten."""
    return st.integers(0, 5).flatmap(lambda one: st.just(usual) if one else more)


changes = st.fixed_dictionaries(
    {
        "shares": st.lists(
            st.sampled_from(["h1", "h2"]).flatmap(shares),
            max_size=2,
            unique_by=lambda one: one.hub.id,
        ),
        "ring": st.lists(work, max_size=3),
        "finished": st.lists(st.tuples(work, st.booleans()), max_size=2),
        "postponed": st.lists(st.tuples(work.map(lambda one: one.key), instants), max_size=2),
        "shelved": st.lists(st.tuples(work, st.booleans()), max_size=2),
        "events": st.lists(
            st.builds(event, names, st.none() | names, st.sampled_from(SYSTEMS)), max_size=2
        ),
        "audit": st.lists(audit, max_size=3),
        "versions": st.lists(
            st.tuples(
                st.sampled_from(["h1", "h2"]),
                st.builds(
                    FieldVersion, names, st.integers(1, 3), values, names, st.none(), instants,
                    instants,
                ),
            ),
            max_size=1,
        ),
        "causes": st.lists(
            st.builds(
                Cause, st.sampled_from(["7f3", "b20"]), names, names, names, names, instants,
                closed_at=st.none() | instants,
            ),
            max_size=2,
        ),
        "systems": st.lists(st.builds(SystemRow, names, cursor=values), max_size=1),
        "syncs": st.lists(st.builds(SyncRow, names, instants, names), max_size=1),
        "pauses": st.lists(st.builds(Pause, names, instants, names), max_size=2),
        "resumed": st.lists(names, max_size=1),
        "saw_pauses": rarely({}, st.dictionaries(names, st.none(), max_size=1)),
        "saw_open": rarely([], st.lists(st.sampled_from(["7f3", "b20"]), max_size=1)),
        "people": st.lists(st.builds(PersonRow, names, names, names), max_size=2),
        "blobs": st.lists(st.tuples(names, st.binary(max_size=3)), max_size=1),
        "dropped_blobs": st.lists(names, max_size=1),
        "plans": st.lists(
            st.builds(
                Plan, st.sampled_from(["p-1", "p-2"]), names, names, names, instants, names,
                version=st.integers(0, 1),
            ),
            max_size=2,
        ),
        "plan_lines": st.lists(
            st.builds(
                PlanLine, st.sampled_from(["p-1", "p-2"]), st.integers(1, 4),
                st.sampled_from(Verdict), st.lists(st.builds(Ref, names, names, names), max_size=2),
                st.sampled_from(LineState), names, done_at=st.none() | instants,
            ),
            max_size=3,
        ),
        "mappings": st.lists(
            st.builds(
                MappingVersion, names, st.integers(0, 2), names, instants, st.none() | names,
                st.none() | names,
            ),
            max_size=2,
        ),
        "alarms": st.lists(
            st.builds(
                Alarm, names, names, names, names, names, st.none() | names, st.integers(1, 5),
                st.integers(0, 2), instants, instants, over_at=st.none() | instants,
                ended=st.booleans(),
                ways=st.dictionaries(names, st.builds(AlarmWay, instants), max_size=1),
            ),
            max_size=2,
        ),
    }
)  # fmt: skip
lane_steps = st.tuples(
    st.sampled_from(["ring", "unring", "lease", "release", "claim"]),
    st.sampled_from(SYSTEMS),
    names,
    instants,
)
steps = st.lists(st.one_of(changes, lane_steps), max_size=8)


def answers(store: Store) -> dict[str, Any]:
    """Everything that can be asked."""
    found: dict[str, Any] = {
        "hubs": [store.hubs(sync=sync) for sync in (None, "a", "b")],
        "shares": [store.share(one) for one in ("h1", "h2")],
        "natives": [
            _hub_id(store.share_of(Ref(system, "ticket", n))) for system in SYSTEMS for n in "123"
        ],
        "replicas": [_hub_id(store.share_with_replica(f"h1-{one}")) for one in SYSTEMS],
        "marks": [_hub_id(store.share_by_mark(one)) for one in "abc"],
        "open": [store.open_intents_in(one, "ticket") for one in SYSTEMS],
        "values": [
            store.find_hubs("ticket", field, value)
            for field in ("title", "tags", "status")
            for value in (None, 0, 1, "a", ["a"], ["a", "b"], [])
        ],
        "due": [store.next_due(one) for one in SYSTEMS],
        "rest": [store.next_due(one, frozenset({"1"})) for one in SYSTEMS],
        "gone": [store.gone_since(one, NOW) for one in SYSTEMS],
        "known": [store.known(one) for one in SYSTEMS],
        "made": [store.made(one, after="", upto="~", limit=9) for one in SYSTEMS],
        "looks": [store.due(one, "look", now=NOW) for one in SYSTEMS],
        "started": [store.started(one) for one in SYSTEMS],
        "work": [
            store.work(look(target, lane, kind=kind).key)
            for lane in SYSTEMS
            for target in "abc"
            for kind in ("look", "deliver", "poll")
        ],
        "lanes": [store.lane(one) for one in SYSTEMS],
        "blobs": [store.blob(one) for one in "abc"],
        "systems": [store.system(one) for one in "abc"],
        "syncs": [store.sync(one) for one in "abc"],
        "pauses": store.pauses(),
        "people": [store.people(one) for one in "abc"],
        "causes": [store.causes(), store.causes(open_only=False)],
        "cause": [store.cause(one) for one in "abc"],
        "members": [store.cause_members(one) for one in ("7f3", "b20")],
        "any": [store.has_members(one) for one in ("7f3", "b20", "none")],
        "held": store.held(),
        "states": [
            store.replicas_with_state(one, system=system)
            for one in GroupState
            for system in (None, *SYSTEMS)
        ],
        "versions": [store.versions("h1"), store.versions("h2", "a")],
        "audit": [list(store.audit()), list(store.audit(hub_id="h1", after_seq=1))],
        "last": store.last_audit_seq(),
        "counts": [store.work_counts(), store.sync_counts()],
        "shared": [store.shared_as(one, "ticket", ["1", "2", "4"]) for one in SYSTEMS],
        "names": [store.name_of(Ref(one, "ticket", n)) for one in SYSTEMS for n in "124"],
        "named": [_hub_id(store.share_named("ticket", f"{one}#1")) for one in SYSTEMS],
        "plans": [store.plans(), *(store.plan(one) for one in ("p-1", "p-2", "p-01", "x", "p-"))],
        "lines": [
            store.plan_lines(one, after=after, limit=2, state=state)
            for one in ("p-1", "p-2", "none")
            for after in (0, 1, 3)
            for state in (None, *LineState)
        ],
        "mappings": [store.mapping_versions(one, limit=n) for one in "abc" for n in (1, 9)],
        "alarms": [store.alarms(open_only=one, limit=n) for one in (False, True) for n in (1, 9)],
        "asking": store.asking(),
        "on_way": [store.on_way(after=after(at)) for at in (-99, 0)],
        "undelivered": [
            store.undelivered("desk", sync, after=(NOW, one), before=before, limit=n)
            for sync in "ab"
            for one in ("", "h1")
            for before in (NOW + timedelta(seconds=5), NOW + timedelta(days=9))
            for n in (1, 9)
        ],
        "late": [
            store.late(lane, priority, before=before, limit=n)
            for lane in SYSTEMS
            for priority in (1, 3)
            for before in (NOW, NOW + timedelta(days=9))
            for n in (1, 9)
        ],
    }
    return found


def _hub_id(share: Share | None) -> str | None:
    return share.hub.id if share else None


def step_on(store: Store, step: Any) -> Any:
    """Do one step; what it answered, Stale included."""
    if isinstance(step, tuple):
        return _lane_step(store, *step)
    parts = dict(step)
    for name in ("finished", "shelved"):
        parts[name] = [
            (one.key, found.generation if right and (found := store.work(one.key)) else 1)
            for one, right in parts[name]
        ]
    for share in parts["shares"]:
        stored = store.share(share.hub.id)
        share.hub.version = stored.hub.version if stored else 0
    try:
        store.commit(Change(**parts))
    except Stale:
        return "stale"
    return "done"


def _lane_step(store: Store, what: str, lane: str, holder: str, at: Any) -> Any:
    actions: dict[str, Callable[[], Any]] = {
        "ring": lambda: store.ring(lane),
        "unring": lambda: store.unring(lane),
        "lease": lambda: store.lease(lane, holder, now=at, until=at.replace(minute=1)),
        "release": lambda: store.release(lane, holder, {"by": holder}),
        "claim": lambda: list(store.claim(lane, now=at, busy=frozenset(holder), limit=2)),
    }
    return actions[what]()


@contextmanager
def fresh_sqlite() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(None, KEY, path=Path(folder), clock=FixedClock(), check=False)
        try:
            yield store
        finally:
            store.close()


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps)
def test_memory_and_sqlite_answer_alike(taken: list[Any]) -> None:
    memory = MemoryStore(FixedClock())
    with fresh_sqlite() as sqlite:
        for step in taken:
            assert step_on(memory, step) == step_on(sqlite, step)
            assert answers(memory) == answers(sqlite)
