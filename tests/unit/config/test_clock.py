"""A wall clock that steps moves nothing that waits by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sdsync.config.clock import BELIEVED_S, STEP_S, SteadyClock

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY_S = 86_400.0


class Machine:
    """Its two clocks, which people and time servers set."""

    def __init__(self) -> None:
        self.gone_s = self.off_s = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.gone_s + self.off_s)

    def monotonic(self) -> float:
        return self.gone_s


def test_set_back_it_goes_on_until_the_other_has_caught_up() -> None:
    machine = Machine()
    clock = SteadyClock(machine)

    machine.gone_s, machine.off_s = 10, -3600
    assert clock.now() == START + timedelta(seconds=10)
    assert clock.off_s() == -3600
    machine.gone_s = 7200
    assert clock.now() == START + timedelta(seconds=7200)

    machine.off_s = -1
    assert clock.now() == machine.now()
    assert clock.off_s() == 0


def test_set_forward_it_follows_when_nothing_of_before_may_land_any_more() -> None:
    machine = Machine()
    clock = SteadyClock(machine)

    machine.gone_s, machine.off_s = 10, DAY_S
    assert clock.now() == START + timedelta(seconds=10)
    machine.gone_s += BELIEVED_S - 1
    assert clock.now() == START + timedelta(seconds=machine.gone_s)
    machine.gone_s += 1

    assert clock.now() == machine.now() == START + timedelta(seconds=machine.gone_s + DAY_S)


def test_a_step_that_is_taken_back_was_none() -> None:
    machine = Machine()
    clock = SteadyClock(machine)
    clock.now()

    machine.off_s = DAY_S
    clock.now()
    machine.gone_s, machine.off_s = BELIEVED_S, 0
    assert clock.now() == machine.now()
    machine.off_s = DAY_S

    assert clock.now() == START + timedelta(seconds=BELIEVED_S)


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(-DAY_S, DAY_S)), max_size=30))
def test_it_never_goes_back_by_more_than_a_correction(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    clock = SteadyClock(machine)
    before = clock.now()
    for gone_s, off_s in steps:
        machine.gone_s += gone_s
        machine.off_s = off_s

        now = clock.now()

        assert now >= before - timedelta(seconds=STEP_S)
        before = now
