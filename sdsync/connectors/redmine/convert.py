"""Redmine's JSON to native records, and native values to its JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sdsync.connectors.common import Refused, is_one_line
from sdsync.connectors.contract import FieldChange, NativeElement, NativeRecord
from sdsync.connectors.failures import Rejected
from sdsync.connectors.redmine import relations
from sdsync.connectors.redmine.client import Row, named, number
from sdsync.connectors.redmine.metadata import Metadata
from sdsync.connectors.stamps import instant
from sdsync.store.records import Json, Ref

#: Redmine's column -> the word that packs use.
COLUMNS = {
    "assigned_to_id": "assigned_to",
    "category_id": "category",
    "parent_id": "parent",
    "priority_id": "priority",
    "project_id": "project",
    "status_id": "status",
    "tracker_id": "tracker",
}
_BY_NAME = frozenset({"priority", "project", "status", "tracker"})
_PLAIN = ("subject", "description", "due_date", "start_date", "done_ratio", "is_private")
#: Redmine's words -> the parameter that sets them, taken as they are.
_AS_IS = {name: name for name in _PLAIN} | {
    "assigned_to": "assigned_to_id",
    "parent": "parent_issue_id",
}
#: What a parent takes from its children, as Redmine is set by default.
#: Source: Administration, Settings, Issue tracking, "Parent tasks attributes".
OF_CHILDREN = frozenset({"priority", "start_date", "due_date", "done_ratio"})
_UNWANTED = re.compile(r"[?%*:|\"'<>\n\r]+")


def values(issue: Row, project: str, *, whole: bool = False) -> dict[str, Json]:
    """The native values of an issue, as packs name them.

    ``whole``: all was asked for, so that a list which is not there is empty.
    """
    shown: dict[str, Json] = {name: issue.get(name) for name in _PLAIN}
    shown |= {
        "status": named(issue["status"]),
        "priority": named(issue["priority"]),
        "tracker": named(issue["tracker"]),
        "project": project,
        "category": named(issue.get("category")),
        "assigned_to": number(issue.get("assigned_to")),
        "author": number(issue.get("author")),
        "parent": number(issue.get("parent")),
        "created_on": issue["created_on"],
        "updated_on": issue["updated_on"],
        "custom_fields": custom_fields(issue),
    }
    if whole:
        shown["relations"] = sorted(relations.of(issue))
        shown["children"] = []
    if "watchers" in issue:
        shown["watchers"] = sorted(str(one["id"]) for one in issue["watchers"])
    if "children" in issue:
        shown["children"] = [str(one["id"]) for one in issue["children"]]
    return shown


def custom_fields(issue: Row) -> dict[str, Json]:
    """Name to text, or to a sorted list where several values may stand; empty is None."""
    shown: dict[str, Json] = {}
    for one in issue.get("custom_fields") or ():
        value = one.get("value")
        shown[str(one["name"])] = sorted(value) if isinstance(value, list) else value or None
    return shown


def patch(wanted: Mapping[str, Json], metadata: Metadata, project: str) -> dict[str, Json]:
    """Native values as Redmine takes them, without custom fields and watchers.

    An empty value goes as "": Redmine reads ``null`` so as well, but only "" is
    documented.
    """
    place = wanted.get("project") if isinstance(wanted.get("project"), str) else project
    sent: dict[str, Json] = {}
    for name, value in wanted.items():
        if name in {"custom_fields", "watchers", "relations"}:
            continue
        if name != "description" and not is_one_line(value):
            raise Refused(Rejected((name,), "a line break cannot stand here"))
        if name in _BY_NAME:
            sent[f"{name}_id"] = metadata.id_of(name, str(value))
        elif name == "category":
            row = metadata.project(str(place)) if value else {}
            sent["category_id"] = metadata.category(row, str(value)) if value else ""
        elif name in _AS_IS:
            sent[_AS_IS[name]] = "" if value is None else value
        else:
            raise Refused(Rejected((name,), "Redmine has no such field to be written"))
    return sent


def custom_patch(
    wanted: Json, id_of: Callable[[str], int | None]
) -> tuple[list[Row], dict[str, Json]]:
    """Custom fields as Redmine takes them, and those whose number is not known yet."""
    if wanted is None:
        return [], {}
    if not isinstance(wanted, Mapping):
        raise Refused(Rejected(("custom_fields",), "no table of names and values"))
    sent: list[Row] = []
    unknown: dict[str, Json] = {}
    for name, value in wanted.items():
        field_id = id_of(name)
        if field_id is None:
            unknown[name] = value
        else:
            sent.append({"id": field_id, "value": "" if value is None else value})
    return sent, unknown


def record(
    issue: Row, ref: Ref, metadata: Metadata, *, base: str, form: str, mark_field: str
) -> NativeRecord:
    """A whole look: issue, notes, files and history come in one answer."""
    me = metadata.account().native_id
    project_id = number(issue["project"]) or ""
    project = metadata.name_of("project", project_id) or project_id
    whole = "journals" in issue  # always there when it is asked for
    unknown = {"watchers"} if "watchers" not in issue else set()
    unknown |= set() if whole else {"relations", "children"}
    if not metadata.may(project_id, "view_private_notes"):
        unknown.add("notes")  # the private ones of others are hidden
    shown = values(issue, project, whole=whole)
    mark = custom_fields(issue).get(mark_field)
    author = number(issue.get("author"))
    allowed = issue.get("allowed_statuses")
    return NativeRecord(
        ref=Ref(ref.system, ref.kind, str(issue["id"])),
        place=project,
        key=f"{project}#{issue['id']}",
        url=f"{base}/issues/{issue['id']}",
        values=shown,
        unknown=frozenset(unknown),
        created_at=_at(issue["created_on"]),
        created_by=author,
        closed=_is_closed(issue, metadata),
        version=str(issue["updated_on"]),
        mark=mark if isinstance(mark, str) else None,
        notes=notes(issue, me, form) if "journals" in issue else None,
        attachments=files(issue, me, base) if "attachments" in issue else None,
        history=history(issue, metadata) if "journals" in issue else None,
        allowed_status=None if allowed is None else tuple(str(one["name"]) for one in allowed),
        ours=author == me,
        linked=_linked(shown),
        derived=OF_CHILDREN if shown.get("children") else frozenset(),  # a list shows none
    )


def _linked(shown: Mapping[str, Json]) -> frozenset[str]:
    """Every issue that is tied to it: by a relation, as its parent, as a child."""
    others = [str(one).partition(" ")[2] for one in shown.get("relations") or ()]
    parent = [str(shown["parent"])] if shown["parent"] else []
    return frozenset([*others, *parent, *(str(one) for one in shown.get("children") or ())])


def _is_closed(issue: Row, metadata: Metadata) -> bool:
    status = issue["status"]
    if "is_closed" in status:  # told since 5.0
        return bool(status["is_closed"])
    rows = metadata.rows("status")
    return any(row["id"] == status["id"] and row["is_closed"] for row in rows)


def notes(issue: Row, me: str, form: str) -> tuple[NativeElement, ...]:
    """Journals that say something."""
    return tuple(
        _note(journal, me, form)
        for journal in issue["journals"]
        if str(journal.get("notes") or "").strip()
    )


def _note(journal: Row, me: str, form: str) -> NativeElement:
    author = number(journal.get("user"))
    edited = journal.get("updated_on")
    return NativeElement(
        kind="note",
        native_id=str(journal["id"]),
        author=author,
        created_at=_at(journal["created_on"]),
        values={
            "body": journal["notes"],
            "format": form,
            "internal": bool(journal.get("private_notes")),
            "author": named(journal.get("user")),
        },
        edited_at=instant(edited) if edited and edited != journal["created_on"] else None,
        ours=author == me,
    )


def files(issue: Row, me: str, base: str) -> tuple[NativeElement, ...]:
    """The files of an issue. Everyone who sees the issue sees them."""
    return tuple(
        NativeElement(
            kind="attachment",
            native_id=str(one["id"]),
            author=number(one.get("author")),
            created_at=_at(one["created_on"]),
            values={
                "name": one["filename"],
                "media_type": one.get("content_type") or "application/octet-stream",
                "size": int(one.get("filesize") or 0),
                "description": one.get("description") or None,
            },
            ours=number(one.get("author")) == me,
            url=f"{base}/attachments/{one['id']}",
        )
        for one in issue["attachments"]
    )


def stored_name(name: str) -> str:
    """The name that Redmine gives a file: without folders, its unwanted characters one ``_``."""
    return _UNWANTED.sub("_", re.split(r"[\\/]", name)[-1]) or "file"


def history(issue: Row, metadata: Metadata) -> tuple[FieldChange, ...]:
    """Changes of fields, oldest first."""
    cf_names = {str(one["id"]): str(one["name"]) for one in issue.get("custom_fields") or ()}
    return tuple(
        change
        for journal in sorted(issue["journals"], key=lambda one: int(one["id"]))
        for detail in journal.get("details") or ()
        if (change := _change(journal, detail, cf_names, metadata)) is not None
    )


def _change(
    journal: Row, detail: Row, cf_names: Mapping[str, str], metadata: Metadata
) -> FieldChange | None:
    name = str(detail["name"])
    old, new = _text(detail.get("old_value")), _text(detail.get("new_value"))
    match detail.get("property"):
        case "attr":
            path = COLUMNS.get(name, name)
            if path in _BY_NAME:
                old, new = metadata.name_of(path, old), metadata.name_of(path, new)
            elif path == "category":  # only its number is told
                old = new = None
        case "cf":
            path = f"custom_fields.{cf_names[name]}" if name in cf_names else ""
        case "relation":
            path, old, new = "relations", None, None
        case _:  # files are no fields
            return None
    return FieldChange(path, _at(journal["created_on"]), number(journal.get("user")), old, new)


def _text(value: object) -> str | None:
    return None if value in (None, "") else str(value)


def _at(text: object) -> datetime:
    return instant(str(text)) or datetime(1970, 1, 1, tzinfo=UTC)
