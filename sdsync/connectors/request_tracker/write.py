"""Writes to Request Tracker, one call each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from sdsync.connectors.contract import (
    AddElement,
    Create,
    Done,
    EditElement,
    Operation,
    RemoveElement,
    Update,
)
from sdsync.connectors.failures import Failure, Missing, OutcomeUnknown, Rejected
from sdsync.connectors.replies import Reply
from sdsync.connectors.request_tracker import convert, failures, links
from sdsync.connectors.request_tracker.client import Client


class Writer:
    """Carries out operations. A note goes out as a comment unless it says internal = false."""

    def __init__(self, client: Client, mark_field: str) -> None:
        self._client = client
        self._mark_field = mark_field

    def carry_out(self, operation: Operation) -> Done | Failure:
        """One call, for a file two: its id has to be asked for."""
        match operation:
            case Create():
                return self._create(operation)
            case Update():
                return self._update(operation)
            case AddElement(kind="note"):
                return self._note(operation)
            case AddElement(kind="attachment"):
                return self._file(operation)
            case AddElement(kind="worklog"):
                return self._worklog(operation)
            case AddElement():
                return Rejected(detail=f"Request Tracker has no {operation.kind}")
            case EditElement():
                return failures.frozen(f"a {operation.kind} cannot be edited")
            case RemoveElement():
                return failures.frozen("nothing can be taken back")
            case _:
                assert_never(operation)

    def _create(self, operation: Create) -> Done | Failure:
        if operation.kind != "ticket":
            return Rejected(detail=f"Request Tracker has no {operation.kind}")
        fields = operation.values.get("CustomFields") or {}
        marked = {
            **(fields if isinstance(fields, Mapping) else {}),
            self._mark_field: operation.mark,
        }
        wanted = {**operation.values, "Queue": operation.place, "CustomFields": marked}
        sent = {name: one for name, one in convert.patch(wanted).items() if one not in ("", [])}
        if "Content" in sent:
            sent.setdefault("ContentType", "text/plain")
        reply = self._client.call("POST", "/ticket", json=sent)
        if not isinstance(reply, Reply):
            return reply
        made = reply.json()
        if isinstance(made, Failure):
            return made
        made_id = made.get("id") if isinstance(made, dict) else None
        return Done(str(made_id)) if made_id else OutcomeUnknown("no id in the answer")

    def _update(self, operation: Update) -> Done | Failure:
        if not _is_id(operation.ref.id):
            return Missing()
        headers = {"If-Match": f'"{operation.if_version}"'} if operation.if_version else None
        path = f"/ticket/{operation.ref.id}"
        sent = convert.patch(operation.values)
        if operation.values.keys() & set(links.TIES):
            sent |= links.changes(operation.values, links.ties(self._client.get(path)))
        if not sent:
            return Done(operation.ref.id)  # its links stand there already
        reply = self._client.call("PUT", path, json=sent, headers=headers)
        if not isinstance(reply, Reply):
            return reply
        lines = reply.json()
        if isinstance(lines, Failure):
            return lines
        return Done(operation.ref.id, complaints=failures.complaints(lines))

    def _note(self, operation: AddElement) -> Done | Failure:
        if not str(operation.values.get("body") or "").strip():
            return Rejected(("body",), "an empty note says nothing")
        return self._say(operation, convert.message(operation.values))

    def _worklog(self, operation: AddElement) -> Done | Failure:
        """A comment that took the time; RT adds it to TimeWorked itself."""
        minutes, text = operation.values.get("minutes"), operation.values.get("text")
        if not isinstance(minutes, int) or not minutes or not str(text or "").strip():
            return Rejected(("minutes",), "no time, or nobody who worked")
        said = replace(operation, values={**operation.values, "internal": True})
        body: dict[str, object] = {**convert.message({"body": text}), "TimeTaken": minutes}
        return self._say(said, body)

    def _file(self, operation: AddElement) -> Done | Failure:
        if not operation.content:
            # lib/RT/REST2/Resource/Message.pm takes an empty FileContent for a missing one.
            return Rejected(("content",), "Request Tracker takes no empty file")
        name = convert.stored_name(str(operation.values.get("name") or ""))
        media_type = str(operation.values.get("media_type") or "application/octet-stream")
        said = self._say(operation, convert.file_message(name, media_type, operation.content))
        if isinstance(said, Failure):
            return said
        return Done(self._file_id(said.native_id, name), complaints=said.complaints)

    def _file_id(self, transaction: str | None, name: str) -> str | None:
        """The id of the part that our call made; None when it cannot be told now."""
        if transaction is None:
            return None
        query = {"fields": "Filename", "per_page": "100"}
        reply = self._client.call("GET", f"/transaction/{transaction}/attachments", params=query)
        rows = reply.json() if isinstance(reply, Reply) else None
        items = rows.get("items") if isinstance(rows, dict) else None
        named = [row for row in items or () if row.get("Filename")]
        exact = [row for row in named if row["Filename"] == name]
        return str((exact or named)[0]["id"]) if named else None

    def _say(self, operation: AddElement, body: dict[str, object]) -> Done | Failure:
        if not _is_id(operation.ref.id):
            return Missing()
        kind = "correspond" if operation.values.get("internal") is False else "comment"
        reply = self._client.call("POST", f"/ticket/{operation.ref.id}/{kind}", json=body)
        if not isinstance(reply, Reply):
            return reply
        lines = reply.json()
        if isinstance(lines, Failure):
            return lines
        # The id stands nowhere else: "Location: /REST/2.0/transaction/53".
        made = reply.headers.get("location", "").rpartition("/transaction/")[2]
        return Done(made if _is_id(made) else None, complaints=failures.complaints(lines))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()
