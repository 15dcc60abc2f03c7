"""A record that kills its process whenever it is read: three starts, and the others wait little."""

from __future__ import annotations

import time

from sdsync.connectors.contract import NativeRecord, Update
from tests.crash.ledger import Record
from tests.faults.door import PATIENCE_S
from tests.faults.flow import furnished
from tests.faults.frame import Trial, fault
from tests.faults.shop import Shop, shop
from tests.laws.people import Ticket
from tests.laws.rig import Crash, House

STARTS = 3
DELAY_S = 5.0  # of the others, for each death


@fault("R8", "a record that kills its process: three starts, a dead letter; others wait 5 s each")
def poison(trial: Trial) -> None:
    house, tickets = furnished(8)
    alone_s = max(_round(house, tickets, "before"))
    bad = trial.dice.choice(tickets)

    def kill(shown: object) -> None:
        if isinstance(shown, NativeRecord) and shown.ref == bad.ref:
            raise Crash("parsing it")

    house.desk.line.instead["fetch"] = kill
    beside = _round(house, tickets, "after the poison")
    house.run(3600)
    through = [one for one in tickets if one.copy("dev")["subject"] == "after the poison"]
    delay_s = max(beside) - alone_s
    trial.count("deaths", house.crashes)
    trial.count("others that went through", len(through))
    trial.count("ms later, for each death", round(1000 * delay_s / STARTS))
    trial.must(house.crashes == STARTS, f"it was started {house.crashes} times")
    trial.must(bad.group("desk", "crashes") == "parked", "it is no dead letter")
    trial.must(len(through) == len(tickets) - 1, "another record did not go through")
    trial.must(len(beside) == len(through), "another record waited for a quarter of an hour")
    trial.must(delay_s <= STARTS * DELAY_S, f"the others came {delay_s:.0f} s later")
    if trial.long:
        _real(trial)


def _round(house: House, tickets: list[Ticket], title: str) -> list[float]:
    """Somebody renames them all and webhooks say so; after how many seconds each was written."""
    began, known = house.clock.now(), len(house.dev.sent)
    for ticket in tickets:
        ticket.set({"Subject": title}).bell()
    for system in house.systems:
        house.wake(system)
    house.run(900)
    calls = zip(house.dev.sent[known:], house.dev.line.sent_at[known:], strict=True)
    return [(at - began).total_seconds() for one, at in calls if isinstance(one, Update)]


def _real(trial: Trial) -> None:
    """A daemon that somebody starts again at once."""
    with shop(trial, deadline_s=2.0) as one:  # what is in doubt at a death waits for its end
        one.born(40)
        bad, *others = one.records
        alone_s = one.round(others, "before")
        one.stop()
        began = time.monotonic()
        one.rename(one.records, "after the poison")
        deaths = 0
        while not _through(one, others):
            if one.life.over:
                deaths += one.life.gone() != 0
                one.next(poison=str(bad.ids["desk"]))
            one.life.ends_within(0.01)
            if time.monotonic() > began + PATIENCE_S:
                raise TimeoutError("the others never went through")
        delay_s = time.monotonic() - began - alone_s
        trial.count("deaths of a daemon", deaths)
        trial.within(delay_s, STARTS * DELAY_S, "that its others came later")
        while deaths < STARTS and one.life.ends_within(PATIENCE_S):
            deaths += 1
            one.next(poison=str(bad.ids["desk"]))
        trial.must(deaths == STARTS, f"a daemon was started {deaths} times")
        parked = one.house.command("dead", "list")[1]
        trial.must("the process died 3 times" in parked, f"it is no dead letter: {parked}")
        trial.must(one.stop() == 0, "it did not end in order")


def _through(one: Shop, others: list[Record]) -> bool:
    """Whether each of them was written."""
    wanted = {str(record.ids["dev"]) for record in others}
    return wanted <= one.titled("after the poison")
