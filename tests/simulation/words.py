"""The words that simulated people choose from, in each product's own language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdsync.store.records import Json

HOME = {"desk": "Escalated", "dev": "infra", "board": "ops"}
AWAY = {"desk": "General", "dev": "attic", "board": "ideas"}
STAFF = ("ann", "bob", "cyd", "dan")
SUBJECTS = (
    "disk full on db01", "login fails for everybody in the Prague office since the update",
    "printer on fire", "VPN drops", "mail queue grows and grows and nobody knows why at all",
)  # fmt: skip
COMMON = ("VPN drops", "printer on fire")
TAGS = ("net:core", "vip", "env:prod", "later")
CATEGORIES = (["infra", "storage"], ["infra", "network"], ["app"])

#: group -> flavour -> path and its possible native values
CHOICES: Mapping[str, Mapping[str, tuple[str, Sequence[Json]]]] = {
    "urgency": {
        "desk": ("Priority", ("10", "30", "50", "70", "90")),
        "tracker": ("priority", ("Low", "Normal", "High", "Urgent", "Immediate")),
        "board": ("weight", ("low", "mid", "top")),
    },
    "outcome": {
        "desk": ("Status", ("new", "open", "stalled", "resolved", "rejected")),
        "tracker": ("status", ("New", "In Progress", "Feedback", "Resolved", "Rejected")),
        "board": ("list", ("Inbox", "Doing", "Blocked", "Done")),
    },
    "environment": {
        "desk": ("CustomFields.Environment", ("Production", "PRD", "Staging", "Test", "Lab", "")),
        "tracker": ("custom_fields.Environment", ("prod", "stage", "")),
    },
    "category": {
        "desk": ("CustomFields.Category", ("infra/storage", "infra/network", "app", "")),
        "tracker": ("category", ("storage", "network", "app", "")),
    },
    "due_at": {
        "desk": ("Due", ("2026-04-01", "2026-05-01", "")),
        "tracker": ("due_date", ("2026-04-01", "2026-06-15", "")),
        "board": ("due", ("2026-04-01", "2026-07-31")),
    },
    "assignment": {
        "desk": ("Owner", STAFF),
        "tracker": ("assigned_to", STAFF),
        "board": ("assignee", STAFF),
    },
    "resolution": {
        "desk": ("CustomFields.Fix", ("fixed", "wontfix", "replaced the disk")),
        "tracker": ("custom_fields.Resolution", ("fixed", "wontfix", "duplicate")),
    },
    "title": {
        "desk": ("Subject", ()),
        "tracker": ("subject", ()),
        "board": ("title", ()),
    },
    "description": {"tracker": ("description", ()), "board": ("text", ())},
}
TAG_PATHS = {"desk": "CustomFields.Tags", "tracker": "custom_fields.Tags", "board": "labels"}
WATCH_PATHS = {"desk": "Cc", "tracker": "watchers"}
CLOSED = {"desk": "resolved", "tracker": "Closed", "board": "Done"}
OPENED = {"desk": "open", "tracker": "In Progress", "board": "Doing"}
