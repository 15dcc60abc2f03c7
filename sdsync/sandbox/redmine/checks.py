"""What the product refuses aloud: 422 with a sentence for each field."""

from __future__ import annotations

from datetime import date

from sdsync.sandbox.call import Refused, answer
from sdsync.sandbox.redmine.relations import descends
from sdsync.sandbox.redmine.rights import Rights
from sdsync.sandbox.redmine.state import PRIORITIES, Issue, RedmineState

_SUBJECT_MAX = 255


class Checks:
    """Looks at an issue before it is saved."""

    def __init__(self, state: RedmineState, rights: Rights) -> None:
        self._state = state
        self._rights = rights

    def check(self, issue: Issue) -> None:
        """Refuse with 422 and the product's sentences."""
        errors = [*self._errors(issue), *self._field_errors(issue)]
        if errors:
            raise Refused(answer({"errors": errors}, 422))

    def _errors(self, issue: Issue) -> list[str]:
        errors: list[str] = []
        if not issue.subject.strip():
            errors.append("Subject cannot be blank")
        if len(issue.subject) > _SUBJECT_MAX:
            errors.append(f"Subject is too long (maximum is {_SUBJECT_MAX} characters)")
        if issue.priority not in PRIORITIES:
            errors.append("Priority cannot be blank")
        if issue.assigned_to and issue.assigned_to not in self._rights.assignable(issue.project):
            errors.append("Assignee is invalid")
        if issue.category and issue.category not in self._state.projects[issue.project].categories:
            errors.append("Category is not included in the list")
        if not 0 <= issue.done_ratio <= 100:
            errors.append("% Done is not included in the list")
        above = self._state.issues.get(issue.parent or 0)
        loop = above is not None and (
            above.id == issue.id or descends(self._state, above, issue.id)
        )
        if issue.parent and (above is None or loop):
            errors.append("Parent task is invalid")
        start, due = _day(issue.start_date), _day(issue.due_date)
        errors += [f"{label} is not a valid date" for label, day, raw in
                   (("Start date", start, issue.start_date), ("Due date", due, issue.due_date))
                   if raw and not day]  # fmt: skip
        if start and due and due < start:
            errors.append("Due date must be greater than start date")
        return errors

    def _field_errors(self, issue: Issue) -> list[str]:
        errors: list[str] = []
        for field in self._state.fields_of(issue.project):
            value = issue.fields.get(field.id, "")
            values = [one for one in (value if isinstance(value, list) else [value]) if one]
            if field.required and not values:
                errors.append(f"{field.name} cannot be blank")
            if field.values and any(one not in field.values for one in values):
                errors.append(f"{field.name} is not included in the list")
            if field.max_length and any(len(one) > field.max_length for one in values):
                errors.append(
                    f"{field.name} is too long (maximum is {field.max_length} characters)"
                )
        return errors


def _day(value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        return None
