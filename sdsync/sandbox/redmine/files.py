"""Uploads, attachments and their content."""

from __future__ import annotations

import hashlib
import mimetypes
import re

from sdsync.sandbox.call import Answer, Call, Refused, answer
from sdsync.sandbox.redmine.gate import Gate
from sdsync.sandbox.redmine.render import Renderer
from sdsync.sandbox.redmine.state import Attachment, Detail, Journal, RedmineState
from sdsync.sandbox.routing import Rule, rule


class Files:
    """A file is uploaded first, and given to an issue by its token."""

    def __init__(self, state: RedmineState, renderer: Renderer, gate: Gate) -> None:
        self._state = state
        self._renderer = renderer
        self._gate = gate

    def rules(self) -> list[Rule]:
        """The paths."""
        return [
            rule("POST", "/uploads.json", self._upload),
            rule("GET", "/attachments/{id:int}.json", self._show),
            rule("DELETE", "/attachments/{id:int}.json", self._delete),
            rule("GET", "/attachments/download/{id:int}/{name:path}", self._download),
            rule("GET", "/attachments/download/{id:int}", self._download),
        ]

    def _upload(self, call: Call) -> Answer:
        user = self._gate.somebody(call)
        if not call.headers.get("content-type", "").startswith("application/octet-stream"):
            return Answer(406)
        id_ = self._state.number("attachment")
        digest = hashlib.sha256(call.body).hexdigest()
        name = _stored(call.param("filename") or digest[:16])
        kind = call.param("content_type") or mimetypes.guess_type(name)[0]
        made = Attachment(id_, name, call.body, user.id, self._state.world.stamp(),
                          f"{id_}.{digest}", kind or "application/octet-stream")  # fmt: skip
        self._state.keep_attachment(made)
        return answer({"upload": {"id": made.id, "token": made.token}}, 201)

    def _show(self, call: Call) -> Answer:
        return answer({"attachment": self._renderer.file(call, self._visible(call))})

    def _download(self, call: Call) -> Answer:
        one = self._visible(call)
        return Answer(200, one.content, one.content_type)

    def _delete(self, call: Call) -> Answer:
        one = self._visible(call)
        issue = self._state.issues[one.issue or 0]
        self._state.drop("attachment", one.id)
        detail = Detail("attachment", str(one.id), one.filename, None)
        now = self._state.world.stamp()
        user = self._gate.somebody(call)
        issue.journals.append(
            Journal(self._state.number("journal"), user.id, now, details=[detail])
        )
        issue.updated = now
        self._state.keep_issue(issue)
        self._state.world.tell("issue", issue.id, "updated")
        return Answer(204)

    def _visible(self, call: Call) -> Attachment:
        """The file; its issue must be readable to the caller."""
        one = self._state.attachments.get(int(call.params["id"]))
        if one is None or one.issue is None:
            raise Refused(Answer(404))
        call.params = {**call.params, "id": str(one.issue)}
        self._gate.issue(call)
        return one


def _stored(name: str) -> str:
    """Folders and characters that a disk may not like do not stay in a name."""
    bare = name.replace("\\", "/").rpartition("/")[2]
    return re.sub(r"""[?%*:|"'<>\n\r]+""", "_", bare)
