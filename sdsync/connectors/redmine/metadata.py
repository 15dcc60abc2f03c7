"""Projects, statuses, rights and fields: names to ids and back, live and cached."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sdsync.connectors.common import Refused
from sdsync.connectors.contract import Account, FieldInfo, PlaceInfo
from sdsync.connectors.failures import Rejected
from sdsync.connectors.redmine.client import Client, Row

#: An administrator's change is seen after this long, or at the first unknown name.
FRESH = timedelta(minutes=5)
SEES_TIME = "view_time_entries"
CLOSED_PROJECT = 5
ARCHIVED_PROJECT = 9
#: list -> (path, name in the answer)
LISTS = {
    "status": ("/issue_statuses.json", "issue_statuses"),
    "priority": ("/enumerations/issue_priorities.json", "issue_priorities"),
    "tracker": ("/trackers.json", "trackers"),
    "project": ("/projects.json", "projects"),
}
#: What a role shows of a project's issues, the widest first: all, those that are not
#: private, or only those of one's own.
VISIBILITIES = ("all", "default", "own")
#: So many of a project's newest issues tell which custom fields it has.
SAMPLE = "25"
#: What may be set on any issue; the rest hangs on project and tracker.
PLAIN = ("description", "due_date", "start_date", "done_ratio", "parent")


class Metadata:
    """What Redmine tells of itself, asked for when it is needed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._account: Account | None = None
        self._birth = ""
        self.admin = False  # known after learn_rights
        self._rights: dict[str, frozenset[str]] = {}  # project id -> permissions
        self._visible: dict[str, str] = {}  # project id -> all | default | own
        self._seers: set[str] = set()  # ids of projects whose time entries we all see
        self._lists: dict[str, tuple[datetime, list[Row]]] = {}

    def account(self) -> Account:
        """Whom the key acts as."""
        if self._account is None:
            self.learn_rights()
        assert self._account is not None
        return self._account

    @property
    def me(self) -> str | None:
        """Our account's id, without a call; None before the first."""
        return self._account.native_id if self._account is not None else None

    @property
    def birth(self) -> str:
        """Our account's number and birth: another instance has others."""
        self.account()
        return self._birth

    def learn_rights(self) -> None:
        """Our account, and what its roles allow in each project.

        Roles given by a group are among the memberships. What a stranger may do
        in a public project ("Non member") is not told, so it is not believed.
        """
        user = self._client.get("/users/current.json", {"include": "memberships"})["user"]
        name = f"{user.get('firstname', '')} {user.get('lastname', '')}".strip()
        self._account = Account(str(user["id"]), str(user["login"]), name)
        self._birth = f"{user['id']} {user.get('created_on', '')}"
        self.admin = bool(user.get("admin"))
        roles: dict[str, Row] = {}
        rights: dict[str, frozenset[str]] = {}
        visible: dict[str, str] = {}
        seers: set[str] = set()
        for membership in user.get("memberships") or ():
            granted: frozenset[str] = frozenset()
            seen = []
            for role in membership["roles"]:
                role_id = str(role["id"])
                if role_id not in roles:
                    roles[role_id] = self._client.get(f"/roles/{int(role_id)}.json")["role"]
                having = frozenset(str(one) for one in roles[role_id]["permissions"])
                granted |= having
                if SEES_TIME in having and roles[role_id].get("time_entries_visibility") == "all":
                    seers.add(str(membership["project"]["id"]))
                if "view_issues" in having:
                    seen.append(str(roles[role_id].get("issues_visibility") or ""))
            project_id = str(membership["project"]["id"])
            rights[project_id] = granted
            visible[project_id] = next((one for one in VISIBILITIES if one in seen), "")
        self._rights, self._visible, self._seers = rights, visible, seers

    def visibility(self, project_id: str) -> str:
        """Which issues the widest of our roles shows there; "" where none tells."""
        self.account()
        return "all" if self.admin else self._visible.get(project_id, "")

    def shows_issues(self, identifier: str) -> bool:
        """Whether it is told now that a project is not archived, and that we may see its issues.

        A role that shows only its own issues hides what others made.
        """
        for row in self.rows("project", afresh=True):
            if row["identifier"] == identifier and row.get("status") != ARCHIVED_PROJECT:
                modules = row.get("enabled_modules") or ()
                on = any(one["name"] == "issue_tracking" for one in modules)
                return on and self.visibility(str(row["id"])) in {"all", "default"}
        return False

    def sees_all_time(self, project_id: str) -> bool:
        """Whether our account sees everybody's time entries of a project.

        Where the module is off, Redmine lists none, whatever was logged before.
        """
        self.account()
        return self.tracks_time(project_id) and (self.admin or project_id in self._seers)

    def tracks_time(self, project_id: str) -> bool:
        """Whether the project's module for time is on."""
        row = next((one for one in self.rows("project") if str(one["id"]) == project_id), {})
        return any(one["name"] == "time_tracking" for one in row.get("enabled_modules") or ())

    def may(self, project_id: str, right: str) -> bool:
        """Whether our account has a right in a project, as its roles prove."""
        self.account()
        return self.admin or right in self.rights(project_id)

    def rights(self, project_id: str) -> frozenset[str]:
        """All that our account's roles grant in a project."""
        return self._rights.get(project_id, frozenset())

    def rows(self, kind: str, *, afresh: bool = False) -> list[Row]:
        """One of the lists of the instance."""
        now = self._client.clock.now()
        kept = self._lists.get(kind)
        if kept is None or afresh or now - kept[0] > FRESH:
            path, name = LISTS[kind]
            params = {"include": "trackers,issue_categories,issue_custom_fields,enabled_modules"}
            if kind == "project":
                rows = list(self._client.pages(path, name, params))
                for row in rows:  # those of the project itself; none that is for all projects
                    self._name(row.get("issue_custom_fields"))
            else:
                rows = list(self._client.get(path)[name])
            kept = self._lists[kind] = (now, rows)
        return kept[1]

    def id_of(self, kind: str, name: str) -> int:
        """The id behind a name; a project's is its identifier."""
        key = "identifier" if kind == "project" else "name"
        for afresh in (False, True):
            for row in self.rows(kind, afresh=afresh):
                if row[key] == name:
                    return int(row["id"])
        raise Refused(Rejected((kind,), f'Redmine has no {kind} "{name}"'))

    def name_of(self, kind: str, wanted: str | None) -> str | None:
        """The name behind an id; the id itself when it is hidden from us."""
        key = "identifier" if kind == "project" else "name"
        if not wanted:
            return None
        for afresh in (False, True):
            for row in self.rows(kind, afresh=afresh):
                if str(row["id"]) == wanted:
                    return str(row[key])
        return wanted

    def project(self, identifier: str) -> Row:
        """A project by its identifier."""
        wanted = self.id_of("project", identifier)
        return next(row for row in self.rows("project") if int(row["id"]) == wanted)

    def category(self, project: Row, name: str) -> int:
        """The id of a project's category."""
        for row in project.get("issue_categories") or ():
            if row["name"] == name:
                return int(row["id"])
        raise Refused(Rejected(("category",), f'{project["identifier"]} has no category "{name}"'))

    def custom_field(self, name: str) -> int | None:
        """The id of a custom field; None when no issue has shown it to us yet.

        Only an administrator may list them; everyone else learns them from the
        issues that they read.
        """
        if name not in self._client.custom_fields:
            self._learn_from("/issues.json", {"status_id": "*", "limit": "100", "sort": "id:desc"})
        return self._client.custom_fields.get(name)

    def saw(self, issue: Row) -> None:
        """Learn custom fields from an issue."""
        self._name(issue.get("custom_fields"))

    def _name(self, fields: Iterable[Row] | None) -> None:
        for one in fields or ():
            self._client.custom_fields[str(one["name"])] = int(one["id"])

    def _learn_from(self, path: str, params: dict[str, str]) -> None:
        for issue in self._client.get(path, params)["issues"]:
            self.saw(issue)

    def place(self, project: Row) -> PlaceInfo:
        """A project as our account sees it; rights are what its roles prove (law 45).

        A role without set_notes_private would have its private notes taken as
        public ones, with a 204. One without view_private_notes could not read
        back what it wrote.
        """
        project_id, identifier = str(project["id"]), str(project["identifier"])
        rights = self._rights.get(project_id, frozenset())
        audiences = set()
        if self.may(project_id, "add_issue_notes"):
            audiences.add("public")
            needed = ("set_notes_private", "view_private_notes")
            if all(self.may(project_id, right) for right in needed):
                audiences.add("internal")
        public = bool(project.get("is_public"))
        open_for_writing = project.get("status") not in {CLOSED_PROJECT, ARCHIVED_PROJECT}
        return PlaceInfo(
            key=identifier,
            native_id=project_id,
            default_audience="public" if public else "internal",
            public=public,
            may_create=open_for_writing and self.may(project_id, "add_issues"),
            proved_audiences=frozenset(audiences),
            fields=self._fields(project),
            archived=not open_for_writing,
            rights=rights,
        )

    def _fields(self, project: Row) -> dict[str, FieldInfo]:
        def names(rows: Iterable[Row] | None) -> tuple[str, ...]:
            return tuple(str(row["name"]) for row in rows or ())

        active = [row for row in self.rows("priority") if row.get("active", True)]
        infos = {path: FieldInfo(path) for path in PLAIN}
        infos |= {
            "subject": FieldInfo("subject", required=True, max_length=255),
            "status": FieldInfo("status", names(self.rows("status"))),
            "priority": FieldInfo("priority", names(active)),
            "tracker": FieldInfo("tracker", names(project.get("trackers"))),
            "project": FieldInfo("project", required=True),
            "category": FieldInfo("category", names(project.get("issue_categories"))),
            "assigned_to": FieldInfo("assigned_to"),
            "author": FieldInfo("author", read_only=True),
            "watchers": FieldInfo("watchers", multiple=True),
            "relations": FieldInfo("relations", multiple=True),
            "is_private": FieldInfo("is_private", read_only=not self._may_hide(project)),
        }
        # An issue shows the custom fields of its own tracker alone.
        params = {"project_id": str(project["id"]), "status_id": "*", "limit": SAMPLE}
        shown = self._client.get("/issues.json", {**params, "sort": "id:desc"})["issues"]
        for issue in shown:
            for row in issue.get("custom_fields") or ():
                path = f"custom_fields.{row['name']}"
                infos[path] = FieldInfo(path, multiple=bool(row.get("multiple")))
            self.saw(issue)
        return infos

    def _may_hide(self, project: Row) -> bool:
        return any(
            self.may(str(project["id"]), right)
            for right in ("set_issues_private", "set_own_issues_private")
        )
