"""Law 24: what is sent last, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sdsync.connectors.contract import AddElement, Operation, Update
from sdsync.sync.deliver.placing import blocks_closing
from sdsync.sync.draft import Draft
from tests.laws.rig import AWAY, House, shared

AWHILE = timedelta(seconds=45)


# -- law 24 ------------------------------------------------------------------------------
def kinds(sent: list[Operation]) -> list[str]:
    """What was sent, in order: notes, and updates of the status."""
    told = []
    for one in sent:
        if isinstance(one, AddElement):
            told.append(one.kind)
        elif isinstance(one, Update) and "Status" in one.values:
            told.append(str(one.values["Status"]))
    return told


def test_law_24_closed_is_sent_after_notes_and_files() -> None:
    house = House().run(30)
    ticket = house.dev.open("disk full", status="In Progress")
    house.run()
    before = len(house.desk.sent)

    house.desk.down(60)
    ticket.set({"status": "Resolved"}).set({"status": "Closed"})
    ticket.note("the cause was a log")
    ticket.attach("log.txt")
    house.run(300)

    assert kinds(house.desk.sent[before:])[-1] == "resolved"
    assert sorted(kinds(house.desk.sent[before:])) == ["attachment", "note", "resolved"]


@pytest.mark.parametrize(("closes", "status"), [("birth", "resolved"), ("any", "closed")])
def test_law_24_by_default_only_the_side_of_birth_closes(closes: str, status: str) -> None:
    house = House(sync={"closes": closes})
    ticket = shared(house, Status="open")
    house.run()

    ticket.copy("dev").set({"status": "Resolved"}, by="bob").set({"status": "Closed"}, by="bob")
    house.run()

    assert ticket.hub.values["status"] == status


def test_law_24_what_lies_on_a_record_that_was_merged_away_holds_nothing_up() -> None:
    house = House()
    ticket = shared(house, Status="open")
    file = ticket.attach("log.txt")
    house.run()
    other = house.dev.open("the real one", place=AWAY["dev"])
    copy = ticket.copy("dev")
    house.dev.product.merge(copy.record, other.record, by=house.dev.who("bob"))
    house.run(300)

    house.desk.product.remove_file(ticket.record, file, by=house.desk.who("ann"))
    house.run()
    other.set({"status": "In Progress"}, by="bob").set({"status": "Resolved"}, by="bob")
    house.run()
    assert ticket["Status"] == "resolved"
    assert not blocks_closing(
        Draft(ticket.share, house.engine.core.context()), ticket.replica("dev")
    )


def test_law_24_a_step_that_shows_already_does_not_end_the_way() -> None:
    """Closed looks like resolved there: nothing is to be sent for it, and it is reopened next."""
    house = House(sync={"closes": "any"})
    ticket = shared(house, Status="open")
    ticket.set({"Status": "resolved"})
    house.run()
    copy = ticket.copy("dev")

    ticket.record.forbidden = True
    ticket.bell()
    house.run(30)
    copy.set({"status": "Closed"}, by="bob")
    house.run(60)
    copy.set({"status": "In Progress"}, by="bob")
    house.run(60)
    ticket.record.forbidden = False
    house.run(1200)

    assert ticket["Status"] == "open"
    assert not house.told("said_waiting")  # it did not even wait long enough to be told


def test_law_24_a_transition_that_stops_a_clock_is_not_folded_away() -> None:
    house = House()
    ticket = shared(house, Status="open")

    house.dev.down(120)
    ticket.set({"Status": "stalled"})
    house.run(60)
    ticket.set({"Status": "open"})
    house.run(300)

    assert ticket.copy("dev").history("status")[-2:] == ["Feedback", "In Progress"]


def test_law_24_what_nobody_can_take_back_does_not_hold_up_the_closing() -> None:
    """The file stayed with an id that was merged away, and then it was removed at its source."""
    house = House(sync={"closes": "any"})
    ticket = shared(house)
    ticket.attach("evidence")
    house.run()
    draft = Draft(ticket.share, house.engine.core.context())
    replica = draft.share.at("dev")
    assert replica is not None
    (file,) = draft.share.elements
    (copy,) = [one for one in draft.share.placements if one.replica_id == replica.id]
    file.deleted_at, copy.native_id = house.clock.now(), None

    assert not blocks_closing(draft, replica)
