"""A real daemon between the two sandboxes, people at work, and what befalls them together."""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sdsync.store.records import Json
from tests.crash.campaign import Plan
from tests.crash.campaign import run as campaign
from tests.crash.house import House, Life, furnished
from tests.crash.ledger import SIDES, Ledger, Record
from tests.crash.people import AGENTS, API, EDITORS, Crowd
from tests.crash.quiet import Watch
from tests.faults.door import PATIENCE_S, until
from tests.faults.frame import Trial, fault
from tests.faults.hanging import cut_at_the_limit

MIB = 1024
LEASE_S = 15.0
_DESK = {"Authorization": f"token {AGENTS[0].token}"}
_DEV = {"X-Redmine-API-Key": EDITORS[0].token}
DEVOURING = ("gzip_bomb", "endless")
SHARE = 0.9  # that neighbours keep of their throughput
#: Of a campaign in the catalogue's own numbers; of its people nobody rests.
KILLS, CHANGES = 200, 50_000


@dataclass(slots=True)
class Shop:
    """Both products, the people, and one life of the daemon after the other."""

    house: House
    crowd: Crowd
    life: Life

    @property
    def records(self) -> list[Record]:
        """Everything that people made."""
        return list(self.crowd.ledger.records.values())

    def born(self, number: int) -> None:
        """People open so many tickets; back when each has its issue."""
        for _ in range(number):
            self.crowd.birth("desk")
        until(self.all_there, "every ticket has its issue")

    def all_there(self) -> bool:
        self.crowd.learn()
        return all(side in one.ids for one in self.records for side in SIDES)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        code = self.life.stop()
        self.life.gone()
        return code

    def next(self, step: str = "", visit: int = 1, poison: str = "") -> None:
        """Another life, when the last one is over.

        Args:
            step: Where it dies, if one is named, at the ``visit``-th visit.
            visit: Which one.
            poison: A ticket that kills it whenever it is read.
        """
        self.life.gone()
        self.life = Life(self.house, step=step, visit=visit, poison=poison)
        self.life.ready.wait(PATIENCE_S)

    def open(self, side: str, title: str) -> None:
        """Somebody opens a record there that a sync takes."""
        if side == "desk":
            url, headers = f"{self.house.url(side)}{API}/ticket", _DESK
            body: Json = {"Queue": "Escalated", "Subject": title}
        else:
            url, headers = f"{self.house.url(side)}/issues.json", _DEV
            body = {"issue": {"project_id": "web", "tracker_id": 1, "subject": title}}
        self.house.client.post(url, headers=headers, json=body).raise_for_status()

    def title(self, record: Record, title: str) -> None:
        """Somebody renames a ticket."""
        url = f"{self.house.url('desk')}{API}/ticket/{record.ids['desk']}"
        self.house.client.put(url, headers=_DESK, json={"Subject": title}).raise_for_status()

    def rename(self, records: list[Record], title: str) -> None:
        """Somebody renames them all."""
        for record in records:
            self.title(record, title)

    def titled(self, title: str) -> set[str]:
        """The issues that bear it."""
        issues = self.house.behind("dev", "records")["issues"]
        found = issues.values() if isinstance(issues, dict) else issues
        return {str(one["id"]) for one in found if one["subject"] == title}

    def arrives(self, record: Record, title: str) -> None:
        """Back when the issue bears it."""
        until(lambda: str(record.ids["dev"]) in self.titled(title), f"{title!r} is written")

    def round(self, records: list[Record], title: str) -> float:
        """Somebody renames them all; seconds until each issue shows it."""
        began = time.monotonic()
        self.rename(records, title)
        wanted = {str(record.ids["dev"]) for record in records}
        until(lambda: wanted <= self.titled(title), f"{title!r} is written on each")
        return time.monotonic() - began

    def peak_mib(self) -> int:
        """The most memory that the daemon ever had."""
        status = Path(f"/proc/{self.life._child.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+)", status)
        assert found is not None
        return int(found[1]) // MIB


@contextlib.contextmanager
def shop(trial: Trial, *, part: str = "", old: int = 0, deadline_s: float = 5.0) -> Iterator[Shop]:
    """Opened: the daemon has read both feeds once, so that what people open now is new.

    Args:
        trial: Its folder and seed.
        part: A folder in it, where the scenario has other parts.
        old: Tickets that people open before the daemon ever runs.
        deadline_s: Of a call: what is in doubt waits for its end.
    """
    folder = trial.folder / part
    folder.mkdir(exist_ok=True)
    with furnished(folder, seed=trial.seed, landing_s=1.0) as house:
        house.config.write_text(
            house.config.read_text().replace('"5s"', f'"{deadline_s:g}s"')
        )  # that of the calls is the only one
        crowd = Crowd(house, Ledger(), trial.seed)
        for _ in range(old):
            crowd.birth("desk")
        opened = Shop(house, crowd, Life(house))
        try:
            opened.life.ready.wait(PATIENCE_S)
            watch = Watch(house)

            def read() -> bool:
                watch.look()
                return all(watch.feeds[side] >= 2 for side in SIDES)

            until(read, "both feeds are read")
            yield opened
        finally:
            if not opened.life.over:
                opened.life.kill()
            opened.life.gone()


@fault("R6", "killed with an attempt on the disk: the next daemon ends it within two leases")
def orphaned(trial: Trial) -> None:
    with shop(trial, deadline_s=trial.of(2, 5)) as one:
        one.born(1)
        slowest = 0.0
        for number in range(trial.of(1, 50)):
            one.stop()
            one.next(trial.dice.choice(("attempted", "sent")))
            one.title(one.records[0], f"orphan {number}")
            trial.must(one.life.ends_within(PATIENCE_S), "it was not killed at its step")
            one.next()
            began = time.monotonic()
            one.arrives(one.records[0], f"orphan {number}")
            slowest = max(slowest, time.monotonic() - began)
            trial.count("orphans")
        trial.within(slowest, 2 * LEASE_S, "at most")
        trial.must(one.stop() == 0, "it did not end in order")


@fault("R9", "answers that unpack without end or never come: cut, memory capped, neighbours go on")
def devouring(trial: Trial) -> None:
    cut_at_the_limit(trial)
    with shop(trial, deadline_s=trial.of(2, 5)) as one:
        one.born(trial.of(5, 40))
        before = one.peak_mib()
        poisoned, others = one.records[:2], one.records[2:]
        rounds = range(trial.of(1, 25))  # half a minute: a hanging call is one of two for 5 s of it
        alone_s: list[float] = []
        beside_s: list[float] = []
        for number in range(trial.of(1, 4)):  # turn by turn: what works for long gets slower
            alone_s += [one.round(others, f"alone {number}.{each}") for each in rounds]
            with _devouring(one, poisoned):
                one.rename(poisoned, f"fed {number}")
                beside_s += [one.round(others, f"fed {number}.{each}") for each in rounds]
            trial.count("edits of the neighbours", len(others) * len(rounds))
            one.round(poisoned, f"cured {number}")  # a new edit does not wait for the next try
        share = sum(alone_s) / sum(beside_s)
        trial.count("% of their throughput", round(100 * share))
        if trial.long:  # it has its machine for itself
            trial.must(share >= SHARE, f"they had {share:.0%} of their throughput")
        trial.count("devouring answers", sum(_struck(one).values()))
        grown = one.peak_mib() - before
        trial.count("MiB more", grown)
        trial.must(grown <= 96, f"it grew by {grown} MiB")
        trial.must(one.stop() == 0, "it did not end in order")


@contextlib.contextmanager
def _devouring(one: Shop, records: list[Record]) -> Iterator[None]:
    """While one of two issues unpacks without end and the other never ends; back when both did."""
    before = _struck(one)
    asked = {
        name: {"login": "sdsync", "path": f"/issues/{record.ids['dev']}[.]json$"}
        for name, record in zip(DEVOURING, records, strict=True)
    }
    one.house.switch("dev", **asked)
    yield
    until(lambda: all(_struck(one)[name] > before[name] for name in DEVOURING), "both were tried")
    one.house.switch("dev", **dict.fromkeys(DEVOURING, False))


def _struck(one: Shop) -> Counter[str]:
    """How often each such answer was given."""
    hits = Counter(one.house.behind("dev", "state")["hits"])
    return Counter({name: hits[name] for name in DEVOURING})


@fault(
    "R1", "200 kills in 50,000 changes, five seeds: none lost, none double, few re-sends", long=True
)
def kills(trial: Trial) -> None:
    for seed in range(trial.seed, trial.seed + 5):
        folder = trial.folder / str(seed)
        folder.mkdir()
        account = campaign(Plan(seed, KILLS, CHANGES, None, 1800.0, pause_s=0.0), folder)
        trial.count("changes", account.ledger.changes)
        trial.count("kills", account.killed.total())
        trial.count("writes", account.writes)
        trial.count("the same once more", account.again)
        trial.count("sent again after a doubt", account.verdict.resent)
        died = account.verdict.listed["birth on which the daemon died three times"]
        trial.count("births with three deaths", died)
        trial.must(died <= KILLS // 3, f"seed {seed}: {died} births with three deaths")
        trial.breaches += [f"seed {seed}: {one}" for one in account.breaches]
        whole = account.killed.total() >= KILLS and account.ledger.changes >= CHANGES
        trial.must(whole, f"seed {seed}: fewer kills or changes than asked for")
        again = max(account.again, account.verdict.resent)
        share = again / max(1, account.writes)
        trial.must(share <= 0.05, f"seed {seed}: {share:.1%} were sent again")
        trial.must(again <= 20 * account.killed.total(), f"seed {seed}: {again} sent again")
