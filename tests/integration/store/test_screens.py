"""What screens and sweeps read, and the small rows beside the shares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sdsync.store.contract import Stale, Store
from sdsync.store.records import (
    AuditRow,
    Cause,
    Change,
    GroupState,
    Pause,
    PersonRow,
    Share,
    SyncRow,
    SystemRow,
    WorkKey,
)
from tests.integration.store.builders import NOW, after, group, hub, look, replica, share

CAUSE = Cause("7f3", "parked", "dev", "dev/environment/prod2", "dev refuses it", NOW)


def troubled() -> list[Share]:
    one, two, three = share(1), share(2), share(3)
    one.replicas[1].groups = {
        "environment": group(GroupState.PARKED, "7f3"),
        "outcome": group(GroupState.HELD, "b20", seconds=5),
    }
    two.replicas[1].groups = {"environment": group(GroupState.PARKED, "7f3", seconds=2)}
    two.replicas[0].groups = {"urgency": group(GroupState.AWAITING_PLAN)}
    two.hub.human_at = after(-50)
    three.hub.state = "unlinked"
    three.hub.syncs = ["escalations", "outages"]
    return [one, two, three]


def test_members_are_told_newest_first(store: Store) -> None:
    store.commit(Change(shares=troubled()))

    members = [(h.id, r.id, name) for h, r, name in store.cause_members("7f3")]
    held = [(h.id, r.id, name) for h, r, name in store.held()]
    parked = store.replicas_with_state("parked", limit=1)

    assert members == [("hub-2", "dev-2", "environment"), ("hub-1", "dev-1", "environment")]
    assert held == [("hub-1", "dev-1", "outcome")]
    assert [(h.id, h.version, name) for h, _, name in parked] == [("hub-2", 1, "environment")]
    assert store.replicas_with_state(GroupState.DIFFERS) == []


def test_members_of_a_system_are_told_page_by_page(store: Store) -> None:
    shares = [share(n) for n in range(1, 6)]
    for n, one in enumerate(shares):
        one.replicas[1].groups = {
            "people": group(GroupState.DIFFERS, seconds=n // 2),
            "urgency": group(GroupState.DIFFERS, seconds=n // 2),
        }
        one.replicas[0].groups = {"people": group(GroupState.DIFFERS, seconds=9)}
    store.commit(Change(shares=shares))
    pages: list[list[tuple[str, str]]] = []
    last = None

    while found := store.replicas_with_state("differs", system="dev", after=last, limit=3):
        pages.append([(r.id, name) for _, r, name in found])
        last = found[-1]

    told = [one for page in pages for one in page]
    order = ["dev-5", "dev-3", "dev-4", "dev-1", "dev-2"]
    assert told == [(one, name) for one in order for name in ("people", "urgency")]
    assert [len(page) for page in pages] == [3, 3, 3, 1]


def test_a_mended_group_is_listed_no_more(store: Store) -> None:
    store.commit(Change(shares=troubled()))
    mended = store.share("hub-1")
    assert mended is not None
    mended.replicas[1].groups = {"outcome": group(GroupState.DIRTY, seconds=9)}

    store.commit(Change(shares=[mended]))

    assert store.held() == []
    assert len(store.cause_members("7f3")) == 1
    assert [r.id for _, r, _ in store.replicas_with_state("dirty")] == ["dev-1"]


def test_a_replica_that_goes_takes_its_groups_along(store: Store) -> None:
    store.commit(Change(shares=troubled()))
    read = store.share("hub-1")
    assert read is not None

    store.commit(Change(shares=[Share(read.hub, read.replicas[:1])]))

    assert store.held() == []


def test_sync_counts_count_records(store: Store) -> None:
    store.commit(Change(shares=troubled()))

    assert store.sync_counts() == [
        ("escalations", "awaiting", 1),
        ("escalations", "held", 1),
        ("escalations", "lag_s", 60),
        ("escalations", "parked", 2),
        ("escalations", "shared", 2),
        ("outages", "shared", 0),
    ]


def test_hubs_come_in_pages_in_order_of_id(store: Store) -> None:
    store.commit(Change(shares=[Share(hub(n)) for n in (3, 1, 2)]))
    store.commit(Change(shares=[Share(hub(4, syncs=["outages"]))]))

    assert [one.id for one in store.hubs(limit=2)] == ["hub-1", "hub-2"]
    assert [one.id for one in store.hubs(after="hub-2")] == ["hub-3", "hub-4"]
    assert [one.id for one in store.hubs(sync="outages")] == ["hub-4"]
    assert [one.id for one in store.hubs(sync="escalations", after="hub-1", limit=1)] == ["hub-2"]


def test_a_hub_that_leaves_a_sync_is_not_listed_there(store: Store) -> None:
    store.commit(Change(shares=[Share(hub())]))
    read = store.share("hub-1")
    assert read is not None
    read.hub.syncs = ["outages"]

    store.commit(Change(shares=[read]))

    assert store.hubs(sync="escalations") == []
    assert [one.id for one in store.hubs(sync="outages")] == ["hub-1"]


def test_a_cause_is_open_once_per_fingerprint_and_id(store: Store) -> None:
    store.commit(Change(causes=[CAUSE]))
    store.commit(Change(causes=[replace(CAUSE, owner="ops-core")]))

    for rival in (replace(CAUSE, id="b20"), replace(CAUSE, fingerprint="another")):
        with pytest.raises(Stale):
            store.commit(Change(causes=[rival]))

    assert store.cause(CAUSE.fingerprint) == replace(CAUSE, owner="ops-core")
    assert store.cause("another") is None


def test_a_closed_cause_frees_its_fingerprint_and_its_id(store: Store) -> None:
    closed = replace(CAUSE, closed_at=after(5))
    newer = replace(CAUSE, id="b20", since=after(9))
    store.commit(Change(causes=[CAUSE]))
    store.commit(Change(causes=[closed]))
    store.commit(Change(causes=[newer]))

    assert store.cause(CAUSE.fingerprint) == newer
    assert store.causes() == [newer]
    assert store.causes(open_only=False) == [newer, closed]
    store.commit(Change(causes=[replace(CAUSE, fingerprint="another", since=after(20))]))
    assert [one.id for one in store.causes()] == ["7f3", "b20"]


def test_systems_syncs_and_people_are_replaced_by_key(store: Store) -> None:
    system = SystemRow("dev", identity="i1", cursor={"at": [1, "x"]}, seen_at=NOW)
    sync = SyncRow("escalations", NOW, "live")
    ann = PersonRow("dev", "7", "ann", email="ann@example.org", email_verified=True)
    store.commit(Change(systems=[system], syncs=[sync], people=[ann, replace(ann, system="desk")]))
    store.commit(Change(systems=[replace(system, state="ok")], people=[replace(ann, name="Ann")]))

    assert store.system("dev") == replace(system, state="ok")
    assert store.system("desk") == SystemRow("desk")
    assert store.sync("escalations") == sync
    assert store.sync("outages") is None
    assert store.people("dev") == [replace(ann, name="Ann")]


def test_pauses_end_by_scope(store: Store) -> None:
    pauses = [Pause("system:dev", NOW, "ann"), Pause("all", NOW, "ann", "storm")]
    store.commit(Change(pauses=pauses))

    assert store.pauses() == [pauses[1], pauses[0]]
    store.commit(Change(resumed=["all", "tenant:x"]))
    assert store.pauses() == [pauses[0]]


def test_blobs_are_kept_until_dropped(store: Store) -> None:
    body = bytes(range(256)) * 40
    store.commit(Change(blobs=[("file-1", body), ("file-2", b"")]))

    assert (store.blob("file-1"), store.blob("file-2")) == (body, b"")
    store.commit(Change(dropped_blobs=["file-1"]))
    assert store.blob("file-1") is None


def test_audit_rows_are_numbered_in_the_order_of_commits(store: Store) -> None:
    rows = [
        AuditRow(NOW, "born", "desk", "hub-1", "dev", "infra#882", text="born", duration_ms=430),
        AuditRow(NOW, "edited", "person:ann", "hub-2", field="title", before="a", after={"b": 1}),
        AuditRow(NOW, "edited", "desk", "hub-1", actor="7", why="newest", after=""),
    ]
    store.commit(Change(audit=rows[:2]))
    store.commit(Change(audit=rows[2:]))

    expected = [replace(one, seq=n) for n, one in enumerate(rows, 1)]
    assert list(store.audit()) == expected
    assert list(store.audit(hub_id="hub-1")) == [expected[0], expected[2]]
    assert list(store.audit(after_seq=1, limit=1)) == [expected[1]]
    assert list(store.audit(hub_id="hub-1", after_seq=1)) == [expected[2]]
    assert store.last_audit_seq() == 3


def test_ids_are_ordered_by_code_point(store: Store) -> None:
    names = ["B", "a", "Z", "ä", "_"]
    store.commit(Change(shares=[Share(hub(id=one, correlation=one)) for one in names]))

    assert [one.id for one in store.hubs()] == sorted(names)
    assert [one.id for one in store.hubs(after="Z")] == ["_", "a", "ä"]


def test_a_hub_without_groups_has_no_members(store: Store) -> None:
    store.commit(Change(shares=[Share(hub(), [replica()])]))

    assert store.held() == []
    assert store.sync_counts() == [("escalations", "shared", 1)]


# -- a cause goes on as long as anything points at it ------------------------------------
def pointing(state: GroupState) -> Share:
    made = share()
    made.replicas[1].groups = {"environment": group(state, CAUSE.id)}
    return made


def test_who_joins_a_cause_keeps_its_beginning_and_its_owner(store: Store) -> None:
    store.commit(Change(shares=[pointing(GroupState.PARKED)], causes=[CAUSE]))
    store.commit(Change(causes=[replace(CAUSE, owner="ops-core")]))

    store.commit(Change(causes=[replace(CAUSE, since=after(60), priority=5, text="newer words")]))

    assert store.cause(CAUSE.fingerprint) == replace(CAUSE, owner="ops-core", text="newer words")
    store.commit(Change(causes=[replace(CAUSE, owner="")]))
    found = store.cause(CAUSE.fingerprint)
    assert found is not None
    assert found.owner is None


def test_a_cause_that_nothing_points_at_begins_anew(store: Store) -> None:
    store.commit(Change(causes=[replace(CAUSE, owner="ops-core")]))

    again = replace(CAUSE, since=after(60))
    store.commit(Change(shares=[pointing(GroupState.PARKED)], causes=[again]))

    assert store.cause(CAUSE.fingerprint) == again


@pytest.mark.parametrize(
    ("state", "still_open"), [(GroupState.PARKED, True), (GroupState.DIRTY, False)]
)
def test_a_cause_is_not_closed_under_what_asks_for_somebody(
    store: Store, state: GroupState, still_open: bool
) -> None:
    store.commit(Change(shares=[pointing(state)], causes=[CAUSE]))

    store.commit(Change(causes=[replace(CAUSE, closed_at=after(5))]))

    assert (store.cause(CAUSE.fingerprint) is not None) is still_open


def waiting(n: int, **changes: Any) -> Share:
    """A ticket of which dev lacks a person's change."""
    one = share(n)
    one.replicas[1].groups = {"urgency": group(GroupState.PARKED, "7f3")}
    one.hub = replace(one.hub, human_at=after(0), **changes)
    return one


def test_what_waits_is_told_by_sync_birth_and_time(store: Store) -> None:
    late, observed, elsewhere, delivered, young = (waiting(n) for n in range(2, 7))
    late.hub.human_at, late.hub.told_at = after(-5), after(1)
    observed.hub.syncs = ["outages"]
    elsewhere.hub.correlation = "desk-2#4"
    delivered.replicas[1].groups = {"urgency": group(GroupState.DIFFERS)}
    young.hub.human_at = after(9)
    store.commit(Change(shares=[waiting(1), late, observed, elsewhere, delivered, young]))

    found = store.undelivered(
        "desk", "escalations", after=(after(-60), ""), before=after(9), limit=9
    )

    assert [(one.id, one.told_at) for one in found] == [("hub-2", after(1)), ("hub-1", None)]


def test_what_waits_is_told_page_by_page(store: Store) -> None:
    store.commit(Change(shares=[waiting(n) for n in (3, 1, 2)]))
    key, pages = (after(0), ""), []

    while found := store.undelivered("desk", "escalations", after=key, before=after(1), limit=2):
        pages.append([one.id for one in found])
        key = after(0), found[-1].id

    assert pages == [["hub-1", "hub-2"], ["hub-3"]]


def test_what_is_on_its_way_is_told_with_its_first_and_last_instant(store: Store) -> None:
    shares = troubled()
    for one in shares[:2]:
        one.replicas[1].groups["environment"].state = GroupState.DIRTY
    due = {1: after(60), 2: after(120)}
    ring = [look(f"dev-{n}", "dev", kind="deliver", since=at, due_at=at) for n, at in due.items()]
    ring.append(look("desk-1", "desk", kind="deliver", since=after(900), due_at=after(900)))
    store.commit(Change(shares=shares, ring=ring))

    assert store.on_way(after=NOW) == {"7f3": (2, after(60), after(120))}

    later = store.work(WorkKey("dev", "deliver", "dev-2"))
    assert later is not None
    store.commit(Change(shelved=[(later.key, later.generation)]))  # as a pause does
    assert store.on_way(after=NOW) == {"7f3": (1, after(60), after(60))}
    assert store.on_way(after=after(60)) == {}
