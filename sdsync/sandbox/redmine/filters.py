"""Which issues a list shows: short filters of the query string, order, page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

from sdsync.sandbox.call import Call, Refused, answer
from sdsync.sandbox.redmine.state import STATUSES, Issue, RedmineState, User

MOST = 100
DEFAULT = 25
#: Longest first, so that ">=" is not read as ">".
_OPERATORS = ("><", ">=", "<=", "!~", "!*", "~", "!", "^", "$", "*", "=")
_DATES = frozenset({"created_on", "updated_on", "closed_on"})
_DAYS = frozenset({"start_date", "due_date"})

Reader = Callable[[Issue], list[Any]]
"""Texts, or instants of the filters in _DATES."""


def wanted(
    call: Call, state: RedmineState, user: User, as_of: datetime | None
) -> Callable[[Issue], bool]:
    """Compile the filters of a call. Without ``status_id`` only open issues are shown."""
    tests = [_test(state, name, value, user, as_of) for name, value in call.query]
    if not call.has("status_id") and not call.has("issue_id"):
        tests.append(_test(state, "status_id", "open", user, as_of))
    found = [one for one in tests if one is not None]
    return lambda issue: all(test(issue) for test in found)


def _test(
    state: RedmineState, name: str, value: str, user: User, as_of: datetime | None
) -> Callable[[Issue], bool] | None:
    if name == "status_id" and value == "*":
        return None
    if name == "status_id" and value in ("open", "o", "closed", "c"):
        return lambda issue: STATUSES[issue.status][1] is (value[0] == "c")
    read = _reader(state, name, as_of)
    if read is None or value == "":
        return None
    operator = next((one for one in _OPERATORS if value.startswith(one)), "=")
    rest = value.removeprefix(operator)
    values = rest.replace(",", "|").split("|") if name == "issue_id" else rest.split("|")
    values = [str(user.id) if one == "me" and name.endswith("_to_id") else one for one in values]
    if name in _DATES | _DAYS:
        return _dated(read, operator, values, name)
    fits = _fits(operator, values)
    return lambda issue: fits(read(issue))


def _reader(state: RedmineState, name: str, as_of: datetime | None) -> Reader | None:
    """How a filter reads an issue; None: no such filter, which is passed over."""
    if name.startswith("cf_") and name[3:].isdigit():
        return lambda issue: _many(issue.fields.get(int(name[3:]), ""))
    plain: dict[str, Reader] = {
        "issue_id": lambda issue: [str(issue.id)],
        "project_id": lambda issue: [str(issue.project), state.projects[issue.project].identifier],
        "tracker_id": lambda issue: [str(issue.tracker)],
        "status_id": lambda issue: [str(issue.status)],
        "priority_id": lambda issue: [str(issue.priority)],
        "author_id": lambda issue: [str(issue.author)],
        "assigned_to_id": lambda issue: _many(issue.assigned_to),
        "category_id": lambda issue: _many(issue.category),
        "parent_id": lambda issue: _many(issue.parent),
        "subject": lambda issue: [issue.subject],
        "description": lambda issue: _many(issue.description),
        "is_private": lambda issue: [str(int(issue.is_private))],
        "start_date": lambda issue: _many(issue.start_date),
        "due_date": lambda issue: _many(issue.due_date),
        "created_on": lambda issue: [issue.created],
        "updated_on": lambda issue: [updated(issue, as_of)],
        "closed_on": lambda issue: [issue.closed] if issue.closed else [],
    }
    return plain.get(name)


def updated(issue: Issue, as_of: datetime | None) -> datetime:
    """When it was changed last, as an index of ``as_of`` knew it."""
    if as_of is None or issue.updated <= as_of:
        return issue.updated
    return max([one.created for one in issue.journals if one.created <= as_of] or [issue.created])


def _many(value: object) -> list[str]:
    if value is None or value == "":
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _fits(operator: str, values: list[str]) -> Callable[[list[str]], bool]:
    first, wanted = values[0].lower(), frozenset(values)
    match operator:
        case "*":
            return bool
        case "!*":
            return lambda have: not have
        case "!":
            return wanted.isdisjoint
        case "~":
            return lambda have: any(first in one.lower() for one in have)
        case "!~":
            return lambda have: not any(first in one.lower() for one in have)
        case "^":
            return lambda have: any(one.lower().startswith(first) for one in have)
        case "$":
            return lambda have: any(one.lower().endswith(first) for one in have)
        case ">=":
            return lambda have: any(int(one) >= int(first) for one in have)
        case "<=":
            return lambda have: any(int(one) <= int(first) for one in have)
    return lambda have: not wanted.isdisjoint(have)


def _dated(read: Reader, operator: str, values: list[str], name: str) -> Callable[[Issue], bool]:
    """Compare instants; a bare date means its whole day."""
    if operator in ("*", "!*"):
        return lambda issue: bool(read(issue)) is (operator == "*")
    try:
        low, _ = _span(values[0])
        _, high = _span(values[-1])
    except ValueError as error:
        label = name.removesuffix("_on").removesuffix("_date").capitalize()
        raise Refused(answer({"errors": [f"{label} is invalid"]}, 422)) from error

    def test(issue: Issue) -> bool:
        for one in read(issue):
            at = one if isinstance(one, datetime) else _at(one)
            if operator == ">=":
                return at >= low
            if operator == "<=":
                return at < high
            return low <= at < high
        return False

    return test


def _at(value: str) -> datetime:
    at = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _span(value: str) -> tuple[datetime, datetime]:
    at = _at(value)
    return at, at + (timedelta(days=1) if len(value) == 10 else timedelta(seconds=1))


def ordered(call: Call, issues: list[Issue], as_of: datetime | None) -> list[Issue]:
    """By ``sort=``; unknown keys are passed over; the last tie breaks by id, newest first."""
    keys: dict[str, Callable[[Issue], object]] = {
        "id": attrgetter("id"),
        # As numbers: instants that were loaded have each a zone of their own, and compare slowly.
        "updated_on": lambda one: updated(one, as_of).timestamp(),
        "created_on": lambda one: one.created.timestamp(),
        "priority": lambda one: one.priority,
        "status": lambda one: one.status,
        "subject": lambda one: one.subject.lower(),
    }
    issues = sorted(issues, key=attrgetter("id"), reverse=True)
    for part in reversed(call.param("sort").split(",")):
        name, _, direction = part.partition(":")
        if name in keys:
            issues.sort(key=keys[name], reverse=direction == "desc")  # type: ignore[arg-type]  # one key, one type
    return issues


def window(call: Call) -> tuple[int, int]:
    """(offset, limit): at most 100, without a word when more was asked for."""
    limit = _whole(call.param("limit"), DEFAULT) or DEFAULT
    limit = min(limit, MOST)
    page = _whole(call.param("page"), 0)
    offset = _whole(call.param("offset"), (page - 1) * limit if page else 0)
    return offset, limit


def _whole(value: str, default: int) -> int:
    return int(value) if value.isdigit() else default
