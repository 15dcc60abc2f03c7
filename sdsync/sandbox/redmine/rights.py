"""Who may do what, as the stock roles have it."""

from __future__ import annotations

from collections.abc import Callable

from sdsync.sandbox.redmine.state import (
    ARCHIVED,
    CLOSED,
    OPEN_STATUSES,
    STATUSES,
    Issue,
    Journal,
    Project,
    RedmineState,
    Role,
    User,
)

NON_MEMBER, ANONYMOUS = 1, 2

#: What may be done in a closed project.
_READING = frozenset({"view_issues", "view_private_notes", "view_time_entries"})


class Rights:
    """Answers about one user at a time."""

    def __init__(self, state: RedmineState) -> None:
        self._state = state

    def roles(self, user: User, project: int) -> list[Role]:
        """The user's roles in a project, those by a group among them.

        The builtin one for strangers of a public project.
        """
        mine = {user.id, *(one.id for one in self._state.groups.values() if user.id in one.users)}
        found = [
            self._state.roles[one]
            for member in self._state.members.values()
            if member.user in mine and member.project == project
            for one in member.roles
        ]
        if found:
            return found
        if not self._state.projects[project].public:
            return []
        return [self._state.roles[NON_MEMBER if user.id else ANONYMOUS]]

    def may(self, user: User, right: str, project: Project) -> bool:
        """Whether the user has a right there; nobody has any in an archived project."""
        if project.status == ARCHIVED:
            return False
        if project.status == CLOSED and right not in _READING:
            return False
        return user.admin or any(right in one.permissions for one in self.roles(user, project.id))

    def sees(self, user: User, issue: Issue) -> bool:
        """Whether the user may read the issue."""
        return self.sight(user, issue.project)(issue)

    def sight(self, user: User, project: int) -> Callable[[Issue], bool]:
        """Which issues of a project the user may read; for a list it is worked out once."""
        if not self.may(user, "view_issues", self._state.projects[project]):
            return lambda _: False
        roles = self.roles(user, project)
        private = user.admin or any(one.sees_all for one in roles)
        foreign = user.admin or not all(one.sees_own for one in roles)

        def sees(issue: Issue) -> bool:
            if private if issue.is_private else foreign:
                return True
            group = self._state.groups.get(issue.assigned_to or 0)
            assigned = group.users if group else [issue.assigned_to]
            return user.id in (issue.author, *assigned)

        return sees

    def sees_note(self, user: User, issue: Issue, journal: Journal) -> bool:
        """Whether the user may read a note: private ones need the right, or are one's own."""
        project = self._state.projects[issue.project]
        return (
            not journal.private
            or journal.user == user.id
            or self.may(user, "view_private_notes", project)
        )

    def next_statuses(self, user: User, issue: Issue) -> list[int]:
        """Statuses that the user may set now, the present one included, in stock order.

        A parent with open subtasks cannot be closed; a subtask of a closed
        parent cannot be opened again.
        """
        allowed: set[int] = set()
        roles = list(self._state.roles.values()) if user.admin else self.roles(user, issue.project)
        for role in roles:
            allowed.update(role.transitions.get(issue.status, ()))
        if allowed:
            allowed.add(issue.status)
        if any(one.status in OPEN_STATUSES for one in self._state.children(issue)):
            allowed = {one for one in allowed if not STATUSES[one][1]}
        parent = self._state.issues.get(issue.parent or 0)
        if parent and STATUSES[parent.status][1]:
            allowed = {one for one in allowed if STATUSES[one][1]}
        return sorted(allowed)

    def first_statuses(self, user: User, project: int) -> set[int]:
        """Statuses that the user may give a new issue."""
        roles = list(self._state.roles.values()) if user.admin else self.roles(user, project)
        return {1}.union(*(one.transitions.get(0, ()) for one in roles))

    def assignable(self, project: int) -> set[int]:
        """Users, and where it is switched on groups, that its issues can be given to."""
        state = self._state
        active = {one.id for one in state.users.values() if one.active}
        active |= state.groups.keys() if state.assigns_groups else set()
        members = [one for one in state.members.values() if one.project == project]
        found = {
            one.user for one in members if any(state.roles[role].assignable for role in one.roles)
        }
        groups = [state.groups[one] for one in found if one in state.groups]
        return found.union(*(one.users for one in groups)) & active
