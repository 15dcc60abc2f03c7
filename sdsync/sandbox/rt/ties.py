"""Links between tickets, with the sentences that the product says of them."""

from __future__ import annotations

from sdsync.sandbox.call import text
from sdsync.sandbox.rt.history import Data, History
from sdsync.sandbox.rt.state import RtState, Ticket
from sdsync.sandbox.rt.values import many

#: The product's word -> (as its links call it, the other end's word, in a sentence), in its order.
WORDS = {
    "DependedOnBy": ("depended-on-by", "DependsOn", "depended on by"),
    "DependsOn": ("depends-on", "DependedOnBy", "depends on"),
    "MemberOf": ("parent", "Members", "member of"),
    "Members": ("child", "MemberOf", "has member"),
    "ReferredToBy": ("referred-to-by", "RefersTo", "referred to by"),
    "RefersTo": ("refers-to", "ReferredToBy", "refers to"),
}
_CIRCULAR = "Refused to add link which would create a circular relationship"


class Ties:
    """Adds and deletes links: both ends show them, and both have it in their history."""

    def __init__(self, state: RtState, history: History) -> None:
        self._state = state
        self._history = history

    def update(self, ticket: Ticket, by: str, data: Data) -> list[str]:
        """``AddRefersTo``, ``DeleteMemberOf`` …; a sentence for each."""
        said: list[str] = []
        for word in WORDS:
            for target in many(data.get(f"Add{word}")):
                said.append(self._add(ticket, by, word, text(target)))
            for target in many(data.get(f"Delete{word}")):
                said.append(self._delete(ticket, by, word, text(target)))
        return said

    def _add(self, ticket: Ticket, by: str, word: str, target: str) -> str:
        other = self._state.effective(int(target)) if target.isdigit() else None
        if other is None:
            return f"Couldn't resolve '{target}' into a link."
        if other.id == ticket.id:
            return "Link could not be created: Can't link a ticket to itself"
        ref, turned, words = WORDS[word]
        if (ref, str(other.id)) in ticket.links:
            return "Link already exists"
        if word in ("MemberOf", "DependsOn") and self._reaches(other, ref, ticket.id):
            return _CIRCULAR
        ticket.links.append((ref, str(other.id)))
        other.links.append((WORDS[turned][0], str(ticket.id)))
        self._note(ticket, by, "AddLink", word, other)
        self._note(other, by, "AddLink", turned, ticket)
        return f"Ticket {ticket.id} {words} Ticket {other.id}."

    def _delete(self, ticket: Ticket, by: str, word: str, target: str) -> str:
        other = self._state.effective(int(target)) if target.isdigit() else None
        ref, turned, words = WORDS[word]
        if other is None or (ref, str(other.id)) not in ticket.links:
            return "Link not found"
        ticket.links.remove((ref, str(other.id)))
        other.links.remove((WORDS[turned][0], str(ticket.id)))
        self._note(ticket, by, "DeleteLink", word, other)
        self._note(other, by, "DeleteLink", turned, ticket)
        return f"Ticket {ticket.id} no longer {words} Ticket {other.id}."

    def _note(self, ticket: Ticket, by: str, kind: str, word: str, other: Ticket) -> None:
        field = "HasMember" if word == "Members" else word
        uri = f"fsck.com-rt://desk.example.org/ticket/{other.id}"
        added = kind == "AddLink"
        self._history.note(ticket, kind, by, field, None if added else uri, uri if added else None)
        self._state.keep_ticket(ticket)
        self._state.world.tell("ticket", ticket.id, "updated")

    def _reaches(self, start: Ticket, ref: str, end: int) -> bool:
        """Whether a chain of such links leads from one ticket to the other."""
        seen, ahead = set[int](), [start.id]
        while ahead:
            one = ahead.pop()
            if one == end:
                return True
            if one not in seen:
                seen.add(one)
                links = self._state.tickets[one].links
                ahead += [int(target) for kind, target in links if kind == ref]
        return False
