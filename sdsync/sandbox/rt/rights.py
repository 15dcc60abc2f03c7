"""Rights of the desk: everybody has them all, but for what an administrator took away."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.sandbox.call import Answer, Call, Json, Refused, message, text
from sdsync.sandbox.rt.state import CustomField, RtState, User, next_id

#: What can be taken from an account by the act ``take_right``.
RIGHTS = (
    "SeeQueue", "ShowTicket", "ShowTicketComments", "CreateTicket", "ModifyTicket",
    "ReplyToTicket", "CommentOnTicket", "SeeCustomField", "ModifyCustomField", "SeeGroup",
)  # fmt: skip
#: Links of a ticket, by the right that shows them.
LINKS: Mapping[str, str] = {
    "history": "ShowTicket", "correspond": "ReplyToTicket", "comment": "CommentOnTicket",
}  # fmt: skip
#: A field that is applied to no queue: no queue has this number.
NOWHERE = 0


def demand(state: RtState, login: str, right: str) -> None:
    """End the call with 403 when the right is not there."""
    if not state.may(login, right):
        raise Refused(message(403, "Forbidden"))


def fields_seen(state: RtState, login: str, queue: int) -> list[CustomField]:
    """The custom fields of a queue that somebody sees."""
    return state.fields_of(queue) if state.may(login, "SeeCustomField") else []


class Administration:
    """What REST 2 lets an administrator do: custom fields and people, no rights and no scrips.

    Source: RT 5.0.3, ``RT::REST2::Resource::CustomField`` and ``User``, both Writable.
    """

    def __init__(self, state: RtState) -> None:
        self._state = state

    def create_field(self, call: Call) -> CustomField:
        """``Queue`` is RT's old way to apply the new field at once: to one queue, or 0 for all.

        Names are not unique: asked twice, RT makes two.
        """
        self._allow(call)
        data = call.json()
        kind = text(data.get("Type"))
        if kind not in ("Freeform", "Select", "Text"):
            raise Refused(message(400, "Invalid value for Type"))
        queues = [NOWHERE]
        if "Queue" in data:
            queue = self._state.queue(text(data["Queue"])) if data["Queue"] else None
            if data["Queue"] and queue is None:
                raise Refused(message(400, "Queue not found"))
            queues = [queue.id] if queue else []
        number = next_id(self._state.custom_fields)
        return self._state.keep_field(
            CustomField(
                number,
                text(data.get("Name")),
                kind,
                int(text(data.get("MaxValues") or 0)),
                queues=queues,
                description=text(data.get("Description")),
            )
        )

    def update_field(self, call: Call, field: CustomField) -> list[str]:
        """Only ``Disabled`` and ``Description``: the rest nobody asked for."""
        self._allow(call)
        data, said = call.json(), []
        if "Description" in data:
            field.description = text(data["Description"])
            said.append("Description changed")
        if "Disabled" in data:
            field.disabled = text(data["Disabled"]) == "1"
            said.append("Disabled" if field.disabled else "Enabled")
        self._state.keep_field(field)
        return said

    def disable_field(self, call: Call, field: CustomField) -> Answer:
        """DELETE disables; nothing is lost."""
        self._allow(call)
        field.disabled = True
        self._state.keep_field(field)
        return Answer(204)

    def update_user(self, call: Call, user: User) -> list[str]:
        """``Privileged``: whether rights can be granted at all."""
        self._allow(call)
        told = call.json().get("Privileged")
        if told is None:
            return []
        user.privileged = text(told) == "1"
        self._state.keep_user(user)
        return [f"This user is {'now' if user.privileged else 'no longer'} privileged"]

    def take_right(self, fields: dict[str, Json]) -> Json:
        """Take ``right`` from ``login``, or give it back with ``undo``; "Privileged" too."""
        user = self._state.user(text(fields["login"]))
        right = text(fields["right"])
        if user is None or right not in (*RIGHTS, "Privileged", "all"):
            msg = f"nobody of this name, or no right {right}"
            raise ValueError(msg)
        if right == "Privileged":
            user.privileged = bool(fields.get("undo"))  # with it goes what was granted to it
            user.lacks = [] if user.privileged else [*RIGHTS]
        elif right == "all":
            user.superuser = not fields.get("undo")
        else:
            user.lacks = [one for one in user.lacks if one != right]
            user.lacks += [] if fields.get("undo") else [right]
        self._state.keep_user(user)
        return {"lacks": list(user.lacks)}

    def _allow(self, call: Call) -> None:
        if not self._state.rules(call.login or ""):
            raise Refused(message(403, "Forbidden"))
