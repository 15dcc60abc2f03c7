"""The tracker as it stands on the first day: the stock default data, two projects, people."""

from __future__ import annotations

from datetime import UTC, datetime

from sdsync.sandbox import accounts
from sdsync.sandbox.redmine.state import (
    STATUSES,
    CustomField,
    Group,
    Member,
    Project,
    RedmineState,
    Role,
    User,
)

BORN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
MANAGER, DEVELOPER, REPORTER, SYNC = 3, 4, 5, 6
ROLE_NAMES = {"Manager": MANAGER, "Developer": DEVELOPER, "Reporter": REPORTER}
ADMIN, SERVICE, LIMITED, ROBOT = 1, 5, 6, 7
PEER = 3  # the custom field that names the other side

_REPORTER = frozenset({"view_issues", "add_issues", "add_issue_notes"})
_DEVELOPER = _REPORTER | {
    "edit_issues", "view_private_notes", "set_notes_private", "manage_issue_relations",
    "manage_subtasks", "manage_categories",
}  # fmt: skip
_MANAGER = _DEVELOPER | {
    "edit_project", "manage_members", "copy_issues", "edit_own_issues", "set_issues_private",
    "set_own_issues_private", "edit_issue_notes", "edit_own_issue_notes", "delete_issues",
    "view_issue_watchers", "add_issue_watchers", "delete_issue_watchers",
}  # fmt: skip

#: What sdsync asks for: nothing to administer anything.
_SYNC = frozenset({
    "view_issues", "add_issues", "edit_issues", "add_issue_notes", "edit_own_issue_notes",
    "view_private_notes", "set_notes_private", "view_issue_watchers", "add_issue_watchers",
    "delete_issue_watchers", "manage_issue_relations", "manage_subtasks", "view_members",
    "view_time_entries", "log_time", "edit_own_time_entries",
})  # fmt: skip


def seed(state: RedmineState) -> None:
    """Fill an empty state; the same ids every time."""
    _roles(state)
    _people(state)
    categories = {1: "Network", 2: "Database"}
    state.projects[1] = Project(
        1, "infra", "Infrastructure", BORN, public=False, categories=categories
    )
    state.projects[2] = Project(2, "web", "Web", BORN, categories={3: "Frontend"})
    _members(state)
    for one in (
        CustomField(1, "sdsync mark"),
        CustomField(2, "sdsync tags"),
        CustomField(PEER, "sdsync peer"),
        CustomField(4, "Environment", "list", values=["Production", "Staging", "Test"]),
    ):
        state.custom_fields[one.id] = one


def _roles(state: RedmineState) -> None:
    every = tuple(STATUSES)
    open_ = (1, 2, 3, 4)
    developer = {old: tuple(new for new in (2, 3, 4, 5) if new != old) for old in open_}
    reporter: dict[int, tuple[int, ...]] = dict.fromkeys(open_, (5,))
    reporter[3] = (4, 5)
    manager = {old: tuple(new for new in every if new != old) for old in every}
    for role in (
        Role(1, "Non member", _REPORTER, {}, builtin=True),
        Role(2, "Anonymous", frozenset({"view_issues"}), {}, builtin=True),
        Role(MANAGER, "Manager", frozenset(_MANAGER), manager, sees_all=True),
        Role(DEVELOPER, "Developer", frozenset(_DEVELOPER), developer),
        Role(REPORTER, "Reporter", _REPORTER, reporter),
        Role(SYNC, "sdsync", _SYNC, {0: every, **manager}, assignable=False, sees_all=True),
    ):
        state.roles[role.id] = role


def _people(state: RedmineState) -> None:
    people = [
        User(ADMIN, "admin", "Redmine", "Admin", "admin@example.org", BORN, True,
             accounts.ADMIN_KEY, hide_mail=True),
        User(SERVICE, accounts.SERVICE_LOGIN, "sdsync", "Sync", accounts.SERVICE_EMAIL, BORN,
             key=accounts.DEV_KEY),
        User(LIMITED, accounts.LIMITED_LOGIN, "Limited", "Service", "limited@example.org", BORN,
             key=accounts.LIMITED_KEY),
        User(ROBOT, "robot", "Workflow", "Robot", "robot@example.org", BORN),
    ]  # fmt: skip
    people += [
        User(number, one.login, one.first, one.last, one.email, BORN, key=one.token)
        for number, one in enumerate(accounts.STAFF, 20)
    ]
    for one in people:
        state.users[one.id] = one
    state.groups[50] = Group(50, "On call", [20, 21])


def _members(state: RedmineState) -> None:
    roles = {SERVICE: SYNC, LIMITED: REPORTER}
    for number, one in enumerate(accounts.STAFF, 20):
        if one.dev_role:
            roles[number] = ROLE_NAMES[one.dev_role]
    for project in state.projects:
        for user, role in roles.items():
            id_ = len(state.members) + 1
            state.members[id_] = Member(id_, project, user, [role])
