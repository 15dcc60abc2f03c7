"""Ten systems of one daemon, one of them dead: the nine others are served as before."""

from __future__ import annotations

import contextlib
import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from sdsync.sandbox import accounts
from sdsync.sandbox.redmine.product import Tracker
from sdsync.sandbox.server import Pair, serve
from tests.crash.house import House, Life, _free_ports
from tests.crash.quiet import FEED_OF
from tests.faults.door import PATIENCE_S, until
from tests.faults.frame import Trial, fault

HOMES = 5
SHARE, SLOWER = 0.95, 1.2
AT_ONCE = 2
HOME = """\
[systems.desk{number}]
connector = "request_tracker"
url       = "{desk}"
token     = "env:CRASH_DESK_TOKEN"
poll      = "1s"
deadline  = "5s"
[systems.dev{number}]
connector = "redmine"
url       = "{dev}"
token     = "env:CRASH_DEV_KEY"
poll      = "1s"
deadline  = "{deadline_s}s"
[syncs.sync{number}]
desk{number}.take = 'queue == "Escalated"'
dev{number}.put   = {{ project = "infra", type = "bug" }}
mail = "customers"
mode = "live"
"""


@dataclass(slots=True)
class Home:
    """A desk and its tracker, and what people opened in the desk."""

    pair: Pair
    tickets: list[int] = field(default_factory=list)

    def born(self, number: int) -> None:
        """People open so many tickets."""
        for n in range(number):
            made = self.pair.desk.act("create", by="nora", Queue="Escalated", Subject=f"born {n}")
            assert isinstance(made, dict)
            self.tickets.append(int(str(made["id"])))

    def wanted(self, title: str) -> list[tuple[str, int]]:
        """What each ticket shall be called, and its number."""
        return [(f"{title}, {ticket}", ticket) for ticket in self.tickets]

    def edit(self, title: str, ticket: int) -> None:
        """Somebody renames it."""
        self.pair.desk.act("edit", by="nora", id=str(ticket), Subject=title)

    def shows(self, title: str) -> bool:
        """Whether each issue bears the title of its ticket."""
        return {one for one, _ in self.wanted(title)} <= set(self.titles())

    def titles(self) -> list[str]:
        """Of all issues."""
        product = self.pair.dev.product
        assert isinstance(product, Tracker)
        issues = product.state.issues
        return self.pair.dev.on_loop(lambda: [one.subject for one in issues.values()])


@contextlib.contextmanager
def street(trial: Trial, tickets: int) -> Iterator[list[Home]]:
    """Five homes and one daemon; each ticket has its issue."""
    (port,) = _free_ports(1)
    with contextlib.ExitStack() as stack:
        homes = [Home(stack.enter_context(serve(seed=trial.seed + n))) for n in range(HOMES)]
        text = [f"server.port = {port}\n"]
        for n, home in enumerate(homes):
            desk, dev = home.pair.desk.url, home.pair.dev.url
            deadline_s = 5 if home is not homes[-1] else trial.of(300, 5)
            text.append(HOME.format(number=n, desk=desk, dev=dev, deadline_s=deadline_s))
        house = House(trial.folder, {"daemon": port}, 1.0)
        house.config.write_text("".join(text))
        life = Life(house)
        try:
            life.ready.wait(PATIENCE_S)
            until(lambda: all(_read(one) for one in homes), "all feeds are read")
            for home in homes:
                home.born(tickets)
            until(lambda: all(len(one.titles()) == tickets for one in homes), "all are born")
            yield homes
        finally:
            life.kill()


def _read(home: Home) -> bool:
    """Whether both feeds were asked twice: what people open from now on is new."""
    for server in (home.pair.desk, home.pair.dev):
        asked = [one.path for one in server.requests if one.login == accounts.SERVICE_LOGIN]
        if asked.count(FEED_OF[server.name]) < 2:
            return False
    return True


@fault("R35", "one of ten systems hangs on every call: the others have 95 % as ever, as soon")
def dead_neighbour(trial: Trial) -> None:
    with street(trial, trial.of(4, 40)) as homes:
        *others, victim = homes
        alive: list[list[float]] = []
        dead: list[list[float]] = []
        for number in range(trial.of(1, 7)):
            alive.append(_round(homes, homes, others, f"all well {number}"))
            victim.pair.dev.switch("hang", login=accounts.SERVICE_LOGIN, for_s=PATIENCE_S)
            dead.append(_round(homes, others, others, f"one dead {number}"))
            until(lambda: _hung(victim) > number, "the dead one was called")  # noqa: B023 - at once
            trial.count("served beside a dead one", sum(len(one.tickets) for one in others))
            trial.must(not victim.shows(f"one dead {number}"), "the dead one was written")
            victim.pair.dev.switch("hang", on=False)
            if trial.long:  # it is asked again in its time
                until(lambda: victim.shows(f"one dead {number}"), "it has caught up")  # noqa: B023
        trial.count("calls that hung", _hung(victim))
        if not trial.long:  # of the first of them none was over: nobody waited for its end
            trial.must(_hung(victim) <= AT_ONCE, f"{_hung(victim)} calls hung one after the other")
        share = statistics.median(map(max, alive)) / statistics.median(map(max, dead))
        slower = _p99(dead) / _p99(alive)
        trial.count("% of their throughput", round(100 * share))
        trial.count("% of their p99", round(100 * slower))
        if trial.long:  # it has its machine for itself
            trial.must(share >= SHARE, f"they had {share:.0%} of their throughput")
            trial.must(slower <= SLOWER, f"their p99 was {slower:.2f} times as long")


def _p99(rounds: list[list[float]]) -> float:
    took = sorted(itertools.chain(*rounds))
    return took[len(took) * 99 // 100]


def _hung(home: Home) -> int:
    return sum("hang" in one.faults for one in home.pair.dev.requests)


def _round(homes: list[Home], waited: list[Home], counted: list[Home], title: str) -> list[float]:
    """Everybody renames everything; seconds until each title of those that count shows.

    Back when all show in the homes that are waited for.
    """
    edited_at: dict[str, float] = {}
    for home in homes:
        for wanted, ticket in home.wanted(title):
            home.edit(wanted, ticket)
            edited_at[f"{homes.index(home)} {wanted}"] = time.monotonic()
    shown_at: dict[str, float] = {}

    def all_shown() -> bool:
        for home in waited:
            shown = set(home.titles())
            for wanted, _ in home.wanted(title):
                if wanted in shown:
                    shown_at.setdefault(f"{homes.index(home)} {wanted}", time.monotonic())
        return len(shown_at) == sum(len(home.tickets) for home in waited)

    until(all_shown, title)
    of_counted = {f"{homes.index(home)} {one}" for home in counted for one, _ in home.wanted(title)}
    return [at - edited_at[one] for one, at in shown_at.items() if one in of_counted]
