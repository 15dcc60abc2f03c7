"""A subset of TicketSQL and of the JSON queries of collections.

TicketSQL here: ``FIELD OP VALUE`` joined by AND and OR, with parentheses. Fields
are column names, ``CF.{Name}``, ``Requestor.EmailAddress``; operators = != > <
>= <= LIKE "NOT LIKE" IS "IS NOT". Anything else is refused, as an error in the
product would be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import eq, ge, gt, le, lt
from typing import Any

from sdsync.sandbox.call import Json, Refused, message, text

Columns = Callable[[str], list[str] | None]
"""A record's values of a field, as texts; None: no such field."""
Test = Callable[[Columns], bool]
Fits = Callable[[list[str]], bool]
Demand = tuple[str, str, str]
"""Name in lower case, operator, value."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
        |(?P<op><=|>=|!=|=|<|>)
        |(?P<paren>[()])
        |(?P<word>(?:CF|CustomField)\.\{[^}]*\}|[\w.:+-]+))""",
    re.VERBOSE | re.IGNORECASE,
)
_WORD_OPS = {"LIKE", "NOT LIKE", "IS", "IS NOT"}
_DATES = {"created", "lastupdated", "due", "starts", "started", "resolved"}
_NUMBERS = {"id", "priority", "objectid", "effectiveid", "timetaken", "ticketid"}
_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": eq, ">": gt, "<": lt, ">=": ge, "<=": le,
}  # fmt: skip


def _refuse(what: str) -> Refused:
    return Refused(message(400, what))


def parse(query: str) -> Test:
    """Compile a query; an empty one fits everything."""
    tokens = _tokens(query)
    if not tokens:
        return lambda _: True
    reader = _Reader(tokens)
    test = reader.any_of()
    if reader.left():
        raise _refuse(f"wrong query, expecting an AND or OR in '{query}'")
    return test


def demands(query: str) -> list[Demand]:
    """Conditions that whatever fits must meet, as an index reads a query: none of an OR."""
    tokens = [] if query.lstrip().startswith("[") else _outside(_tokens(query))
    if any(kind == "word" and value.upper() == "OR" for kind, value in tokens):
        return []
    terms = zip(tokens, tokens[1:], tokens[2:], strict=False)
    return [(name.lower(), operator, value) for (_, name), (kind, operator), (_, value) in terms
            if kind == "op"]  # fmt: skip


def first_id(query: str) -> int:
    """The lowest number that can fit, by an ``id > N``."""
    above = [int(value) for name, operator, value in demands(query)
             if name == "id" and operator == ">" and value.isdigit()]  # fmt: skip
    return max(above, default=-1) + 1


def _outside(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those in no parentheses."""
    found, depth = [], 0
    for kind, value in tokens:
        if kind == "paren":
            depth += 1 if value == "(" else -1
        elif not depth:
            found.append((kind, value))
    return found


def from_json(conditions: list[Mapping[str, Json]]) -> Test:
    """A JSON query: all conditions hold. Unknown fields are passed over, as in the product."""
    tests = [
        (name, _fits(name.lower(), text(one.get("operator") or "=").upper(), text(one["value"])))
        for one in conditions
        if (name := text(one.get("field"))) and one.get("value") is not None
    ]

    def test(columns: Columns) -> bool:
        for name, fits in tests:
            have = columns(name)
            if have is not None and not fits(have):
                return False
        return True

    return test


def read_conditions(raw: str) -> list[Mapping[str, Json]]:
    """A JSON list of conditions, from a body or a ``query`` parameter."""
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise _refuse(f"malformed JSON: {error}") from error
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _tokens(query: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(query.rstrip()):
        one = _TOKEN.match(query, at)
        if one is None:
            raise _refuse(f"cannot read the query at '{query[at : at + 20]}'")
        kind = str(one.lastgroup)
        value = one.group(kind)
        if kind == "text":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        found.append((kind, value))
        at = one.end()
    return found


class _Reader:
    """Recursive descent over tokens: OR binds less than AND."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def any_of(self) -> Test:
        tests = [self.all_of()]
        while self._word("OR"):
            tests.append(self.all_of())
        return tests[0] if len(tests) == 1 else lambda columns: any(t(columns) for t in tests)

    def all_of(self) -> Test:
        tests = [self._one()]
        while self._word("AND"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda columns: all(t(columns) for t in tests)

    def _one(self) -> Test:
        if self._peek() == ("paren", "("):
            self._at += 1
            inner = self.any_of()
            if self._peek() != ("paren", ")"):
                raise _refuse("wrong query, a ) is missing")
            self._at += 1
            return inner
        name, operator, value = self._field(), self._operator(), self._value()
        return _condition(name, operator, value)

    def _field(self) -> str:
        kind, value = self._take()
        if kind != "word":
            raise _refuse(f"wrong query, a field was expected at '{value}'")
        return value

    def _operator(self) -> str:
        kind, value = self._take()
        if kind == "op":
            return value
        upper = value.upper()
        if upper in ("NOT", "IS") and (after := self._peek())[1].upper() in ("LIKE", "NOT"):
            self._at += 1
            upper = f"{upper} {after[1].upper()}"
        if upper not in _WORD_OPS:
            raise _refuse(f"wrong query, an operator was expected at '{value}'")
        return upper

    def _value(self) -> str:
        kind, value = self._take()
        if kind not in ("text", "word"):
            raise _refuse(f"wrong query, a value was expected at '{value}'")
        return value

    def _word(self, word: str) -> bool:
        if self._peek()[0] == "word" and self._peek()[1].upper() == word:
            self._at += 1
            return True
        return False

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self.left() else ("end", "")

    def _take(self) -> tuple[str, str]:
        one = self._peek()
        self._at += 1
        return one


def _condition(name: str, operator: str, value: str) -> Test:
    fits = _fits(name.lower(), operator, value)

    def test(columns: Columns) -> bool:
        have = columns(name)
        if have is None:
            raise _refuse(f"Unknown field: {name}")
        return fits(have)

    return test


def _fits(name: str, operator: str, value: str) -> Fits:
    """Whether the values of a field are what is asked; what can be read once is read here."""
    match operator:
        case "IS":
            return lambda have: not any(have)
        case "IS NOT":
            return any
        case "LIKE" | "NOT LIKE":
            wanted = value.lower()
            like = operator == "LIKE"
            return lambda have: any(wanted in one.lower() for one in have) is like
        case "!=":
            equal = _compare(name, "=", value)
            return lambda have: not any(map(equal, have))
    compare = _compare(name, operator, value)
    return lambda have: any(map(compare, have))


def _compare(name: str, operator: str, value: str) -> Callable[[str], bool]:
    holds: Callable[[Any, Any], bool] = _HOLDS.get(operator, le)
    read: Callable[[str], Any] = (
        _number if name in _NUMBERS else _instant if name in _DATES else str.lower
    )
    wanted = read(value)
    return lambda have: holds(read(have), wanted)


def _number(value: str) -> float:
    try:
        return float(value or 0)
    except ValueError:
        return 0.0


def _instant(value: str) -> float:
    """Seconds since the epoch; a date without zone is UTC; unreadable is the epoch."""
    try:
        at = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    except ValueError:
        return 0.0
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
