"""What people do in the tracker's own pages, for tests: ``POST /_sandbox/act``."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from sdsync.sandbox.call import Json, text, texts
from sdsync.sandbox.redmine.issues import Issues
from sdsync.sandbox.redmine.relations import Relations
from sdsync.sandbox.redmine.seed import ADMIN
from sdsync.sandbox.redmine.state import (
    ACTIVE,
    ARCHIVED,
    CLOSED,
    Attachment,
    Issue,
    Project,
    RedmineState,
    User,
)
from sdsync.sandbox.redmine.time_entries import TimeEntries

Act = Callable[[User, dict[str, Json]], Json]


class Acts:
    """Actions by name; ``by`` is a login, the administrator when left out."""

    def __init__(
        self, state: RedmineState, issues: Issues, relations: Relations, time: TimeEntries
    ) -> None:
        self._state = state
        self._time = time
        self._issues = issues
        self._relations = relations
        self._table: dict[str, Act] = {
            "create": self._create, "edit": self._edit, "note": self._note, "reply": self._reply,
            "file": self._file, "move": self._move, "delete": self._delete, "clone": self._clone,
            "archive": self._archive, "close": self._close, "edit_note": self._edit_note,
            "relate": self._relate, "unrelate": self._unrelate,
            "assign_groups": self._assign_groups, "lock": self._lock, "promote": self._promote,
            "offer": self._offer, "rekey": self._rekey,
            "log": self._log, "edit_log": self._edit_log, "delete_log": self._delete_log,
        }  # fmt: skip

    def do(self, action: str, by: str, fields: dict[str, Json]) -> Json:
        """Carry out; ValueError when there is no such action or record."""
        act = self._table.get(action)
        if act is None:
            msg = f"no action {action!r}; there are {', '.join(self._table)}"
            raise ValueError(msg)
        user = self._state.user_by_login(by) if by else self._state.users[ADMIN]
        if user is None:
            msg = f"nobody is called {by!r}"
            raise ValueError(msg)
        return act(user, fields)

    def _issue(self, fields: dict[str, Json]) -> Issue:
        issue = self._state.issues.get(int(text(fields.pop("id"))))
        if issue is None:
            msg = "no such issue"
            raise ValueError(msg)
        return issue

    def _relate(self, user: User, fields: dict[str, Json]) -> Json:
        made = self._relations.relate(user, self._issue(fields), fields)
        return {"relation": made.id}

    def _unrelate(self, user: User, fields: dict[str, Json]) -> Json:
        self._relations.unrelate(user, self._state.relations[int(text(fields["relation"]))])
        return {}

    def _project(self, key: Json) -> Project:
        project = self._state.project(text(key))
        if project is None:
            msg = f"no project {key!r}"
            raise ValueError(msg)
        return project

    def _create(self, user: User, fields: dict[str, Json]) -> Json:
        project = self._project(fields.pop("project", "infra"))
        return {"id": self._issues.create(user, project, fields).id}

    def _edit(self, user: User, fields: dict[str, Json]) -> Json:
        issue = self._issue(fields)
        self._issues.update(user, issue, fields)
        return {"id": issue.id}

    def _note(self, user: User, fields: dict[str, Json]) -> Json:
        return self._say(user, fields, private=True)

    def _reply(self, user: User, fields: dict[str, Json]) -> Json:
        return self._say(user, fields, private=False)

    def _say(self, user: User, fields: dict[str, Json], *, private: bool) -> Json:
        issue = self._issue(fields)
        notes = fields.pop("text", "")
        self._issues.update(user, issue, {**fields, "notes": notes, "private_notes": private})
        return {"journal": issue.journals[-1].id}

    def _file(self, user: User, fields: dict[str, Json]) -> Json:
        """``name``, ``media_type`` and ``content`` in base64."""
        issue = self._issue(fields)
        content = base64.b64decode(text(fields["content"]))
        id_ = self._state.number("attachment")
        token = f"{id_}.{hashlib.sha256(content).hexdigest()}"
        kind = text(fields.get("media_type") or "text/plain")
        self._state.keep_attachment(
            Attachment(id_, text(fields["name"]), content, user.id, self._state.world.stamp(),
                       token, kind)
        )  # fmt: skip
        self._issues.update(user, issue, {"uploads": [{"token": token}]})
        return {"attachment": id_}

    def _move(self, user: User, fields: dict[str, Json]) -> Json:
        issue = self._issue(fields)
        self._issues.update(user, issue, {"project_id": fields["to"]})
        return {"id": issue.id}

    def _delete(self, user: User, fields: dict[str, Json]) -> Json:
        del user
        issue = self._issue(fields)
        self._issues.delete(issue)
        return {"deleted": issue.id}

    def _clone(self, user: User, fields: dict[str, Json]) -> Json:
        """A copy with all custom fields: it bears the mark of the original."""
        one = self._issue(fields)
        values: list[Json] = [{"id": id_, "value": value} for id_, value in one.fields.items()]
        data: dict[str, Json] = {
            "subject": one.subject, "description": one.description, "tracker_id": one.tracker,
            "priority_id": one.priority, "custom_fields": values,
        }  # fmt: skip
        return {"id": self._issues.create(user, self._state.projects[one.project], data).id}

    def _archive(self, user: User, fields: dict[str, Json]) -> Json:
        """Archive a project (``place``), or bring it back with ``undo``."""
        return self._status(fields, ARCHIVED)

    def _close(self, user: User, fields: dict[str, Json]) -> Json:
        """Close a project (``place``), or open it again with ``undo``."""
        return self._status(fields, CLOSED)

    def _status(self, fields: dict[str, Json], status: int) -> Json:
        project = self._project(fields["place"])
        project.status = ACTIVE if fields.get("undo") else status
        self._state.keep_project(project)
        return {"status": project.status}

    def _assign_groups(self, user: User, fields: dict[str, Json]) -> Json:
        """Tick "Allow issue assignment to groups", or untick it with ``undo``."""
        del user
        self._state.assigns_groups = not fields.get("undo")
        return {}

    def _lock(self, user: User, fields: dict[str, Json]) -> Json:
        """Lock somebody (``login``), or let them in again with ``undo``."""
        del user
        self._user(fields).active = bool(fields.get("undo"))
        return {}

    def _promote(self, user: User, fields: dict[str, Json]) -> Json:
        """Make somebody (``login``) an administrator, or no more with ``undo``."""
        del user
        self._user(fields).admin = not fields.get("undo")
        return {}

    def _rekey(self, user: User, fields: dict[str, Json]) -> Json:
        """Give somebody (``login``) another API ``key``: the one before is refused."""
        del user
        self._user(fields).key = text(fields["key"])
        return {}

    def _offer(self, user: User, fields: dict[str, Json]) -> Json:
        """Let a custom field (``name``) take these ``values`` and no others."""
        del user
        named = self._state.custom_fields.values()
        field = next((one for one in named if one.name == fields["name"]), None)
        if field is None:
            msg = f"no custom field {fields['name']!r}"
            raise ValueError(msg)
        field.values = texts(fields["values"])
        return {}

    def _user(self, fields: dict[str, Json]) -> User:
        user = self._state.user_by_login(text(fields["login"]))
        if user is None:
            msg = f"nobody is called {fields['login']!r}"
            raise ValueError(msg)
        return user

    def _log(self, user: User, fields: dict[str, Json]) -> Json:
        """``hours``, ``comments``, ``spent_on``; the activity is "Development"."""
        issue = self._issue(fields)
        return {"time_entry": self._time.log(user, issue, {"activity_id": 9, **fields}).id}

    def _edit_log(self, user: User, fields: dict[str, Json]) -> Json:
        """Change an entry (``id``)."""
        del user
        one = self._state.time_entries[int(text(fields.pop("id")))]
        self._time.edit(one, fields)
        return {"time_entry": one.id}

    def _delete_log(self, user: User, fields: dict[str, Json]) -> Json:
        """Delete an entry (``id``)."""
        del user
        self._state.drop_time_entry(self._state.time_entries[int(text(fields.pop("id")))])
        return {}

    def _edit_note(self, user: User, fields: dict[str, Json]) -> Json:
        """Change a note's ``notes`` or ``private_notes``; ``journal`` is its id."""
        issue = self._issue(fields)
        id_ = int(text(fields.pop("journal")))
        journal = next(one for one in issue.journals if one.id == id_)
        self._issues.edit_note(user, issue, journal, fields)
        return {"journal": id_}
