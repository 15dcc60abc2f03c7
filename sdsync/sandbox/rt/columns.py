"""What queries and orders see of a record: its fields as texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from sdsync.sandbox.rt.query import Columns
from sdsync.sandbox.rt.render import Record, instant
from sdsync.sandbox.rt.state import (
    Attachment,
    CustomField,
    CustomRole,
    Group,
    Queue,
    RtState,
    Ticket,
    Transaction,
    User,
)

_CF = re.compile(r"(?:CF|CustomField)\.\{(?:[^}.]*\.\{)?(?P<name>[^}]*)\}", re.IGNORECASE)


def columns_of(state: RtState, record: Record, as_of: datetime | None = None) -> Columns:
    """Read a record's fields by name, in any case. ``as_of``: how an index of then saw it."""
    match record:
        case Ticket():
            return _ticket(state, record, as_of)
        case Transaction():
            own = _table({
                "id": record.id, "type": record.type, "objectid": record.ticket,
                "objecttype": "RT::Ticket", "ticketid": record.ticket, "creator": record.creator,
                "created": instant(record.created), "field": record.field, "data": record.data,
                "oldvalue": record.old, "newvalue": record.new,
            })  # fmt: skip
            ticket = state.tickets[record.ticket]
            return _with_ticket(own, lambda: _ticket(state, ticket, as_of))
        case Attachment():
            return _table({
                "id": record.id, "transactionid": record.transaction, "parent": record.parent,
                "filename": record.filename, "contenttype": record.content_type,
                "creator": record.creator, "created": instant(record.created),
            })  # fmt: skip
        case User():
            return _table({
                "id": record.id, "name": record.name, "emailaddress": record.email,
                "realname": record.real_name, "disabled": int(record.disabled),
                "privileged": int(record.privileged),
            })  # fmt: skip
        case Queue() | Group() | CustomField() | CustomRole():
            domain = record.domain if isinstance(record, Group) else None
            disabled = int(getattr(record, "disabled", False))
            return _table({"id": record.id, "name": record.name, "domain": domain,
                           "disabled": disabled, "lookuptype": "RT::Queue-RT::Ticket"})  # fmt: skip


def _ticket(state: RtState, ticket: Ticket, as_of: datetime | None) -> Columns:
    updated = ticket.updated
    if as_of is not None:
        past = [one.created for one in state.history(ticket) if one.created <= as_of]
        updated = max(past, default=ticket.created)
    plain = _table({
        "id": ticket.id, "effectiveid": ticket.effective_id, "subject": ticket.subject,
        "status": ticket.status, "type": "ticket", "priority": ticket.priority,
        "queue": state.queues[ticket.queue].name, "owner": ticket.owner,
        "creator": ticket.creator, "lastupdatedby": ticket.updated_by,
        "created": instant(ticket.created), "lastupdated": instant(updated),
        "due": instant(ticket.due), "starts": instant(ticket.starts),
        "started": instant(ticket.started), "resolved": instant(ticket.resolved),
    })  # fmt: skip

    def get(name: str) -> list[str] | None:
        if found := _CF.fullmatch(name):
            field = state.field_named(found["name"], ticket.queue)
            return list(ticket.fields.get(field.id, [])) if field else []
        if name.lower() == "queue":
            return [state.queues[ticket.queue].name, str(ticket.queue)]
        role = name.split(".")[0].lower()
        for real, people in ticket.people.items():
            if real.lower() == role:
                return [value for one in state.people_of(people) for value in (one.email, one.name)]
        return plain(name)

    return get


def _with_ticket(own: Columns, ticket: Callable[[], Columns]) -> Columns:
    """A transaction's own fields, and its ticket's as ``TicketQueue``, ``TicketStatus`` …

    Those of the ticket are read when one is asked for: a feed asks none of them, of all history.
    """

    def get(name: str) -> list[str] | None:
        found = own(name)
        if found is None and name.lower().startswith("ticket"):
            return ticket()(name[len("ticket") :])
        return found

    return get


def _table(values: dict[str, object]) -> Columns:
    def get(name: str) -> list[str] | None:
        key = name.lower()
        if key not in values:
            return None
        value = values[key]
        return [] if value is None else [str(value)]

    return get
