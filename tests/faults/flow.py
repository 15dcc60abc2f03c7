"""Order, duplicates, doubt and conflicts: production's engine between simulated products.

Time is virtual: minutes of sdsync pass in milliseconds, and a seed is one course.
"""

from __future__ import annotations

from itertools import pairwise
from unittest.mock import patch

from sdsync.connectors.contract import Changes, Found, Update
from sdsync.connectors.failures import Missing, Transient
from sdsync.sync.model import FEW
from tests.faults.frame import Trial, fault
from tests.faults.streams import all_threads
from tests.laws.people import HOME, Ticket
from tests.laws.rig import House

#: Fields that both simulated products have, by their names there, and values in pairs.
FIELDS = {
    "title": ("Subject", "subject", None),
    "urgency": ("Priority", "priority", (("10", "Low"), ("70", "Urgent"), ("90", "Immediate"))),
    "tags": (
        "CustomFields.Tags",
        "custom_fields.Tags",
        ((["vip"], ["vip"]), (["net"], ["net"]), (["vip", "net"], ["vip", "net"])),
    ),
    "due": ("Due", "due_date", (("2027-01-05", "2027-01-05"), ("2027-02-01", "2027-02-01"))),
}


def furnished(records: int) -> tuple[House, list[Ticket]]:
    """Two products, and tickets that stand in both."""
    house = House().run(30)
    tickets = [house.desk.open(f"record {number}") for number in range(records)]
    house.run(600)
    assert all(one.copy("dev") for one in tickets)
    return house, tickets


def _edit(trial: Trial, ticket: Ticket, side: str, name: str) -> None:
    """Somebody changes one field on one side to something new."""
    desk, dev, pairs = FIELDS[name]
    words = f"title {trial.dice.randrange(10**9)}"
    left, right = trial.dice.choice(pairs) if pairs else (words, words)
    if side == "desk":
        ticket.set({desk: left})
    else:
        ticket.copy("dev").set({dev: right}, by="bob")


def _equal(trial: Trial, ticket: Ticket) -> None:
    """Both sides show the same in every field, and none of them waits."""
    copy, name = ticket.copy("dev"), ticket.record.id
    trial.must(ticket["Subject"] == copy["subject"], f"#{name}: the titles differ")
    for one in ticket.share.replicas:
        trial.must(not one.groups, f"#{name} in {one.system}: {sorted(one.groups)} not in step")
    tags = [sorted(side or []) for side in (ticket[FIELDS["tags"][0]], copy[FIELDS["tags"][1]])]
    trial.must(tags[0] == tags[1], f"#{name}: the tags differ")
    due = [str(side or "")[:10] for side in (ticket["Due"], copy["due_date"])]
    trial.must(due[0] == due[1], f"#{name}: the due dates differ")


@fault("R12", "versions told and read in any order: the newest wins, no older one after it")
def out_of_order(trial: Trial) -> None:
    house, tickets = furnished(trial.of(10, 100))
    for round_ in range(10):
        trial.dice.shuffle(tickets)
        for ticket in tickets:
            ticket.set({"Subject": f"version {round_:02d}"})
            for _ in range(trial.dice.randrange(3)):
                trial.dice.choice(tickets).bell()  # late, early, of another, twice
            if trial.dice.random() < 0.5:
                house.desk.fault("stale read")
        house.run(trial.dice.randrange(1, 20))
    house.desk.line.planned.ordered.clear()
    house.run(2 * 3600)  # a whole sweep: a look that was shown nothing new used up its event
    for ticket in tickets:
        seen = [str(one) for one in ticket.copy("dev").history("subject")]
        trial.count("versions seen at the target", len(seen))
        trial.must(seen == sorted(set(seen)), f"#{ticket.record.id}: {seen}")
        trial.must(seen[-1:] == ["version 09"], f"#{ticket.record.id} ended with {seen[-1:]}")
    trial.count("versions", 10 * len(tickets))
    trial.count("stale reads", house.desk.line.planned.hits["stale read"])
    trial.must(trial.counts["stale reads"] > 0, "no read was stale")


@fault("R13", "calls that took effect and whose answer was lost: nothing stands twice")
def in_doubt(trial: Trial) -> None:
    house, tickets = furnished(trial.of(10, 100))
    notes = trial.of(40, 1000)
    for number in range(notes):
        ticket = trial.dice.choice(tickets)
        ticket.note(f"note {number}", internal=True)
        if number % 10 == 0:
            house.dev.fault(trial.dice.choice(("effect then cut", "effect then 500")))
        if number % 20 == 5:
            house.desk.open(f"born in doubt {number}")
            house.dev.fault("effect then cut")
        house.run(120)  # fewer than ten notes in ten minutes on one record are no loop
    house.run(3600)
    there = [body for one in house.dev.tickets for body in one.bodies]
    titles = [str(one["subject"]) for one in house.dev.tickets]
    hits = house.dev.line.planned.hits
    trial.count("notes", notes)
    trial.count("records", len(house.desk.tickets))
    trial.count("in doubt", hits["effect then cut"] + hits["effect then 500"])
    doubles = len(there) - len(set(there)) + len(titles) - len(set(titles))
    trial.count("doubles", doubles)
    missing = {f"note {number}" for number in range(notes)} - set(there)
    trial.must(trial.counts["in doubt"] > 0, "no call was in doubt")
    trial.must(doubles == 0, f"{doubles} things stand twice")
    trial.must(not missing, f"{len(missing)} notes are missing: {sorted(missing)[:3]}")
    trial.must(len(titles) == len(house.desk.tickets), "a record is missing or too many")


@fault("R14", "of 50 writes 37 are taken: exactly the other 13 are sent again")
def partial(trial: Trial) -> None:
    house, tickets = furnished(50)
    refused = {one.copy("dev").record.id for one in trial.dice.sample(tickets, 13)}
    waiting = set(refused)

    def refuse(operation: object) -> Transient | None:
        if isinstance(operation, Update) and operation.ref.id in waiting:
            waiting.discard(operation.ref.id)
            tries.append(operation.ref.id)
            return Transient("busy")
        if isinstance(operation, Update):
            tries.append(operation.ref.id)
        return None

    tries: list[str] = []
    house.dev.line.instead["apply"] = refuse
    for ticket in tickets:
        ticket.set({"Subject": "edited"})
    house.run(1800)
    again = {one for one in tries if tries.count(one) > 1}
    trial.count("writes", len(tries))
    trial.count("sent again", len(again))
    trial.must(again == refused, f"sent again: {len(again)} records, not the 13")
    trial.must(len(tries) == 63, f"{len(tries)} writes for 50 records")
    trial.must(all(one.copy("dev")["subject"] == "edited" for one in tickets), "one was lost")


@fault("R15", "every field edited from both sides: at most a write per edit, and then no echo")
def ping_pong(trial: Trial) -> None:
    house, tickets = furnished(trial.of(10, 100))
    before, edits = house.writes(), trial.of(100, 10_000)
    for _ in range(edits):
        side, name = trial.dice.choice(("desk", "dev")), trial.dice.choice(list(FIELDS))
        _edit(trial, trial.dice.choice(tickets), side, name)
        house.run(65)
    house.run(900)
    writes = house.writes() - before
    settled = house.writes()
    house.run(3600)
    trial.count("edits", edits)
    trial.count("writes", writes)
    trial.count("echoes", house.writes() - settled)
    trial.must(writes <= edits, f"{writes} writes for {edits} edits")
    trial.must(writes > edits // 4, "hardly anything was written")
    trial.must(house.writes() == settled, "it writes although nobody edits")
    for ticket in tickets:
        _equal(trial, ticket)


@fault(
    "R16", "edits of both sides at once: the later stands on both, and the trail keeps both texts"
)
def at_once(trial: Trial) -> None:
    house, tickets = furnished(trial.of(10, 100))
    for number in range(trial.of(6, 100)):
        rivals = [one for one in tickets if trial.dice.random() < 0.5]
        for ticket in rivals:
            trial.count("conflicts")
            ticket.set({"Subject": f"desk {number}"})
        house.clock.advance(2)
        for ticket in rivals:
            ticket.copy("dev").set({"subject": f"dev {number}"}, by="bob")
        house.run(300)
        for ticket in rivals:
            name, later = ticket.record.id, f"dev {number}"
            shown = (ticket["Subject"], ticket.copy("dev")["subject"])
            known = [one.value for one in house.store.versions(ticket.hub.id, "title")]
            trial.must(shown == (later, later), f"#{name} shows {shown} after round {number}")
            trial.must(later in known, f"#{name}: {later} is not in its history")
            told = [
                value for row in house.store.audit(hub_id=ticket.hub.id, limit=100_000)
                for value in (row.before, row.after) if row.field == "title"
            ]  # fmt: skip
            for text in (later, f"desk {number}"):
                trial.count("texts in the trail", text in told)
                trial.must(text in told, f"#{name}: {text!r} is not in the trail")
    for ticket in tickets:
        _equal(trial, ticket)


@fault("R17", "many records at once, eight threads at work: for each of them order is kept")
def in_order(trial: Trial) -> None:
    all_threads(trial)
    house, tickets = furnished(trial.of(6, 200))
    house.dev.line.planned.ordered["cut before effect"] = trial.of(5, 200)
    house.dev.line.planned.ordered["effect then cut"] = trial.of(5, 200)
    versions = trial.of(10, 50)
    for number in range(versions):
        for ticket in trial.dice.sample(tickets, len(tickets)):
            ticket.set({"Subject": f"version {number:03d}"})
        house.run(trial.dice.randrange(1, 40))
    house.run(3600)
    inversions = 0
    for ticket in tickets:
        seen = [str(one) for one in ticket.copy("dev").history("subject")]
        inversions += sum(one > other for one, other in pairwise(seen))
        trial.must(seen[-1:] == [f"version {versions - 1:03d}"], f"#{ticket.record.id}: lost")
    trial.count("events", versions * len(tickets))
    trial.count("inversions", inversions)
    trial.must(inversions == 0, f"{inversions} inversions")


@fault("R20", "lists come empty, a place goes dark, nine of ten are gone: none is closed in number")
def empty_source(trial: Trial) -> None:
    house, tickets = furnished(trial.of(12, 200))
    house.start(sync={"on_delete": "close", "closes": "any", "delete_limit_percent": 5.0})
    house.run(60)
    _empty(trial, house, tickets)
    _dark(trial, house, tickets)
    lost = trial.dice.sample(tickets, len(tickets) * 9 // 10)
    for one in lost:
        copy = one.copy("dev")
        house.dev.product.delete(copy.record, by=house.dev.who("bob"))
        copy.bell()
    house.run(1800)
    closed = _closed(tickets)
    trial.count("gone at once", len(lost))
    trial.count("closed elsewhere", closed)
    # Law 41: five may always go, each read twice; they are no list that came empty.
    trial.must(closed <= max(FEW, len(tickets) // 20), f"{closed} were closed")
    trial.must(len(list(house.store.causes())) == 1, "it is not one cause for a person")


def _empty(trial: Trial, house: House, tickets: list[Ticket]) -> None:
    """An outage with 200: feed, searches and people are empty for an hour."""
    line, before = house.dev.line, house.writes()
    line.instead["people"] = lambda _: []
    line.instead["search"] = line.instead["find"] = lambda _: Found(())
    with patch.object(line, "changes", lambda cursor: Changes((), cursor)):
        house.run(3600)
    line.instead.clear()
    trial.count("writes while lists were empty", house.writes() - before)
    trial.must(house.writes() == before, "it wrote for lists that were empty")
    _untouched(trial, tickets, "while lists were empty")


def _dark(trial: Trial, house: House, tickets: list[Ticket]) -> None:
    """Each record is answered with not found and its place cannot be read, for an hour."""
    before, place = house.writes(), house.dev.product.places[HOME["dev"]]
    house.dev.line.instead["fetch"], place.archived = lambda _: Missing(), True
    for one in tickets:
        one.copy("dev").bell()
    house.run(3600)
    trial.count("not found at once", len(tickets))
    trial.must(house.writes() == before, "it wrote for a place that went dark")
    house.dev.line.instead.clear()
    place.archived = False
    house.run(3600)
    _untouched(trial, tickets, "when the place was dark")


def _untouched(trial: Trial, tickets: list[Ticket], when: str) -> None:
    """No record was closed or let go, and each is in step."""
    wrong = _closed(tickets) + sum(one.hub.state != "open" for one in tickets)
    trial.count(f"closed {when}", wrong)
    trial.must(wrong == 0, f"{wrong} records were closed or let go {when}")
    for one in tickets:
        _equal(trial, one)


def _closed(tickets: list[Ticket]) -> int:
    return sum(one.hub.values["status"] == "closed" for one in tickets)
