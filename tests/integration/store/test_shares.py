"""Shares: written whole or not at all, found by everything that names them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sdsync.store.contract import Stale, Store
from sdsync.store.records import (
    Attempt,
    AuditRow,
    Cause,
    Change,
    FidelityNote,
    FieldVersion,
    GroupState,
    IntentState,
    LineState,
    Pause,
    PlanLine,
    Ref,
    ReplicaState,
    Share,
    Verdict,
)
from tests.integration.store.builders import NOW, after, group, hub, intent, replica, share


def test_what_was_committed_is_read_back_equal(store: Store) -> None:
    first = share()
    first.hub.versions["title"] = FieldVersion("title", 1, "x", "desk", None, NOW, after(5))
    first.hub.human_at = after(1)
    first.hub.merged_into = "hub-9"
    first.replicas[0].groups["outcome"] = group(GroupState.PARKED, "7f3")
    first.replicas[0].fidelity = [FidelityNote("title", "cut at 80", NOW)]
    first.attempts = [Attempt("a1", "dev-1", "hub-1", NOW, after(10), {"title": "x"}, "Title x")]

    store.commit(Change(shares=[first]))

    read = store.share("hub-1")
    assert read is not None
    assert read.hub.version == 1
    assert read == replace(first, hub=replace(first.hub, version=1))
    assert first.hub.version == 0


def test_a_share_is_found_by_native_id_replica_and_mark(store: Store) -> None:
    store.commit(Change(shares=[share(1), share(2)]))

    found = [
        store.share_of(Ref("dev", "ticket", "2")),
        store.share_with_replica("desk-2"),
        store.share_by_mark("mark-2"),
    ]

    assert [one.hub.id for one in found if one] == ["hub-2"] * 3
    assert store.share("hub-3") is None
    assert store.share_of(Ref("dev", "note", "2")) is None
    assert store.share_with_replica("desk-3") is None
    assert store.share_by_mark("mark-3") is None


def test_a_reader_owns_its_copy(store: Store) -> None:
    store.commit(Change(shares=[share()]))
    read = store.share("hub-1")
    assert read is not None

    read.hub.values["tags"].append("env:test")

    again = store.share("hub-1")
    assert again is not None
    assert again.hub.values["tags"] == ["env:prod"]


def test_a_commit_on_an_older_version_is_stale_and_writes_nothing(store: Store) -> None:
    store.commit(Change(shares=[share()]))
    mine, theirs = store.share("hub-1"), store.share("hub-1")
    assert mine is not None
    assert theirs is not None
    theirs.hub.values["title"] = "theirs"
    store.commit(Change(shares=[theirs]))
    mine.hub.values["title"] = "mine"

    with pytest.raises(Stale):
        store.commit(
            Change(shares=[share(2), mine], audit=[AuditRow(NOW, "edited", "desk", "hub-1")])
        )

    read = store.share("hub-1")
    assert read is not None
    assert (read.hub.values["title"], read.hub.version) == ("theirs", 2)
    assert store.share("hub-2") is None
    assert store.last_audit_seq() == 0


@pytest.mark.parametrize("version", [0, 7])
def test_a_hub_that_exists_is_not_made_again_nor_one_changed_that_does_not(
    store: Store, version: int
) -> None:
    if version == 0:
        store.commit(Change(shares=[share()]))

    with pytest.raises(Stale):
        store.commit(Change(shares=[Share(hub(version=version))]))


def test_law_25_the_loser_of_a_race_is_stale(store: Store) -> None:
    store.commit(Change(shares=[share(1)]))
    rivals = [
        Share(hub(2, correlation="desk#1")),
        Share(hub(2), [replica(2, native_id="1")]),
        Share(hub(2), [replica(2)], intents=[intent(2, mark="mark-1", replica_id="desk-2")]),
        Share(hub(2), [replica(2, id="desk-1", native_id="5")]),
    ]

    for rival in rivals:
        with pytest.raises(Stale):
            store.commit(Change(shares=[rival]))

    assert store.share("hub-2") is None


def test_law_25_one_intent_per_hub_system_kind_place_and_generation(store: Store) -> None:
    twice = share()
    twice.replicas.append(replica(1, "dev", id="dev-1b", native_id="1b"))
    twice.intents.append(intent(1, id="intent-1b", replica_id="dev-1b", mark="other"))

    with pytest.raises(Stale):
        store.commit(Change(shares=[twice]))

    twice.intents[-1].generation = 2
    store.commit(Change(shares=[twice]))


def test_an_element_has_one_intent_on_each_replica(store: Store) -> None:
    both = share()
    for name in ("desk-1", "dev-1"):
        both.intents.append(
            intent(1, id=name, mark=name, kind="note", element_id="note-1", replica_id=name)
        )

    store.commit(Change(shares=[both]))

    read = store.share("hub-1")
    assert read is not None
    assert len(read.intents) == 3


def test_rows_that_are_left_out_are_gone_and_their_keys_free(store: Store) -> None:
    store.commit(Change(shares=[share()]))
    read = store.share("hub-1")
    assert read is not None
    read.replicas = read.replicas[:1]
    read.placements = read.placements[:1]
    read.intents = []

    store.commit(Change(shares=[read]))
    store.commit(Change(shares=[Share(hub(2), [replica(2, "dev", native_id="1")])]))

    left = store.share("hub-1")
    assert left is not None
    assert [one.id for one in left.replicas] == ["desk-1"]
    assert left.intents == []
    moved = store.share_of(Ref("dev", "ticket", "1"))
    assert moved is not None
    assert moved.hub.id == "hub-2"


def test_a_replica_moves_to_another_hub_in_one_commit(store: Store) -> None:
    store.commit(Change(shares=[share(1), share(2)]))
    one, two = store.share("hub-1"), store.share("hub-2")
    assert one is not None
    assert two is not None
    moving = one.replicas.pop()
    one.placements.pop()
    one.intents.clear()
    two.replicas.append(replace(moving, hub_id="hub-2"))

    store.commit(Change(shares=[one, two]))

    found = store.share_with_replica("dev-1")
    assert found is not None
    assert found.hub.id == "hub-2"
    left = store.share("hub-1")
    assert left is not None
    assert [one.id for one in left.replicas] == ["desk-1"]


def test_open_intents_are_listed_until_settled_or_abandoned(store: Store) -> None:
    shares = [share(n) for n in (1, 2, 3)]
    shares[1].intents[0].state = IntentState.SETTLED
    shares[2].intents[0].state = IntentState.ABANDONED
    store.commit(Change(shares=shares))

    assert store.open_intents_in("dev", "ticket") == [("hub-1", "infra")]
    assert store.open_intents_in("desk", "ticket") == []
    assert store.open_intents_in("dev", "note") == []


def test_law_12_hubs_are_found_by_the_value_of_a_field(store: Store) -> None:
    store.commit(Change(shares=[share(1), share(2), Share(hub(3, values={"title": None}))]))
    edited = store.share("hub-2")
    assert edited is not None
    edited.hub.values["title"] = "ticket 1"
    edited.hub.values["watchers"] = []
    store.commit(Change(shares=[edited]))

    assert store.find_hubs("ticket", "title", "ticket 1") == ["hub-1", "hub-2"]
    assert store.find_hubs("ticket", "title", "ticket 2") == []
    assert store.find_hubs("ticket", "tags", ["env:prod"]) == ["hub-1", "hub-2"]
    assert store.find_hubs("ticket", "watchers", []) == ["hub-2"]
    assert store.find_hubs("problem", "title", "ticket 1") == []
    assert store.find_hubs("ticket", "title", None) == []


def test_unusual_json_survives(store: Store) -> None:
    odd = {"big": 2**70, "half": "\ud800", "deep": {"a": [1, 2.5, None, True, {"ü": "\u0000"}]}}
    store.commit(Change(shares=[Share(hub(values=odd))]))

    read = store.share("hub-1")

    assert read is not None
    assert read.hub.values == odd


def test_versions_are_told_newest_first(store: Store) -> None:
    rows = [
        FieldVersion("title", 1, "a", "desk", None, NOW, NOW),
        FieldVersion("status", 1, "new", "desk", "e1", NOW, after(1), "7", hops=("desk",)),
        FieldVersion("title", 2, {"b": 1}, "person:ann", None, NOW, NOW, human=False),
    ]
    store.commit(Change(versions=[("hub-1", one) for one in rows[:2]]))
    store.commit(Change(versions=[("hub-1", rows[2]), ("hub-2", rows[0])]))

    assert store.versions("hub-1") == rows[::-1]
    assert store.versions("hub-1", "title") == [rows[2], rows[0]]
    with pytest.raises(Stale):
        store.commit(Change(versions=[("hub-1", rows[0])]))


def test_a_replica_state_is_its_own_type_again(store: Store) -> None:
    store.commit(Change(shares=[share()]))

    read = store.share("hub-1")

    assert read is not None
    assert read.replicas[0].state is ReplicaState.LIVE
    assert read.elements[0].hops == ("desk",)


# -- what a decision was taken on ----------------------------------------------------------
def test_a_pause_that_came_after_the_decision_is_not_written_over(store: Store) -> None:
    word, person = Pause("all", NOW, "ann", word="tag"), Pause("all", after(1), "ops")
    store.commit(Change(pauses=[person]))

    for seen in (None, word):
        with pytest.raises(Stale):
            store.commit(Change(pauses=[word], saw_pauses={"all": seen}))
        with pytest.raises(Stale):
            store.commit(Change(resumed=["all"], saw_pauses={"all": seen}))

    assert store.pauses() == [person]
    store.commit(Change(resumed=["all"], saw_pauses={"all": person}))
    store.commit(Change(pauses=[word], saw_pauses={"all": None}))
    assert store.pauses() == [word]


def test_a_cause_that_was_closed_after_the_decision_stays_closed(store: Store) -> None:
    cause = Cause("7f3", "parked", "dev", "f", "refused", NOW)
    store.commit(Change(causes=[cause]))
    store.commit(Change(causes=[cause], saw_open=["7f3"]))
    store.commit(Change(causes=[replace(cause, closed_at=after(1))]))

    for one in ("7f3", "b20"):
        with pytest.raises(Stale):
            store.commit(Change(causes=[cause], saw_open=[one]))

    assert store.causes() == []


@pytest.mark.parametrize("second", [LineState.DONE, LineState.REFUSED, LineState.WITHOUT])
def test_a_line_of_a_plan_is_over_once(store: Store, second: LineState) -> None:
    line = PlanLine("p-1", 1, Verdict.CERTAIN, [], LineState.WAITING)
    store.commit(Change(plan_lines=[line]))
    store.commit(Change(plan_lines=[replace(line, state=LineState.DONE)]))

    with pytest.raises(Stale):
        store.commit(Change(plan_lines=[replace(line, state=second, told="too late")]))

    (kept,) = store.plan_lines("p-1")
    assert (kept.state, kept.told) == (LineState.DONE, "")
