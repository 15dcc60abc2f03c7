"""Edits by people on both sides, ten to a pair, and what must stand everywhere afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from uuid import uuid4

from sdsync.store.records import Json
from tests.real.conftest import BOOT, Product
from tests.real.inside import LONG_S, end, perl, ruby
from tests.real.tables import Row, Stand
from tests.real.years import PAIRS

#: Pairs that people work on, 200 edits in the whole form; the others stay as they are.
BUSY = min(20, PAIRS // 2)
#: What people edit: RT's name and words for it, and Redmine's.
NAMES = {"Subject": "subject", "Owner": "assigned_to",
         "Status": "status", "Priority": "priority"}  # fmt: skip
WORDS: Mapping[str, Mapping[Json, str]] = {
    "Owner": {"agent1": "agent1", "agent2": "agent2", "Nobody": ""},
    "Status": {"open": "In Progress", "stalled": "Feedback", "resolved": "Resolved"},
    "Priority": {100: "High", 50: "Normal", 0: "Low"},
}
#: Of whole groups, so that nobody contradicts: a side edits these of a pair, the other those.
HALVES = (("Subject", "Owner"), ("Status", "Priority"))
PEOPLE = ("agent1", "agent2")


@dataclass
class Busy:
    """What people did. ``last``: ticket -> what it must say in the end, in RT's words."""

    desk: list[Json] = field(default_factory=list)
    dev: list[Json] = field(default_factory=list)
    last: dict[str, Row] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)  # ticket -> the word of each note
    resolved: set[str] = field(default_factory=set)  # at dev: RT would mail the requestor

    def works(self, desk: Product, dev: Product) -> None:
        """Have it done, by the products' own scripts."""
        end(
            perl(desk, BOOT / "request_tracker_edits.pl", told=self.desk),
            ruby(dev, BOOT / "redmine_edits.rb", told=self.dev),
            within_s=LONG_S,
        )


def busy(pairs: Mapping[str, str], began: Stand, rand: Random) -> Busy:
    """Edits of the first pairs, each field twice, and in the end to what it did not say before.

    Whoever comes back to what stood there, between two looks, has changed nothing.
    """
    made = Busy()
    for number, (ticket, issue) in enumerate(list(pairs.items())[:BUSY]):
        here, there = HALVES if number % 2 else HALVES[::-1]
        made.last[ticket], made.notes[ticket] = {}, []
        stood = {one: worded(one, began.desk[ticket]) for one in here}
        stood |= {one: in_rt(one, began.dev[issue][NAMES[one]]) for one in there}
        for turn in range(2):
            values = {one: _value(one, rand, ticket, turn, stood[one]) for one in NAMES}
            made.last[ticket].update(values)
            made.desk += [[rand.choice(PEOPLE), ticket, one, values[one]] for one in here]
            made.dev += [
                [rand.choice(PEOPLE), issue, NAMES[one], _in_redmine(one, values[one])]
                for one in there
            ]
        if "Status" in there and made.last[ticket]["Status"] == "resolved":
            made.resolved.add(ticket)
        made.desk.append(
            [PEOPLE[0], ticket, rand.choice(("Comment", "Correspond")), _note(made, ticket)]
        )
        made.dev.append(
            [PEOPLE[1], issue, rand.choice(("note", "private note")), _note(made, ticket)]
        )
    return made


def _value(name: str, rand: Random, ticket: str, turn: int, stood: Json) -> Json:
    if name == "Subject":
        return f"title {turn} of {ticket}"
    return rand.choice([one for one in WORDS[name] if one != stood])


def worded(name: str, ticket: Row) -> Json:
    """What a ticket says, in the words that RT itself has for it."""
    value: Json = ticket[{"Owner": "owned_by", "Priority": "worded"}.get(name, name)]
    return value


def in_rt(name: str, value: Json) -> Json:
    """What RT says for what Redmine says, as far as people here say it."""
    said = {theirs: ours for ours, theirs in WORDS.get(name, {}).items()}
    said |= {"Urgent": 100} if name == "Priority" else {}
    return said.get(str(value), value)


def _in_redmine(name: str, value: Json) -> Json:
    """What Redmine says for what RT says."""
    return WORDS[name][value] if name in WORDS else value


def _note(made: Busy, ticket: str) -> str:
    made.notes[ticket].append(f"note-{uuid4().hex[:8]}")
    return made.notes[ticket][-1]
