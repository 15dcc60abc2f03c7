"""What can be done with tickets, by the API and by people alike."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.sandbox.call import Call, Json, Refused, message, text, texts
from sdsync.sandbox.rt import mail
from sdsync.sandbox.rt.edits import Edits, with_roles
from sdsync.sandbox.rt.history import History
from sdsync.sandbox.rt.state import (
    INITIAL,
    NOBODY,
    ON_CREATE,
    ROLES,
    SYSTEM,
    Queue,
    RtState,
    Ticket,
    Transaction,
    next_id,
)
from sdsync.sandbox.rt.ties import Ties
from sdsync.sandbox.rt.values import allowed, any_date, id_of
from sdsync.sandbox.world import ignored

Data = Mapping[str, Json]


class Tickets:
    """Creates, changes, answers and merges tickets. ``by`` is a login."""

    def __init__(self, state: RtState) -> None:
        self._state = state
        self._world = state.world
        self._history = History(state)
        self._edits = Edits(state, self._history)
        self._ties = Ties(state, self._history)

    # -- create ------------------------------------------------------------------
    def create(self, by: str, data: Data, call: Call | None = None) -> Ticket:
        """Make a ticket; unknown custom fields and owners are passed over without a word."""
        queue = self._queue_for(data, by)
        skip = ignored(self._world, call)
        data = {name: value for name, value in data.items() if name not in skip}
        status = text(data.get("Status") or "new")
        if status not in ON_CREATE:
            refusal = f"Status '{status}' isn't a valid status for tickets in this queue."
            raise Refused(message(400, refusal))
        now = self._world.stamp()
        id_ = next_id(self._state.tickets)
        ticket = Ticket(id_, id_, queue.id, self.cut(text(data.get("Subject")), call), by, now,
                        status, updated=now, updated_by=by)  # fmt: skip
        ticket.priority = text(data.get("Priority")) or "0"
        ticket.due, ticket.starts = any_date(data.get("Due")), any_date(data.get("Starts"))
        owner = self._state.user(text(data.get("Owner")))
        ticket.owner = owner.name if owner and (owner.privileged or owner.superuser) else NOBODY
        told = with_roles(self._state, data)
        for role in self._state.roles_of(queue.id):
            ticket.people[role] = [
                self._history.person(one) for one in texts(told.get(role)) if one
            ]
        self._state.keep_ticket(ticket)
        if self._state.may(by, "ModifyCustomField"):  # else: not a word, as in the product
            self._first_fields(ticket, data.get("CustomFields"))
        transaction = self._history.note(ticket, "Create", by)
        transaction.time_taken = int(text(data.get("TimeWorked") or 0))
        self._state.keep_transaction(transaction)
        if data.get("Content") is not None or data.get("Attachments") is not None:
            self._history.attach(transaction, ticket.subject, data)
        self._state.keep_ticket(ticket)
        mail.created(self._state, ticket, by)
        self._world.tell("ticket", ticket.id, "created")
        return ticket

    def _queue_for(self, data: Data, by: str) -> Queue:
        wanted = data.get("Queue")
        if not wanted:
            raise Refused(message(400, "Could not create ticket. Queue not set"))
        queue = self._state.queue(id_of(wanted))
        if queue is None or queue.disabled or not self._state.may(by, "CreateTicket"):
            refusal = f"No permission to create tickets in the queue '{id_of(wanted)}'"
            raise Refused(message(403, refusal))
        return queue

    def _first_fields(self, ticket: Ticket, given: Json) -> None:
        for name, value in given.items() if isinstance(given, dict) else ():
            field = self._state.field_named(text(name), ticket.queue)
            if field is not None:
                values = [one for one in texts(value) if allowed(field, one)]
                ticket.fields[field.id] = values[: field.max_values or None]

    def cut(self, title: str, call: Call | None) -> str:
        """A title as it is stored: at most 200 characters, or less on a switch."""
        struck = self._world.switches.fires("truncate", call) if title else None
        return title[: int(text(struck["length"])) if struck else 200].replace("\n", " ")

    # -- update ------------------------------------------------------------------
    def update(self, by: str, ticket: Ticket, data: Data, call: Call | None = None) -> list[str]:
        """Change fields; sentences for what was done or refused, silence for what is unknown."""
        skip = ignored(self._world, call)
        said: list[str] = []
        for name, setter in self._edits.setters.items():
            value = data.get(name)
            if value is None or name in skip:
                continue
            if name == "Subject":
                value = self.cut(text(value), call)
            sentence = setter(ticket, by, value)
            if sentence:
                said.append(f"Ticket {ticket.id}: {sentence}")
        fields = data.get("CustomFields")
        if isinstance(fields, dict) and "CustomFields" not in skip:
            kept = {key: value for key, value in fields.items() if str(key) not in skip}
            said += self._edits.fields(ticket, by, kept)
        said += self._edits.people(ticket, by, {k: v for k, v in data.items() if k not in skip})
        said += self._ties.update(ticket, by, {k: v for k, v in data.items() if k not in skip})
        if data.get("MergeInto"):
            said.append(self.merge(by, ticket, int(text(data["MergeInto"]))))
        if said and ticket.status in INITIAL and self._world.switches.strikes("own_reaction", call):
            self.react(ticket, "open")
        if said:
            self._state.keep_ticket(ticket)
            self._world.tell("ticket", ticket.id, "updated")
        return said

    # -- messages ----------------------------------------------------------------
    def say(
        self, by: str, ticket: Ticket, data: Data, *, public: bool, call: Call | None = None
    ) -> tuple[Transaction, list[str]]:
        """Reply (public, mails the requestor) or comment; then what else ``data`` asks for."""
        if not public and self._world.switches.strikes("private_dropped", call):
            public = True
        kind = "Correspond" if public else "Comment"
        title = text(data.get("Subject")) or "No Subject"
        transaction = self._history.note(ticket, kind, by, data=title)
        transaction.time_taken = int(text(data.get("TimeTaken") or 0))
        self._state.keep_transaction(transaction)
        self._history.attach(transaction, text(data.get("Subject")), data)
        said = ["Correspondence added" if public else "Comments added"]
        mail.said(self._state, ticket, by, public=public)
        if public and ticket.status not in ("open", "stalled"):
            self.react(ticket, "open")
        changes = {name: data[name] for name in ("CustomFields", "Status", *ROLES) if name in data}
        prefix = f"Ticket {ticket.id}: "
        said += [one.removeprefix(prefix) for one in self.update(by, ticket, changes)]
        self._state.keep_ticket(ticket)
        self._world.tell("ticket", ticket.id, "updated")
        return transaction, said

    def react(self, ticket: Ticket, status: str) -> None:
        """The product's own change: RT_System opens what is answered."""
        self._edits.status(ticket, SYSTEM, status)
        self._state.keep_ticket(ticket)

    def merge(self, by: str, ticket: Ticket, into: int) -> str:
        """The ticket goes into another; asked for it, the product answers with the survivor."""
        survivor = self._state.effective(into)
        if survivor is None:
            return "New ticket doesn't exist"
        if survivor.id == ticket.id:
            return "Can't merge a ticket into itself"
        for one in self._state.family(ticket):
            self._state.tickets[one].effective_id = survivor.id
            self._state.keep_ticket(self._state.tickets[one])
        for role, people in ticket.people.items():
            kept = survivor.people.setdefault(role, [])
            kept += [one for one in people if one not in kept]
        # One word for both ends, told on the loser first.
        # Source: RT 5.0.3, RT::Record::_AddLink and RT::Link::DIRMAP.
        for end, other in ((ticket, survivor), (survivor, ticket)):
            self._history.note(end, "AddLink", by, "MergedInto", None, f"ticket/{other.id}")
        self._state.keep_ticket(ticket)
        survivor.updated, survivor.updated_by = self._world.stamp(), by
        self._state.keep_ticket(survivor)
        self._world.tell("ticket", survivor.id, "updated")
        return "Merge Successful"
