"""Work, events, lanes: rung, claimed, finished, postponed; leased and given back."""

from __future__ import annotations

from datetime import timedelta

from sdsync.store.contract import Store
from sdsync.store.records import Change, LaneRow, Work
from tests.integration.store.builders import NOW, after, event, look

NOBODY: frozenset[str] = frozenset()
CENTURY_S = 100 * 365 * 86400.0


def claim(store: Store, lane: str = "desk", limit: int = 10, seconds: float = 0) -> list[Work]:
    return list(store.claim(lane, now=after(seconds), busy=NOBODY, limit=limit))


def targets(work: list[Work]) -> list[str]:
    return [one.key.target for one in work]


def test_work_is_claimed_by_deadline_and_each_start_is_counted(store: Store) -> None:
    ring = [look(str(n), deadline_at=after(60 - n)) for n in range(5)]
    store.commit(Change(ring=[*ring, look("x", "dev"), look("later", due_at=after(5))]))

    first = claim(store, limit=3)

    assert targets(first) == ["4", "3", "2"]
    assert [one.starts for one in first] == [1, 1, 1]
    assert [one.starts for one in claim(store, limit=1)] == [2]
    assert targets(claim(store, seconds=5)) == ["4", "3", "2", "1", "0", "later"]


def test_what_was_started_and_has_not_ended_is_told(store: Store) -> None:
    store.commit(Change(ring=[look("1"), look("2"), look("3"), look("x", "dev")]))
    one, two, three = claim(store)

    store.commit(Change(finished=[(one.key, one.generation)], postponed=[(two.key, after(9))]))

    assert list(store.started("desk")) == [three.key]
    assert not store.started("dev")


def test_busy_targets_are_passed_over(store: Store) -> None:
    store.commit(Change(ring=[look(str(n), deadline_at=after(n)) for n in range(6)]))

    taken = store.claim("desk", now=NOW, busy=frozenset("0123"), limit=2)

    assert targets(list(taken)) == ["4", "5"]


def test_a_second_ring_keeps_the_earlier_and_the_more_urgent(store: Store) -> None:
    first = look(priority=4, since=after(-9), due_at=after(5), deadline_at=after(50))
    first.hint = {"why": "webhook", "n": 1}
    store.commit(Change(ring=[first]))
    before = store.work(first.key)

    again = look(priority=2, since=NOW, due_at=after(1), deadline_at=after(90))
    again.hint = {"n": 2}
    store.commit(Change(ring=[again]))

    row = store.work(first.key)
    assert row is not None
    assert before is not None
    assert (row.priority, row.since, row.due_at, row.deadline_at) == (
        2, after(-9), after(1), after(50),
    )  # fmt: skip
    assert row.generation == before.generation + 1
    assert row.hint == {"why": "webhook", "n": 2}


def test_finishing_clears_only_the_generation_that_was_taken(store: Store) -> None:
    store.commit(Change(ring=[look()]))
    [taken] = claim(store)
    store.commit(Change(ring=[look()]))

    store.commit(Change(finished=[(taken.key, taken.generation)]))

    left = store.work(taken.key)
    assert left is not None
    assert left.starts == 0
    store.commit(Change(finished=[(left.key, left.generation)]))
    assert store.work(taken.key) is None


def test_a_late_finisher_cannot_clear_work_that_was_rung_since(store: Store) -> None:
    store.commit(Change(ring=[look()]))
    [stalled] = claim(store)
    store.commit(Change(finished=[(stalled.key, stalled.generation)]))
    store.commit(Change(ring=[look(due_at=after(1))]))

    store.commit(Change(finished=[(stalled.key, stalled.generation)]))

    assert store.work(stalled.key) is not None


def test_finished_and_rung_in_one_commit_is_due_anew(store: Store) -> None:
    store.commit(Change(ring=[look("", kind="poll")]))
    [taken] = claim(store)

    again = look("", kind="poll", since=after(30), due_at=after(30))
    store.commit(Change(finished=[(taken.key, taken.generation)], ring=[again]))

    row = store.work(taken.key)
    assert row is not None
    assert (row.due_at, row.starts) == (after(30), 0)
    assert store.next_due("desk") == after(30)
    assert claim(store) == []


def test_the_rest_of_a_lane_is_due_when_it_says(store: Store) -> None:
    rows = [look("1"), look("1", kind="pull"), look("2", since=after(30), due_at=after(30))]
    store.commit(Change(ring=rows))

    assert store.next_due("desk") == NOW
    assert store.next_due("desk", frozenset({"1"})) == after(30)
    assert store.next_due("desk", frozenset({"1", "2"})) is None


def test_postponed_work_is_due_later_and_starts_anew(store: Store) -> None:
    store.commit(Change(ring=[look()]))
    [taken] = claim(store)

    store.commit(Change(postponed=[(taken.key, after(7))]))

    assert claim(store, seconds=6) == []
    [again] = claim(store, seconds=7)
    assert (again.starts, again.deadline_at) == (1, taken.deadline_at)


def shelve(store: Store, *works: Work) -> None:
    store.commit(Change(shelved=[(one.key, one.generation) for one in works]))


def test_work_on_the_shelf_is_not_due_until_a_pause_is_over(store: Store) -> None:
    store.commit(Change(ring=[look(str(n), deadline_at=after(60 - n)) for n in range(3)]))
    taken = claim(store, limit=2)

    for _ in range(2):  # and once more is the same
        shelve(store, *taken)
    store.commit(Change(postponed=[(one.key, after(1)) for one in taken]))  # by whoever stalled

    [left] = claim(store, seconds=CENTURY_S)
    assert left.key.target == "0"
    store.commit(Change(finished=[(left.key, left.generation)]))
    assert store.next_due("desk") is None
    store.commit(Change(resumed=["sync:a"]))
    back = claim(store)
    assert targets(back) == ["2", "1"]
    assert [(one.starts, one.deadline_at) for one in back] == [(1, after(58)), (1, after(59))]


def test_a_ring_takes_work_from_the_shelf_as_urgent_as_it_was(store: Store) -> None:
    store.commit(Change(ring=[look("1", deadline_at=after(9))]))
    shelve(store, *claim(store))

    store.commit(Change(ring=[look("1", due_at=after(600), deadline_at=after(900))]))

    assert store.next_due("desk") == NOW
    assert [one.deadline_at for one in claim(store)] == [after(9)]


def test_work_that_was_rung_since_it_was_claimed_is_not_shelved(store: Store) -> None:
    store.commit(Change(ring=[look("1")]))
    taken = claim(store)
    store.commit(Change(ring=[look("1")]))

    shelve(store, *taken)

    assert [one.starts for one in claim(store)] == [1]


def test_what_a_pause_holds_is_not_late(store: Store) -> None:
    work = look("1", kind="deliver")
    store.commit(Change(ring=[work]))
    assert store.late("desk", work.priority, before=after(1), limit=5) == [("1", work.since)]

    shelve(store, *claim(store))

    assert store.late("desk", work.priority, before=after(1), limit=5) == []


def test_a_known_event_rings_only_what_is_not_waiting(store: Store) -> None:
    store.commit(Change(events=[event()], ring=[look()]))
    first = store.work(look().key)

    store.commit(Change(events=[event()], ring=[look(), look("9", "dev", kind="deliver")]))

    assert store.work(look().key) == first
    assert store.work(look("9", "dev", kind="deliver").key) is not None
    assert first is not None
    store.commit(Change(finished=[(first.key, first.generation)]))
    store.commit(Change(events=[event()], ring=[look()]))
    assert store.work(look().key) is not None


def test_a_number_that_a_product_gives_anew_is_another_change(store: Store) -> None:
    """Restored from its backup, it counts on from there: for another record, or the same."""
    store.commit(Change(events=[event("transaction 7")], ring=[look()]))
    first = store.work(look().key)
    assert first is not None
    store.commit(Change(finished=[(first.key, first.generation)]))

    store.commit(Change(events=[event("transaction 7", native_id="9")], ring=[look("9")]))
    store.commit(Change(events=[event("transaction 7")], ring=[look()]))

    assert store.work(look("9").key) is not None
    assert store.work(look().key) is not None


def test_one_new_event_among_known_ones_rings(store: Store) -> None:
    store.commit(Change(events=[event("a")], ring=[look()]))
    first = store.work(look().key)
    assert first is not None

    store.commit(Change(events=[event("a"), event("b")], ring=[look()]))

    row = store.work(look().key)
    assert row is not None
    assert row.generation == first.generation + 1


def test_a_decided_ring_counts_though_the_events_are_known(store: Store) -> None:
    deliver = look("desk-1", kind="deliver")
    store.commit(Change(events=[event()], ring=[look(), deliver]))
    first = store.work(deliver.key)

    store.commit(Change(events=[event()], ring=[deliver]))

    row = store.work(deliver.key)
    assert row is not None
    assert first is not None
    assert row.generation == first.generation + 1


def test_the_next_due_may_be_past_or_nothing(store: Store) -> None:
    store.commit(Change(ring=[look("a", due_at=after(-5)), look("b", due_at=after(5))]))

    assert store.next_due("desk") == after(-5)
    assert store.next_due("dev") is None


def test_work_counts_leave_timers_out(store: Store) -> None:
    store.commit(
        Change(
            ring=[
                look("1", since=after(-30)),
                look("2", since=after(-90), due_at=after(99)),
                look("", kind="poll", since=after(-200)),
                look("", "dev", kind="poll"),
            ]
        )
    )

    assert store.work_counts() == [("desk", 2, after(-30)), ("dev", 0, None)]


def test_law_34_a_bell_turns_true_once(store: Store) -> None:
    assert [store.ring("desk"), store.ring("desk")] == [True, False]
    assert store.lane("desk").rung
    assert [store.unring("desk"), store.unring("desk")] == [True, False]
    assert store.ring("desk")


def test_a_lane_has_one_holder_and_each_new_one_a_higher_fence(store: Store) -> None:
    until = timedelta(seconds=15)

    assert store.lease("desk", "a", now=NOW, until=NOW + until) == 1
    assert store.lease("desk", "b", now=after(5), until=after(5) + until) is None
    assert store.lease("desk", "a", now=after(9), until=after(9) + until) == 1
    assert store.lease("desk", "b", now=after(24), until=after(24) + until) == 2
    store.release("desk", "a", {"late": True})
    assert store.lane("desk") == LaneRow("desk", "b", after(39), 2)
    store.release("desk", "b", {"epoch": 3})
    assert store.lane("desk") == LaneRow("desk", None, None, 2, checkpoint={"epoch": 3})
    assert store.lease("desk", "c", now=after(25), until=after(40)) == 3
    assert store.lane("desk").checkpoint == {"epoch": 3}


def test_an_unknown_lane_is_an_empty_one(store: Store) -> None:
    assert store.lane("nowhere") == LaneRow("nowhere")
    assert not store.unring("nowhere")
    store.release("nowhere", "a", {})
