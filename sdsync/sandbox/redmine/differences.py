"""What changed between two looks at an issue, as its journal shows it."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.sandbox.call import text
from sdsync.sandbox.redmine.state import Detail, Issue

#: Attributes whose changes become details of a journal: attribute -> the product's name.
_TRACKED = {
    "project": "project_id", "tracker": "tracker_id", "subject": "subject",
    "description": "description", "status": "status_id", "priority": "priority_id",
    "assigned_to": "assigned_to_id", "category": "category_id", "parent": "parent_id",
    "start_date": "start_date", "due_date": "due_date", "done_ratio": "done_ratio",
    "is_private": "is_private",
}  # fmt: skip


def snapshot(issue: Issue) -> dict[tuple[str, str], str | None]:
    """What is compared: (property, name) -> text."""
    found: dict[tuple[str, str], str | None] = {
        ("attr", shown): None if getattr(issue, name) is None else text(getattr(issue, name))
        for name, shown in _TRACKED.items()
    }
    for id_, value in issue.fields.items():
        found["cf", str(id_)] = ", ".join(value) if isinstance(value, list) else value
    return found


def differences(
    old: Mapping[tuple[str, str], str | None], new: Mapping[tuple[str, str], str | None]
) -> list[Detail]:
    """The details that a journal shows."""
    return [
        Detail(kind, name, old.get((kind, name)), value)
        for (kind, name), value in new.items()
        if (old.get((kind, name)) or "") != (value or "")
    ]


def copy_of(issue: Issue) -> Issue:
    """A draft that can be thrown away."""
    fields = {name: getattr(issue, name) for name in issue.__dataclass_fields__}
    return Issue(**{**fields, "fields": dict(issue.fields)})


def take_over(issue: Issue, draft: Issue) -> None:
    """Make the issue what its draft is."""
    for name in issue.__dataclass_fields__:
        setattr(issue, name, getattr(draft, name))
