"""Orders of people without a shell: what a word stops, who may say it, what it is not."""

from __future__ import annotations

import pytest

from sdsync.store.records import AuditRow, Change, Pause
from sdsync.sync.persons import commands
from tests.laws.people import Ticket
from tests.laws.rig import House, shared

TAGS = {"desk": "CustomFields.Tags", "dev": "custom_fields.Tags"}


def tag(ticket: Ticket, *words: str, by: str = "ann", automatic: bool = False) -> None:
    ticket.set({TAGS[ticket.side.name]: list(words)}, by=by, automatic=automatic)
    ticket.house.run()


def say(ticket: Ticket, *lines: str, internal: bool = True, by: str = "ann") -> None:
    ticket.note("\n\n".join(lines), internal=internal, by=by)
    ticket.house.run()


def pauses(house: House) -> list[Pause]:
    return list(house.store.pauses())


def why(row: AuditRow) -> tuple[str, str | None]:
    return row.text, row.why


# -- stop ---------------------------------------------------------------------------------
def test_law_56_a_tag_stops_a_record_and_taking_it_away_lets_it_go_on() -> None:
    house = House()
    ticket = shared(house)

    tag(ticket, "sdsync:stop", "urgent")
    (pause,) = pauses(house)
    assert (pause.by, pause.reason, pause.word) == ("Ann in desk", "tag sdsync:stop", "tag")
    (told,) = ticket.told("paused")
    assert (told.source, told.actor) == ("desk", house.desk.who("ann"))

    ticket.set({"Subject": "disk very full"})
    ticket.note("what now?", internal=True)
    assert house.quiet()

    tag(ticket, "urgent")
    assert pauses(house) == []
    copy = ticket.copy("dev")
    assert (copy["subject"], copy.bodies) == ("disk very full", ["what now?"])
    assert copy[TAGS["dev"]] == ["urgent"]
    assert [one.source for one in ticket.told("resumed")] == ["desk"]


def test_law_56_a_record_that_is_born_with_the_tag_stays_where_it_is() -> None:
    house = House().run(30)

    ticket = house.desk.open("disk full", by="ann", place="", **{TAGS["desk"]: ["sdsync:stop"]})
    house.run()
    assert house.writes() == 0

    tag(ticket)
    assert ticket.copy("dev")["subject"] == "disk full"


def test_law_56_a_line_of_an_internal_note_stops_and_another_lets_it_go_on() -> None:
    house = House()
    ticket = shared(house)

    say(ticket, "hold your horses", "sdsync:stop")
    assert [one.word for one in pauses(house)] == ["note"]
    say(ticket, "sdsync:go")

    assert pauses(house) == []
    assert ticket.copy("dev").bodies == ["hold your horses"]


def test_law_56_either_side_may_say_stop_and_the_last_that_does_ends_it() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")

    tag(copy, "sdsync:stop", by="bob")
    tag(ticket, "sdsync:stop")
    assert [one.by for one in pauses(house)] == ["Bob in dev"]
    tag(copy, by="bob")
    assert len(pauses(house)) == 1
    tag(ticket)

    assert pauses(house) == []


def test_law_56_a_word_ends_nothing_that_an_operator_paused() -> None:
    house = House()
    ticket = shared(house)
    scope = f"record:{ticket.hub.id}"
    commands.pause(house.store, scope, "ops", "upgrade", house.clock.now())

    tag(ticket, "sdsync:stop")
    tag(ticket)
    say(ticket, "sdsync:go")

    assert [one.by for one in pauses(house)] == ["ops"]
    assert [why(one) for one in ticket.told("order_ignored")] == [
        ("tag sdsync:stop", "it is paused already"),
        ("note sdsync:go", "ops paused it"),
    ]


@pytest.mark.parametrize("word", ["sdsync:stop", ""])
def test_law_56_what_an_operator_pauses_while_a_word_is_obeyed_stays_the_operators(
    word: str,
) -> None:
    """Between the look that saw the tag come, or go, and the commit that obeys it."""
    house = House()
    ticket = shared(house)
    scope = f"record:{ticket.hub.id}"
    if not word:
        tag(ticket, "sdsync:stop")
    commit = house.store.commit

    def slow(change: Change, *, lasting: bool = True) -> None:
        if change.pauses or change.resumed:
            house.store.commit = commit
            commands.pause(house.store, scope, "ops", "upgrade", house.clock.now())
        commit(change, lasting=lasting)

    house.store.commit = slow
    tag(ticket, word) if word else tag(ticket)
    say(ticket, "sdsync:go")

    assert [one.by for one in pauses(house)] == ["ops"]
    assert why(ticket.told("order_ignored")[-1]) == ("note sdsync:go", "ops paused it")


def test_law_56_a_repeat_does_nothing_and_a_resume_at_the_shell_stands() -> None:
    house = House()
    ticket = shared(house)
    tag(ticket, "sdsync:stop")
    commands.resume(house.store, f"record:{ticket.hub.id}", "ops", house.clock.now())

    ticket.bell().set({"Subject": "again"})
    house.run()

    assert pauses(house) == []
    assert ticket.copy("dev")["subject"] == "again"
    assert len(ticket.told("paused")) == 1


def test_law_56_an_order_outlives_a_crash_once() -> None:
    house = House()
    ticket = shared(house)
    house.dies("decided")

    tag(ticket, "sdsync:stop")

    assert house.crashes == 1
    assert len(pauses(house)) == len(ticket.told("paused")) == 1


def test_law_56_an_order_that_comes_while_we_write_the_tags_is_seen() -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev")
    tags = TAGS["dev"]

    def between() -> None:
        copy.set({tags: [*(copy.record.values.get(tags) or []), "sdsync:stop"]}, by="bob")

    house.dev.meanwhile("after", between)
    tag(ticket, "urgent")

    assert [one.by for one in pauses(house)] == ["Bob in dev"]


# -- who may ------------------------------------------------------------------------------
@pytest.mark.parametrize("by", ["robot", "sdsync"])
def test_law_45_machines_and_our_own_account_give_no_orders(by: str) -> None:
    house = House()
    ticket = shared(house)

    tag(ticket, "sdsync:stop", by=by)
    ticket.note("sdsync:stop", internal=True, by=by)
    house.run()

    assert pauses(house) == []


def test_law_45_an_automation_gives_no_orders() -> None:
    house = House()
    ticket = shared(house)

    tag(ticket, "sdsync:stop", automatic=True)

    assert pauses(house) == []
    assert [one.why for one in ticket.told("order_ignored")] == ["no person set it"]


def test_law_45_what_customers_can_write_is_no_order() -> None:
    house = House(audiences={"desk": "customer"})
    ticket = shared(house)

    say(ticket, "sdsync:stop", internal=False)

    assert pauses(house) == []
    assert ticket.copy("dev").bodies == ["sdsync:stop"]


@pytest.mark.parametrize(
    "text",
    ["> sdsync:stop", "`sdsync:stop`", "write sdsync:stop", "*Ann wrote in dev:*\n\nsdsync:stop"],
)
def test_law_45_talk_about_an_order_is_no_order(text: str) -> None:
    house = House()
    ticket = shared(house)

    say(ticket, text)

    assert pauses(house) == []


# -- what it is not -------------------------------------------------------------------------
def test_law_1_an_order_is_no_edit_and_is_carried_nowhere() -> None:
    house = House()
    ticket = shared(house)
    tag(ticket, "urgent")
    wrote = house.writes()

    tag(ticket, "urgent", "sdsync:retry")
    say(ticket, "sdsync:retry")
    assert house.writes() == wrote

    tag(ticket.copy("dev"), "urgent", "later", by="bob")
    assert sorted(ticket[TAGS["desk"]]) == ["later", "sdsync:retry", "urgent"]
    assert sorted(ticket.copy("dev")[TAGS["dev"]]) == ["later", "urgent"]
    assert house.quiet()


def test_law_54_a_note_that_was_an_order_alone_is_carried_when_it_says_more() -> None:
    house = House(systems=("dev", "desk"))
    house.run(30)
    ticket = house.dev.open()
    house.run()
    note = ticket.note("sdsync:retry", internal=True)
    house.run()
    assert ticket.copy("desk").bodies == []

    house.dev.product.edit_note(
        ticket.record,
        note,
        body="it works again",
        internal=True,
        truth="it works again",
        by=house.dev.who("ann"),
    )
    house.run()

    assert ticket.copy("desk").bodies == ["it works again"]


# -- retry ---------------------------------------------------------------------------------
def parked() -> tuple[House, Ticket]:
    house = House()
    ticket = shared(house)
    house.dev.product.records[ticket.copy("dev").record.id].frozen.add("priority")
    ticket.set({"Priority": "90"})
    house.run()
    assert ticket.group("dev", "urgency") == "parked"
    return house, ticket


@pytest.mark.parametrize("how", ["tag", "note"])
def test_law_40_a_word_tries_again_what_is_parked(how: str) -> None:
    _, ticket = parked()
    ticket.copy("dev").record.frozen.clear()

    (tag if how == "tag" else say)(ticket, "sdsync:retry")

    assert ticket.copy("dev")["priority"] == "Immediate"
    (row,) = ticket.told("replayed")
    assert (row.source, row.system, row.why) == ("desk", "dev", f"{how} sdsync:retry in desk")


def test_law_40_a_repeated_retry_tries_once() -> None:
    house, ticket = parked()
    tag(ticket, "sdsync:retry")
    wrote = house.writes()
    assert len(ticket.told("replayed")) == 1

    ticket.bell()
    assert house.quiet(60)

    assert (house.writes(), len(ticket.told("replayed"))) == (wrote, 1)


def test_law_7_a_word_levels_nothing_that_agrees_to_differ() -> None:
    house = House(sync={"fields": {"urgency": "desk"}})
    ticket = shared(house)
    ticket.copy("dev").set({"priority": "Low"}, by="bob")
    house.run()
    assert ticket.group("dev", "urgency") == "differs"

    tag(ticket, "sdsync:retry")

    assert ticket.copy("dev")["priority"] == "Low"
    assert [one.why for one in ticket.told("order_ignored")] == ["nothing is parked"]


def test_law_45_what_stood_in_public_is_no_order_once_the_note_is_internal() -> None:
    house = House(audiences={"desk": "customer"})
    ticket = shared(house)
    body = "please\n\nsdsync:stop"
    note = ticket.note(body, internal=False, by="ann")
    house.run()

    who = house.desk.who("bob")
    house.desk.product.edit_note(ticket.record, note, body=body, internal=True, truth="x", by=who)
    ticket.bell()
    house.run()

    assert pauses(house) == []


def test_law_56_a_note_that_becomes_an_order_leaves_what_was_carried() -> None:
    house = House(systems=("dev", "desk")).run(30)
    ticket = house.dev.open()
    house.run()
    note = ticket.note("it works", internal=True)
    house.run()

    who = house.dev.who("ann")
    house.dev.product.edit_note(
        ticket.record, note, body="sdsync:stop", internal=True, truth="x", by=who
    )
    ticket.bell()
    house.run()
    assert [one.word for one in pauses(house)] == ["note"]
    say(ticket, "sdsync:go")

    assert ticket.copy("desk").bodies == ["it works"]
