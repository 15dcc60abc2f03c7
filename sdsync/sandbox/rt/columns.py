"""What queries and orders see of a record: its fields as texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sdsync.sandbox.rt.query import Columns
from sdsync.sandbox.rt.render import Record, instant
from sdsync.sandbox.rt.state import Attachment, RtState, Ticket, Transaction, User

CF = re.compile(r"(?:CF|CustomField)\.\{(?:[^}.]*\.\{)?(?P<name>[^}]*)\}", re.IGNORECASE)

#: Names in lower case. One field is read at a time: a query asks few of many records.
Table = Mapping[str, Callable[[Any], object]]
_TICKET: Table = {
    "id": lambda one: one.id, "effectiveid": lambda one: one.effective_id,
    "subject": lambda one: one.subject, "status": lambda one: one.status,
    "type": lambda _: "ticket", "priority": lambda one: one.priority,
    "owner": lambda one: one.owner, "creator": lambda one: one.creator,
    "lastupdatedby": lambda one: one.updated_by, "created": lambda one: instant(one.created),
    "due": lambda one: instant(one.due), "starts": lambda one: instant(one.starts),
    "started": lambda one: instant(one.started), "resolved": lambda one: instant(one.resolved),
}  # fmt: skip
_TRANSACTION: Table = {
    "id": lambda one: one.id, "type": lambda one: one.type, "objectid": lambda one: one.ticket,
    "objecttype": lambda _: "RT::Ticket", "ticketid": lambda one: one.ticket,
    "creator": lambda one: one.creator, "created": lambda one: instant(one.created),
    "field": lambda one: one.field, "data": lambda one: one.data,
    "oldvalue": lambda one: one.old, "newvalue": lambda one: one.new,
}  # fmt: skip
_ATTACHMENT: Table = {
    "id": lambda one: one.id, "transactionid": lambda one: one.transaction,
    "parent": lambda one: one.parent, "filename": lambda one: one.filename,
    "contenttype": lambda one: one.content_type, "creator": lambda one: one.creator,
    "created": lambda one: instant(one.created),
}  # fmt: skip
_USER: Table = {
    "id": lambda one: one.id, "name": lambda one: one.name,
    "emailaddress": lambda one: one.email, "realname": lambda one: one.real_name,
    "disabled": lambda one: int(one.disabled), "privileged": lambda one: int(one.privileged),
}  # fmt: skip
_NAMED: Table = {
    "id": lambda one: one.id, "name": lambda one: one.name,
    "domain": lambda one: getattr(one, "domain", None),
    "disabled": lambda one: int(getattr(one, "disabled", False)),
    "lookuptype": lambda _: "RT::Queue-RT::Ticket",
}  # fmt: skip


def columns_of(state: RtState, record: Record, as_of: datetime | None = None) -> Columns:
    """Read a record's fields by name, in any case. ``as_of``: how an index of then saw it."""
    match record:
        case Ticket():
            return partial(_ticket, state, record, as_of)
        case Transaction():
            return partial(_transaction, state, record, as_of)
        case Attachment():
            return partial(_plain, _ATTACHMENT, record)
        case User():
            return partial(_plain, _USER, record)
    return partial(_plain, _NAMED, record)


def _ticket(state: RtState, one: Ticket, as_of: datetime | None, name: str) -> list[str] | None:
    found = _plain(_TICKET, one, name)
    if found is not None:
        return found
    if name.lower() == "queue":
        return [state.queues[one.queue].name, str(one.queue)]
    if name.lower() == "lastupdated":
        return [instant(_updated(state, one, as_of))]
    if custom := CF.fullmatch(name):
        field = state.field_named(custom["name"], one.queue)
        return list(one.fields.get(field.id, [])) if field else []
    role = name.split(".")[0].lower()
    for real, people in one.people.items():
        if real.lower() == role:
            return [value for who in state.people_of(people) for value in (who.email, who.name)]
    return None


def _updated(state: RtState, ticket: Ticket, as_of: datetime | None) -> datetime | None:
    if as_of is None:
        return ticket.updated
    past = [one.created for one in state.history(ticket) if one.created <= as_of]
    return max(past, default=ticket.created)


def _transaction(
    state: RtState, one: Transaction, as_of: datetime | None, name: str
) -> list[str] | None:
    """A transaction's own fields, and its ticket's as ``TicketQueue``, ``TicketStatus`` …"""
    found = _plain(_TRANSACTION, one, name)
    if found is None and name.lower().startswith("ticket"):
        return _ticket(state, state.tickets[one.ticket], as_of, name[len("ticket") :])
    return found


def _plain(table: Table, record: Record, name: str) -> list[str] | None:
    read = table.get(name.lower())
    if read is None:
        return None
    value = read(record)
    return [] if value is None else [str(value)]
