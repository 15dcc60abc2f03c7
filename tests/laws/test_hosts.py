"""Two processes on one store, each with a lane of its own: what one is told the other knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sdsync.sync.engine import Engine
from tests.laws.rig import House


@dataclass
class Hosts:
    """The house's own process works at the desk, another one in dev."""

    house: House
    other: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.other = self.house.process(self.house.store)
        self.other.start()

    def run(self, seconds: float) -> None:
        """Both work until then."""
        until = self.house.clock.now() + timedelta(seconds=seconds)
        while self.house.clock.now() < until:
            did = [self.house.engine.work("desk").did, self.other.work("dev").did]
            if not any(did):
                self.house.clock.advance(0.5)


def test_law_13_an_owner_that_another_process_reads_is_not_silent() -> None:
    house = House(sync={"fields": {"title": "desk"}, "on_refused": "keep"})
    hosts = Hosts(house)
    hosts.run(60)
    ticket = house.desk.open("disk full")
    hosts.run(1800)

    ticket.copy("dev").set({"subject": "somebody's at dev"})
    hosts.run(200)

    assert ticket["Subject"] == "disk full"
    assert ticket.copy("dev")["subject"] == "somebody's at dev"
    assert ticket.group("dev", "title") == "differs"


def test_law_45_a_public_place_that_another_process_asked_is_known_as_public() -> None:
    house = House(public=("desk", "dev"), audiences={"desk": "public", "dev": "public"})
    hosts = Hosts(house)
    hosts.run(60)
    ticket = house.desk.open("seen by everybody")
    hosts.run(300)

    assert ticket.copy("dev")["subject"] == "seen by everybody"
