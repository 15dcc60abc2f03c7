"""Values as they come in bodies, read as the product reads them."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime

from sdsync.sandbox.call import Json, Refused, message, text
from sdsync.sandbox.rt.state import PRIORITIES, CustomField

SQL_FORM = "%Y-%m-%d %H:%M:%S"


def allowed(field: CustomField, value: str) -> bool:
    """Whether a field with a list of values takes this one."""
    return not field.values or value in field.values


def id_of(value: Json) -> str:
    """The id in a pointer, or the plain value."""
    return text(value.get("id")) if isinstance(value, dict) else text(value)


def many(value: Json) -> list[Json]:
    """One or many as a list; None is none."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def priority_number(value: Json) -> int:
    """A number or a word of ``%PriorityAsString``; another word is 0, without complaint."""
    word = text(value)
    return int(word) if word.isdigit() else PRIORITIES.get(word, 0)


def priority_word(value: str) -> str:
    """The highest word that the number reaches; a stored word counts as no number at all."""
    number = int(value) if value.isdigit() else 0
    return [word for word, least in PRIORITIES.items() if least <= number][-1]


def any_date(value: Json) -> datetime | None:
    """What a create reads: an instant in ISO or SQL form; the epoch and empty are unset."""
    raw = text(value).strip()
    try:
        at = datetime.fromisoformat(raw.replace("Z", "+00:00"))
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return None if at.timestamp() <= 0 else at


def sql_date(value: Json) -> datetime | None:
    """What an update reads: SQL form alone; ISO is taken with 200 and shown as unset."""
    try:
        at = datetime.strptime(text(value), SQL_FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
    return None if at.timestamp() <= 0 else at


def said_date(at: datetime | None) -> str:
    """A date as the product words it."""
    return at.strftime("%a %b %d %H:%M:%S %Y") if at else "Not set"


def decoded(content: str) -> bytes:
    """Base64 as bytes; Refused with 400 when it is none."""
    try:
        return base64.b64decode(content)
    except binascii.Error as error:
        raise Refused(message(400, "FileContent is not base64")) from error
