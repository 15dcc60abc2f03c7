"""Time entries of Redmine: read, written, found again and watched.

An entry does not touch its issue: neither ``updated_on`` nor the list of issues tells
of it. So the newest entries are asked for beside the issues. Weakness, stated: an older
entry that is edited or deleted is seen at the next look at its issue.
"""

from __future__ import annotations

from datetime import datetime

from sdsync.connectors.common import Refused, digest, is_one_line, need
from sdsync.connectors.contract import AddElement, ChangeEvent, Done, NativeElement
from sdsync.connectors.failures import Forbidden, Missing, OutcomeUnknown, Rejected
from sdsync.connectors.redmine.client import PAGE, Client, Row, named, number
from sdsync.connectors.redmine.metadata import Metadata
from sdsync.connectors.stamps import instant
from sdsync.store.records import Json, Ref

PATH = "/time_entries.json"
READS, WRITES = "view_time_entries", "log_time"
NEWEST_FIRST = {"sort": "created_on:desc"}
#: Pages of new entries that one poll reads until it meets one that it knows.
MOST_PAGES = 20


class Worklogs:
    """Entries as one account sees them."""

    def __init__(self, client: Client, metadata: Metadata, activity: str | None) -> None:
        self._client = client
        self._metadata = metadata
        self._activity = activity

    def of(self, issue_id: str, project: Row) -> tuple[NativeElement, ...] | None:
        """All entries of an issue; None where our account may not see those of others."""
        if not self._metadata.sees_all_time(number(project) or ""):
            return None
        me = self._metadata.account().native_id
        rows = self._client.pages(PATH, "time_entries", {"issue_id": issue_id, "sort": "id"})
        # A filter that Redmine does not know is ignored with a 200.
        return tuple(_entry(row, me) for row in rows if number(row.get("issue")) == issue_id)

    def add(self, operation: AddElement) -> Done:
        """Make an entry of our own account; its number stands in the answer."""
        if not operation.ref.id.isascii() or not operation.ref.id.isdigit():
            raise Refused(Missing())
        body = _body(operation.values) | {"issue_id": int(operation.ref.id)}
        body |= self._chosen(operation.ref)
        reply = need(self._client.call("POST", PATH, json={"time_entry": body}))
        answer = need(reply.json())
        made = answer.get("time_entry") if isinstance(answer, dict) else None
        if not isinstance(made, dict) or "id" not in made:
            raise Refused(OutcomeUnknown("no id in the answer"))
        return Done(str(made["id"]))

    def edit(self, native_id: str, values: dict[str, Json]) -> Done:
        """Change an entry."""
        need(self._client.call("PUT", _path(native_id), json={"time_entry": _body(values)}))
        return Done(native_id)

    def remove(self, native_id: str) -> Done:
        """Delete an entry."""
        need(self._client.call("DELETE", _path(native_id)))
        return Done(native_id)

    def _chosen(self, ref: Ref) -> dict[str, Json]:
        """The activity by its name in this project; none named: Redmine's own default."""
        if self._activity is None:
            return {}
        issue = self._client.get(f"/issues/{ref.id}.json")["issue"]
        for one in self._activities(issue["project"]):
            if one["name"] == self._activity:
                return {"activity_id": int(one["id"])}
        detail = f'the project has no activity "{self._activity}"'
        raise Refused(Rejected(("activity",), detail))

    def lacks_activity(self, project: Row) -> str | None:
        """Why no entry can be made in a project; None: a named or a default activity is there."""
        names = [str(one["name"]) for one in self._activities(project)]
        if self._activity is not None:
            known = self._activity in names
            return None if known else f'there is no "{self._activity}"; there are {names}'
        rows = self._client.get("/enumerations/time_entry_activities.json")
        default = [one["name"] for one in rows["time_entry_activities"] if one.get("is_default")]
        return None if set(default) & set(names) else "none is the default"

    def _activities(self, project: Row) -> list[Row]:
        path = f"/projects/{int(project['id'])}.json"
        told = self._client.get(path, {"include": "time_entry_activities"})["project"]
        return list(told.get("time_entry_activities") or ())

    # -- watching ----------------------------------------------------------------------
    def changes(self, told: Json) -> tuple[list[ChangeEvent], dict[str, Json]]:
        """Issues whose newest entries came, changed or went, and what to tell next time.

        ``told`` is entry -> [issue, stamp] of the page that was newest; without it there
        are no events, only where we stand.
        """
        known = told if isinstance(told, dict) else None
        rows: dict[str, Row] = {}
        for page in range(MOST_PAGES):
            asked = {**NEWEST_FIRST, "limit": str(PAGE), "offset": str(page * PAGE)}
            try:
                fresh = self._client.get(PATH, asked)["time_entries"]
            except Refused as end:  # no project lets us see any: `check --live` says so
                if isinstance(end.failure, Forbidden):
                    return [], known or {}
                raise
            rows |= {str(row["id"]): row for row in fresh}
            met = known is None or any(str(row["id"]) in known for row in fresh)
            if met or len(fresh) < PAGE:
                break
        now = {key: [number(row.get("issue")) or "", _stamp(row)] for key, row in rows.items()}
        newest = dict(list(now.items())[:PAGE])
        if known is None:
            return [], dict(newest)
        moved = [(key, one) for key, one in now.items() if known.get(key) != one]
        # Below the oldest that is shown now, an entry may only have left the page.
        floor = min((int(key) for key in now), default=0) if len(now) >= PAGE else 0
        gone = [(key, [_issue(one), "gone"]) for key, one in known.items()
                if key not in now and int(key) >= floor]  # fmt: skip
        events = [_event(key, issue, stamp) for key, (issue, stamp) in (*moved, *gone) if issue]
        return events, dict(newest)


def _entry(row: Row, me: str) -> NativeElement:
    user = number(row.get("user"))
    created = instant(str(row["created_on"]))
    assert created is not None
    return NativeElement(
        kind="worklog",
        native_id=str(row["id"]),
        author=user,
        created_at=created,
        values={
            "hours": row.get("hours"),
            "spent_on": row.get("spent_on"),
            "comments": row.get("comments") or "",
            "user": named(row.get("user")),
        },
        edited_at=_edited(row, created),
        ours=user == me,
    )


def _edited(row: Row, created: datetime) -> datetime | None:
    at = instant(str(row.get("updated_on") or ""))
    return at if at != created else None


def _body(values: dict[str, Json] | object) -> dict[str, Json]:
    wanted = values if isinstance(values, dict) else {}
    for name, value in wanted.items():
        if not is_one_line(value):
            raise Refused(Rejected((name,), "a line break cannot stand here"))
    return {name: wanted[name] for name in ("hours", "spent_on", "comments") if name in wanted}


def _path(native_id: str) -> str:
    if not native_id.isascii() or not native_id.isdigit():
        raise Refused(Missing())
    return f"/time_entries/{native_id}.json"


def _issue(kept: Json) -> str:
    return str(kept[0]) if isinstance(kept, list) and kept else ""


def _stamp(row: Row) -> str:
    return str(row.get("updated_on") or row.get("created_on"))


def _event(entry: str, issue: str, stamp: str) -> ChangeEvent:
    return ChangeEvent("ticket", issue, instant(stamp), digest(["time entry", entry, stamp]))


def same(shown: NativeElement, sent: dict[str, Json] | object) -> bool:
    """Whether an entry is what a call sent."""
    wanted = _body(sent)
    return all(shown.values.get(name) == value for name, value in wanted.items())
