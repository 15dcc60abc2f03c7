"""What a Redmine lacks for us, and what its administrator does about it.

Roles tell their permissions, so rights are known exactly. Custom fields are
listed for administrators alone, and workflows for nobody: issues tell of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sdsync.connectors.common import Refused, cut, need
from sdsync.connectors.failures import Forbidden
from sdsync.connectors.preparing import Asked, Deed, Point, Stand, Step, Survey, fields_of
from sdsync.connectors.redmine.client import Client, Row
from sdsync.connectors.redmine.metadata import Metadata
from sdsync.connectors.redmine.personas import Personas
from sdsync.connectors.redmine.prepare_names import of_names
from sdsync.connectors.redmine.prepare_time import LOGGING, of_time
from sdsync.connectors.redmine.worklogs import Worklogs

#: Permission -> its label on the page of a role, and what it is for.
#: Source: config/locales/en.yml of 5.0.4, keys ``permission_*``.
NEEDED: Mapping[str, tuple[str, str]] = {
    "view_issues": ("View Issues", "reads issues"),
    "add_issues": ("Add issues", "makes new issues"),
    "edit_issues": ("Edit issues", "changes status, priority, title"),
    "add_issue_notes": ("Add notes", "writes notes"),
    "edit_own_issue_notes": ("Edit own notes", "follows an edited note"),
    "view_private_notes": ("View private notes", "reads internal notes"),
    "set_notes_private": ("Set notes as private", "without it an internal note is shown to all"),
    "view_issue_watchers": ("View watchers list", "reads watchers"),
    "add_issue_watchers": ("Add watchers", "writes watchers"),
    "delete_issue_watchers": ("Delete watchers", "takes watchers away"),
}
USEFUL: Mapping[str, tuple[str, str]] = {
    "manage_issue_relations": ("Manage issue relations", "links issues"),
    "manage_subtasks": ("Manage subtasks", "sets parents"),
    "view_members": ("View members", "knows people and teams"),
}
#: On the page of a role, above its permissions.
SHOWN = "Issues visibility: All issues"
#: Reading is no danger worth a step; whatever else sdsync does not use is.
HARMLESS = ("view_", "browse_", "search_", "export_", "save_queries", "comment_")
MAIL = (
    (
        "Redmine mails author, assignee and watchers of an issue, each as chosen under My account, "
        "Email notifications; REST has no argument that silences a write."
    ),
    'So that our own mailbox stays empty: as the account, Email notifications: "No events".',
    "What the sync's mail setting does not allow waits for a person (sdsync status names it).",
)
CANNOT = (
    "Redmine's REST API makes members of projects; it has no calls that change roles, custom "
    "fields, workflows or settings."
)


@dataclass(slots=True)
class Found:
    """What one survey gathers."""

    points: list[Point] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    transitions: dict[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


class Preparation:
    """One account's view; an administrator's lists custom fields as well."""

    def __init__(
        self,
        client: Client,
        metadata: Metadata,
        mark_field: str,
        worklogs: Worklogs | None,
        personas: Personas,
    ) -> None:
        self._client = client
        self._metadata = metadata
        self._mark_field = mark_field
        self._worklogs = worklogs  # None: no sync copies any
        self._personas = personas
        self._needed = {**NEEDED, **(LOGGING if worklogs else {})}

    def survey(self, asked: Asked, admin: Preparation | None) -> Survey:
        """Our account first, then project by project."""
        found = Found()
        self._metadata.learn_rights()
        account = self._metadata.account()
        points, steps, dangers = of_names(self._personas, account.login)
        found.points += points
        found.steps += steps
        if self._metadata.admin and not self._personas.on:
            why = "an administrator may do everything, acting as others included"
            found.points.append(Point("account", "Administrator", Stand.EXCESS, why=why))
            text = f"Administration > Users > {account.login}: untick Administrator; Save ({why})"
            found.steps.append(Step(text))
        projects = {str(row["identifier"]): row for row in self._metadata.rows("project")}
        theirs = admin.projects() if admin is not None else {}
        lists = admin.custom_fields() if admin is not None else None
        lacking: dict[str, list[str]] = {name: [] for name, _, _ in fields_of(self._mark_field)}
        for name in asked.named() or tuple(sorted(projects)):
            row = projects.get(name) or theirs.get(name)
            self._of_project(found, name, row, asked, admin)
            if name in projects and self._worklogs is not None:
                points, steps = of_time(projects[name], self._metadata, self._worklogs)
                found.points += points
                found.steps += steps
            if name in projects:
                self._of_issues(found, projects[name], lists, lacking)
        for name, where in lacking.items():
            if where:
                found.steps.append(self._field_step(name, where, lists))
        return Survey(
            "Redmine", account.login, tuple(found.points), tuple(found.steps), MAIL,
            "none: Redmine counts no seats; sdsync is one user", CANNOT, found.transitions,
            dangers,
        )  # fmt: skip

    def carry_out(self, deed: Deed) -> str:
        """One call; a member that is one already is refused by Redmine, and nothing doubles."""
        need(self._client.call(deed.method, deed.path, json=dict(deed.json)))
        return cut(deed.text)

    # -- what an administrator sees ------------------------------------------------------
    def projects(self) -> dict[str, Row]:
        """Every project."""
        return {str(row["identifier"]): row for row in self._metadata.rows("project", afresh=True)}

    def custom_fields(self) -> dict[str, Row]:
        """Custom fields of issues, by name."""
        rows = self._client.get("/custom_fields.json")["custom_fields"]
        return {str(row["name"]): row for row in rows if row.get("customized_type") == "issue"}

    def fitting_role(self, wanted: frozenset[str]) -> Row | None:
        """The role that grants all of this and the least beyond it; None: none is harmless."""
        best: tuple[int, Row] | None = None
        for one in self._client.get("/roles.json")["roles"]:
            role: Row = self._client.get(f"/roles/{int(one['id'])}.json")["role"]
            granted = frozenset(str(right) for right in role["permissions"])
            shown = role.get("issues_visibility") in ("all", None)
            if wanted <= granted and shown and not too_much(granted):
                more = len(granted - wanted)
                if best is None or more < best[0]:
                    best = more, role
        return best[1] if best else None

    def member(self, project: Row, user_id: str) -> Row | None:
        """Our account's membership."""
        path = f"/projects/{int(project['id'])}/memberships.json"
        for row in self._client.pages(path, "memberships"):
            if str((row.get("user") or {}).get("id")) == user_id:
                return row
        return None

    # -- a project -----------------------------------------------------------------------
    def _of_project(
        self, found: Found, name: str, row: Row | None, asked: Asked, admin: Preparation | None
    ) -> None:
        login = self._metadata.account().login
        if row is None:
            why = "our account sees no project of this identifier"
            found.points.append(Point("project", name, Stand.MISSING, name, why))
            if admin is not None:
                found.steps.append(
                    Step(f"Projects > New project: Identifier {name}; or name another")
                )
                return
        wanted = {**self._needed, **USEFUL}
        if asked.named() and name not in asked.put:
            del wanted["add_issues"]
        number = str(row["id"]) if row is not None else ""
        granted = frozenset(right for right in wanted if self._metadata.may(number, right))
        for right, (label, why) in wanted.items():
            lacks = Stand.MISSING if right in self._needed else Stand.OPTIONAL
            stand = Stand.THERE if right in granted else lacks
            found.points.append(Point("right", label, stand, name, why))
        shown = self._of_visibility(found, name, number)
        needed = frozenset(wanted) & self._needed.keys()
        missing = [label for right, (label, _) in wanted.items() if right in needed - granted]
        if missing:
            found.steps.append(self._role_step(name, login, missing, needed, row, admin))
        elif shown in (Stand.MISSING, Stand.OPTIONAL):
            role = f"the role that {login} has in {name}"
            text = f"Administration > Roles and permissions > {role}: {SHOWN}; Save"
            found.steps.append(Step(text, optional=shown is Stand.OPTIONAL))
        extra = too_much(self._metadata.rights(number)) if not self._metadata.admin else ()
        for right in extra:
            found.points.append(Point("right", right, Stand.EXCESS, name, "sdsync never uses it"))
        if extra:
            text = f"Administration > Roles and permissions > the role that {login} has in {name}: "
            found.steps.append(Step(f"{text}untick {', '.join(extra)}; Save"))

    def _of_visibility(self, found: Found, name: str, number: str) -> Stand:
        """A role may have View Issues and yet show only some of them."""
        why, stand = {
            "all": ("sees private issues too", Stand.THERE),
            "default": ("an issue that somebody makes private is out of reach", Stand.OPTIONAL),
            "own": ("sees only issues of its own making", Stand.MISSING),
        }.get(self._metadata.visibility(number), ("which issues are shown", Stand.UNTOLD))
        found.points.append(Point("right", SHOWN, stand, name, why))
        return stand

    def _role_step(
        self,
        name: str,
        login: str,
        missing: Sequence[str],
        needed: frozenset[str],
        row: Row | None,
        admin: Preparation | None,
    ) -> Step:
        tick = ", ".join(missing)
        text = (
            f"Administration > Roles and permissions > a role of its own (New role: sdsync): "
            f"{SHOWN}; tick {tick}; Save; then {name} > Settings > Members > New member: {login} "
            "with that role"
        )
        role = admin.fitting_role(needed) if admin is not None else None
        if admin is None or row is None or role is None:
            return Step(text)
        text = f"{name} > Settings > Members: {login}: {role['name']}, a role that has {tick}"
        user_id = self._metadata.account().native_id
        member = admin.member(row, user_id)
        what = f"gives {login} the role {role['name']} in {name}"
        if member is None:
            body = {"user_id": int(user_id), "role_ids": [int(role["id"])]}
            path = f"/projects/{int(row['id'])}/memberships.json"
            return Step(text, Deed("POST", path, {"membership": body}, what))
        have = [int(one["id"]) for one in member["roles"] if not one.get("inherited")]
        path = f"/memberships/{int(member['id'])}.json"
        ids = {"role_ids": [*have, int(role["id"])]}
        return Step(text, Deed("PUT", path, {"membership": ids}, what))

    def _of_issues(
        self,
        found: Found,
        project: Row,
        lists: Mapping[str, Row] | None,
        lacking: Mapping[str, list[str]],
    ) -> None:
        """What issues tell: their custom fields, and which statuses we may set."""
        name = str(project["identifier"])
        issues = list(self._samples(project))
        shown = {str(one["name"]) for issue in issues for one in issue.get("custom_fields") or ()}
        for field_name, needed, why in fields_of(self._mark_field):
            if field_name in shown:
                stand = Stand.THERE
            elif not issues and (lists is None or field_name in lists):
                stand = Stand.UNTOLD
            else:
                stand = Stand.MISSING if needed else Stand.OPTIONAL
                lacking[field_name].append(name)
            found.points.append(Point("field", field_name, stand, name, why))
        self._of_workflow(found, name, issues)

    def _samples(self, project: Row) -> Iterator[Row]:
        """The newest issue of each status that there is, with what we may do to it."""
        params = {"project_id": str(project["id"]), "sort": "id:desc", "limit": "1"}
        for status in self._metadata.rows("status"):
            try:
                told = self._client.get("/issues.json", {**params, "status_id": str(status["id"])})
            except Refused as end:
                if isinstance(end.failure, Forbidden):
                    return
                raise
            for issue in told["issues"]:
                path = f"/issues/{int(issue['id'])}.json"
                yield self._client.get(path, {"include": "allowed_statuses"})["issue"]

    def _of_workflow(self, found: Found, name: str, issues: Sequence[Row]) -> None:
        graph: dict[str, tuple[str, ...]] = {}
        stuck = []
        for issue in issues:
            status = str(issue["status"]["name"])
            allowed = [str(one["name"]) for one in issue.get("allowed_statuses") or ()]
            graph[status] = tuple(one for one in allowed if one != status)
            if not graph[status]:
                stuck.append((status, str(issue["tracker"]["name"])))
        found.transitions[name] = graph
        why = "statuses follow the other side"
        if not issues:
            found.points.append(Point("workflow", "Status transitions", Stand.UNTOLD, name, why))
            return
        stand = Stand.MISSING if len(stuck) == len(issues) else Stand.THERE
        found.points.append(Point("workflow", "Status transitions", stand, name, why))
        if stand is Stand.MISSING:
            tracker = stuck[0][1]
            text = (
                "Administration > Workflow > Status transitions: the role of our account, tracker"
            )
            found.steps.append(
                Step(f"{text} {tracker}: tick what may follow {stuck[0][0]}; Save (as of {name})")
            )

    def _field_step(self, name: str, where: Sequence[str], lists: Mapping[str, Row] | None) -> Step:
        needed, why = next((n, w) for one, n, w in fields_of(self._mark_field) if one == name)
        told = "For all projects, all trackers, visible to our role"
        if lists is not None and name in lists:
            text = f'Administration > Custom fields > "{name}": {told} (missing in '
            return Step(f"{text}{', '.join(where)}); Save", optional=not needed)
        unless = "" if lists is not None else "unless it is there: "
        text = (
            f"{unless}Administration > Custom fields > New custom field > Issues > Format Text: "
            f'Name "{name}"; Used as a filter, {told}; Save ({why})'
        )
        return Step(text, optional=not needed)


def too_much(granted: frozenset[str]) -> tuple[str, ...]:
    """Permissions that sdsync never uses and that change something."""
    unused = granted - NEEDED.keys() - USEFUL.keys() - LOGGING.keys()
    return tuple(sorted(one for one in unused if not one.startswith(HARMLESS)))
