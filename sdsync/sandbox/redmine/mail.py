"""Whom the tracker mails by its default settings: who has to do with the issue, never the actor."""

from __future__ import annotations

from sdsync.sandbox.redmine.rights import Rights
from sdsync.sandbox.redmine.state import Issue, Journal, RedmineState, User


def added(state: RedmineState, issue: Issue, by: User) -> None:
    """A new issue: author, assignee, watchers."""
    for one in _concerned(state, issue, by.id):
        state.world.mail(one.mail, _subject(state, issue), issue.id, "issue added", staff=True)


def edited(state: RedmineState, rights: Rights, issue: Issue, journal: Journal) -> None:
    """A note or change: the same people, a private note only to those who may see it."""
    for one in _concerned(state, issue, journal.user):
        if rights.sees(one, issue) and rights.sees_note(one, issue, journal):
            state.world.mail(one.mail, _subject(state, issue), issue.id, "issue edited", staff=True)


def _concerned(state: RedmineState, issue: Issue, actor: int) -> list[User]:
    group = state.groups.get(issue.assigned_to or 0)
    assigned = group.users if group else [issue.assigned_to or 0]
    ids = dict.fromkeys([issue.author, *assigned, *issue.watchers])
    users = [state.users[one] for one in ids if one in state.users and one != actor]
    return [one for one in users if one.active and one.mail]


def _subject(state: RedmineState, issue: Issue) -> str:
    project = state.projects[issue.project]
    return f"[{project.name} - #{issue.id}] {issue.subject}"
