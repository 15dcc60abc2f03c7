"""Whom Request Tracker mails about a write, as far as its stock scrips tell."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.connectors.contract import AddElement, Audience, Create, Operation, Update
from sdsync.connectors.request_tracker.roles import NOBODY, STOCK
from sdsync.store.records import Json

#: Tickets whose people are kept.
MOST = 50_000
#: Statuses whose scrip mails the requestors: "On Resolve Notify Requestors" is stock, one for
#: "On Reject" is the first that sites add. Source: RT 5.0.3, etc/initialdata.
MAILS_REQUESTORS = frozenset({"resolved", "rejected"})
#: Of a ticket that was never read: one of each who count, to be careful.
_CAREFUL = {"Requestor": 1, "AdminCc": 1, "Owner": 1}


class Mailing:
    """Whom RT's stock scrips mail. Sites change them: this is the floor, not a promise.

    REST 2.0 has no argument to silence a write. Numbers come from the last look
    at the ticket; one that was never read counts one customer. All connectors of a
    system have one in common.
    """

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}  # how many people each group has, as far as told
        self._tickets: dict[str, Mapping[str, int]] = {}

    def saw(self, ticket_id: str, values: Mapping[str, Json]) -> None:
        """Remember how many people a ticket has, by role.

        What ``values`` do not tell stays as it was told.
        """
        if len(self._tickets) > MOST:
            self._tickets.clear()
        told = {one: self._people(values[one]) for one in (*STOCK, "Owner") if one in values}
        self._tickets[ticket_id] = {**self._tickets.get(ticket_id, _CAREFUL), **told}

    def of(self, operation: Operation) -> Audience:
        """Customers and staff that the write mails."""
        match operation:
            case Create(values=values):
                # Without a requestor RT takes the account that creates.
                number: Mapping[str, int]
                number = {one: self._people(values.get(one)) for one in (*STOCK, "Owner")}
                return _everybody(number)
            case AddElement(ref=ref, kind=kind, values=values):
                number = self._tickets.get(ref.id, _CAREFUL)
                if values.get("internal") is not False or kind == "worklog":
                    # "On Comment Notify AdminCcs as Comment": not even the owner is told.
                    number = {"AdminCc": number.get("AdminCc", 0)}
                return _everybody(number)
            case Update(ref=ref, values=values):
                # Who is given a ticket is told of it; nobody is told that nobody has it.
                number = {"Owner": self._people(values.get("Owner"))}
                if values.get("Status") in MAILS_REQUESTORS:
                    people = self._tickets.get(ref.id, _CAREFUL)
                    number["Requestor"] = people.get("Requestor", 0)
                return _everybody(number)
            case _:
                return Audience()

    def _people(self, role: Json) -> int:
        """How many stand in a role: of a group its people, as far as they are told."""
        names = role if isinstance(role, list | tuple) else [role] if role else []
        return sum(max(1, self.sizes.get(str(one), 1)) for one in names if one != NOBODY)


def _everybody(number: Mapping[str, int]) -> Audience:
    requestors, copied = number.get("Requestor", 0), number.get("Cc", 0)
    staff = number.get("AdminCc", 0) + number.get("Owner", 0)
    return Audience(requestors + copied, staff, _who(requestors, copied))


def _who(requestors: int, copied: int) -> str:
    """``the requestor and 2 in Cc``; nothing when nobody is told."""
    told = [f"{requestors} requestors" if requestors > 1 else "the requestor"] if requestors else []
    told += [f"{copied} in Cc"] if copied else []
    return " and ".join(told)
