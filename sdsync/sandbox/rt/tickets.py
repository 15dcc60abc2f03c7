"""What can be done with tickets, by the API and by people alike."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sdsync.sandbox.call import Call, Json, Refused, message, text, texts
from sdsync.sandbox.rt import mail
from sdsync.sandbox.rt.state import (
    INACTIVE,
    INITIAL,
    NOBODY,
    ON_CREATE,
    PRIORITIES,
    ROLES,
    STATUSES,
    SYSTEM,
    Attachment,
    CustomField,
    Queue,
    RtState,
    Ticket,
    Transaction,
    User,
    next_id,
)
from sdsync.sandbox.world import ignored

Data = Mapping[str, Json]

_SQL = "%Y-%m-%d %H:%M:%S"


class Tickets:
    """Creates, changes, answers and merges tickets. ``by`` is a login."""

    def __init__(self, state: RtState) -> None:
        self._state = state
        self._world = state.world
        #: In the product's own order, by name.
        self._setters: dict[str, Callable[[Ticket, str, Json], str | None]] = {
            "Due": self._set_due, "Owner": self._set_owner, "Priority": self._set_priority,
            "Queue": self._set_queue, "Starts": self._set_starts, "Status": self._set_status,
            "Subject": self._set_subject,
        }  # fmt: skip

    # -- create ------------------------------------------------------------------
    def create(self, by: str, data: Data, call: Call | None = None) -> Ticket:
        """Make a ticket; unknown custom fields and owners are passed over without a word."""
        queue = self._queue_for(data)
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
        ticket.due, ticket.starts = _date(data.get("Due")), _date(data.get("Starts"))
        owner = self._state.user(text(data.get("Owner")))
        ticket.owner = owner.name if owner and (owner.privileged or owner.superuser) else NOBODY
        for role in ROLES:
            ticket.people[role] = [self.person(one) for one in texts(data.get(role)) if one]
        self._state.keep_ticket(ticket)
        self._first_fields(ticket, data.get("CustomFields"))
        transaction = self._note(ticket, "Create", by)
        if data.get("Content") is not None or data.get("Attachments") is not None:
            self._attach(transaction, ticket.subject, data)
        self._state.keep_ticket(ticket)
        mail.created(self._state, ticket, by)
        self._world.tell("ticket", ticket.id, "created")
        return ticket

    def _queue_for(self, data: Data) -> Queue:
        wanted = data.get("Queue")
        if not wanted:
            raise Refused(message(400, "Could not create ticket. Queue not set"))
        queue = self._state.queue(_id_of(wanted))
        if queue is None or queue.disabled:
            refusal = f"No permission to create tickets in the queue '{_id_of(wanted)}'"
            raise Refused(message(403, refusal))
        return queue

    def _first_fields(self, ticket: Ticket, given: Json) -> None:
        for name, value in given.items() if isinstance(given, dict) else ():
            field = self._state.field_named(text(name), ticket.queue)
            if field is not None:
                values = [one for one in texts(value) if _allowed(field, one)]
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
        for name, setter in self._setters.items():
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
            said += self._set_fields(ticket, by, kept)
        said += self._set_people(ticket, by, {k: v for k, v in data.items() if k not in skip})
        if data.get("MergeInto"):
            said.append(self.merge(by, ticket, int(text(data["MergeInto"]))))
        if said and ticket.status in INITIAL and self._world.switches.strikes("own_reaction", call):
            self.react(ticket, "open")
        if said:
            self._state.keep_ticket(ticket)
            self._world.tell("ticket", ticket.id, "updated")
        return said

    def _set_subject(self, ticket: Ticket, by: str, value: Json) -> str | None:
        new = text(value)
        if new == ticket.subject:
            return None
        old, ticket.subject = ticket.subject, new
        self._note(ticket, "Set", by, "Subject", old, new)
        return f"Subject changed from '{old}' to '{new}'"

    def _set_queue(self, ticket: Ticket, by: str, value: Json) -> str | None:
        queue = self._state.queue(_id_of(value))
        old = self._state.queues[ticket.queue]
        if queue is None or queue.disabled:
            return f"Queue {_id_of(value)} does not exist"
        if queue.id == old.id:
            return None
        ticket.queue = queue.id
        self._note(ticket, "Set", by, "Queue", str(old.id), str(queue.id))
        return f"Queue changed from {old.name} to {queue.name}"

    def _set_status(self, ticket: Ticket, by: str, value: Json) -> str | None:
        new = text(value)
        if new == ticket.status:
            return None
        if new not in STATUSES:
            return f"Status '{new}' isn't a valid status for this ticket."
        now = self._world.stamp()
        old, ticket.status = ticket.status, new
        if old in INITIAL and new not in INITIAL and ticket.started is None:
            ticket.started = now
        if new in INACTIVE:
            ticket.resolved = now
        self._note(ticket, "Status", by, "Status", old, new)
        if new == "resolved":
            mail.resolved(self._state, ticket, by)
        return "Ticket deleted" if new == "deleted" else f"Status changed from '{old}' to '{new}'"

    def _set_owner(self, ticket: Ticket, by: str, value: Json) -> str | None:
        owner = self._state.user(_id_of(value))
        if owner is None:
            return "That user does not exist"
        if owner.name == ticket.owner:
            return None
        if owner.name != NOBODY and not owner.privileged:
            return "That user may not own tickets in that queue"
        old, ticket.owner = ticket.owner, owner.name
        for kind in ("Set", "SetWatcher"):  # the product writes both
            self._note(ticket, kind, by, "Owner", self._number(old), str(owner.id))
        mail.owner_changed(self._state, ticket, by)
        return f"Owner changed from {old} to {owner.name}"

    def _set_priority(self, ticket: Ticket, by: str, value: Json) -> str | None:
        new = str(_priority(value))
        if new == ticket.priority:
            return None
        old, ticket.priority = ticket.priority, new
        self._note(ticket, "Set", by, "Priority", old, new)
        return f"Priority changed from '{_word(old)}' to '{_word(new)}'"

    def _set_due(self, ticket: Ticket, by: str, value: Json) -> str | None:
        old, ticket.due = ticket.due, _sql_date(value)
        return self._date_set(ticket, by, "Due", old, value)

    def _set_starts(self, ticket: Ticket, by: str, value: Json) -> str | None:
        old, ticket.starts = ticket.starts, _sql_date(value)
        return self._date_set(ticket, by, "Starts", old, value)

    def _date_set(
        self, ticket: Ticket, by: str, name: str, old: datetime | None, value: Json
    ) -> str | None:
        """The history keeps what was sent, also when it could not be read."""
        new = _sql_date(value)
        if new == old and (new is not None or not text(value)):
            return None
        before = old.strftime(_SQL) if old else "1970-01-01 00:00:00"
        self._note(ticket, "Set", by, name, before, text(value))
        return f"{name} changed from {_said(old)} to {_said(new)}"

    def _set_fields(self, ticket: Ticket, by: str, given: Data) -> list[str]:
        said: list[str] = []
        for name, value in given.items():
            field = self._state.field_named(name, ticket.queue)
            if field is None:
                continue  # not a word about it: that is how the product does it
            wanted = [one for one in texts(value) if one]
            if field.max_values == 1:
                said += self._set_one(ticket, by, field, wanted)
            else:
                said += self._set_many(ticket, by, field, wanted)
        return said

    def _set_one(self, ticket: Ticket, by: str, field: CustomField, wanted: list[str]) -> list[str]:
        old = next(iter(ticket.fields.get(field.id, [])), None)
        new = wanted[0] if wanted else None
        if old == new:
            return []
        if new is not None and not _allowed(field, new):
            return ["Invalid value for custom field"]
        ticket.fields[field.id] = [] if new is None else [new]
        self._note(ticket, "CustomField", by, str(field.id), old, new)
        if new is None:
            return [f"{old} is no longer a value for custom field {field.name}"]
        if old is None:
            return [f"{field.name} {new} added"]
        return [f"{field.name} {old} changed to {new}"]

    def _set_many(
        self, ticket: Ticket, by: str, field: CustomField, wanted: list[str]
    ) -> list[str]:
        said: list[str] = []
        have = ticket.fields.setdefault(field.id, [])
        for new in [one for one in dict.fromkeys(wanted) if one not in have]:
            have.append(new)
            self._note(ticket, "CustomField", by, str(field.id), None, new)
            said.append(f"{new} added as a value for {field.name}")
        for old in [one for one in have if one not in wanted]:
            have.remove(old)
            self._note(ticket, "CustomField", by, str(field.id), old, None)
            said.append(f"{old} is no longer a value for custom field {field.name}")
        return said

    def _set_people(self, ticket: Ticket, by: str, data: Data) -> list[str]:
        said: list[str] = []
        for role in ROLES:
            if role not in data:
                continue
            wanted = [self.person(_id_of(one)) for one in _many(data[role]) if one]
            have = ticket.people[role]
            for new in [one for one in wanted if one not in have]:
                have.append(new)
                self._note(ticket, "AddWatcher", by, role, None, self._number(new))
                said.append(f"Added {new} as {role} for this ticket")
            for old in [one for one in have if one not in wanted]:
                have.remove(old)
                self._note(ticket, "DelWatcher", by, role, self._number(old), None)
                said.append(f"{old} is no longer {role} for this ticket")
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
        transaction = self._note(ticket, kind, by, data=title)
        self._attach(transaction, text(data.get("Subject")), data)
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
        self._set_status(ticket, SYSTEM, status)
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
        for role in ROLES:
            for person in ticket.people[role]:
                if person not in survivor.people[role]:
                    survivor.people[role].append(person)
        self._note(ticket, "AddLink", by, "MergedInto", None, f"ticket/{survivor.id}")
        survivor.updated, survivor.updated_by = self._world.stamp(), by
        self._state.keep_ticket(survivor)
        self._world.tell("ticket", survivor.id, "updated")
        return "Merge Successful"

    # -- helpers -----------------------------------------------------------------
    def person(self, key: str) -> str:
        """The login behind a login or address; an unknown address becomes a user (M5)."""
        user = self._state.user(key)
        if user is None:
            user = self._state.keep_user(User(next_id(self._state.users), key, key, ""))
        return user.name

    def _note(
        self, ticket: Ticket, kind: str, by: str, field: str | None = None, old: str | None = None,
        new: str | None = None, data: str | None = None,
    ) -> Transaction:  # fmt: skip
        now = self._world.stamp()
        ticket.updated, ticket.updated_by = now, by
        id_ = next_id(self._state.transactions)
        return self._state.keep_transaction(
            Transaction(id_, ticket.id, kind, by, now, field, old, new, data)
        )

    def _attach(self, transaction: Transaction, subject: str, data: Data) -> None:
        files = [one for one in _many(data.get("Attachments")) if isinstance(one, dict)]
        content, kind = data.get("Content"), text(data.get("ContentType") or "text/plain")
        parent = 0
        if files:
            parent = self._part(transaction, 0, subject, None, "multipart/mixed", b"").id
        if content is not None:
            titled = "" if parent else subject
            self._part(transaction, parent, titled, None, kind, text(content).encode())
        elif not files:
            self._part(transaction, 0, subject, None, "application/octet-stream", b"")
        for one in files:
            self._part(transaction, parent, "", text(one["FileName"]), text(one["FileType"]),
                       _decoded(text(one["FileContent"])))  # fmt: skip

    def _part(
        self, transaction: Transaction, parent: int, subject: str, filename: str | None, kind: str,
        content: bytes,
    ) -> Attachment:  # fmt: skip
        headers = f"Subject: {subject}\nContent-Type: {kind}\nContent-Length: {len(content)}\n"
        return self._state.keep_attachment(
            Attachment(next_id(self._state.attachments), transaction.id, parent, subject, filename,
                       kind, content, transaction.creator, transaction.created, headers)
        )  # fmt: skip

    def _number(self, login: str) -> str:
        user = self._state.user(login)
        return str(user.id) if user else ""


def _allowed(field: CustomField, value: str) -> bool:
    return not field.values or value in field.values


def _id_of(value: Json) -> str:
    return text(value.get("id")) if isinstance(value, dict) else text(value)


def _many(value: Json) -> list[Json]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _priority(value: Json) -> int:
    """A number or a word of ``%PriorityAsString``; another word is 0, without complaint."""
    word = text(value)
    return int(word) if word.isdigit() else PRIORITIES.get(word, 0)


def _word(priority: str) -> str:
    """The highest word that the number reaches; a stored word counts as no number at all."""
    value = int(priority) if priority.isdigit() else 0
    return [word for word, number in PRIORITIES.items() if number <= value][-1]


def _date(value: Json) -> datetime | None:
    """What a create reads: an instant in ISO or SQL form; the epoch and empty are unset."""
    raw = text(value).strip()
    try:
        at = datetime.fromisoformat(raw.replace("Z", "+00:00"))
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return None if at.timestamp() <= 0 else at


def _sql_date(value: Json) -> datetime | None:
    """What an update reads: SQL form alone; ISO is taken with 200 and shown as unset."""
    try:
        at = datetime.strptime(text(value), _SQL).replace(tzinfo=UTC)
    except ValueError:
        return None
    return None if at.timestamp() <= 0 else at


def _said(at: datetime | None) -> str:
    return at.strftime("%a %b %d %H:%M:%S %Y") if at else "Not set"


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content)
    except binascii.Error as error:
        raise Refused(message(400, "FileContent is not base64")) from error
