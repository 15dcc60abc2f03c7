"""A request and its answer, as the dialects see them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

Json = object
JSON_TYPE = "application/json; charset=utf-8"


@dataclass(slots=True)
class Call:
    """One request. ``query`` keeps order and repeats; header names are lower-case."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    base: str  # scheme, host and port that the client used
    at: datetime
    params: Mapping[str, str] = field(default_factory=dict)  # from the path
    login: str | None = None  # set once the credential was read

    def param(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        found = default
        for key, value in self.query:
            if key == name:
                found = value
        return found

    def has(self, name: str) -> bool:
        """Whether the query names this parameter."""
        return any(key == name for key, _ in self.query)

    def json(self) -> dict[str, Json]:
        """The body as a JSON object; Refused with 400 when it is none."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            raise Refused(message(400, f"malformed JSON: {error}")) from error
        if not isinstance(value, dict):
            raise Refused(message(400, "JSON object expected"))
        return value


@dataclass(slots=True)
class Answer:
    """What goes back."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """Ends a handler with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def answer(value: Json, status: int = 200, **headers: str) -> Answer:
    """A JSON answer; underscores of header names become hyphens."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status, body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def message(status: int, text: str) -> Answer:
    """An error as Request Tracker words it."""
    return answer({"message": text}, status)


def text(value: Json) -> str:
    """A scalar as a product stores it: None is empty, True is 1."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def texts(value: Json) -> list[str]:
    """One or many as a list of texts; None is none."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text(one) for one in value]
    return [text(value)]
