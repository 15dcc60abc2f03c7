"""What Redmine's refusals mean."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sdsync.connectors import common
from sdsync.connectors.failures import Failure
from sdsync.connectors.replies import Reply

#: Redmine's label of a field -> the native name. It writes them in the language of
#: the account, so this only adds to what reading back tells.
#: Source: config/locales/en.yml of 5.0.4, keys ``field_*``.
_LABELS = {
    "Assignee": "assigned_to",
    "Category": "category",
    "Description": "description",
    "Due date": "due_date",
    "% Done": "done_ratio",
    "Parent task": "parent",
    "Priority": "priority",
    "Project": "project",
    "Start date": "start_date",
    "Status": "status",
    "Subject": "subject",
    "Tracker": "tracker",
}


def failure(reply: Reply, *, now: datetime, custom_fields: Iterable[str] = ()) -> Failure:
    """Read one refused call.

    Source: measured on 5.0.4. 401 a bad key; 403 a missing right, a closed project
    (writes) or an archived one (reads too), with an empty body; 404 no such issue;
    422 ``{"errors": ["Subject cannot be blank"]}``, its list empty for a stale
    ``lock_version``. A broken 500 is HTML, and comes after effects as well.
    """
    words = reply.words()
    errors = words.get("errors") if isinstance(words, dict) else None
    lines = [one for one in errors if isinstance(one, str)] if isinstance(errors, list) else []
    fields = named(lines, custom_fields)
    return common.failure(reply, now=now, fields=fields, detail="; ".join(lines))


def named(lines: Iterable[str], custom_fields: Iterable[str] = ()) -> tuple[str, ...]:
    """The native fields that Redmine's sentences begin with, the longest label first."""
    labels = {**_LABELS, **{name: f"custom_fields.{name}" for name in custom_fields}}
    ordered = sorted(labels, key=len, reverse=True)
    found = set()
    for line in lines:
        label = next((one for one in ordered if line.startswith(one + " ")), None)
        if label is not None:
            found.add(labels[label])
    return tuple(sorted(found))
