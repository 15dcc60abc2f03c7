"""Redmine is away, in each of three ways, and the desk works on; what was done arrives once."""

from __future__ import annotations

import pytest

from tests.real.proofs.trouble.door import Door, Way
from tests.real.proofs.trouble.world import CHANGES, LONG, House
from tests.real.rig import until

pytestmark = pytest.mark.real

#: Hanging is the worst: what was told has its effect. The short form has no time for the others.
WAYS = (Way.HANGING, Way.REFUSED, Way.BROKEN) if LONG else (Way.HANGING,)


@pytest.mark.parametrize("way", WAYS)
def test_what_people_did_during_an_outage_arrives_once_and_in_order(
    house: House, door: Door, way: Way
) -> None:
    records = house.born("shop", 1)

    door.turn(way)
    until(lambda: house.is_now("dev", "unreachable"))
    said = house.said("dev")
    for _ in range(CHANGES):
        house.change(records, name="shop")
    # The desk is read as ever; of Redmine it is said once, and not for each ticket.
    until(lambda: house.has_read(records))
    assert house.said("dev") == said
    assert said[-1] == "system_out"
    needs = house.daemon.told("status")["needs"]  # that it is out, for a while already
    assert len([one for one in needs if one["system"] != "desk"]) <= 1

    door.turn(Way.OPEN)
    house.arrive(records)
    until(lambda: house.in_step(records))
    assert house.said("dev")[len(said)] == "system_back"
    assert house.letters() == []
