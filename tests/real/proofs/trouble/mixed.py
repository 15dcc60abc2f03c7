"""Changes of every sort, each as often as another: what a backup of the night does not know."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.real.proofs.trouble.world import MOST_NOTES, PRIORITY, YARD, House, Record
from tests.real.rig import until

#: What people do in turn, in an order of chance.
DEEDS = (
    "born", "born", "note", "note", "file", "answer",
    "title", "priority", "close", "merge", "queue move", "project move",
)  # fmt: skip


@dataclass
class Mix:
    """People at work on one lot of records, which know what was done."""

    house: House
    name: str  # of the queue
    records: list[Record]
    _spare: Record = field(init=False)  # is found to be another ticket's double one day
    _moved: dict[str, str] = field(init=False, default_factory=dict)  # what -> where it is
    _deck: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._opens_a_spare()

    def works(self, changes: int) -> None:
        """So many changes."""
        for _ in range(changes):
            if not self._deck:
                # Whoever answers there, or moves an issue, has found it.
                until(lambda: self.house.look_alike(self.records))
                self._deck = self.house.rand.sample(DEEDS, len(DEEDS))
            self._does(self._deck.pop())

    def alive(self) -> list[Record]:
        """Those that people go on with."""
        return [one for one in self.records if one.merged_into is None and one is not self._spare]

    def _does(self, deed: str) -> None:
        house = self.house
        one = house.rand.choice(self.alive())
        if deed in ("note", "file", "answer"):
            one = house.rand.choice([each for each in self.alive() if _takes_notes(each)])
        if deed == "born":
            self.records.append(house.opens(self.name))
        elif deed == "note":
            house.comments(one)
        elif deed == "file":
            house.attaches(one)
        elif deed == "answer":
            house.answers(house.rand.choice([each for each in self._found() if _takes_notes(each)]))
        elif deed == "title":
            house.retitles(one)
        elif deed == "priority":
            one.priority = house.rand.choice([key for key in PRIORITY if key != one.priority])
            house.agent.edits(one.ticket, Priority=one.priority)
        elif deed == "close":
            self._closes()
        elif deed == "merge":
            self._merges()
        elif deed == "queue move":
            self._moves_the_ticket()
        else:
            self._moves_the_issue(house.rand.choice(self._found()))

    def _closes(self) -> None:
        """Or opens again; what left is in step until it is closed, so that is not."""
        home = [each for each in self.alive() if self._place(f"desk#{each.ticket}") == self.name]
        one = self.house.rand.choice(home)
        one.status = "open" if one.status == "resolved" else "resolved"
        self.house.agent.edits(one.ticket, Status=one.status)

    def _moves_the_ticket(self) -> None:
        one = self.house.rand.choice([each for each in self.alive() if each.status != "resolved"])
        place = self._other_place(f"desk#{one.ticket}")
        self.house.agent.edits(one.ticket, Queue=f"{place} {self.house.run}")

    def _moves_the_issue(self, one: Record) -> None:
        place = f"{self._other_place(f'dev#{one.issue}')}-{self.house.run}"
        told = self.house.redmine.act("admin", "GET", f"/projects/{place}.json").json()
        self.house.dev.edits(one.issue, project_id=told["project"]["id"])

    def _merges(self) -> None:
        loser = self._spare
        self.house.arrive([loser])  # what is under way when it is merged may stay behind
        survivor = self.house.rand.choice([each for each in self.alive() if _takes_notes(each)])
        path, told = f"/REST/2.0/ticket/{loser.ticket}", {"MergeInto": int(survivor.ticket)}
        done = self.house.desk.act("agent1", "PUT", path, told)
        assert "Merge Successful" in done.text, done.text
        loser.merged_into = survivor
        survivor.taken_over += loser.notes
        self._opens_a_spare()

    def _opens_a_spare(self) -> None:
        self._spare = self.house.opens(self.name)
        self.house.comments(self._spare)
        self.records.append(self._spare)

    def _found(self) -> list[Record]:
        return [one for one in self.alive() if one.issue]

    def _place(self, what: str) -> str:
        return self._moved.get(what, self.name)

    def _other_place(self, what: str) -> str:
        self._moved[what] = YARD if self._place(what) == self.name else self.name
        return self._moved[what]


def _takes_notes(one: Record) -> bool:
    return len(one.notes) + len(one.theirs) + len(one.taken_over) < MOST_NOTES
