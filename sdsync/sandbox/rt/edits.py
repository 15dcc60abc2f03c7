"""Changes of a ticket's fields, each with the sentence that the product says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sdsync.sandbox.call import Json, text, texts
from sdsync.sandbox.rt import mail
from sdsync.sandbox.rt.history import History
from sdsync.sandbox.rt.state import (
    INACTIVE,
    INITIAL,
    NOBODY,
    STATUSES,
    CustomField,
    RtState,
    Ticket,
)
from sdsync.sandbox.rt.values import (
    SQL_FORM,
    allowed,
    id_of,
    many,
    priority_number,
    priority_word,
    said_date,
    sql_date,
)

Data = Mapping[str, Json]


def with_roles(state: RtState, data: Data) -> dict[str, Json]:
    """The data with custom roles by their keys; a role that is not there goes without a word."""
    given = data.get("CustomRoles")
    named = given if isinstance(given, dict) else {}
    roles = {one.name: one.key for one in state.custom_roles.values()}
    return {**data, **{roles[name]: one for name, one in named.items() if name in roles}}


class Edits:
    """One setter per field. ``by`` is a login; None: there was nothing to change."""

    def __init__(self, state: RtState, history: History) -> None:
        self._state = state
        self._world = state.world
        self._history = history
        #: In the product's own order, by name.
        self.setters: dict[str, Callable[[Ticket, str, Json], str | None]] = {
            "Due": self._set_due, "Owner": self._set_owner, "Priority": self._set_priority,
            "Queue": self._set_queue, "Starts": self._set_starts, "Status": self.status,
            "Subject": self._set_subject, "TimeWorked": self._set_time,
        }  # fmt: skip

    def _set_subject(self, ticket: Ticket, by: str, value: Json) -> str | None:
        new = text(value)
        if new == ticket.subject:
            return None
        old, ticket.subject = ticket.subject, new
        self._history.note(ticket, "Set", by, "Subject", old, new)
        return f"Subject changed from '{old}' to '{new}'"

    def _set_time(self, ticket: Ticket, by: str, value: Json) -> str | None:
        """The sum as a person types it: what it grew by is the time of this change."""
        old, new = self._state.time_worked(ticket), int(text(value))
        if new == old:
            return None
        made = self._history.note(ticket, "Set", by, "TimeWorked", str(old), str(new))
        made.time_taken = new - old
        self._state.keep_transaction(made)
        return f"TimeWorked changed from '{old}' to '{new}'"

    def _set_queue(self, ticket: Ticket, by: str, value: Json) -> str | None:
        queue = self._state.queue(id_of(value))
        old = self._state.queues[ticket.queue]
        if queue is None or queue.disabled:
            return f"Queue {id_of(value)} does not exist"
        if queue.id == old.id:
            return None
        ticket.queue = queue.id
        self._history.note(ticket, "Set", by, "Queue", str(old.id), str(queue.id))
        return f"Queue changed from {old.name} to {queue.name}"

    def status(self, ticket: Ticket, by: str, value: Json) -> str | None:
        """Move along the lifecycle; a sentence, None when it is there already."""
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
        self._history.note(ticket, "Status", by, "Status", old, new)
        if new == "resolved":
            mail.resolved(self._state, ticket, by)
        return "Ticket deleted" if new == "deleted" else f"Status changed from '{old}' to '{new}'"

    def _set_owner(self, ticket: Ticket, by: str, value: Json) -> str | None:
        owner = self._state.user(id_of(value))
        if owner is None:
            return "That user does not exist"
        if owner.name == ticket.owner:
            return None
        if owner.name != NOBODY and not owner.privileged:
            return "That user may not own tickets in that queue"
        old, ticket.owner = ticket.owner, owner.name
        for kind in ("Set", "SetWatcher"):  # the product writes both
            self._history.note(ticket, kind, by, "Owner", self._history.number(old), str(owner.id))
        mail.owner_changed(self._state, ticket, by)
        return f"Owner changed from {old} to {owner.name}"

    def _set_priority(self, ticket: Ticket, by: str, value: Json) -> str | None:
        new = str(priority_number(value))
        if new == ticket.priority:
            return None
        old, ticket.priority = ticket.priority, new
        self._history.note(ticket, "Set", by, "Priority", old, new)
        return f"Priority changed from '{priority_word(old)}' to '{priority_word(new)}'"

    def _set_due(self, ticket: Ticket, by: str, value: Json) -> str | None:
        old, ticket.due = ticket.due, sql_date(value)
        return self._date_set(ticket, by, "Due", old, value)

    def _set_starts(self, ticket: Ticket, by: str, value: Json) -> str | None:
        old, ticket.starts = ticket.starts, sql_date(value)
        return self._date_set(ticket, by, "Starts", old, value)

    def _date_set(
        self, ticket: Ticket, by: str, name: str, old: datetime | None, value: Json
    ) -> str | None:
        """The history keeps what was sent, also when it could not be read."""
        new = sql_date(value)
        if new == old and (new is not None or not text(value)):
            return None
        before = old.strftime(SQL_FORM) if old else "1970-01-01 00:00:00"
        self._history.note(ticket, "Set", by, name, before, text(value))
        return f"{name} changed from {said_date(old)} to {said_date(new)}"

    def fields(self, ticket: Ticket, by: str, given: Data) -> list[str]:
        """Set custom fields by name or id."""
        said: list[str] = []
        if not self._state.may(by, "ModifyCustomField"):
            return ["Permission Denied"] if given else said
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
        if new is not None and not allowed(field, new):
            return ["Invalid value for custom field"]
        ticket.fields[field.id] = [] if new is None else [new]
        self._history.note(ticket, "CustomField", by, str(field.id), old, new)
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
            self._history.note(ticket, "CustomField", by, str(field.id), None, new)
            said.append(f"{new} added as a value for {field.name}")
        for old in [one for one in have if one not in wanted]:
            have.remove(old)
            self._history.note(ticket, "CustomField", by, str(field.id), old, None)
            said.append(f"{old} is no longer a value for custom field {field.name}")
        return said

    def people(self, ticket: Ticket, by: str, data: Data) -> list[str]:
        """Set who watches, by role."""
        said: list[str] = []
        data = with_roles(self._state, data)
        for role, label in self._state.roles_of(ticket.queue).items():
            if role not in data:
                continue
            wanted = [self._history.person(id_of(one)) for one in many(data[role]) if one]
            have = ticket.people.setdefault(role, [])
            for new in [one for one in wanted if one not in have]:
                have.append(new)
                self._history.note(ticket, "AddWatcher", by, role, None, self._history.number(new))
                said.append(f"Added {new} as {label} for this ticket")
            for old in [one for one in have if one not in wanted]:
                have.remove(old)
                self._history.note(ticket, "DelWatcher", by, role, self._history.number(old), None)
                said.append(f"{old} is no longer {label} for this ticket")
        return said
