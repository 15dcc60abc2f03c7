"""What people do in the desk's own pages, for tests: ``POST /_sandbox/act``."""

from __future__ import annotations

from collections.abc import Callable

from sdsync.sandbox.call import Json, text, texts
from sdsync.sandbox.rt.rights import Administration
from sdsync.sandbox.rt.state import CustomRole, RtState, Ticket, next_id
from sdsync.sandbox.rt.tickets import Tickets

Act = Callable[[str, dict[str, Json]], Json]


class Acts:
    """Actions by name: create, edit, note, reply, file, merge, move, delete, clone, archive."""

    def __init__(self, state: RtState, tickets: Tickets, administration: Administration) -> None:
        self._state = state
        self._administration = administration
        self._tickets = tickets
        self._table: dict[str, Act] = {
            "create": self._create, "edit": self._edit, "note": self._note, "reply": self._reply,
            "file": self._file, "merge": self._merge, "move": self._move, "delete": self._delete,
            "clone": self._clone, "archive": self._archive, "shred": self._shred,
            "take_right": self._take_right, "make_role": self._make_role,
        }  # fmt: skip

    def do(self, action: str, by: str, fields: dict[str, Json]) -> Json:
        """Carry out; ValueError when there is no such action."""
        act = self._table.get(action)
        if act is None:
            msg = f"no action {action!r}; there are {', '.join(self._table)}"
            raise ValueError(msg)
        return act(by or "root", fields)

    def _take_right(self, by: str, fields: dict[str, Json]) -> Json:
        del by
        return self._administration.take_right(fields)

    def _make_role(self, by: str, fields: dict[str, Json]) -> Json:
        """A custom role (``name``) for users and groups, on the queues ``on``."""
        del by
        queues = [one.id for name in texts(fields["on"]) if (one := self._state.queue(name))]
        number = next_id(self._state.custom_roles)
        return {"id": self._state.keep_role(CustomRole(number, text(fields["name"]), queues)).id}

    def _ticket(self, fields: dict[str, Json]) -> Ticket:
        ticket = self._state.effective(int(text(fields.pop("id"))))
        if ticket is None:
            msg = "no such ticket"
            raise ValueError(msg)
        return ticket

    def _create(self, by: str, fields: dict[str, Json]) -> Json:
        ticket = self._tickets.create(by, {"ContentType": "text/plain", **fields})
        return {"id": ticket.id}

    def _edit(self, by: str, fields: dict[str, Json]) -> Json:
        ticket = self._ticket(fields)
        return self._tickets.update(by, ticket, fields)

    def _say(self, by: str, fields: dict[str, Json], *, public: bool) -> Json:
        ticket = self._ticket(fields)
        data = {"Content": fields.pop("text", ""), "ContentType": "text/plain", **fields}
        transaction, said = self._tickets.say(by, ticket, data, public=public)
        return {"transaction": transaction.id, "said": said}

    def _note(self, by: str, fields: dict[str, Json]) -> Json:
        return self._say(by, fields, public=False)

    def _reply(self, by: str, fields: dict[str, Json]) -> Json:
        return self._say(by, fields, public=True)

    def _file(self, by: str, fields: dict[str, Json]) -> Json:
        """``name``, ``media_type`` and ``content`` in base64."""
        file = {"FileName": fields.pop("name"), "FileContent": fields.pop("content"),
                "FileType": fields.pop("media_type", "text/plain")}  # fmt: skip
        return self._say(by, {**fields, "Attachments": [file]}, public=False)

    def _merge(self, by: str, fields: dict[str, Json]) -> Json:
        ticket = self._ticket(fields)
        return self._tickets.merge(by, ticket, int(text(fields["into"])))

    def _move(self, by: str, fields: dict[str, Json]) -> Json:
        return self._tickets.update(by, self._ticket(fields), {"Queue": fields["to"]})

    def _delete(self, by: str, fields: dict[str, Json]) -> Json:
        return self._tickets.update(by, self._ticket(fields), {"Status": "deleted"})

    def _shred(self, by: str, fields: dict[str, Json]) -> Json:
        """Remove without a trace, as the shredder does: the id is not found again."""
        del by
        ticket = self._ticket(fields)
        for one in self._state.history(ticket):
            del self._state.transactions[one.id]
            self._state.world.saver.drop("transaction", str(one.id))
        del self._state.tickets[ticket.id]
        self._state.world.saver.drop("ticket", str(ticket.id))
        return {"shredded": ticket.id}

    def _clone(self, by: str, fields: dict[str, Json]) -> Json:
        """A copy with all custom fields: it bears the mark of the original."""
        one = self._ticket(fields)
        named = {self._state.custom_fields[id_].name: values for id_, values in one.fields.items()}
        data: dict[str, Json] = {
            "Queue": self._state.queues[one.queue].name, "Subject": one.subject,
            "CustomFields": named, "Requestor": list(one.people["Requestor"]),
        }  # fmt: skip
        return {"id": self._tickets.create(by, data).id}

    def _archive(self, by: str, fields: dict[str, Json]) -> Json:
        """Disable a queue (``place``), or enable it again with ``undo``."""
        del by
        queue = self._state.queue(text(fields["place"]))
        if queue is None:
            msg = "no such queue"
            raise ValueError(msg)
        queue.disabled = not fields.get("undo")
        self._state.keep_queue(queue)
        return {"disabled": queue.disabled}
