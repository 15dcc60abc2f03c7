"""The tracker: Redmine's JSON API on top of its records."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.sandbox.backups import Backup
from sdsync.sandbox.call import Answer, Call, Json, Refused, answer, text
from sdsync.sandbox.redmine import lists, seed
from sdsync.sandbox.redmine.acts import Acts
from sdsync.sandbox.redmine.files import Files
from sdsync.sandbox.redmine.gate import Gate
from sdsync.sandbox.redmine.issues import Issues
from sdsync.sandbox.redmine.memberships import Memberships
from sdsync.sandbox.redmine.relations import Relations
from sdsync.sandbox.redmine.render import Renderer
from sdsync.sandbox.redmine.rights import Rights
from sdsync.sandbox.redmine.state import RedmineState
from sdsync.sandbox.redmine.time_entries import TimeEntries
from sdsync.sandbox.routing import ALL, Router, Rule, dumped, rule
from sdsync.sandbox.world import World


class Tracker:
    """One Redmine."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.state = RedmineState(world)
        self._backup: Backup | None = None
        seed.seed(self.state)
        self.state.load()
        self.rights = Rights(self.state)
        self.issues = Issues(self.state, self.rights)
        self.renderer = Renderer(self.state, self.rights)
        self._gate = Gate(self.state, self.rights)
        self._relations = Relations(self.state, self.rights)
        self._time = TimeEntries(self.state, self.rights, self.renderer, self._gate)
        self._acts = Acts(self.state, self.issues, self._relations, self._time)
        self._catalogue = lists.Lists(self.state, self.rights, self.renderer, self._gate)
        self._files = Files(self.state, self.renderer, self._gate)
        members = Memberships(self.state, self.rights, self.renderer, self._gate)
        rules = [*self._catalogue.rules(), *self._files.rules(), *members.rules(), *self._rules()]
        rules += self._time.rules()
        self.router = Router(rules)

    def _rules(self) -> list[Rule]:
        one = "/issues/{id:int}"
        return [
            rule("POST", "/issues.json", self._create),
            rule("GET", f"{one}.json", self._show),
            rule("PUT PATCH", f"{one}.json", self._update),
            rule("DELETE", f"{one}.json", self._delete),
            rule("POST", f"{one}/watchers.json", self._watch),
            rule("DELETE", f"{one}/watchers/{{user:int}}.json", self._unwatch),
            rule("POST", f"{one}/relations.json", self._relate),
            rule("DELETE", "/relations/{id:int}.json", self._unrelate),
            rule("PUT", "/journals/{id:int}.json", self._edit_note),
        ]

    # -- the product protocol ------------------------------------------------------
    def authenticate(self, call: Call) -> Answer | None:
        """``X-Redmine-API-Key`` or ``?key=``; what is public can be read without."""
        return self._gate.authenticate(call)

    def missing(self, call: Call) -> Answer:
        """A path that is not there: a page for people."""
        return Answer(404, b"<!DOCTYPE html><h1>Page not found</h1>", "text/html; charset=utf-8")

    def failed(self, status: int, text: str) -> Answer:
        """Errors of the product have no body; a crash shows the framework's page."""
        if status == 500:
            return Answer(500, b"<h1>Internal error</h1>", "text/html")
        return Answer(status, headers={"WWW-Authenticate": 'Basic realm="Redmine API"'})

    def act(self, action: str, by: str, fields: dict[str, Json]) -> Json:
        """Do something as a person does in the pages."""
        return self._acts.do(action, by, fields)

    def dump(self, after: Mapping[str, int] = ALL) -> Json:
        """Records by kind: all, or of the kinds that ``after`` names those above its number."""
        state = self.state
        tables = {
            "issues": state.issues.values(),
            "attachments": state.attachments.values(),
            "projects": state.projects.values(),
            "time_entries": state.time_entries.values(),
        }
        return dumped(tables, after)

    def back_up(self) -> None:
        """Make a backup of all records, in the place of the last one."""
        self._backup = Backup(self.state)

    def put_back(self) -> None:
        """Put the backup in the place of all records; KeyError without one."""
        if self._backup is None:
            raise KeyError("no backup was made")
        self._backup.put_back(self.state)

    def reset(self) -> None:
        """Back to the seed."""
        self.state.clear()
        seed.seed(self.state)

    # -- issues --------------------------------------------------------------------
    def _create(self, call: Call) -> Answer:
        data = _part(call, "issue")
        project = self.state.project(text(data.get("project_id")))
        user = self._gate.user(call)
        if project is None:
            missing = [f"{name} cannot be blank" for name in ("Project", "Tracker", "Status")]
            return answer({"errors": missing}, 422)
        if self._gate.archived(call, project) or not self.rights.may(user, "add_issues", project):
            raise self._gate.deny(user)
        issue = self.issues.create(user, project, data, call)
        shown = self.renderer.issue(call, issue, user, full=True)
        return answer({"issue": shown}, 201, Location=f"{call.base}/issues/{issue.id}")

    def _show(self, call: Call) -> Answer:
        user = self._gate.user(call)
        issue = self._gate.issue(call)
        return answer({"issue": self.renderer.issue(call, issue, user, full=True)})

    def _update(self, call: Call) -> Answer:
        issue = self._gate.issue(call)
        user = self._gate.user(call)
        project = self.state.projects[issue.project]
        rights = ("edit_issues", "add_issue_notes")
        if not any(self.rights.may(user, one, project) for one in rights):
            raise self._gate.deny(user)
        self.issues.update(user, issue, _part(call, "issue"), call)
        return Answer(204)

    def _delete(self, call: Call) -> Answer:
        issue = self._gate.issue(call)
        project = self.state.projects[issue.project]
        if not self.rights.may(self._gate.user(call), "delete_issues", project):
            raise Refused(Answer(403))
        self.issues.delete(issue)
        return Answer(204)

    def _edit_note(self, call: Call) -> Answer:
        id_ = int(call.params["id"])
        user = self._gate.user(call)
        for issue in self.state.issues.values():
            for journal in issue.journals:
                if journal.id != id_ or not self.rights.sees_note(user, issue, journal):
                    continue
                project = self.state.projects[issue.project]
                own = journal.user == user.id and self.rights.may(
                    user, "edit_own_issue_notes", project
                )
                if not own and not self.rights.may(user, "edit_issue_notes", project):
                    raise Refused(Answer(403))
                self.issues.edit_note(user, issue, journal, _part(call, "journal"))
                return Answer(204)
        return Answer(404)

    def _watch(self, call: Call) -> Answer:
        issue = self._gate.issue(call)
        user = int(text(call.json().get("user_id") or 0))
        if user not in self.state.users:
            return answer({"errors": ["User is invalid"]}, 422)
        if user not in issue.watchers:
            issue.watchers.append(user)
            self.state.keep_issue(issue)
        return Answer(204)

    def _unwatch(self, call: Call) -> Answer:
        issue = self._gate.issue(call)
        user = int(call.params["user"])
        if user in issue.watchers:
            issue.watchers.remove(user)
            self.state.keep_issue(issue)
        return Answer(204)

    def _relate(self, call: Call) -> Answer:
        issue = self._gate.issue(call)
        made = self._relations.relate(self._gate.user(call), issue, _part(call, "relation"))
        shown = {"id": made.id, "issue_id": made.source, "issue_to_id": made.target,
                 "relation_type": made.type, "delay": None}  # fmt: skip
        return answer({"relation": shown}, 201)

    def _unrelate(self, call: Call) -> Answer:
        relation = self.state.relations.get(int(call.params["id"]))
        if relation is None:
            return Answer(404)
        self._relations.unrelate(self._gate.user(call), relation)
        return Answer(204)


def _part(call: Call, name: str) -> dict[str, Json]:
    """The object of this name in the body; nothing when there is none."""
    value = call.json().get(name)
    return value if isinstance(value, dict) else {}
