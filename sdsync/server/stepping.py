"""A wall clock that was set while the daemon runs: said once, and once when it is over."""

from __future__ import annotations

import structlog

from sdsync.config.clock import STEP_S, SteadyClock

log = structlog.get_logger(__name__)

AHEAD = "nothing is done earlier for it; it is believed in two minutes"
BACK = "sdsync goes on by its own clock until this one has caught up, or it is restarted"


class ClockWatch:
    """Looks whether the two agree."""

    def __init__(self, clock: SteadyClock) -> None:
        self._clock = clock
        self._stepped = False

    def look(self) -> None:
        """Say a step, and its end."""
        by_s = self._clock.off_s()
        stepped = abs(by_s) > STEP_S
        if stepped and not self._stepped:
            log.warning("clock.stepped", by_s=round(by_s), what=AHEAD if by_s > 0 else BACK)
        elif self._stepped and not stepped:
            log.info("clock.agrees")
        self._stepped = stepped
