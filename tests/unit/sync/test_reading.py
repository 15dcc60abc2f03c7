"""A person's command reads within the lane's budget, beside whoever holds the lane."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sdsync.connectors.contract import Listed
from sdsync.connectors.failures import AuthFailed, Missing, Transient
from sdsync.ratelimit.lanes import LaneBudget
from sdsync.store.records import Ref
from sdsync.sync.decide.edits import Look
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.plans.reading import Reader
from sdsync.sync.plans.scene import opened
from tests.laws.rig import House


class Waited:
    """Sits out a budget in virtual time."""

    def __init__(self, house: House) -> None:
        self._house, self.seconds = house, 0.0

    def __call__(self, seconds: float) -> None:
        self.seconds += seconds
        self._house.clock.advance(max(seconds, 0.001))


def reader(house: House, waited: Waited, budget: LaneBudget | None = None) -> Reader:
    core = house.process(house.store).core
    core.systems["dev"].budget = budget or LaneBudget()
    return Reader(core, "dev", waited)


def test_a_throttle_is_waited_out_and_the_read_goes_on() -> None:
    house = House()
    ticket = house.dev.open("disk full")
    waited = Waited(house)
    one = reader(house, waited)
    house.dev.fault("throttled with hint")

    look = one.fetch(ticket.ref)

    assert isinstance(look, Look)
    assert waited.seconds > 5
    assert house.dev.line.line.too_early == 0


def test_it_reads_at_the_budgets_pace_and_at_half_of_it_while_a_daemon_holds_the_lane() -> None:
    house = House()
    ref = house.dev.open("disk full").ref

    def took_s() -> float:
        began, mine = house.clock.now(), reader(house, Waited(house), LaneBudget(2, 60))
        for _ in range(11):
            mine.fetch(ref)
        assert mine.look_s >= 1.0
        return (house.clock.now() - began).total_seconds()

    alone = took_s()
    now = house.clock.now()
    house.store.lease("dev", "a daemon", now=now, until=now + timedelta(hours=1))
    beside = took_s()

    assert alone == pytest.approx(10, rel=0.1)
    assert beside == pytest.approx(20, rel=0.1)


def test_a_pause_that_the_lane_noted_is_kept() -> None:
    house = House()
    ref = house.dev.open("disk full").ref
    until = house.clock.now() + timedelta(seconds=90)
    house.store.lease("dev", "a daemon", now=house.clock.now(), until=until)
    house.store.release("dev", "a daemon", {"resume_at": until.isoformat()})
    waited = Waited(house)

    reader(house, waited).fetch(ref)

    assert house.clock.now() >= until


def test_a_refused_credential_ends_the_command_and_a_refused_record_does_not() -> None:
    house = House()
    one = reader(house, Waited(house))

    assert one.fetch(Ref("dev", "ticket", "999")) == Missing()
    house.dev.line.instead["fetch"] = lambda _: AuthFailed()
    with pytest.raises(Refused, match="dev cannot be read: it refuses our credential"):
        one.fetch(Ref("dev", "ticket", "999"))


def test_a_system_that_stays_away_is_given_up() -> None:
    house = House()
    one = reader(house, Waited(house))
    house.dev.line.instead["fetch"] = lambda _: Transient(unreachable=True)

    assert one.fetch(Ref("dev", "ticket", "1")) == Transient(unreachable=True)


def test_a_sync_that_never_ran_and_a_suspect_store_make_no_plan() -> None:
    house = House(started=False)
    with (
        pytest.raises(Refused, match="run it in observe first"),
        opened(house.process(house.store).core, "escalations", "ann", Waited(house)),
    ):
        pass

    house.start().run(60)
    copied = house.store.copy()
    with (
        pytest.raises(Refused, match="may not be the newest of its copies"),
        opened(house.process(copied).core, "escalations", "ann", Waited(house)),
    ):
        pass


def test_another_instance_at_the_address_makes_no_plan() -> None:
    house = House().run(60)
    house.dev.line.identity = "a clone"

    with (
        pytest.raises(Refused, match="dev is not the instance that was read so far"),
        opened(house.process(house.store).core, "escalations", "ann", Waited(house)),
    ):
        pass


@pytest.mark.parametrize("afters", [["1", "1"], ["1", "2", "1"]])
def test_a_list_in_circles_is_no_whole_list(
    afters: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end alone proves that nothing was left out (law 9)."""
    house = House()
    pages = iter([*afters, None])
    one = reader(house, Waited(house))
    told = lambda *_: Listed((), next(pages))  # noqa: E731 - shorter than its name
    monkeypatch.setattr(type(house.dev.line), "records", told, raising=False)

    with pytest.raises(Refused, match='dev lists "infra" in circles'):
        list(one.records("infra"))


def test_a_place_that_take_lets_nothing_in_from_is_not_read() -> None:
    house = House(started=False)
    house.start().run(60)

    with opened(house.process(house.store).core, "escalations", "ann", Waited(house)) as scene:
        said = scene.readers["desk"].system.description

        assert said is not None
        assert set(said.places) == {"Escalated", "General"}
        assert scene.places("desk") == ["Escalated"]
