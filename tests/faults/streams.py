"""A real daemon that reads on where it was, and writes many records with all its threads."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from sdsync.store.records import Json
from sdsync.sync.bells.bells import THREADS
from tests.crash.ledger import rows
from tests.faults.door import PATIENCE_S, until
from tests.faults.frame import Trial
from tests.faults.shop import Shop, shop

OTHER = {"desk": "dev", "dev": "desk"}
KINDS = {"desk": "tickets", "dev": "issues"}
#: Calls of sdsync's own that do nothing, and that do all and are not answered.
CUTS = {
    name: {"probability": 0.02, "login": "sdsync", "path": "/issues"}
    for name in ("cut", "effect_then_cut")
}


@dataclass(slots=True)
class Opened:
    """Records that people open on both sides, and ring for none of them."""

    shop: Shop
    titles: list[str] = field(default_factory=list)
    #: Title -> how many records of the other side bear it.
    copies: Counter[str] = field(default_factory=Counter)
    _last: Counter[str] = field(default_factory=Counter)

    def open(self, number: int) -> None:
        """So many more, every other one on the other side."""
        for _ in range(number):
            side = ("desk", "dev")[len(self.titles) % 2]
            title = f"{side} {len(self.titles):06d}"
            self.shop.open(side, title)
            self.titles.append(title)

    def arrived(self) -> int:
        """How many have a copy by now."""
        for side, kind in KINDS.items():
            fresh = self.shop.house.behind(side, f"records?{kind}={self._last[side]}")
            for one in rows(fresh, kind):
                self._last[side] = max(self._last[side], one["id"])
                self.copies[one["subject"]] += one["subject"].startswith(OTHER[side])
        return sum(bool(self.copies[one]) for one in self.titles)


def read_on(trial: Trial) -> None:
    """The feeds alone tell of new records; the daemon dies while it reads them, again and again."""
    kills = trial.of(3, 100)
    each = trial.of(8, 200)
    with shop(trial, part="feeds") as one:
        opened = Opened(one)
        for _ in range(kills):
            crowd = threading.Thread(target=opened.open, args=(each,))
            crowd.start()
            enough = opened.arrived() + trial.dice.randrange(1, each // 2)
            until(lambda: opened.arrived() >= enough, "some have arrived")  # noqa: B023 - at once
            one.life.kill()
            crowd.join(PATIENCE_S)
            one.next()
            until(lambda: opened.arrived() >= len(opened.titles) - each, "most have arrived")
        until(lambda: opened.arrived() == len(opened.titles), "each has arrived")
        double = [title for title, number in opened.copies.items() if number > 1]
        trial.count("kills while feeds were read", kills)
        trial.count("opened meanwhile", len(opened.titles))
        trial.count("arrived", opened.arrived())
        trial.must(not double, f"{len(double)} were made twice: {double[:3]}")
        trial.must(one.stop() == 0, "it did not end in order")


def all_threads(trial: Trial) -> None:
    """Titles change faster than they are written, and calls are cut: each history goes forward."""
    versions = trial.of(8, 500)
    with shop(trial, part="threads", deadline_s=trial.of(2, 5)) as one:
        one.born(trial.of(12, 200))
        one.house.switch("dev", **CUTS)
        for number in range(versions):
            title = f"version {number:03d}"
            one.rename(trial.dice.sample(one.records, len(one.records)), title)
            until(lambda: bool(one.titled(title)), "it has begun to be written")  # noqa: B023 - at once
        one.house.switch("dev", **dict.fromkeys(CUTS, False))
        last = f"version {versions - 1:03d}"
        until(lambda: len(one.titled(last)) == len(one.records), "the last version is on each")
        written = [_history(issue) for issue in rows(one.house.behind("dev", "records"), "issues")]
        inversions = sum(one > other for titles in written for one, other in pairwise(titles))
        trial.count("threads", THREADS)
        trial.count("edits", versions * len(one.records))
        trial.count("written", sum(map(len, written)))
        trial.count("written out of order", inversions)
        trial.must(inversions == 0, f"{inversions} inversions")
        trial.must(one.stop() == 0, "it did not end in order")


def _history(issue: Json) -> list[str]:
    """Its titles, in the order in which it showed them."""
    details = [one for journal in issue["journals"] for one in journal["details"]]
    told = [str(one["new"]) for one in details if one["name"] == "subject"]
    return [one for one in told if one.startswith("version ")]
