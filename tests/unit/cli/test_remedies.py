"""The command under a cause does something about it, and its records have names to type."""

from __future__ import annotations

from sdsync.cli.looks import dead, refs
from tests.laws.rig import House


def parked(house: House) -> dead.DeadDetail:
    """The one cause, after a ticket was opened at the desk."""
    house.run(30).desk.open("disk full")
    house.run()
    (cause,) = house.store.causes()
    return dead.detail(house.store, cause)


def test_a_public_place_is_cured_where_it_is_public() -> None:
    look = parked(House(public=("dev",)))

    assert look.cause.remedy == (
        'make "infra" private in dev; or, for new records, name another place in dev.put, '
        "then sdsync reload"
    )


def test_a_record_that_was_not_born_bears_the_name_of_its_birth() -> None:
    house = House(public=("dev",))

    (member,) = parked(house).members

    assert member.ref.startswith("desk#")
    assert refs.find(house.store, member.ref, house.systems).hub.id == member.hub_id


def test_a_place_that_nothing_may_be_made_in_is_looked_at_live() -> None:
    look = parked(House(tenants={"desk": {"Escalated": "acme"}, "dev": {"infra": "other"}}))

    assert look.cause.remedy == "sdsync check --live dev"
