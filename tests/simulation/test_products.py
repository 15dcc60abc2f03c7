"""The simulated products behave, and misbehave, as their flavours say."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta

import pytest

from sdsync.connectors.contract import AddElement, Create, Done, Find, Found, NativeRecord, Update
from sdsync.connectors.failures import Conflict, Failure, Missing, OutcomeUnknown, Rejected
from sdsync.store.records import Ref
from sdsync.testing.simulated.clock import VirtualClock
from sdsync.testing.simulated.connector import CONNECTORS, SimulatedConnector
from sdsync.testing.simulated.faults import RATES, Faults, peaceful
from sdsync.testing.simulated.flavours import FLAVOURS, PlaceForm, Setting
from sdsync.testing.simulated.product import SimulatedProduct

NOTHING: Mapping[str, float] = dict.fromkeys(RATES, 0.0)


def _rig(flavour: str, *, private: bool = True, faults: Faults | None = None) -> SimulatedConnector:
    clock = VirtualClock()
    places = (PlaceForm("home", "customer", private_right=private), PlaceForm("attic"))
    product = SimulatedProduct(flavour, FLAVOURS[flavour], Setting(places), clock)
    product.hire("ann")
    return CONNECTORS[flavour](product, faults or peaceful(), clock, random.Random(1))


def _always(*names: str) -> Faults:
    rates = {**NOTHING, **dict.fromkeys(names, 1.0)}
    return Faults(random.Random(1), rates)


def _born(rig: SimulatedConnector, **more: object) -> Ref:
    flavour = rig.product.flavour
    values = {flavour.title_path: "disk full", flavour.text_path: "[[r1]] help", **more}
    (answer,) = rig.apply([Create("ticket", "home", values, "mark-1", "intent-1")])
    assert isinstance(answer, Done)
    assert answer.native_id is not None
    return Ref(flavour.name, "ticket", answer.native_id)


def _fetched(rig: SimulatedConnector, ref: Ref) -> NativeRecord:
    native = rig.fetch(ref)
    assert isinstance(native, NativeRecord)
    return native


def test_the_desk_refuses_a_write_on_an_old_version() -> None:
    rig = _rig("desk")
    ref = _born(rig)
    version = _fetched(rig, ref).version
    ann = rig.product.person("ann")
    assert ann is not None
    rig.product.write(rig.product.records[ref.id], {"Subject": "by ann"}, by=ann)

    (answer,) = rig.apply([Update(ref, {"Subject": "ours"}, if_version=version)])

    assert isinstance(answer, Conflict)
    assert _fetched(rig, ref).values["Subject"] == "by ann"


def test_the_tracker_drops_the_private_flag_without_the_right() -> None:
    rig = _rig("tracker", private=False)
    ref = _born(rig)

    rig.apply([AddElement(ref, "note", {"body": "hush", "internal": True}, "m", "i")])

    (note,) = _fetched(rig, ref).notes or ()
    assert note.values["internal"] is False
    assert note.values["audience"] == "customer"


def test_the_board_cuts_a_title_without_a_word() -> None:
    rig = _rig("board")
    ref = _born(rig)

    (answer,) = rig.apply([Update(ref, {"title": "x" * 60})])

    assert isinstance(answer, Done)
    assert _fetched(rig, ref).values["title"] == "x" * 40


def test_the_board_refuses_what_it_does_not_know() -> None:
    rig = _rig("board")
    ref = _born(rig)

    (answer,) = rig.apply([Update(ref, {"list": "Nowhere"})])

    assert isinstance(answer, Rejected)


def test_a_cut_call_may_land_later() -> None:
    rig = _rig("desk", faults=_always("delayed effect"))
    create = Create("ticket", "home", {"Subject": "late", "Content": "[[r1]]"}, "mark-1", "i")

    (answer,) = rig.apply([create])
    before = len(rig.product.records)
    rig.clock.advance(rig.capabilities.create["ticket"].landing_s)

    assert isinstance(answer, OutcomeUnknown)
    assert (before, len(rig.product.records)) == (0, 1)


def test_a_lagging_search_finds_the_mark_after_its_time() -> None:
    rig = _rig("tracker", faults=_always("lagging search"))
    _born(rig)
    query = Find("ticket", "home", "mark-1", rig.clock.now())

    soon = rig.find(query)
    rig.clock.advance(rig.product.flavour.search_lag_s)
    later = rig.find(query)

    assert isinstance(soon, Found)
    assert isinstance(later, Found)
    assert (len(soon.native_ids), len(later.native_ids)) == (0, 1)


def test_own_recent_finds_exactly_the_content_though_it_was_cut() -> None:
    rig = _rig("board")
    title = "a very long title that no board will ever show in full"
    (made,) = rig.apply([Create("ticket", "home", {"title": title, "text": "t"}, "m", "i")])
    assert isinstance(made, Done)

    since = rig.clock.now() - timedelta(seconds=5)
    found = rig.find(Find("ticket", "home", "m", since, values={"title": title, "text": "t"}))
    other = rig.find(Find("ticket", "home", "m", since, values={"title": "no", "text": "t"}))

    assert found == Found((str(made.native_id),))
    assert other == Found(())


def test_own_recent_finds_what_was_made_without_a_text() -> None:
    rig = _rig("board")
    create = Create("ticket", "home", {"title": "disk full"}, "mark-1", "intent-1")
    rig.apply([create])
    rig.clock.advance(600.0)

    query = Find(
        "ticket", "home", "mark-1", rig.clock.now() - timedelta(hours=1), None, create.values
    )
    assert rig.find(query) == Found(("1",))


def test_a_merged_record_answers_with_the_survivor() -> None:
    rig = _rig("desk")
    loser, survivor = _born(rig), _born(rig)
    ann = rig.product.person("ann")
    assert ann is not None

    records = rig.product.records
    rig.product.merge(records[loser.id], records[survivor.id], by=ann)

    assert _fetched(rig, loser).ref == survivor


@pytest.mark.parametrize("flavour", sorted(FLAVOURS))
def test_an_archived_place_lists_nothing_and_forbids_its_records(flavour: str) -> None:
    rig = _rig(flavour)
    ref = _born(rig)
    cursor = rig.changes(None)
    assert not isinstance(cursor, Failure)

    rig.product.places["home"].archived = True

    assert type(rig.fetch(ref)).__name__ == "Forbidden"
    assert rig.readable("home") is False


def test_a_deleted_record_is_missing() -> None:
    rig = _rig("board")
    ref = _born(rig)

    rig.product.delete(rig.product.records[ref.id], by=rig.product.us)

    assert isinstance(rig.fetch(ref), Missing)


def test_the_agenda_is_kept_in_the_middle_of_a_call() -> None:
    clock = VirtualClock()
    done: list[float] = []
    clock.after(5.0, lambda: done.append(clock.monotonic()))

    clock.advance(10.0)

    assert done == [5.0]
    assert clock.monotonic() == 10.0
