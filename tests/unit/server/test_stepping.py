"""A step of the wall clock is said once, and once when it is over."""

from __future__ import annotations

from structlog.testing import capture_logs

from sdsync.config.clock import SteadyClock
from sdsync.server.stepping import BACK, ClockWatch
from tests.unit.config.test_clock import Machine


def test_a_step_is_said_once_when_it_comes_and_once_when_it_is_over() -> None:
    machine = Machine()
    watch = ClockWatch(SteadyClock(machine))

    with capture_logs() as said:
        for machine.off_s in (0, -3600, -3600, 0, 0):
            watch.look()

    assert said == [
        {"event": "clock.stepped", "by_s": -3600, "what": BACK, "log_level": "warning"},
        {"event": "clock.agrees", "log_level": "info"},
    ]
