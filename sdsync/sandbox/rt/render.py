"""Records as REST 2 shows them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime

from sdsync.sandbox.call import Call, Json
from sdsync.sandbox.rt.lifecycle import lifecycle_links
from sdsync.sandbox.rt.rights import LINKS, fields_seen
from sdsync.sandbox.rt.state import (
    ROLES,
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

API = "/REST/2.0"
EPOCH = "1970-01-01T00:00:00Z"

Record = Ticket | Transaction | Attachment | User | Group | Queue | CustomField | CustomRole

_KINDS: Mapping[type, str] = {
    Ticket: "ticket", Transaction: "transaction", Attachment: "attachment", User: "user",
    Group: "group", Queue: "queue", CustomField: "customfield", CustomRole: "customrole",
}  # fmt: skip

#: What an account without AdminUsers sees of somebody else.
_SUMMARY = ("Name", "EmailAddress", "RealName", "Privileged")
_ADMIN_ONLY = ("Privileged", "Disabled")


def instant(at: datetime | None) -> str:
    """W3C form in UTC; an unset date is the epoch."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else EPOCH


class Renderer:
    """Shows records; ``base`` of a call is part of every link."""

    def __init__(self, state: RtState) -> None:
        self._state = state

    def ref(self, call: Call, kind: str, id_: str | int) -> dict[str, Json]:
        """How one record points at another."""
        return {"type": kind, "id": str(id_), "_url": f"{call.base}{API}/{kind}/{id_}"}

    def ref_of(self, call: Call, record: Record) -> dict[str, Json]:
        """A pointer; users are named by login."""
        id_ = record.name if isinstance(record, User) else record.id
        return self.ref(call, _KINDS[type(record)], id_)

    def full(self, call: Call, record: Record) -> dict[str, Json]:
        """All fields of a record, and those that ``fields[X]=a,b`` asks for in its pointers."""
        values = {name: get() for name, get in self._columns(call, record).items()}
        values.pop("CustomRoles", None)  # in lists alone: here each stands by itself
        if isinstance(record, Transaction):
            values = self._single_transaction(call, record, values)
        if isinstance(record, Attachment):
            values = self._single_attachment(call, record, values)
        if isinstance(record, User) and not self._knows(call, record):
            values = {name: values[name] for name in _SUMMARY}
        for name, value in values.items():
            wanted = call.param(f"fields[{name}]")
            target = self._target(record, name)
            if wanted and target is not None and isinstance(value, dict):
                values[name] = {**value, **self.some(call, target, wanted, f"fields[{name}]")}
        values["_hyperlinks"] = self._links(call, record)
        return values

    def item(self, call: Call, record: Record) -> dict[str, Json]:
        """A record in a list: a pointer, and what ``fields=`` names."""
        wanted = call.param("fields")
        return {**self.ref_of(call, record), **self.some(call, record, wanted, "fields")}

    def some(self, call: Call, record: Record, wanted: str, prefix: str) -> dict[str, Json]:
        """The named fields; an unknown one is an empty text, as in the stock product."""
        found: dict[str, Json] = {}
        columns = self._columns(call, record)
        for name in filter(None, wanted.split(",")):
            if name == "_hyperlinks":
                found[name] = self._links(call, record)
                continue
            value = columns[name]() if name in columns else ""
            if isinstance(record, User) and name in _ADMIN_ONLY and not self._knows(call, record):
                value = ""
            found[name] = self._expanded(call, record, name, value, prefix)
        return found

    def _expanded(self, call: Call, record: Record, name: str, value: Json, prefix: str) -> Json:
        inner = f"{prefix}[{name}]"
        wanted = call.param(inner)
        if value is None:
            return ""
        if not wanted:
            return value
        target = self._target(record, name)
        if target is not None and isinstance(value, dict):
            return {**value, **self.some(call, target, wanted, inner)}
        if name in ROLES and isinstance(record, Ticket):
            return [
                {**self.ref_of(call, one), **self.some(call, one, wanted, inner)}
                for one in self._state.people_of(record.people[name])
            ]
        return value

    def _target(self, record: Record, name: str) -> Record | None:
        """The record that a pointer field points at."""
        state = self._state
        if name in ("Creator", "LastUpdatedBy", "Owner"):
            attribute = {"Creator": "creator", "LastUpdatedBy": "updated_by", "Owner": "owner"}
            return state.user(str(getattr(record, attribute[name], "")))
        if name == "Queue" and isinstance(record, Ticket):
            return state.queues[record.queue]
        return None

    # -- columns -----------------------------------------------------------------
    def _columns(self, call: Call, record: Record) -> dict[str, Callable[[], Json]]:
        match record:
            case Ticket():
                return self._ticket(call, record)
            case Transaction():
                return self._transaction(call, record)
            case Attachment():
                return self._attachment(call, record)
            case User():
                return _plain(self._user(call, record))
            case Queue():
                return _plain(self._queue(call, record))
            case CustomField():
                return _plain(_custom_field(record))
            case CustomRole():
                return _plain({
                    "id": record.id, "Name": record.name, "MaxValues": "0", "Disabled": "0",
                })  # fmt: skip
        return _plain({
            "id": record.id, "Name": record.name, "Description": "", "Domain": record.domain,
            "Disabled": "0", "Members": [self.ref(call, "user", one) for one in record.members],
        })  # fmt: skip

    def _ticket(self, call: Call, one: Ticket) -> dict[str, Callable[[], Json]]:
        def people(role: str) -> Callable[[], Json]:
            return lambda: [self._member(call, name) for name in one.people.get(role, [])]

        def dates(name: str) -> Callable[[], Json]:
            return lambda: instant(getattr(one, name))

        # Each when it is asked for: a list shows few of many.
        columns: dict[str, Callable[[], Json]] = {
            "id": lambda: one.id, "Type": lambda: "ticket", "Subject": lambda: one.subject,
            "Status": lambda: one.status, "Queue": lambda: self.ref(call, "queue", one.queue),
            "EffectiveId": lambda: self.ref(call, "ticket", one.effective_id),
            "Owner": lambda: self.ref(call, "user", one.owner),
            "Creator": lambda: self.ref(call, "user", one.creator),
            "LastUpdatedBy": lambda: self.ref(call, "user", one.updated_by or one.creator),
            "Priority": lambda: one.priority,
            **_plain({"InitialPriority": "0", "FinalPriority": "0",
                      "TimeEstimated": "0", "TimeLeft": "0"}),
            "TimeWorked": lambda: str(self._state.time_worked(one)),
            "Created": dates("created"), "LastUpdated": dates("updated"), "Due": dates("due"),
            "Starts": dates("starts"), "Started": dates("started"), "Resolved": dates("resolved"),
        }  # fmt: skip
        roles = self._state.roles_of(one.queue)
        columns.update({role: people(role) for role in roles})
        columns["CustomRoles"] = lambda: {key: people(key)() for key in roles if key not in ROLES}
        columns["CustomFields"] = lambda: self._values(call, one)
        return columns

    def _member(self, call: Call, name: str) -> dict[str, Json]:
        group = self._state.group(name)
        return self.ref_of(call, group) if group else self.ref(call, "user", name)

    def _values(self, call: Call, one: Ticket) -> list[Json]:
        return [
            {**self.ref(call, "customfield", field.id), "name": field.name,
             "values": list(one.fields.get(field.id, []))}
            for field in fields_seen(self._state, call.login or "", one.queue)
        ]  # fmt: skip

    def _transaction(self, call: Call, one: Transaction) -> dict[str, Callable[[], Json]]:
        return _plain({
            "id": one.id, "Type": one.type, "Data": one.data, "Field": one.field,
            "OldValue": one.old, "NewValue": one.new, "Created": instant(one.created),
            "Creator": self.ref(call, "user", one.creator), "TimeTaken": str(one.time_taken),
            "ObjectType": "RT::Ticket", "ObjectId": str(one.ticket),
        })  # fmt: skip

    def _single_transaction(
        self, call: Call, one: Transaction, values: dict[str, Json]
    ) -> dict[str, Json]:
        """Alone it points at records where a list shows plain values."""
        shown = {name: value for name, value in values.items() if value is not None}
        del shown["ObjectType"], shown["ObjectId"]
        shown["Object"] = self.ref(call, "ticket", one.ticket)
        if one.type == "CustomField":
            shown["Field"] = self.ref(call, "customfield", one.field or "")
            shown["ReferenceType"] = "RT::ObjectCustomFieldValue"
            for side in ("Old", "New"):
                if shown.pop(f"{side}Value", None) is not None:
                    shown[f"{side}Reference"] = self.ref(call, "objectcustomfieldvalue", one.id)
        kind = {"AddWatcher": "principal", "DelWatcher": "principal"}.get(one.type)
        if one.type == "Set" and one.field == "Queue":
            kind = "queue"
        for name, value in (("OldValue", one.old), ("NewValue", one.new)):
            if kind and value is not None:
                shown[name] = self.ref(call, kind, value)
        return shown

    def _attachment(self, call: Call, one: Attachment) -> dict[str, Callable[[], Json]]:
        columns = _plain({
            "id": one.id, "TransactionId": str(one.transaction), "Parent": str(one.parent),
            "Subject": one.subject, "Filename": one.filename, "ContentType": one.content_type,
            "ContentLength": str(len(one.content)), "Headers": one.headers, "MessageId": "",
            "Creator": self.ref(call, "user", one.creator), "Created": instant(one.created),
        })  # fmt: skip
        # In a list the content is plain text; alone it is base64.
        columns["Content"] = lambda: one.content.decode("utf-8", "replace")
        return columns

    def _single_attachment(
        self, call: Call, one: Attachment, values: dict[str, Json]
    ) -> dict[str, Json]:
        shown = {name: value for name, value in values.items() if value is not None}
        del shown["ContentLength"]
        shown["TransactionId"] = self.ref(call, "transaction", one.transaction)
        if one.parent:
            shown["Parent"] = self.ref(call, "attachment", one.parent)
        container = one.content_type.startswith("multipart/")
        shown["Content"] = None if container else base64_lines(one.content)
        return shown

    def _knows(self, call: Call, one: User) -> bool:
        """Whether the caller may see more of a user than a summary."""
        return one.name == call.login or self._state.rules(call.login or "")

    def _user(self, call: Call, one: User) -> dict[str, Json]:
        groups = [group for group in self._state.groups.values() if one.name in group.members]
        return {
            "id": one.id, "Name": one.name, "EmailAddress": one.email, "RealName": one.real_name,
            "Privileged": int(one.privileged), "Disabled": str(int(one.disabled)),
            "Memberships": [self.ref_of(call, group) for group in groups],
        }  # fmt: skip

    def _queue(self, call: Call, one: Queue) -> dict[str, Json]:
        roles: dict[str, Json] = {role: [] for role in self._state.roles_of(one.id)}
        return {
            **roles,
            "id": one.id, "Name": one.name, "Description": one.description,
            "Lifecycle": "default", "Disabled": str(int(one.disabled)),
            "CorrespondAddress": "", "CommentAddress": "", "SLADisabled": "1", "SortOrder": "0",
            "TicketCustomFields": [
                {**self.ref_of(call, field), "ref": "customfield", "name": field.name}
                for field in fields_seen(self._state, call.login or "", one.id)
            ],
            "TicketTransactionCustomFields": [],
        }  # fmt: skip

    def _links(self, call: Call, record: Record) -> list[Json]:
        own, login = self.ref_of(call, record), call.login or ""
        if isinstance(record, User):
            own = self.ref(call, "user", record.id)
        links: list[Json] = [{**own, "id": record.id, "ref": "self"}]
        match record:
            case Ticket():
                links.extend({**self.ref(call, "ticket", target), "ref": relation}
                             for relation, target in record.links)  # fmt: skip
                links.extend(
                    {**self.ref_of(call, field), "ref": "customfield", "name": field.name}
                    for field in fields_seen(self._state, login, record.queue)
                )
                links.extend({"ref": ref, "_url": f"{own['_url']}/{ref}"}
                             for ref, right in LINKS.items()
                             if self._state.may(login, right))  # fmt: skip
                if self._state.may(login, "ModifyTicket"):
                    links.extend(lifecycle_links(record, str(own["_url"])))
            case Transaction():
                links.extend(
                    {"ref": "attachment", "_url": f"{call.base}{API}/attachment/{one.id}"}
                    for one in self._state.attachments_of(record.id)
                )
            case User() if self._state.rules(login):
                links.append({"ref": "memberships", "_url": f"{own['_url']}/groups"})
            case Queue() if self._state.may(login, "CreateTicket"):
                links.append({"ref": "create", "type": "ticket",
                              "_url": f"{call.base}{API}/ticket?Queue={record.id}"})  # fmt: skip
        return links


def _plain(values: Mapping[str, Json]) -> dict[str, Callable[[], Json]]:
    def constant(value: Json) -> Callable[[], Json]:
        return lambda: value

    return {name: constant(value) for name, value in values.items()}


def _custom_field(one: CustomField) -> dict[str, Json]:
    values: dict[str, Json] = {
        "id": one.id, "Name": one.name, "Type": one.type, "MaxValues": str(one.max_values),
        "Description": one.description, "Disabled": str(int(one.disabled)), "Pattern": "",
        "SortOrder": "0",
        "LookupType": "RT::Queue-RT::Ticket", "BasedOn": "", "RenderType": "",
    }  # fmt: skip
    if one.type == "Select":
        values["Values"] = list(one.values)
    return values


def base64_lines(content: bytes) -> str:
    """Base64 in lines of 76, as Perl's MIME::Base64 writes it."""
    return base64.encodebytes(content).decode("ascii")
