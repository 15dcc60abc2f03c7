"""Whom Redmine mails about a write, as far as our account can know it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sdsync.connectors.common import Refused
from sdsync.connectors.contract import AddElement, Audience, Create, Operation, Update
from sdsync.connectors.redmine.client import Client
from sdsync.connectors.redmine.metadata import FRESH
from sdsync.store.records import Json, Ref

#: Issues whose followers are kept.
MOST = 50_000
_FOLLOW = ("author", "assigned_to", "watchers")
#: These have calls of their own, and Redmine mails nobody about them.
_UNTOLD = frozenset({"watchers"})

Followers = Mapping[str, frozenset[str]]  # how they follow -> their ids


class Mailing:
    """Whom Redmine mails: author, assignee and watchers, unless they chose otherwise.

    REST has no argument to silence a write. Everyone in a project counts as staff;
    numbers come from the last look at the issue. A private note is mailed only to those
    whose roles let them read it; one whose roles nobody told us counts as one who may.
    All connectors of a system have one in common.
    """

    def __init__(self) -> None:
        self.me: str | None = None
        #: Ids of the people in each group; None: they are hidden.
        self.groups: Mapping[str, tuple[str, ...] | None] = {}
        self._issues: dict[str, Followers] = {}
        self._project_of: dict[str, str] = {}
        self._shut_out: dict[str, tuple[datetime, frozenset[str]]] = {}

    def saw(self, issue_id: str, values: Mapping[str, Json], project_id: str = "") -> None:
        """Remember who follows an issue; what ``values`` do not tell stays as it was told."""
        if len(self._issues) > MOST:
            self._issues.clear()
            self._project_of.clear()
        told = {name: _people(values[name]) for name in _FOLLOW if name in values}
        self._issues[issue_id] = {**self._issues.get(issue_id, {}), **told}
        if project_id:
            self._project_of[issue_id] = project_id

    def ask(self, project_id: str, client: Client) -> None:
        """Learn whose roles let them read no private notes of a project; kept for a while."""
        now = client.clock.now()
        asked = self._shut_out.get(project_id)
        if asked is None or now - asked[0] > FRESH:
            self._shut_out[project_id] = (now, shut_out(project_id, client))

    def of(self, operation: Operation) -> Audience:
        """Staff that the write mails; Redmine never mails our account what it wrote.

        Of a note in somebody's name it mails our account too, and its author unless they
        chose otherwise, which is told to nobody: so they count.
        """
        writer = self.me
        match operation:
            case Create(values=values):
                people = _people(values.get("assigned_to")) | _people(values.get("watchers"))
            case Update(values=values) if values.keys() <= _UNTOLD:
                people = frozenset()
            case Update(ref=ref, values=values):
                people = self._known(ref.id) | _people(values.get("assigned_to"))
                for one in values.get("relations") or ():  # their history tells it too
                    people |= self._known(str(one).partition(" ")[2])
            case AddElement(kind="worklog"):
                people = frozenset()  # Redmine mails nobody about time
            case AddElement(ref=ref, kind="note", values=values, author=author):
                writer = self.me if author is None else None
                people = self._known(ref.id)
                if values.get("internal") is not False:
                    people -= self._private_to(ref)
            case AddElement(ref=ref):
                people = self._known(ref.id)
            case _:
                people = frozenset()
        return Audience(staff=self._count(people, writer))

    def _count(self, people: frozenset[str], writer: str | None) -> int:
        """Of a group its people; it counts as one where they are not told."""
        all_of = {one for each in people for one in self.groups.get(each) or (each,)}
        return len(all_of - {writer})

    def _known(self, issue_id: str) -> frozenset[str]:
        return frozenset().union(*self._issues.get(issue_id, {}).values())

    def _private_to(self, ref: Ref) -> frozenset[str]:
        """Who follows the issue and is told nothing of its private notes."""
        _, people = self._shut_out.get(self._project_of.get(ref.id, ""), (None, frozenset()))
        return people


def shut_out(project_id: str, client: Client) -> frozenset[str]:
    """Members of whom no role lets them read private notes; nobody where that is not told."""
    allowed: dict[int, bool] = {}
    people: set[str] = set()
    try:
        for member in client.pages(f"/projects/{int(project_id)}/memberships.json", "memberships"):
            roles = [int(one["id"]) for one in member["roles"]]
            for role in {*roles} - allowed.keys():
                granted = client.get(f"/roles/{role}.json")["role"]["permissions"]
                allowed[role] = "view_private_notes" in granted
            if "user" in member and not any(allowed[one] for one in roles):
                people.add(str(member["user"]["id"]))
    except (Refused, KeyError, TypeError, ValueError):  # nor does an answer of another shape
        return frozenset()
    return frozenset(people)


def _people(told: Json) -> frozenset[str]:
    found = told if isinstance(told, list) else [told]
    return frozenset(str(one) for one in found if one)
