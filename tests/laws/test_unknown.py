"""Law 9: what was not read is not empty; nor is what is not there at all."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from sdsync.connectors.contract import NativeRecord, Update
from tests.laws.rig import House, shared

LONG = "login fails for everybody in the Prague office since the update"


# -- law 9 -------------------------------------------------------------------------------
def test_law_9_what_a_read_does_not_prove_is_not_empty() -> None:
    house = House()
    ticket = shared(house, **{"CustomFields.Category": "infra/storage"})
    ticket.note("disk is at 99 %")
    house.run()

    house.desk.line.instead["fetch"] = partial(_without, "Category")
    ticket.set({"Subject": "seen in part"})
    house.run()

    copy = ticket.copy("dev")
    assert copy["subject"] == "seen in part"
    assert copy["category"] == "storage"
    assert copy.bodies == ["disk is at 99 %"]
    assert ticket.hub.values["category_path"] == ["infra", "storage"]


def _without(name: str, shown: object) -> object:
    """The same look, but one custom field and all notes were not to be had."""
    assert isinstance(shown, NativeRecord)
    values = dict(shown.values)
    values["CustomFields"] = {k: v for k, v in values["CustomFields"].items() if k != name}
    unknown = frozenset({f"CustomFields.{name}"})
    return replace(shown, values=values, unknown=unknown, notes=None)


def _lost(name: str, shown: object) -> object:
    """The same look at a record that has no such custom field as what it is now."""
    assert isinstance(shown, NativeRecord)
    values = dict(shown.values)
    values["CustomFields"] = {k: v for k, v in values["CustomFields"].items() if k != name}
    return replace(shown, values=values)


def test_law_9_a_field_that_a_record_has_no_more_was_not_emptied() -> None:
    house = House()
    ticket = shared(house, **{"CustomFields.Category": "infra/storage"})

    house.desk.line.instead["fetch"] = partial(_lost, "Category")
    ticket.set({"Subject": "of another type"})
    house.run()

    assert ticket.copy("dev")["subject"] == "of another type"
    assert ticket.copy("dev")["category"] == "storage"
    assert ticket.hub.values["category_path"] == ["infra", "storage"]
    assert [one.field for one in ticket.replica("desk").fidelity] == ["category_path"]


def test_law_11_a_field_that_a_record_has_again_gets_the_shared_value_back() -> None:
    house = House()
    ticket = shared(house, **{"CustomFields.Category": "infra/storage"})
    house.desk.line.instead["fetch"] = partial(_lost, "Category")
    ticket.set({"Subject": "of another type"})
    house.run()

    del house.desk.line.instead["fetch"]
    ticket.record.values["CustomFields.Category"] = None  # the product forgot it meanwhile
    ticket.set({"Subject": "of the old type"})
    house.run()

    assert ticket["CustomFields.Category"] == "infra/storage"
    assert ticket.copy("dev")["category"] == "storage"
    assert ticket.replica("desk").fidelity == []
    assert house.quiet()


def test_law_11_what_one_side_never_had_a_field_for_is_told_there() -> None:
    house = House()
    house.desk.line.instead["fetch"] = partial(_lost, "Category")
    ticket = shared(house)

    ticket.copy("dev").set({"category": "storage"}, by="bob")
    house.run()

    assert ticket.group("desk", "category") == "parked"
    assert "the record has no CustomFields.Category" in str(ticket.row("desk", "category"))


def test_law_9_an_unknown_field_is_compared_again_when_it_is_known() -> None:
    house = House()
    ticket = shared(house, **{"CustomFields.Category": "infra/storage"})

    house.desk.line.instead["fetch"] = partial(_without, "Category")
    ticket.set({"CustomFields.Category": "infra/network", "Subject": "moved"})
    house.run()
    assert ticket.copy("dev")["category"] == "storage"
    del house.desk.line.instead["fetch"]
    ticket.set({"Subject": "seen whole"})
    house.run()

    assert ticket.copy("dev")["category"] == "network"
    assert not [one for one in house.desk.sent if isinstance(one, Update) and "Queue" in one.values]


@pytest.mark.parametrize("also", [[], ["bob"]])
def test_law_9_a_watcher_who_was_nobody_is_merged_once_known(also: list[str]) -> None:
    house = House(started=False)
    house.desk.line.instead["people"] = lambda _: []
    ticket = shared(house.start(), Cc=["ann"])
    assert ticket.copy("dev")["watchers"] == []

    del house.desk.line.instead["people"]
    house.start().run(60)
    ticket.set({"Subject": "looked at again", "Cc": ["ann", *also]})
    house.run()

    assert ticket.copy("dev")["watchers"] == [house.dev.who(one) for one in ("ann", *also)]
    assert ticket["Cc"] == ["ann", *also]
    assert [one.after for one in ticket.told("edited") if one.field == "watchers"]
    assert house.quiet()
