"""What can be listed: issues, people, projects and the stock lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sdsync.sandbox.call import Answer, Call, Json, Refused, answer
from sdsync.sandbox.redmine import filters
from sdsync.sandbox.redmine.gate import Gate
from sdsync.sandbox.redmine.render import Renderer, named, status
from sdsync.sandbox.redmine.rights import Rights
from sdsync.sandbox.redmine.state import (
    DEFAULT_PRIORITY,
    PRIORITIES,
    STATUSES,
    TRACKERS,
    CustomField,
    Project,
    RedmineState,
)
from sdsync.sandbox.routing import Rule, rule

T = TypeVar("T")

_CORE = ["assigned_to_id", "category_id", "fixed_version_id", "parent_issue_id", "start_date",
         "due_date", "estimated_hours", "done_ratio", "description"]  # fmt: skip


class Lists:
    """Answers list calls and the single records beside them."""

    def __init__(self, state: RedmineState, rights: Rights, renderer: Renderer, gate: Gate) -> None:
        self._state = state
        self._world = state.world
        self._rights = rights
        self._renderer = renderer
        self._gate = gate

    def rules(self) -> list[Rule]:
        """The paths."""
        return [
            rule("GET", "/issues.json", self._issues),
            rule("GET", "/projects/{key:str}/issues.json", self._issues),
            rule("GET", "/users/current.json", self._current),
            rule("GET", "/my/account.json", self._current),
            rule("GET", "/users/{id:int}.json", self._user),
            rule("GET", "/users.json", self._users),
            rule("GET", "/groups.json", self._groups),
            rule("GET", "/groups/{id:int}.json", self._group),
            rule("GET", "/projects/{key:str}/memberships.json", self._members),
            rule("GET", "/projects/{key:str}/issue_categories.json", self._categories),
            rule("GET", "/projects/{key:str}.json", self._project),
            rule("GET", "/projects.json", self._projects),
            rule("GET", "/trackers.json", self._trackers),
            rule("GET", "/issue_statuses.json", self._statuses),
            rule("GET", "/enumerations/issue_priorities.json", self._priorities),
            rule("GET", "/custom_fields.json", self._custom_fields),
            rule("GET", "/roles.json", self._roles),
            rule("GET", "/roles/{id:int}.json", self._role),
        ]

    # -- issues --------------------------------------------------------------------
    def _issues(self, call: Call) -> Answer:
        user = self._gate.user(call)
        if key := call.params.get("key"):
            call.query.append(("project_id", key))
        if key := call.param("project_id"):
            self._place(call, key)
        as_of = self._world.lag(call)
        fits = filters.wanted(call, self._state, user, as_of)
        sights = {
            project.id: self._rights.sight(user, project.id)
            for project in self._state.projects.values()
            if not self._gate.archived(call, project)
        }
        found = [
            one
            for one in self._state.issues.values()
            if (sees := sights.get(one.project))
            and sees(one)
            and (as_of is None or one.created <= as_of)
            and fits(one)
        ]
        found = filters.ordered(call, found, as_of)
        shown, offset, limit = self._page(call, found)
        items = [self._renderer.issue(call, one, user, full=False) for one in shown]
        return _listed("issues", items, len(found), offset, limit)

    def _place(self, call: Call, key: str) -> Project:
        project = self._state.project(key.lstrip("="))
        if project is None:
            raise Refused(Answer(404))
        user = self._gate.user(call)
        archived = self._gate.archived(call, project)
        if archived or not self._rights.may(user, "view_issues", project):
            raise self._gate.deny(user)
        return project

    def _page(self, call: Call, found: Sequence[T]) -> tuple[list[T], int, int]:
        offset, limit = filters.window(call)
        shown = list(found[offset : offset + limit])
        if offset and (struck := self._world.switches.fires("repeated_pages", call)):
            back = int(str(struck["items"]))
            shown = list(found[max(0, offset - back) : offset + limit - back])
        if struck := self._world.switches.fires("short_pages", call):
            shown = shown[: int(str(struck["items"]))]
        return shown, offset, limit

    # -- people --------------------------------------------------------------------
    def _current(self, call: Call) -> Answer:
        user = self._gate.somebody(call)
        memberships = "memberships" in call.param("include")
        return answer({"user": self._renderer.user(user, user, memberships=memberships)})

    def _user(self, call: Call) -> Answer:
        viewer = self._gate.somebody(call)
        user = self._state.users.get(int(call.params["id"]))
        if user is None:
            raise Refused(Answer(404))
        memberships = "memberships" in call.param("include")
        return answer({"user": self._renderer.user(user, viewer, memberships=memberships)})

    def _users(self, call: Call) -> Answer:
        viewer = self._gate.admin(call)
        wanted = call.param("name").lower()
        found = [
            one for one in self._state.users.values()
            if one.active and wanted in f"{one.login} {one.name} {one.mail}".lower()
        ]  # fmt: skip
        shown, offset, limit = self._page(call, found)
        users = [self._renderer.user(one, viewer) for one in shown]
        for one in users:
            one.pop("api_key", None)
        return _listed("users", users, len(found), offset, limit)

    def _groups(self, call: Call) -> Answer:
        self._gate.admin(call)
        return answer({"groups": [named(one.id, one.name) for one in self._state.groups.values()]})

    def _group(self, call: Call) -> Answer:
        self._gate.somebody(call)  # alone it is shown to whoever sees people; the list is not
        group = self._state.groups.get(int(call.params["id"]))
        if group is None:
            raise Refused(Answer(404))
        shown = named(group.id, group.name)
        if "users" in call.param("include"):
            shown["users"] = [self._renderer.person(one) for one in group.users]
        return answer({"group": shown})

    def _members(self, call: Call) -> Answer:
        members = self._renderer.members(self._place(call, call.params["key"]))
        shown, offset, limit = self._page(call, members)
        return _listed("memberships", shown, len(members), offset, limit)

    # -- projects ------------------------------------------------------------------
    def _projects(self, call: Call) -> Answer:
        included = call.param("include").split(",")
        found = [
            one for one in self._state.projects.values()
            if self._rights.may(self._gate.user(call), "view_issues", one)
            and not self._gate.archived(call, one)
        ]  # fmt: skip
        shown, offset, limit = self._page(call, found)
        projects = [self._renderer.project(one, included) for one in shown]
        return _listed("projects", projects, len(found), offset, limit)

    def _project(self, call: Call) -> Answer:
        project = self._place(call, call.params["key"])
        included = call.param("include").split(",")
        return answer({"project": self._renderer.project(project, included)})

    def _categories(self, call: Call) -> Answer:
        project = self._place(call, call.params["key"])
        shown = [{"id": id_, "project": named(project.id, project.name), "name": name}
                 for id_, name in project.categories.items()]  # fmt: skip
        return answer({"issue_categories": shown, "total_count": len(shown)})

    # -- stock lists -----------------------------------------------------------------
    def _trackers(self, call: Call) -> Answer:
        del call
        return answer({"trackers": [
            {**named(id_, name), "default_status": named(1, "New"), "description": None,
             "enabled_standard_fields": _CORE}
            for id_, name in TRACKERS.items()
        ]})  # fmt: skip

    def _statuses(self, call: Call) -> Answer:
        del call
        return answer({"issue_statuses": [status(one) for one in STATUSES]})

    def _priorities(self, call: Call) -> Answer:
        del call
        return answer({"issue_priorities": [
            {**named(id_, name), "is_default": id_ == DEFAULT_PRIORITY, "active": True,
             "custom_fields": []}
            for id_, name in PRIORITIES.items()
        ]})  # fmt: skip

    def _custom_fields(self, call: Call) -> Answer:
        self._gate.admin(call)
        fields = [_custom_field(one) for one in self._state.custom_fields.values()]
        return answer({"custom_fields": fields})

    def _roles(self, call: Call) -> Answer:
        self._gate.somebody(call)
        roles = [one for one in self._state.roles.values() if not one.builtin]
        return answer({"roles": [named(one.id, one.name) for one in roles]})

    def _role(self, call: Call) -> Answer:
        self._gate.somebody(call)
        role = self._state.roles.get(int(call.params["id"]))
        if role is None:
            raise Refused(Answer(404))
        return answer({"role": {
            **named(role.id, role.name), "assignable": role.assignable,
            "issues_visibility": "own" if role.sees_own else "all" if role.sees_all else "default",
            "time_entries_visibility": "all", "users_visibility": "all",
            "permissions": sorted(role.permissions),
        }})  # fmt: skip


def _listed(name: str, items: list[dict[str, Json]], total: int, offset: int, limit: int) -> Answer:
    return answer({name: items, "total_count": total, "offset": offset, "limit": limit})


def _custom_field(one: CustomField) -> dict[str, Json]:
    shown: dict[str, Json] = {
        **named(one.id, one.name), "customized_type": "issue", "field_format": one.format,
        "regexp": "", "min_length": None, "max_length": one.max_length,
        "is_required": one.required, "is_filter": True, "searchable": True,
        "multiple": one.multiple, "default_value": None, "visible": True,
        "trackers": [named(id_, name) for id_, name in TRACKERS.items()], "roles": [],
    }  # fmt: skip
    if one.values:
        shown["possible_values"] = [{"value": v, "label": v} for v in one.values]
    return shown
