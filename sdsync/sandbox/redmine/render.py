"""Records as the JSON API shows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from sdsync.sandbox.call import Call, Json
from sdsync.sandbox.redmine.rights import Rights
from sdsync.sandbox.redmine.state import (
    ACTIVITIES,
    PRIORITIES,
    STATUSES,
    TRACKERS,
    Attachment,
    CustomField,
    Issue,
    Journal,
    Project,
    RedmineState,
    User,
)


def instant(at: datetime | None) -> str | None:
    """ISO in UTC, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def named(id_: int, name: str) -> dict[str, Json]:
    """An id with its name."""
    return {"id": id_, "name": name}


def status(id_: int) -> dict[str, Json]:
    """A status with whether it closes."""
    name, closed = STATUSES[id_]
    return {"id": id_, "name": name, "is_closed": closed}


class Renderer:
    """Shows records to a user."""

    def __init__(self, state: RedmineState, rights: Rights) -> None:
        self._state = state
        self._rights = rights

    def person(self, id_: int) -> dict[str, Json]:
        """A user or a group by id and name: which of the two it is, it does not say."""
        one = self._state.users.get(id_) or self._state.groups[id_]
        return named(id_, one.name)

    def issue(self, call: Call, issue: Issue, user: User, *, full: bool) -> dict[str, Json]:
        """An issue in a list, or alone (``full``) with what ``include=`` asks for."""
        project = self._state.projects[issue.project]
        shown: dict[str, Json] = {
            "id": issue.id,
            "project": named(project.id, project.name),
            "tracker": named(issue.tracker, TRACKERS[issue.tracker]),
            "status": status(issue.status),
            "priority": named(issue.priority, PRIORITIES[issue.priority]),
            "author": self.person(issue.author),
        }
        if issue.assigned_to:
            shown["assigned_to"] = self.person(issue.assigned_to)
        if issue.category:
            shown["category"] = named(issue.category, project.categories.get(issue.category, "?"))
        if issue.parent:
            shown["parent"] = {"id": issue.parent}
        shown.update(self._plain(issue))
        included = set(filter(None, call.param("include").split(",")))
        if "attachments" in included:
            shown["attachments"] = [self.file(call, one) for one in self._state.files(issue)]
        if "relations" in included and (relations := self._relations(issue)):
            shown["relations"] = relations
        if full:
            shown.update(self._included(issue, user, included))
        return shown

    def _plain(self, issue: Issue) -> dict[str, Json]:
        return {
            "subject": issue.subject,
            "description": issue.description,
            "start_date": issue.start_date,
            "due_date": issue.due_date,
            "done_ratio": issue.done_ratio,
            "is_private": issue.is_private,
            "estimated_hours": None,
            "total_estimated_hours": None,
            "custom_fields": [
                self._value(one, issue) for one in self._state.fields_of(issue.project)
            ],
            "created_on": instant(issue.created),
            "updated_on": instant(issue.updated),
            "closed_on": instant(issue.closed),
        }

    def _value(self, one: CustomField, issue: Issue) -> dict[str, Json]:
        shown = named(one.id, one.name)
        if one.multiple:
            shown["multiple"] = True
        shown["value"] = issue.fields.get(one.id, [] if one.multiple else None)
        return shown

    def _included(self, issue: Issue, user: User, included: set[str]) -> dict[str, Json]:
        shown: dict[str, Json] = {}
        if "children" in included and (children := self._state.children(issue)):
            shown["children"] = [
                {"id": one.id, "tracker": named(one.tracker, TRACKERS[one.tracker]),
                 "subject": one.subject}
                for one in children
            ]  # fmt: skip
        if "journals" in included:
            shown["journals"] = [
                self._journal(one)
                for one in issue.journals
                if (one.notes or one.details) and self._rights.sees_note(user, issue, one)
            ]
        if "watchers" in included:
            shown["watchers"] = [self.person(one) for one in issue.watchers]
        if "allowed_statuses" in included:
            allowed = self._rights.next_statuses(user, issue)
            shown["allowed_statuses"] = [status(one) for one in allowed]
        return shown

    def _journal(self, one: Journal) -> dict[str, Json]:
        return {
            "id": one.id,
            "user": self.person(one.user),
            "notes": one.notes,
            "created_on": instant(one.created),
            "private_notes": one.private,
            "details": [
                {"property": d.property, "name": d.name, "old_value": d.old, "new_value": d.new}
                for d in one.details
            ],
        }

    def _relations(self, issue: Issue) -> list[dict[str, Json]]:
        return [
            {"id": one.id, "issue_id": one.source, "issue_to_id": one.target,
             "relation_type": one.type, "delay": None}
            for one in self._state.relations.of(issue.id)
        ]  # fmt: skip

    def file(self, call: Call, one: Attachment) -> dict[str, Json]:
        """An attachment; its address is absolute."""
        return {
            "id": one.id,
            "filename": one.filename,
            "filesize": len(one.content),
            "content_type": one.content_type,
            "description": one.description,
            "content_url": f"{call.base}/attachments/download/{one.id}/{quote(one.filename)}",
            "author": self.person(one.author),
            "created_on": instant(one.created),
        }

    def user(self, one: User, viewer: User, *, memberships: bool = False) -> dict[str, Json]:
        """A user as another sees them."""
        own = viewer.admin or viewer.id == one.id
        shown: dict[str, Json] = {"id": one.id, "login": one.login}
        if own:
            shown["admin"] = one.admin
        shown.update(firstname=one.firstname, lastname=one.lastname)
        if viewer.admin or not one.hide_mail:
            shown["mail"] = one.mail
        shown.update(created_on=instant(one.created), updated_on=instant(one.created),
                     last_login_on=None, passwd_changed_on=None)  # fmt: skip
        if own:
            shown.update(twofa_scheme=None, api_key=one.key or "")
        if viewer.admin:
            shown["status"] = 1 if one.active else 3
        if memberships:
            mine = [m for m in self._state.members.values() if m.user == one.id]
            shown["memberships"] = [
                {"id": m.id, "project": self._project_ref(m.project), "roles": self._roles(m.roles)}
                for m in mine
            ]
        return shown

    def members(self, project: Project) -> list[dict[str, Json]]:
        """Who belongs to a project."""
        return [
            {"id": m.id, "project": self._project_ref(m.project),
             "group" if m.user in self._state.groups else "user": self.person(m.user),
             "roles": self._roles(m.roles)}
            for m in self._state.members.values()
            if m.project == project.id
        ]  # fmt: skip

    def project(self, one: Project, included: Iterable[str]) -> dict[str, Json]:
        """A project with what ``include=`` asks for."""
        shown: dict[str, Json] = {
            "id": one.id, "name": one.name, "identifier": one.identifier,
            "description": one.description, "homepage": "", "status": one.status,
            "is_public": one.public, "inherit_members": False,
        }  # fmt: skip
        if "trackers" in included:
            shown["trackers"] = [named(id_, TRACKERS[id_]) for id_ in one.trackers]
        if "issue_categories" in included:
            shown["issue_categories"] = [named(id_, n) for id_, n in one.categories.items()]
        if "enabled_modules" in included:
            modules = enumerate(("issue_tracking", "time_tracking"), one.id * 10)
            shown["enabled_modules"] = [named(id_, name) for id_, name in modules]
        if "time_entry_activities" in included:
            shown["time_entry_activities"] = [named(id_, name) for id_, name in ACTIVITIES.items()]
        if "issue_custom_fields" in included:
            # Fields that are there for all projects are not named here, in the product neither.
            fields = [field for field in self._state.fields_of(one.id) if field.projects]
            shown["issue_custom_fields"] = [named(field.id, field.name) for field in fields]
        shown.update(created_on=instant(one.created), updated_on=instant(one.created))
        return shown

    def _project_ref(self, id_: int) -> dict[str, Json]:
        return named(id_, self._state.projects[id_].name)

    def _roles(self, ids: Iterable[int]) -> list[dict[str, Json]]:
        return [named(id_, self._state.roles[id_].name) for id_ in ids]
