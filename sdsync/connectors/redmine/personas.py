"""Writing notes in their authors' names: the header that Redmine honours from administrators.

From any other key it is ignored with a 200, and a 412 means that nobody active has that login.
So nothing is believed but what a call under the header reads back of itself.

Source: app/controllers/application_controller.rb of 5.0.4, find_current_user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sdsync.connectors.common import Refused, need
from sdsync.connectors.contract import Leave
from sdsync.connectors.failures import Conflict, Forbidden, Missing, Rejected, Transient
from sdsync.connectors.redmine.client import Client, number
from sdsync.connectors.redmine.metadata import FRESH, Metadata
from sdsync.connectors.replies import Reply
from sdsync.store.records import Json, Ref

HEADER = "X-Redmine-Switch-User"
DANGER = "an administrator's key: whoever gets hold of it may do everything, in anybody's name"
NO_ADMIN = f"our account is no administrator: Redmine ignores {HEADER}"
#: Of whom a proof is asked: our own name under the header would prove nothing.
SAMPLE = {"status": "1", "limit": "10"}
_WRITES = "add_issue_notes"
_HIDES = ("set_notes_private", "view_private_notes")


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody as whom our key may act, as read back at ``since``."""

    login: str
    client: Client
    rights: Metadata
    since: datetime


class Personas:
    """In whose name our account may write. ``on`` as it is configured."""

    def __init__(self, client: Client, metadata: Metadata, *, on: bool) -> None:
        self._client = client
        self._metadata = metadata
        self.on = on
        self._known: dict[str, Persona] = {}
        #: (person, issue) -> when Redmine refused a note there in their name
        self._refused: dict[tuple[str, str], datetime] = {}

    def proof(self) -> Leave | None:
        """Whether Redmine says under the header that we are somebody else; None: not wanted."""
        if not self.on:
            return None
        self._known.clear()
        if not self._metadata.admin:
            return Leave(given=False, why=NO_ADMIN, ignored=True)
        for row in self._client.get("/users.json", SAMPLE)["users"]:
            if number(row) != self._metadata.account().native_id:
                return self._of(str(row["id"]))
        return Leave(given=False, why="there is nobody else to prove it by")

    def leave(self, ref: Ref, person: str, *, internal: bool) -> Leave:
        """Whether the person may write such a note on the issue, and we in their name."""
        if not self.on:
            return Leave(given=False, why="that is not asked for")
        given = self._of(person)
        if not given.given:
            return given
        if self._is_refused(person, ref.id):
            return Leave(given=False, why="Redmine refused a note in that name")
        persona = self._known[person]
        try:
            issue = persona.client.get(f"/issues/{int(ref.id)}.json")["issue"]
        except Refused as end:
            if isinstance(end.failure, Forbidden | Missing):
                return Leave(given=False, why="may not see the issue")
            raise
        # As the roles prove it, for one who would make a private note public (M1).
        wanted = (_WRITES, *(_HIDES if internal else ()))
        if all(persona.rights.may(str(issue["project"]["id"]), right) for right in wanted):
            return Leave(given=True)
        return Leave(given=False, why="no role proves that they may write it")

    def write(self, person: str, issue_id: str, path: str, issue: Mapping[str, Json]) -> Reply:
        """A call in the person's name; only after :meth:`leave` for it was given.

        A refusal takes the leave back, and is of no record: the next attempt is ours.
        """
        persona = self._known.get(person)
        if persona is None:
            raise Refused(Transient("nobody proved that we may write in that name"))
        answer = persona.client.call("PUT", path, json={"issue": issue})
        if isinstance(answer, Conflict | Forbidden | Rejected):
            self._known.pop(person, None)
            self._refused[person, issue_id] = self._client.clock.now()
            raise Refused(Transient("Redmine refuses it in that name"))
        return need(answer)

    def _is_refused(self, person: str, issue_id: str) -> bool:
        at = self._refused.get((person, issue_id))
        if at is not None and self._client.clock.now() - at > FRESH:
            del self._refused[person, issue_id]
            return False
        return at is not None

    def _of(self, person: str) -> Leave:
        """Ask who we are under the header; an answer is believed for a while."""
        now, known = self._client.clock.now(), self._known.pop(person, None)
        if known is None or now - known.since > FRESH:
            found = self._asked(person, now)
            if isinstance(found, Leave):
                return found
            known = found
        self._known[person] = known
        return Leave(given=True, why=f"Redmine says under {HEADER} that we are {known.login}")

    def _asked(self, person: str, now: datetime) -> Persona | Leave:
        try:
            login = str(self._client.get(f"/users/{int(person)}.json")["user"]["login"])
            client = Client(self._client.http, self._client.clock, under={HEADER: login})
            rights = Metadata(client)
            shown = rights.account()
        except Refused as end:
            if isinstance(end.failure, Conflict | Missing | Forbidden | Rejected):
                return Leave(given=False, why="nobody active has that account")
            raise
        if shown.native_id != person:
            why = f"under {HEADER}: {login} Redmine says that we are {shown.login}: it is ignored"
            return Leave(given=False, why=why, ignored=True)
        return Persona(shown.login, client, rights, now)
