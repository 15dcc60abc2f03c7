"""What can be done with issues, by the API and by people alike.

A field that the user may not write, or that is derived, is dropped without a
word: the stock product answers 204 all the same (M1, M2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sdsync.sandbox.call import Call, Json, Refused, answer, text
from sdsync.sandbox.redmine import mail
from sdsync.sandbox.redmine.checks import Checks
from sdsync.sandbox.redmine.differences import copy_of, differences, snapshot, take_over
from sdsync.sandbox.redmine.rights import Rights
from sdsync.sandbox.redmine.seed import ROBOT
from sdsync.sandbox.redmine.state import (
    DEFAULT_PRIORITY,
    STATUSES,
    CustomField,
    Detail,
    Issue,
    Journal,
    Project,
    RedmineState,
    User,
)
from sdsync.sandbox.world import ignored

Data = Mapping[str, Json]
Default = TypeVar("Default", int, None)


class Issues:
    """Creates and changes issues."""

    def __init__(self, state: RedmineState, rights: Rights) -> None:
        self._state = state
        self._rights = rights
        self._world = state.world
        self._checks = Checks(state, rights)

    # -- create ------------------------------------------------------------------
    def create(self, user: User, project: Project, data: Data, call: Call | None = None) -> Issue:
        """Make an issue; Refused with 422 and the product's sentences when it cannot be."""
        now = self._world.stamp()
        draft = Issue(0, project.id, project.trackers[0], user.id, now, now)
        draft.start_date = now.date().isoformat()
        data = self._spared(data, call)
        self._assign(draft, user, data, new=True, call=call)
        self._checks.check(draft)
        draft.id = self._state.number("issue")
        if self._rights.may(user, "add_issue_watchers", project):
            draft.watchers = [one for one in _ids(data.get("watcher_user_ids"))
                              if one in self._state.users]  # fmt: skip
        self._use_uploads(draft, data, None, user)
        self._state.keep_issue(draft)
        self._refresh_parent(draft)
        mail.added(self._state, draft, user)
        self._world.tell("issue", draft.id, "created")
        return draft

    # -- update ------------------------------------------------------------------
    def update(self, user: User, issue: Issue, data: Data, call: Call | None = None) -> None:
        """Change an issue and add a note; nothing tells what was dropped."""
        data = self._spared(data, call)
        lock = data.get("lock_version")
        if lock is not None and text(lock) != str(issue.lock_version):
            raise Refused(answer({"errors": []}, 422))
        before = snapshot(issue)
        draft = copy_of(issue)
        project = self._state.projects[issue.project]
        if self._rights.may(user, "edit_issues", project):
            self._assign(draft, user, data, new=False, call=call)
            self._checks.check(draft)
        take_over(issue, draft)
        details: list[Detail] = []
        self._use_uploads(issue, data, details, user)
        details += differences(before, snapshot(issue))
        notes = text(data.get("notes"))
        private = bool(notes) and self._private(user, project, data, call)
        self._journal(issue, user, notes, details, private=private)
        # Also when nothing changed: the stock product touches it on every PUT.
        issue.updated = self._world.stamp()
        issue.lock_version += 1
        self._react(issue, call)
        self._state.keep_issue(issue)
        self._refresh_parent(issue)
        self._world.tell("issue", issue.id, "updated")

    def _spared(self, data: Data, call: Call | None) -> Data:
        skip = ignored(self._world, call)
        return {name: value for name, value in data.items() if name not in skip}

    def _private(self, user: User, project: Project, data: Data, call: Call | None) -> bool:
        wanted = text(data.get("private_notes")) in ("1", "true", "True")
        if wanted and self._world.switches.strikes("private_dropped", call):
            return False
        return wanted and self._rights.may(user, "set_notes_private", project)

    def _journal(
        self, issue: Issue, user: User, notes: str, details: list[Detail], *, private: bool
    ) -> None:
        """One journal, or two when a private note comes with changes (M7)."""
        now = self._world.stamp()
        if private and details:
            issue.journals.append(
                Journal(self._state.number("journal"), user.id, now, None, False, details)
            )
            details = []
        if notes or details:
            journal = Journal(self._state.number("journal"), user.id, now, notes, private, details)
            issue.journals.append(journal)
            mail.edited(self._state, self._rights, issue, journal)
            if user.id not in issue.watchers:  # the stock preference: watch what I touch
                issue.watchers.append(user.id)

    def _react(self, issue: Issue, call: Call | None) -> None:
        """On a switch: a workflow robot takes a new issue up as soon as it is touched."""
        if issue.status == 1 and self._world.switches.strikes("own_reaction", call):
            issue.status = 2
            details = [Detail("attr", "status_id", "1", "2")]
            id_ = self._state.number("journal")
            issue.journals.append(Journal(id_, ROBOT, self._world.stamp(), "", False, details))

    def edit_note(self, user: User, issue: Issue, journal: Journal, data: Data) -> None:
        """Change a note or its flag; an emptied note without changes is removed."""
        if "notes" in data:
            journal.notes = text(data["notes"])
        project = self._state.projects[issue.project]
        if "private_notes" in data and self._rights.may(user, "set_notes_private", project):
            journal.private = text(data["private_notes"]) in ("1", "true", "True")
        if not journal.notes and not journal.details:
            issue.journals.remove(journal)
        issue.updated = self._world.stamp()
        self._state.keep_issue(issue)
        self._world.tell("issue", issue.id, "updated")

    def delete(self, issue: Issue) -> None:
        """Remove an issue with its subtasks and files."""
        for child in self._state.children(issue):
            self.delete(child)
        for file in self._state.files(issue):
            self._state.drop("attachment", file.id)
        self._state.drop("issue", issue.id)
        self._world.tell("issue", issue.id, "deleted")

    # -- fields ------------------------------------------------------------------
    def _assign(
        self, issue: Issue, user: User, data: Data, *, new: bool, call: Call | None
    ) -> None:
        self._place(issue, user, data, new=new)
        for name in ("subject", "description"):
            if name in data:
                setattr(issue, name, text(data[name]))
        struck = self._world.switches.fires("truncate", call) if "subject" in data else None
        if struck:
            issue.subject = issue.subject[: int(text(struck["length"]))]
        self._set_status(issue, user, data, new=new)
        self._set_numbers(issue, data, new=new)
        self._set_fields(issue, data)
        project = self._state.projects[issue.project]
        private = self._rights.may(user, "set_issues_private", project)
        if "is_private" in data and private:
            issue.is_private = text(data["is_private"]) in ("1", "true", "True")
        if "parent_issue_id" in data and self._rights.may(user, "manage_subtasks", project):
            issue.parent = int(text(data["parent_issue_id"])) if data["parent_issue_id"] else None

    def _place(self, issue: Issue, user: User, data: Data, *, new: bool) -> None:
        if not new and data.get("project_id"):
            target = self._state.project(text(data["project_id"]))
            if target and self._rights.may(user, "add_issues", target):
                if target.id != issue.project:
                    issue.category = None
                issue.project = target.id
        tracker = text(data.get("tracker_id"))
        if tracker.isdigit() and int(tracker) in self._state.projects[issue.project].trackers:
            issue.tracker = int(tracker)

    def _set_status(self, issue: Issue, user: User, data: Data, *, new: bool) -> None:
        wanted = text(data.get("status_id"))
        if not wanted.isdigit():
            return
        first = self._rights.first_statuses(user, issue.project)
        if int(wanted) in (first if new else self._rights.next_statuses(user, issue)):
            closes = STATUSES[int(wanted)][1] and not STATUSES[issue.status][1]
            issue.status = int(wanted)
            if closes:
                issue.closed = self._world.stamp()

    def _set_numbers(self, issue: Issue, data: Data, *, new: bool) -> None:
        parent = not new and bool(self._state.children(issue))
        if "priority_id" in data and not parent:
            issue.priority = _number(data["priority_id"], 0)
        if "assigned_to_id" in data:
            issue.assigned_to = _number(data["assigned_to_id"], None)
        if "category_id" in data:
            issue.category = _number(data["category_id"], None)
        if "done_ratio" in data and not parent:
            issue.done_ratio = _number(data["done_ratio"], 0)
        for name in () if parent else ("start_date", "due_date"):
            if name in data:
                setattr(issue, name, text(data[name]) or None)

    def _set_fields(self, issue: Issue, data: Data) -> None:
        have = {one.id: one for one in self._state.fields_of(issue.project)}
        given = data.get("custom_fields")
        for one in given if isinstance(given, list) else ():
            field = have.get(_number(one.get("id"), 0)) if isinstance(one, dict) else None
            if field is not None:
                issue.fields[field.id] = _field_value(field, one.get("value"))

    def _use_uploads(
        self, issue: Issue, data: Data, details: list[Detail] | None, user: User
    ) -> None:
        """Give uploaded files to the issue; an unknown token is passed over."""
        given = data.get("uploads")
        for one in given if isinstance(given, list) else ():
            token = text(one.get("token")) if isinstance(one, dict) else ""
            for file in list(self._state.attachments.values()):
                if file.token == token and file.issue is None and file.author == user.id:
                    file.issue = issue.id
                    file.filename = text(one.get("filename")) or file.filename
                    file.content_type = text(one.get("content_type")) or file.content_type
                    file.description = text(one.get("description"))
                    self._state.keep_attachment(file)
                    if details is not None:
                        details.append(Detail("attachment", str(file.id), None, file.filename))

    def _refresh_parent(self, issue: Issue) -> None:
        """A parent's priority and dates come from its open subtasks."""
        parent = self._state.issues.get(issue.parent or 0)
        if parent is None:
            return
        children = self._state.children(parent)
        open_ = [one for one in children if not STATUSES[one.status][1]]
        parent.priority = max((one.priority for one in open_), default=DEFAULT_PRIORITY)
        parent.start_date = min(
            (one.start_date for one in children if one.start_date), default=None
        )
        parent.due_date = max((one.due_date for one in children if one.due_date), default=None)
        self._state.keep_issue(parent)


def _ids(value: Json) -> list[int]:
    return (
        [int(text(one)) for one in value if text(one).isdigit()] if isinstance(value, list) else []
    )


def _number(value: Json, default: Default) -> int | Default:
    shown = text(value)
    return int(shown) if shown.isdigit() else default


def _field_value(field: CustomField, value: Json) -> str | list[str]:
    if field.multiple:
        return [text(one) for one in value if one] if isinstance(value, list) else [text(value)]
    return text(value[0] if isinstance(value, list) and value else value)
