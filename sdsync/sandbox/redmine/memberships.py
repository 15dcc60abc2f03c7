"""Who belongs to a project, and with which roles: listed, made, changed, ended."""

from __future__ import annotations

from sdsync.sandbox.call import Answer, Call, Json, Refused, answer, text, texts
from sdsync.sandbox.redmine.gate import Gate
from sdsync.sandbox.redmine.render import Renderer
from sdsync.sandbox.redmine.rights import Rights
from sdsync.sandbox.redmine.state import Member, Project, RedmineState
from sdsync.sandbox.routing import Rule, rule


class Memberships:
    """Needs manage_members, as in the product. A restart of the sandbox brings back the seed's."""

    def __init__(self, state: RedmineState, rights: Rights, renderer: Renderer, gate: Gate) -> None:
        self._state = state
        self._rights = rights
        self._renderer = renderer
        self._gate = gate

    def rules(self) -> list[Rule]:
        """The paths."""
        return [
            rule("POST", "/projects/{key:str}/memberships.json", self._make),
            rule("PUT", "/memberships/{id:int}.json", self._change),
            rule("DELETE", "/memberships/{id:int}.json", self._end),
        ]

    def _make(self, call: Call) -> Answer:
        project = self._state.project(call.params["key"])
        if project is None:
            raise Refused(Answer(404))
        self._allow(call, project)
        data = _membership(call)
        user = int(text(data.get("user_id")) or 0)
        errors = []
        if user not in self._state.users and user not in self._state.groups:
            errors.append("Principal cannot be blank")
        if any(one.user == user and one.project == project.id for one in self._members()):
            errors.append("User has already been taken")
        roles = self._roles(data)
        if not roles:
            errors.append("Role cannot be empty")
        if errors:
            return answer({"errors": errors}, 422)
        number = max(self._state.members, default=0) + 1
        made = self._state.members[number] = Member(number, project.id, user, roles)
        (shown,) = (one for one in self._renderer.members(project) if one["id"] == made.id)
        return answer({"membership": shown}, 201, Location=f"{call.base}/memberships/{made.id}")

    def _change(self, call: Call) -> Answer:
        member = self._member(call)
        roles = self._roles(_membership(call))
        if not roles:
            return answer({"errors": ["Role cannot be empty"]}, 422)
        member.roles = roles
        return Answer(204)

    def _end(self, call: Call) -> Answer:
        del self._state.members[self._member(call).id]
        return Answer(204)

    def _members(self) -> list[Member]:
        return list(self._state.members.values())

    def _member(self, call: Call) -> Member:
        member = self._state.members.get(int(call.params["id"]))
        if member is None:
            raise Refused(Answer(404))
        self._allow(call, self._state.projects[member.project])
        return member

    def _allow(self, call: Call, project: Project) -> None:
        user = self._gate.user(call)
        if not self._rights.may(user, "manage_members", project):
            raise self._gate.deny(user)

    def _roles(self, data: dict[str, Json]) -> list[int]:
        """Known ones that can be given: what is builtin cannot."""
        asked = [int(one) for one in texts(data.get("role_ids")) if one.isdigit()]
        known = self._state.roles
        return [one for one in dict.fromkeys(asked) if one in known and not known[one].builtin]


def _membership(call: Call) -> dict[str, Json]:
    value = call.json().get("membership")
    return value if isinstance(value, dict) else {}
