"""The daemon is killed while people work; its successor finishes what was begun, once."""

from __future__ import annotations

import threading

import pytest

from tests.real.proofs.trouble.world import CHANGES, House
from tests.real.rig import until

pytestmark = pytest.mark.real

#: 20 during 200 changes.
KILLS = max(3, CHANGES // 10)


def test_killed_while_people_work_nothing_is_lost_and_nothing_twice(house: House) -> None:
    records = house.born("shop", 2)
    shared = list(records)
    moments = set(house.rand.sample(range(CHANGES), KILLS))
    before, killer = house.daemon.kills, threading.Thread()
    try:
        for number in range(CHANGES):
            answered = house.rand.choice(shared)
            if house.rand.random() < 0.2 and len(answered.notes) + len(answered.theirs) < 8:
                house.answers(answered)
            elif house.rand.random() < 0.1 and len(answered.notes) + len(answered.theirs) < 8:
                house.attaches(answered)
            else:
                house.change(records, name="shop")
            if number in moments:
                if killer.ident:
                    killer.join()  # the one before is up again
                killer = threading.Timer(house.rand.uniform(0.0, 1.5), house.daemon.kill)
                killer.start()
    finally:
        if killer.ident:
            killer.join()

    assert house.daemon.kills == before + KILLS
    house.arrive(records)
    until(lambda: house.in_step(records))
    assert house.letters() == []
