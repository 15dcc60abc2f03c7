"""Who calls, and whether this record may be seen at all."""

from __future__ import annotations

import base64
import binascii

from sdsync.sandbox.call import Answer, Call, Refused
from sdsync.sandbox.redmine.rights import Rights
from sdsync.sandbox.redmine.seed import BORN
from sdsync.sandbox.redmine.state import ARCHIVED, Issue, Project, RedmineState, User

ANONYMOUS = User(0, "", "Anonymous", "", "", BORN)
_UNAUTHORIZED = {"WWW-Authenticate": 'Basic realm="Redmine API"'}


class Gate:
    """Credentials, archived projects, records out of reach."""

    def __init__(self, state: RedmineState, rights: Rights) -> None:
        self._state = state
        self._rights = rights

    def authenticate(self, call: Call) -> Answer | None:
        """Set ``call.login``. A wrong key is no refusal: it reads as a stranger, with 200."""
        key = call.headers.get("x-redmine-api-key") or call.param("key") or _basic(call)
        if not key:
            return None
        for user in self._state.users.values():
            if user.key == key and user.active:
                call.login = user.login
                return self._switch(call, user)
        return None

    def _switch(self, call: Call, user: User) -> Answer | None:
        """An administrator may act as somebody; from others the header is ignored (M8)."""
        wanted = call.headers.get("x-redmine-switch-user")
        if not wanted or not user.admin:
            return None
        somebody = self._state.user_by_login(wanted)
        if somebody is None or not somebody.active:
            return Answer(412)
        call.login = wanted
        return None

    def user(self, call: Call) -> User:
        """Who calls."""
        return self._state.user_by_login(call.login or "") or ANONYMOUS

    def somebody(self, call: Call) -> User:
        """Who calls; an anonymous call is refused."""
        user = self.user(call)
        if user is ANONYMOUS:
            raise Refused(Answer(401, headers=dict(_UNAUTHORIZED)))
        return user

    def admin(self, call: Call) -> User:
        """Who calls; others than administrators are refused."""
        user = self.somebody(call)
        if not user.admin:
            raise Refused(Answer(403))
        return user

    def deny(self, user: User) -> Refused:
        """No right: a stranger is asked to log in, others are sent away."""
        if user is ANONYMOUS:
            return Refused(Answer(401, headers=dict(_UNAUTHORIZED)))
        return Refused(Answer(403))

    def archived(self, call: Call, project: Project) -> bool:
        """Whether the project is archived, truly or on a switch."""
        struck = self._state.world.switches.fires("archived_project", call)
        return project.status == ARCHIVED or (
            struck is not None and project.identifier == str(struck["place"])
        )

    def issue(self, call: Call) -> Issue:
        """The issue that the path names; Refused when it is missing or out of reach."""
        id_ = int(call.params["id"])
        merged = self._state.world.switches.fires("merged_answer", call)
        if merged and str(merged["id"]) == str(id_):
            id_ = int(str(merged["answers"]))
        issue = self._state.issues.get(id_)
        if issue is None:
            raise Refused(Answer(404))
        forbidden = self._state.world.switches.fires("forbidden_record", call)
        ids = forbidden["ids"] if forbidden else []
        named = isinstance(ids, list) and str(id_) in [str(one) for one in ids]
        project = self._state.projects[issue.project]
        user = self.user(call)
        if named or self.archived(call, project) or not self._rights.sees(user, issue):
            raise self.deny(user)
        return issue


def _basic(call: Call) -> str:
    """A key sent as the user name of basic authentication."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value).decode().split(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
