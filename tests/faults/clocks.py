"""The machine's wall clock is set back and forth by hours and days while the daemon works."""

from __future__ import annotations

import struct
import time
from pathlib import Path

from sdsync.sandbox import accounts
from tests.crash.ledger import SIDES, rows
from tests.crash.quiet import Watch
from tests.faults.door import until
from tests.faults.frame import Trial, fault
from tests.faults.layer import built
from tests.faults.shop import LEASE_S, Shop, shop

HOUR_S, DAY_S = 3600, 86_400
#: A quiet daemon polls; so many calls belong to one poll of both feeds at most.
CALLS_A_POLL = 8


class Wall:
    """The wall clock of a process, as the layer shows it."""

    def __init__(self, file: Path) -> None:
        self._file, self.off_s = file, 0
        file.write_bytes(struct.pack("=q", 0))

    @property
    def environment(self) -> dict[str, str]:
        """What the process is started with."""
        return {"LD_PRELOAD": str(built()), "FAULTS_CLOCK": str(self._file)}

    def set(self, off_s: int) -> None:
        """Off the true time by so much, from now on; at once, in the very same file."""
        self.off_s = off_s
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", off_s))


@fault(
    "R28", "the clock set back and forth by hours and days: nothing stuck, early, lost or double"
)
def stepped(trial: Trial) -> None:
    built()  # before anything is started: there may be no compiler
    wall = Wall(trial.folder / "clock")
    with shop(trial) as one:
        one.stop()
        one.house.more.update(wall.environment)
        one.next()
        one.born(2)
        _in_doubt(trial, one, wall)
        slowest = 0.0
        for number in range(trial.of(3, 60)):
            others = {HOUR_S, -HOUR_S, DAY_S, -DAY_S, 0} - {wall.off_s}
            wall.set(trial.dice.choice(sorted(others)))
            trial.count("steps")
            began = time.monotonic()
            for record in one.records:
                one.title(record, f"after step {number}")
            for record in one.records:
                one.arrives(record, f"after step {number}")
            slowest = max(slowest, time.monotonic() - began)
        trial.within(slowest, LEASE_S, "at most until it was there")
        _at_rest(trial, one)
        trial.must(one.stop() == 0, "it did not end in order")
        issues = len(list(rows(one.house.behind("dev", "records"), "issues")))
        trial.count("doubles", issues - len(one.records))
        trial.must(issues == len(one.records), f"{issues} issues for {len(one.records)} tickets")


def _in_doubt(trial: Trial, one: Shop, wall: Wall) -> None:
    """A create whose effect lands late, and the clock is set forward before: it is not repeated."""
    late = {"login": accounts.SERVICE_LOGIN, "method": "POST", "path": "/issues[.]json$"}
    one.house.switch("dev", delayed_effect={**late, "count": 1, "after_s": 2.0})
    one.crowd.birth("desk")
    hit = "delayed_effect"
    until(lambda: hit in one.house.behind("dev", "state")["hits"], "a create is in doubt")
    wall.set(DAY_S)
    trial.count("steps")
    until(one.all_there, "every ticket has its issue")


def _at_rest(trial: Trial, one: Shop) -> None:
    """It only polls, and does not run in circles."""
    watch = Watch(one.house)
    watch.look()
    before, feeds = watch.calls.total(), dict(watch.feeds)

    def polled() -> bool:
        watch.look()
        return all(watch.feeds[side] >= feeds[side] + 3 for side in SIDES)

    until(polled, "both feeds are read three times")
    calls, polls = watch.calls.total() - before, watch.feeds.total() - sum(feeds.values())
    trial.count("calls at rest", calls)
    trial.must(calls <= CALLS_A_POLL * polls, f"{calls} calls in {polls} polls")
