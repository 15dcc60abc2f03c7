"""Request Tracker's JSON to native records, and native values to its JSON."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from sdsync.connectors.common import Refused, is_one_line
from sdsync.connectors.contract import FieldChange, NativeElement
from sdsync.connectors.failures import Rejected
from sdsync.connectors.request_tracker import links, roles
from sdsync.connectors.request_tracker.client import Row, uid
from sdsync.connectors.request_tracker.metadata import Field
from sdsync.connectors.request_tracker.roles import NOBODY, RoleOf
from sdsync.connectors.stamps import instant
from sdsync.store.records import Json

#: RT writes "no date" as the first second of 1970.
NO_DATE = "1970-01-01T00:00:00Z"
#: What RT does by itself (its scrips, its mail gateway) bears this name.
MACHINE = "RT_System"
NOTES = frozenset({"Comment", "Correspond"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TEXT = frozenset({"text/plain", "text/html"})

FieldOf = Callable[[str], Field | None]
QueueOf = Callable[[str], str]


def values(row: Row, *, field_of: FieldOf, queue_of: QueueOf, role_of: RoleOf) -> dict[str, Json]:
    """The native values of a ticket, as packs name them; ``Content`` is not among them."""
    shown: dict[str, Json] = {
        "Subject": row.get("Subject") or "",
        "Status": row["Status"],
        "Queue": queue_of(uid(row["Queue"]) or ""),
        "Type": row.get("Type"),
        "Owner": None if uid(row["Owner"]) == NOBODY else uid(row["Owner"]),
        "Priority": _text(row.get("Priority")),
        "Due": None if row.get("Due") == NO_DATE else row.get("Due"),
        "Created": row["Created"],
        "LastUpdated": row["LastUpdated"],
        "CustomFields": custom_fields(row, field_of),
    }
    return shown | links.ties(row) | roles.shown(row, role_of)


def custom_fields(row: Row, field_of: FieldOf) -> dict[str, Json]:
    """Name to text, or to a sorted list where several values may stand."""
    shown: dict[str, Json] = {}
    for one in row.get("CustomFields") or ():
        told = [value for value in one.get("values") or () if isinstance(value, str)]
        field = field_of(str(one["id"]))
        if field.multiple if field is not None else len(told) > 1:
            shown[str(one["name"])] = sorted(told)
        else:
            shown[str(one["name"])] = told[0] if told else None
    return shown


def patch(wanted: Mapping[str, Json]) -> dict[str, Json]:
    """Native values as RT takes them in ``POST`` and ``PUT``.

    Source: measured on 5.0.3. ``null`` changes nothing, so an empty value goes as
    "" (and nobody as "Nobody"); a line break in a subject is swallowed, so it is refused.
    """
    sent: dict[str, Json] = {}
    for name, value in wanted.items():
        if name != "Content" and not is_one_line(value):
            raise Refused(Rejected((name,), "a line break cannot stand here"))
        if name in links.TIES:
            continue  # by arguments of their own
        if name == "CustomFields":
            sent[name] = _custom_patch(value)
        elif name == "Owner":
            sent[name] = value or NOBODY
        elif name == "Due":
            sent[name] = _due(value)
        elif name == roles.CUSTOM:
            sent[name] = roles.custom_patch(value)
        elif name in roles.STOCK:
            sent[name] = roles.patch(name, value)
        elif value is not None:
            sent[name] = value if isinstance(value, str) else str(value)
        else:
            sent[name] = ""
    return sent


def _due(value: Json) -> str:
    """A due date as RT reads it: a date alone and ISO 8601 are both taken for "not set".

    Source: measured on 5.0.3, PUT; our account's time zone there is UTC.
    """
    text = str(value or "")
    if _DATE.fullmatch(text):
        return f"{text} 00:00:00"
    return text.replace("T", " ").removesuffix("Z")


def _custom_patch(value: Json) -> Json:
    if not isinstance(value, Mapping):
        raise Refused(Rejected(("CustomFields",), "no table of names and values"))
    sent: dict[str, Json] = {}
    for name, one in value.items():
        if one is None:
            sent[name] = None
        elif isinstance(one, list | tuple):
            sent[name] = [str(item) for item in one]
        else:
            sent[name] = str(one)
    return sent


def message(note: Mapping[str, Json]) -> dict[str, Json]:
    """A note as ``POST /ticket/N/comment`` takes it."""
    kind = "text/html" if note.get("format") == "html" else "text/plain"
    return {"Content": note.get("body") or "", "ContentType": kind}


def file_message(name: str, media_type: str, content: bytes) -> dict[str, Json]:
    """A file, alone, as ``POST /ticket/N/comment`` takes it."""
    if not is_one_line(name) or not is_one_line(media_type):
        raise Refused(Rejected(("name",), "a line break cannot stand in a file's name"))
    packed = base64.b64encode(content).decode("ascii")
    file = {"FileName": _mail_word(name), "FileType": media_type, "FileContent": packed}
    return {"Attachments": [file]}


def _mail_word(name: str) -> str:
    """RT 5.0.3 garbles a name beyond ASCII unless it comes as mail writes it (RFC 2047)."""
    if name.isascii():
        return name
    pieces = [name[at : at + 10] for at in range(0, len(name), 10)]  # 75 characters a word
    words = (base64.b64encode(piece.encode()).decode("ascii") for piece in pieces)
    return " ".join(f"=?UTF-8?B?{word}?=" for word in words)


def history(
    transactions: Iterable[Row],
    me: str,
    *,
    field_of: FieldOf,
    queue_of: QueueOf,
    role_of: RoleOf,
) -> tuple[FieldChange, ...]:
    """Changes of fields, oldest first. Of people RT tells only internal numbers: left out.

    What RT_System does follows what set it off: a reply of a person that opens
    the ticket is that person's change, and only an answer to us is automatic.
    """
    changes: list[FieldChange] = []
    behind: str | None = None
    for row in transactions:
        actor = uid(row.get("Creator"))
        machine = actor == MACHINE
        behind = behind if machine else actor
        change = _change(row, field_of, queue_of, role_of)
        if change is None:
            continue
        if machine and behind not in (None, me):
            change = replace(change, actor=behind, automatic=False)
        changes.append(change)
    return tuple(changes)


def _change(row: Row, field_of: FieldOf, queue_of: QueueOf, role_of: RoleOf) -> FieldChange | None:
    name = str(row.get("Field") or "")
    old, new = _text(row.get("OldValue")), _text(row.get("NewValue"))
    match row.get("Type"):
        case "Status":
            path = "Status"
        case "CustomField":
            field = field_of(name)
            path = "" if field is None else f"CustomFields.{field.name}"
        case "Set" if name == "Queue":
            path, old, new = name, queue_of(old or ""), queue_of(new or "")
        case "Set" if name != "Owner":
            path = name
        case "AddLink" | "DeleteLink" if name == links.PARENT or name in links.TYPES:
            path, old, new = links.PARENT if name == links.PARENT else links.LINKS, None, None
        case "Set" | "SetWatcher" | "AddWatcher" | "DelWatcher" | "Give" | "Take" | "Steal":
            path, old, new = roles.path(name or "Owner", role_of), None, None
        case _:
            return None
    actor = uid(row.get("Creator"))
    return FieldChange(path, born(row), actor, old, new, automatic=actor == MACHINE)


def notes(
    transactions: Iterable[Row], bodies: Mapping[str, tuple[str, str]], me: str
) -> tuple[NativeElement, ...]:
    """Comments and correspondence that say something; ``bodies``: transaction -> (format, text).

    Ours that took time are copies of worklogs: no notes of ours ever take any.
    """
    return tuple(
        _note(row, *bodies[str(row["id"])], me)
        for row in transactions
        if row.get("Type") in NOTES
        and str(row["id"]) in bodies
        and not (_minutes(row) and uid(row.get("Creator")) == me)
    )


def worklogs(
    transactions: Iterable[Row], bodies: Mapping[str, tuple[str, str]], me: str
) -> tuple[NativeElement, ...]:
    """What took time: comments, replies, births, and changes of "TimeWorked", each alone.

    The text of other people's is a note of its own; ours say whose work they copy.
    """
    return tuple(_worklog(row, bodies, me) for row in transactions if _minutes(row))


def _worklog(row: Row, bodies: Mapping[str, tuple[str, str]], me: str) -> NativeElement:
    author = uid(row.get("Creator"))
    _, text = bodies.get(str(row["id"]), ("plain", "")) if author == me else ("plain", "")
    return NativeElement(
        kind="worklog",
        native_id=str(row["id"]),
        author=author,
        created_at=born(row),
        values={"minutes": _minutes(row), "text": text, "internal": True, "author": author},
        ours=author == me,
    )


def _minutes(row: Row) -> int:
    return int(row.get("TimeTaken") or 0)


def _note(row: Row, form: str, body: str, me: str) -> NativeElement:
    author = uid(row.get("Creator"))
    return NativeElement(
        kind="note",
        native_id=str(row["id"]),
        author=author,
        created_at=born(row),
        values={
            "body": body,
            "format": form,
            "internal": row.get("Type") == "Comment",
            "author": author,
        },
        ours=author == me,
    )


def is_body(part: Row) -> bool:
    """Whether a MIME part is somebody's text, not a file."""
    return part.get("ContentType") in _TEXT and not part.get("Filename")


def is_file(part: Row) -> bool:
    """Whether a MIME part is a file: it has a name, or content beside text and frames.

    RT shows the empty frame around a lone file as a part of no bytes.
    """
    if part.get("Filename"):
        return True
    kind = str(part.get("ContentType") or "")
    return _size(part) > 0 and not is_body(part) and not kind.startswith("multipart/")


def _size(part: Row) -> int:
    return int(part.get("ContentLength") or 0)


def files(
    parts: Iterable[Row], internal: Mapping[str, bool], me: str, base: str
) -> tuple[NativeElement, ...]:
    """Files of a ticket; ``internal``: transaction -> whether it was a comment."""
    return tuple(
        NativeElement(
            kind="attachment",
            native_id=str(part["id"]),
            author=uid(part.get("Creator")),
            created_at=born(part),
            values={
                "name": part.get("Filename") or f"part-{part['id']}",
                "media_type": part.get("ContentType") or "application/octet-stream",
                "size": _size(part),
                "internal": internal.get(str(part.get("TransactionId")), False),
            },
            ours=uid(part.get("Creator")) == me,
            url=f"{base}/Ticket/Attachment/{part.get('TransactionId')}/{part['id']}/",
        )
        for part in parts
        if is_file(part)
    )


def stored_name(name: str) -> str:
    """The name that RT gives a file: it takes what stands before a slash for folders."""
    return name.rpartition("/")[2] or "file"


def born(row: Row) -> datetime:
    """When RT says that it was made."""
    at = instant(str(row.get("Created") or ""))
    return at if at is not None else datetime(1970, 1, 1, tzinfo=UTC)


def _text(value: object) -> str | None:
    return None if value in (None, "") else str(value)
