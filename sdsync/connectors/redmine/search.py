"""Looking for issues and what hangs on them: by mark, by content, by a field."""

from __future__ import annotations

from datetime import timedelta

from sdsync.connectors import common
from sdsync.connectors.common import Refused
from sdsync.connectors.contract import Find, Found, Listed, NativeElement, NativeRecord
from sdsync.connectors.failures import Rejected
from sdsync.connectors.redmine import convert, worklogs
from sdsync.connectors.redmine.client import PAGE, Client, Row, number
from sdsync.connectors.redmine.metadata import Metadata
from sdsync.connectors.redmine.write import same_text
from sdsync.connectors.stamps import instant, zulu
from sdsync.store.records import Json, Ref

#: Stamps have whole seconds, and the offset of the clocks too.
SLACK = timedelta(seconds=3)


class Searcher:
    """Redmine's lists read the tables themselves: what was committed is found.

    A filter that it does not know is ignored with a 200, so every row is compared here.
    """

    def __init__(self, client: Client, metadata: Metadata, mark_field: str) -> None:
        self._client = client
        self._metadata = metadata
        self._mark_field = mark_field

    def issues(self, query: Find) -> Found:
        """Issues by our account since the intent began, in whatever project they are now.

        By author and time, not by the mark's field: that works where the field is
        no filter, too.
        """
        since = query.since + self._client.offset - SLACK
        params = {
            "author_id": self._metadata.account().native_id,
            "created_on": f">={zulu(since)}",
            "status_id": "*",
            "sort": "id",
        }
        me = self._metadata.account().native_id
        rows = [
            row
            for row in self._client.pages("/issues.json", "issues", params)
            if number(row.get("author")) == me and (instant(row["created_on"]) or since) >= since
        ]
        marked = [row for row in rows if self._mark(row) == query.mark]
        bare = [row for row in rows if self._mark(row) is None and self._is_sent(row, query)]
        return Found(tuple(str(row["id"]) for row in marked or bare))

    def elements(self, query: Find, record: NativeRecord) -> Found:
        """What hangs on an issue, by our account or in that name, with exactly this content.

        An entry of time that somebody edited meanwhile is no longer what we sent, and ours
        all the same: it counts where none is exact.
        """
        since = query.since + self._client.offset - SLACK
        made = record.elements(query.kind) or ()
        named = {query.author} - {None}
        ours = [
            one for one in made if (one.ours or one.author in named) and one.created_at >= since
        ]
        exact = tuple(one.native_id for one in ours if _same(one, query))
        if exact or query.kind != "worklog":
            return Found(exact)
        return Found(tuple(one.native_id for one in ours if one.edited_at is not None))

    def by_field(self, place: str | None, path: str, value: Json) -> Found:
        """Issues of a project, or of all, closed ones too, whose field is exactly ``value``."""
        if not isinstance(value, str | int) or not common.is_one_line(value):
            raise Refused(Rejected((path,), "only one line of text can be searched for"))
        head, _, name = path.partition(".")
        if head == "custom_fields" and name:
            field_id = self._metadata.custom_field(name)
            if field_id is None:
                return Found(())
            column = f"cf_{field_id}"
        elif path in {"subject", "id"}:
            column = {"subject": "subject", "id": "issue_id"}[path]
        else:
            raise Refused(Rejected((path,), "Redmine cannot search by this field"))
        params = {"status_id": "*", "sort": "id", column: str(value)}
        if place is not None:
            params["project_id"] = str(self._metadata.id_of("project", place))
            params["subproject_id"] = "!*"
        rows = self._client.pages("/issues.json", "issues", params)
        return Found(tuple(str(row["id"]) for row in rows if _shows(row, head, name, str(value))))

    def page(self, system: str, place: str, after: str, form: str) -> Listed:
        """Issues of a project, closed ones too, by number: it does not move while it is read."""
        if after and not (after.isascii() and after.isdigit()):
            raise Refused(Rejected(detail="no page begins there"))
        last = int(after or 0)
        params = {
            "project_id": str(self._metadata.id_of("project", place)),
            "subproject_id": "!*",
            "status_id": "*",
            "issue_id": f">={last + 1}",
            "sort": "id",
            "limit": str(PAGE),
        }
        told = self._client.get("/issues.json", params)["issues"]
        rows = sorted(
            (row for row in told if int(row["id"]) > last), key=lambda row: int(row["id"])
        )
        if told and not rows:  # an end that is no end would leave the rest out in silence
            raise Refused(Rejected(detail=f"its list does not go on after {last}"))
        records = tuple(
            convert.record(
                row, Ref(system, "ticket", str(row["id"])), self._metadata,
                base=self._client.http.base, form=form, mark_field=self._mark_field,
            )
            for row in rows
        )  # fmt: skip
        return Listed(records, str(rows[-1]["id"]) if rows else None)

    def _mark(self, row: Row) -> Json:
        return convert.custom_fields(row).get(self._mark_field)

    def _is_sent(self, row: Row, query: Find) -> bool:
        project = self._metadata.name_of("project", number(row["project"]))
        sent = query.values
        return project == query.place and row.get("subject") == sent.get("subject")


def _shows(row: Row, head: str, name: str, value: str) -> bool:
    if head != "custom_fields":
        return str(row.get(head)) == value
    told = convert.custom_fields(row).get(name)
    return value in told if isinstance(told, list) else told == value


def _same(one: NativeElement, query: Find) -> bool:
    sent = query.values
    if query.kind == "worklog":
        return worklogs.same(one, dict(sent))
    if query.kind == "note":
        return same_text(one.values.get("body"), sent.get("body"))
    same_size = sent.get("size") is None or one.values.get("size") == sent.get("size")
    return one.values.get("name") == convert.stored_name(str(sent.get("name"))) and same_size
