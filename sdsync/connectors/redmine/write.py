"""Writes to Redmine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from sdsync.connectors.common import Refused, cut, is_one_line, need
from sdsync.connectors.contract import (
    AddElement,
    Create,
    Done,
    EditElement,
    Operation,
    RemoveElement,
    Update,
)
from sdsync.connectors.failures import Failure, Missing, OutcomeUnknown, Rejected, Transient
from sdsync.connectors.redmine import convert, relations
from sdsync.connectors.redmine.client import Client, Row, number
from sdsync.connectors.redmine.members import Members
from sdsync.connectors.redmine.metadata import Metadata
from sdsync.connectors.redmine.personas import Personas
from sdsync.connectors.redmine.worklogs import Worklogs
from sdsync.connectors.replies import Reply
from sdsync.store.records import Json, Ref

#: Source: app/models/project.rb of 5.0.4, assignable_users.
GROUPS = (
    'a group is taken where "Allow issue assignment to groups" is on (Administration, Settings, '
    "Issue tracking) and a role by which issues can be assigned makes it a member"
)


class Writer:
    """Carries out operations. A 204 is never taken for more than an answer (M1, M2)."""

    def __init__(
        self,
        client: Client,
        metadata: Metadata,
        members: Members,
        mark_field: str,
        worklogs: Worklogs,
        personas: Personas,
    ) -> None:
        self._client = client
        self._metadata = metadata
        self._members = members
        self._mark_field = mark_field
        self._worklogs = worklogs
        self._personas = personas

    def carry_out(self, operation: Operation) -> Done:
        """One write, then one read where only that tells the id of what was made."""
        match operation:
            case Create():
                return self._create(operation)
            case Update():
                return self._update(operation)
            case AddElement(kind="note"):
                return self._note(operation)
            case AddElement(kind="attachment"):
                return self._file(operation)
            case EditElement(kind="note"):
                return self._edit_note(operation)
            case RemoveElement(kind="note"):
                # An emptied journal that changed no field is destroyed.
                return self._put(f"/journals/{_id(operation.native_id)}.json",
                                 {"journal": {"notes": ""}})  # fmt: skip
            case RemoveElement(kind="attachment"):
                path = f"/attachments/{_id(operation.native_id)}.json"
                need(self._client.call("DELETE", path))
                return Done(operation.native_id)
            case AddElement(kind="worklog"):
                return self._worklogs.add(operation)
            case EditElement(kind="worklog"):
                return self._worklogs.edit(operation.native_id, dict(operation.values))
            case RemoveElement(kind="worklog"):
                return self._worklogs.remove(operation.native_id)
            case AddElement() | EditElement() | RemoveElement():
                raise Refused(Rejected(detail=f"Redmine has no such {operation.kind}"))
            case _:
                assert_never(operation)

    def _create(self, operation: Create) -> Done:
        """Custom fields that nobody has shown us yet are set by a second call."""
        if operation.kind != "ticket":
            raise Refused(Rejected(detail=f"Redmine has no {operation.kind}"))
        wanted = {**operation.values, "project": operation.place}
        fields = operation.values.get("custom_fields") or {}
        marked = {
            **(fields if isinstance(fields, Mapping) else {}),
            self._mark_field: operation.mark,
        }
        known, unknown = convert.custom_patch(marked, self._metadata.custom_field)
        issue = convert.patch(wanted, self._metadata, operation.place)
        issue["custom_fields"] = [one for one in known if one["value"] not in ("", [])]
        watchers = operation.values.get("watchers")
        if isinstance(watchers, list) and watchers:
            issue["watcher_user_ids"] = watchers
        reply = need(self._sent("POST", "/issues.json", issue))
        answer = need(reply.json())
        made = answer.get("issue") if isinstance(answer, dict) else None
        if not isinstance(made, dict) or "id" not in made:
            raise Refused(OutcomeUnknown("no id in the answer"))
        self._metadata.saw(made)
        return Done(str(made["id"]), complaints=self._complete(made, unknown))

    def _sent(self, method: str, path: str, issue: Mapping[str, Json]) -> Reply | Failure:
        """The call; of a group Redmine says no more than that it is invalid."""
        reply = self._client.call(method, path, json={"issue": issue})
        group = str(issue.get("assigned_to_id")) in self._members.groups
        if group and isinstance(reply, Rejected) and "assigned_to" in reply.fields:
            return replace(reply, detail=cut(f"{reply.detail}: {GROUPS}"))
        return reply

    def _complete(self, made: Row, values: Mapping[str, Json]) -> tuple[str, ...]:
        """The made issue shows its custom fields: set those that were not known before."""
        late, missing = convert.custom_patch(values, self._client.custom_fields.get)
        late = [one for one in late if one["value"] not in ("", [])]
        complaints = tuple(f"there is no custom field {name!r} here" for name in missing)
        path = f"/issues/{int(made['id'])}.json"
        replies = [self._set(path, late)] if late else []
        if len(late) > 1 and isinstance(replies[0], Rejected):
            # The others do without the one that is refused; our mark is among them.
            replies = [self._set(path, [one]) for one in late]
        complaints += tuple(
            one.detail if isinstance(one, Rejected) else "the custom fields were not set"
            for one in replies
            if not isinstance(one, Reply)
        )
        return tuple(cut(one) for one in complaints)

    def _set(self, path: str, custom_fields: list[Row]) -> Reply | Failure:
        return self._client.call("PUT", path, json={"issue": {"custom_fields": custom_fields}})

    def _update(self, operation: Update) -> Done:
        path = f"/issues/{_id(operation.ref.id)}"
        issue, complaints = self._issue_patch(operation)
        wrote = False
        if issue:
            need(self._sent("PUT", f"{path}.json", issue))
            wrote = True
        if "relations" in operation.values:
            relations.relate(self._client, path, operation.values["relations"])
            wrote = True
        if "watchers" in operation.values:
            self._watch(path, operation.values["watchers"], wrote=wrote)
        return Done(operation.ref.id, complaints=complaints)

    def _issue_patch(self, operation: Update) -> tuple[dict[str, Json], tuple[str, ...]]:
        project = ""
        if {"category"} & operation.values.keys() and "project" not in operation.values:
            now = self._client.get(f"/issues/{_id(operation.ref.id)}.json")["issue"]
            project = self._metadata.name_of("project", number(now["project"])) or ""
        issue = convert.patch(operation.values, self._metadata, project)
        fields = operation.values.get("custom_fields")
        known, unknown = convert.custom_patch(fields, self._metadata.custom_field)
        if known:
            issue["custom_fields"] = known
        return issue, tuple(cut(f"there is no custom field {name!r} here") for name in unknown)

    def _watch(self, path: str, wanted: Json, *, wrote: bool) -> None:
        """Watchers have calls of their own, one for each person."""
        if not isinstance(wanted, list | tuple):
            raise Refused(Rejected(("watchers",), "not a list of people"))
        reply = self._client.call("GET", f"{path}.json", params={"include": "watchers"})
        _went(reply, wrote=wrote)
        shown = need(need(reply).json())["issue"]
        if "watchers" not in shown:
            raise Refused(Rejected(("watchers",), "our account may not see watchers here"))
        present = {str(one["id"]) for one in shown["watchers"]}
        for person in sorted({str(one) for one in wanted} - present):
            reply = self._client.call("POST", f"{path}/watchers.json", json={"user_id": person})
            wrote = _went(reply, wrote=wrote)
        for person in sorted(present - {str(one) for one in wanted}):
            reply = self._client.call("DELETE", f"{path}/watchers/{_id(person)}.json")
            wrote = _went(reply, wrote=wrote)

    def _note(self, operation: AddElement) -> Done:
        self._metadata.account()  # asked for now: after the write nothing may fail
        body = str(operation.values.get("body") or "")
        if not body.strip():
            raise Refused(Rejected(("body",), "an empty note says nothing"))
        private = operation.values.get("internal") is not False
        issue = {"notes": body, "private_notes": private}
        path = f"/issues/{_id(operation.ref.id)}.json"
        if operation.author is None:
            need(self._client.call("PUT", path, json={"issue": issue}))
        else:
            self._personas.write(operation.author, operation.ref.id, path, issue)
        return Done(self._newest(operation.ref, body, operation.author))

    def _newest(self, ref: Ref, body: str, author: str | None) -> str | None:
        """The number of the journal that our write made; None when it cannot be told now."""
        reply = self._client.call(
            "GET", f"/issues/{_id(ref.id)}.json", params={"include": "journals"}
        )
        answer = reply.json() if isinstance(reply, Reply) else None
        issue = answer.get("issue") if isinstance(answer, dict) else None
        us = {self._metadata.account().native_id, author}
        ours = [
            int(one["id"])
            for one in (issue or {}).get("journals") or ()
            if number(one.get("user")) in us and same_text(one.get("notes"), body)
        ]
        return str(max(ours)) if ours else None

    def _edit_note(self, operation: EditElement) -> Done:
        journal: dict[str, Json] = {}
        if "body" in operation.values:
            journal["notes"] = operation.values["body"]
        if "internal" in operation.values:
            journal["private_notes"] = operation.values["internal"] is not False
        return self._put(f"/journals/{_id(operation.native_id)}.json", {"journal": journal})

    def _file(self, operation: AddElement) -> Done:
        if not operation.content:
            raise Refused(Rejected(("content",), "Redmine takes no empty file"))
        name = convert.stored_name(str(operation.values.get("name") or ""))
        media_type = str(operation.values.get("media_type") or "application/octet-stream")
        if not is_one_line(name) or not is_one_line(media_type):
            raise Refused(Rejected(("name",), "a line break cannot stand in a file's name"))
        stored = self._client.call(
            "POST", "/uploads.json", params={"filename": name, "content_type": media_type},
            content=operation.content, headers={"Content-Type": "application/octet-stream"},
        )  # fmt: skip
        if isinstance(stored, OutcomeUnknown):
            # An upload that hangs on no issue is seen by nobody and swept after a day.
            raise Refused(Transient("the upload did not end well"))
        upload = need(need(stored).json())
        if not isinstance(upload, dict):
            raise Refused(Transient("the upload has no token"))
        token = upload["upload"]["token"]
        files = [{"token": token, "filename": name, "content_type": media_type}]
        path = f"/issues/{_id(operation.ref.id)}.json"
        need(self._client.call("PUT", path, json={"issue": {"uploads": files}}))
        return Done(str(token).partition(".")[0])

    def _put(self, path: str, body: dict[str, Json]) -> Done:
        need(self._client.call("PUT", path, json=body))
        return Done(path.rpartition("/")[2].removesuffix(".json"))


def _went(reply: Reply | Failure, *, wrote: bool) -> bool:
    """End on a failure; after an effect it can no longer be said that nothing happened."""
    if isinstance(reply, Reply):
        return True
    raise Refused(OutcomeUnknown("in part") if wrote and isinstance(reply, Transient) else reply)


def _id(text: str) -> str:
    """A number as it may stand in a path."""
    if not text.isascii() or not text.isdigit():
        raise Refused(Missing())
    return text


def same_text(one: Json, other: Json) -> bool:
    """Exact content, but for the ends of lines: Redmine stores them as they come."""

    def lines(text: Json) -> list[str]:
        return [line.rstrip() for line in str(text or "").strip().splitlines()]

    return lines(one) == lines(other)
