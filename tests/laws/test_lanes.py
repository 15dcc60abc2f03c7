"""Law 37: no call inside a pause that a system asked for, whoever holds the lane."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sdsync.ratelimit.checkpoint import restore
from sdsync.ratelimit.lanes import LaneBudget, describe
from sdsync.server.lanes import LaneKeeper
from sdsync.store.contract import Store
from sdsync.store.opening import open_store
from sdsync.sync.bells import Bells
from sdsync.sync.engine import Engine
from tests.laws.rig import House

KEY = "q" * 43 + "="  # 32 bytes in base64
ASKED_S = 300.0


class Process:
    """One process of sdsync on a real store, without its threads."""

    def __init__(self, house: House, store: Store, holder: str) -> None:
        self.engine: Engine = house.process(store)
        self.engine.keep = lambda lane: self.bells.keep(lane)
        keeper = LaneKeeper(self.engine, house.clock)
        self.bells = Bells(
            store, self.engine.work, house.systems, clock=house.clock, holder=holder,
            taken=keeper.taken, checkpoint=keeper.left,
        )  # fmt: skip
        self.engine.start()

    def work(self, lane: str) -> None:
        """Do one thing of the lane, as its holder."""
        assert self.bells._leases.hold(lane)
        self.engine.work(lane)


def test_law_37_a_pause_outlives_a_process_that_dies_without_a_word(tmp_path: Path) -> None:
    house = House(started=False)
    store = open_store(None, KEY, path=tmp_path, clock=house.clock)
    until = house.clock.now() + timedelta(seconds=ASKED_S)
    house.dev.line.line.throttled_until = house.dev.line.line.hinted_until = until

    Process(house, store, "first").work("dev")  # and is killed: nothing is released
    calls = house.dev.line.line.calls
    second = Process(house, store, "second")
    for _ in range(28):
        house.clock.advance(10)  # the first one's lease ends on the way
        if house.clock.now() > until - timedelta(seconds=ASKED_S - 20):
            second.work("dev")

    assert calls == 1
    assert house.dev.line.line.calls == calls
    house.clock.advance(60)
    second.work("dev")
    assert house.dev.line.line.calls > calls
    store.close()


def test_law_37_the_end_of_a_pause_is_told_to_whoever_does_not_hold_the_lane(
    tmp_path: Path,
) -> None:
    house = House(started=False)
    store = open_store(None, KEY, path=tmp_path, clock=house.clock)
    house.dev.line.line.down_until = house.clock.now() + timedelta(seconds=ASKED_S)
    process = Process(house, store, "first")

    process.work("dev")
    assert shown(house, store) == "unreachable"
    house.clock.advance(ASKED_S + 1)
    process.work("dev")

    assert shown(house, store) == "ok"
    store.close()


def shown(house: House, store: Store) -> str:
    """What a command makes of the lane, beside the process that holds it."""
    saved = store.lane("dev").checkpoint
    return describe(restore(LaneBudget(), saved, now=0.0, wall=house.clock.now()), 0.0).state
