"""Time entries: each by its own number, hours to two decimals, a day and no hour.

An entry does not touch its issue, as in the product.
"""

from __future__ import annotations

from datetime import date

from sdsync.sandbox.call import Answer, Call, Json, Refused, answer, text
from sdsync.sandbox.redmine import filters
from sdsync.sandbox.redmine.gate import Gate
from sdsync.sandbox.redmine.render import Renderer, instant, named
from sdsync.sandbox.redmine.rights import Rights
from sdsync.sandbox.redmine.state import ACTIVITIES, Issue, RedmineState, TimeEntry, User
from sdsync.sandbox.routing import Rule, rule

_PATH = "/time_entries.json"
_ONE = "/time_entries/{id:int}.json"
_LONGEST = 1024


class TimeEntries:
    """Listed, made, changed and deleted, by the API and by people alike."""

    def __init__(self, state: RedmineState, rights: Rights, renderer: Renderer, gate: Gate) -> None:
        self._state = state
        self._rights = rights
        self._renderer = renderer
        self._gate = gate

    def rules(self) -> list[Rule]:
        """The paths."""
        return [
            rule("GET", _PATH, self._list),
            rule("POST", _PATH, self._make),
            rule("GET", _ONE, self._show),
            rule("PUT PATCH", _ONE, self._change),
            rule("DELETE", _ONE, self._delete),
            rule("GET", "/enumerations/time_entry_activities.json", self._activities),
        ]

    # -- by people too -------------------------------------------------------------------
    def log(self, user: User, issue: Issue, data: dict[str, Json]) -> TimeEntry:
        """Make an entry of this user."""
        now = self._state.world.stamp()
        one = TimeEntry(0, issue.id, user.id, 0, 0.0, now.date().isoformat(), "", now, now)
        self._take(one, data)
        one.id = self._state.number("time_entry")
        return self._state.keep_time_entry(one)

    def edit(self, one: TimeEntry, data: dict[str, Json]) -> None:
        """Change an entry."""
        self._take(one, data)
        one.updated = self._state.world.stamp()
        self._state.keep_time_entry(one)

    def _take(self, one: TimeEntry, data: dict[str, Json]) -> None:
        """Take what was sent, or refuse all of it with the product's sentences."""
        errors = []
        hours = _hours(data.get("hours", one.hours))
        if not hours or hours < 0:
            errors.append("Hours is invalid" if hours else "Hours cannot be blank")
        activity = int(text(data.get("activity_id") or one.activity or self._default()))
        if not activity:
            errors.append("Activity cannot be blank")
        elif activity not in ACTIVITIES:
            errors.append("Activity is not included in the list")
        day = text(data.get("spent_on") or one.spent_on)
        if not _is_day(day):
            errors.append("Date is not a valid date")
        comments = text(data.get("comments", one.comments) or "")
        if len(comments) > _LONGEST:
            errors.append(f"Comment is too long (maximum is {_LONGEST} characters)")
        if errors:
            raise Refused(answer({"errors": errors}, 422))
        one.hours, one.activity, one.spent_on, one.comments = hours or 0.0, activity, day, comments

    def _default(self) -> int:
        return self._state.default_activity

    # -- calls -----------------------------------------------------------------------
    def _list(self, call: Call) -> Answer:
        user = self._gate.somebody(call)
        wanted = {one for one in call.param("issue_id").split(",") if one}
        found = [
            one for one in self._state.time_entries.values()
            if self._sees(user, one) and (not wanted or str(one.issue) in wanted)
        ]  # fmt: skip
        newest = call.param("sort") == "created_on:desc"
        found.sort(key=lambda one: (one.created, one.id), reverse=newest)
        offset, limit = filters.window(call)
        shown = [self._shown(one) for one in found[offset : offset + limit]]
        counts: dict[str, Json] = {"total_count": len(found), "offset": offset, "limit": limit}
        return answer({"time_entries": shown, **counts})

    def _make(self, call: Call) -> Answer:
        user = self._gate.somebody(call)
        data = _part(call)
        issue = self._state.issues.get(int(text(data.get("issue_id")) or 0))
        if issue is None or not self._rights.sees(user, issue):
            return answer({"errors": ["Issue is invalid", "Project cannot be blank"]}, 422)
        if not self._rights.may(user, "log_time", self._state.projects[issue.project]):
            raise Refused(Answer(403))
        made = self.log(user, issue, data)
        location = f"{call.base}/time_entries/{made.id}"
        return answer({"time_entry": self._shown(made)}, 201, Location=location)

    def _show(self, call: Call) -> Answer:
        return answer({"time_entry": self._shown(self._one(call))})

    def _change(self, call: Call) -> Answer:
        self.edit(self._editable(call), _part(call))
        return Answer(204)

    def _delete(self, call: Call) -> Answer:
        self._state.drop_time_entry(self._editable(call))
        return Answer(204)

    def _activities(self, call: Call) -> Answer:
        del call
        shown = [{**named(id_, name), "is_default": id_ == self._default(), "active": True}
                 for id_, name in ACTIVITIES.items()]  # fmt: skip
        return answer({"time_entry_activities": shown})

    # -- inside ------------------------------------------------------------------------
    def _one(self, call: Call) -> TimeEntry:
        one = self._state.time_entries.get(int(call.params["id"]))
        if one is None or not self._sees(self._gate.somebody(call), one):
            raise Refused(Answer(404))
        return one

    def _editable(self, call: Call) -> TimeEntry:
        one, user = self._one(call), self._gate.somebody(call)
        project = self._state.projects[self._state.issues[one.issue].project]
        own = one.user == user.id and self._rights.may(user, "edit_own_time_entries", project)
        if not own and not self._rights.may(user, "edit_time_entries", project):
            raise Refused(Answer(403))
        return one

    def _sees(self, user: User, one: TimeEntry) -> bool:
        issue = self._state.issues.get(one.issue)
        if issue is None:  # deleted, and its time with it
            return False
        project = self._state.projects[issue.project]
        return self._rights.may(user, "view_time_entries", project)

    def _shown(self, one: TimeEntry) -> dict[str, Json]:
        project = self._state.projects[self._state.issues[one.issue].project]
        return {
            "id": one.id,
            "project": named(project.id, project.name),
            "issue": {"id": one.issue},
            "user": self._renderer.person(one.user),
            "activity": named(one.activity, ACTIVITIES[one.activity]),
            "hours": round(one.hours, 2),
            "comments": one.comments,
            "spent_on": one.spent_on,
            "created_on": instant(one.created),
            "updated_on": instant(one.updated),
        }


def _part(call: Call) -> dict[str, Json]:
    data = call.json().get("time_entry")
    return data if isinstance(data, dict) else {}


def _hours(value: Json) -> float | None:
    try:
        return float(text(value))
    except ValueError:
        return None


def _is_day(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True
