"""Whom Redmine mails about a write."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.connectors.contract import AddElement, Audience, Create, Operation, Update
from sdsync.connectors.redmine.members import Members
from sdsync.connectors.redmine.metadata import Metadata
from sdsync.store.records import Json


class Mailing:
    """Whom Redmine mails: author, assignee and watchers, unless they chose otherwise.

    REST has no argument to silence a write. Everyone in a project counts as staff;
    numbers come from the last look at the issue.
    """

    def __init__(self, metadata: Metadata, members: Members) -> None:
        self._metadata = metadata
        self._members = members
        self._people: dict[str, frozenset[str]] = {}

    def saw(self, issue_id: str, values: Mapping[str, Json]) -> None:
        """Remember who follows an issue."""
        if len(self._people) > 50_000:
            self._people.clear()
        self._people[issue_id] = _followers(values)

    def of(self, operation: Operation) -> Audience:
        """Staff that the write mails; Redmine never mails the one who writes."""
        match operation:
            case Create():
                people = _followers(operation.values)
            case Update():
                people = self._known(operation.ref.id) | _followers(operation.values)
                for one in operation.values.get("relations") or ():  # their history tells it too
                    people |= self._known(str(one).partition(" ")[2])
            case AddElement(kind="worklog"):
                people = frozenset()  # Redmine mails nobody about time
            case AddElement():
                people = self._known(operation.ref.id)
            case _:
                people = frozenset()
        return Audience(staff=self._count(people))

    def _count(self, people: frozenset[str]) -> int:
        """Of a group its people; it counts as one where they are not told."""
        groups = self._members.groups
        all_of = {one for each in people for one in groups.get(each) or (each,)}
        return len(all_of - {self._metadata.me})

    def _known(self, issue_id: str) -> frozenset[str]:
        return self._people.get(issue_id, frozenset())


def _followers(values: Mapping[str, Json]) -> frozenset[str]:
    watchers = values.get("watchers")
    people = [values.get("author"), values.get("assigned_to")]
    people += watchers if isinstance(watchers, list) else []
    return frozenset(str(one) for one in people if one)
