"""Members of projects: people, and groups as teams."""

from __future__ import annotations

from datetime import datetime

from sdsync.connectors.common import Refused
from sdsync.connectors.contract import NativePerson, NativeTeam
from sdsync.connectors.failures import Forbidden, Missing
from sdsync.connectors.redmine.client import Client, Row, number
from sdsync.connectors.redmine.metadata import FRESH, Metadata


class Members:
    """What Redmine tells of those who belong to the projects that we see."""

    def __init__(self, client: Client, metadata: Metadata) -> None:
        self._client = client
        self._metadata = metadata
        self._rows: tuple[datetime, list[Row]] | None = None
        #: Ids of the people in each group that :meth:`teams` told; None: they are hidden.
        self.groups: dict[str, tuple[str, ...] | None] = {}

    def people(self) -> tuple[NativePerson, ...]:
        """Members of the projects that we see. Addresses are there unless hidden by the person.

        Redmine keeps addresses unique, and a changed one is announced to the old
        one; it does not ask the new one to confirm.
        """
        me = self._metadata.account().native_id
        ids = {number(row["user"]) for row in self._memberships() if "user" in row}
        found = (self._person(one, me) for one in sorted(filter(None, ids), key=int))
        return tuple(one for one in found if one is not None)

    def teams(self) -> tuple[NativeTeam, ...]:
        """Groups that are members of a project: an issue can be assigned to no other."""
        named = {
            str(row["group"]["id"]): str(row["group"]["name"])
            for row in self._memberships(afresh=False)
            if "group" in row
        }
        self.groups = {key: self._people_of(key) for key in named}
        return tuple(
            NativeTeam(key, named[key], self.groups[key]) for key in sorted(named, key=int)
        )

    def _people_of(self, group_id: str) -> tuple[str, ...] | None:
        """The people in a group; None where Redmine hides the group from our account."""
        try:
            path = f"/groups/{int(group_id)}.json"
            shown = self._client.get(path, {"include": "users"})["group"]
        except Refused as end:
            if isinstance(end.failure, Forbidden | Missing):
                return None
            raise
        return tuple(sorted(str(one["id"]) for one in shown.get("users") or ()))

    def _memberships(self, *, afresh: bool = True) -> list[Row]:
        """Who belongs to the projects; people and teams are mostly asked for together."""
        now = self._client.clock.now()
        if self._rows is None or afresh or now - self._rows[0] > FRESH:
            self._rows = (now, self._ask_memberships())
        return self._rows[1]

    def _ask_memberships(self) -> list[Row]:
        rows: list[Row] = []
        for project in self._metadata.rows("project"):
            path = f"/projects/{int(project['id'])}/memberships.json"
            try:
                rows += self._client.pages(path, "memberships")
            except Refused as end:  # one project hides its members
                if not isinstance(end.failure, Forbidden | Missing):
                    raise
        return rows

    def _person(self, user_id: str, me: str) -> NativePerson | None:
        try:
            user = self._client.get(f"/users/{int(user_id)}.json")["user"]
        except Refused as end:
            if isinstance(end.failure, Forbidden | Missing):
                return None
            raise
        email = str(user.get("mail") or "") or None
        return NativePerson(
            native_id=user_id,
            login=str(user["login"]) if user.get("login") else None,
            email=email,
            email_verified=email is not None,
            name=f"{user.get('firstname', '')} {user.get('lastname', '')}".strip(),
            human=user_id != me,
            active=user.get("status", 1) == 1,  # told to administrators only
        )
