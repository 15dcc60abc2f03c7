"""Who stands in the roles of a ticket: people by their logins, groups by their numbers.

Where a team stands is a site's to choose. RT's owner is one person and never a group.
``AdminCc`` takes groups, but it says who is mailed: each person of the group gets every
comment and reply, and sees what others of its queue's ``AdminCc`` see. A queue's own
``AdminCc`` is no ticket's. A custom role for several users, such as "Team", takes a
group, mails nobody by the stock scrips, is shown and searched as people are, and refuses
a group that does not exist: so the pack reads and writes that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sdsync.connectors.common import Refused, is_one_line
from sdsync.connectors.failures import Rejected
from sdsync.connectors.request_tracker.client import Row, uid
from sdsync.store.records import Json

#: Roles that every queue has, but for the owner.
STOCK = ("Requestor", "Cc", "AdminCc")
CUSTOM = "CustomRoles"
#: How RT calls a custom role in a ticket and in its history, before its number.
PREFIX = "RT::CustomRole-"
#: How a group is told from a login; RT reads people typed into a role so, too.
GROUP = "group:"
NOBODY = "Nobody"

RoleOf = Callable[[str], str | None]


def shown(row: Row, role_of: RoleOf) -> dict[str, Json]:
    """The stock roles and ``CustomRoles`` of a ticket; of the latter those that we may see.

    A custom role is there where it is applied to the queue, be it empty.
    """
    told: dict[str, Json] = {role: _members(row.get(role)) for role in STOCK}
    inner = row.get(CUSTOM)
    listed = {**row, **inner} if isinstance(inner, dict) else row
    custom: dict[str, Json] = {}
    for key, value in listed.items():
        name = role_of(key.removeprefix(PREFIX)) if key.startswith(PREFIX) else None
        if name is not None:
            custom[name] = _members(value)
    return {**told, CUSTOM: custom}


def _members(value: object) -> list[Json]:
    found = value if isinstance(value, list) else [value]  # a role for one person is no list
    return sorted(one for one in map(_member, found) if one is not None and one != NOBODY)


def _member(value: object) -> str | None:
    name = uid(value)
    is_group = isinstance(value, dict) and value.get("type") == "group"
    return f"{GROUP}{name}" if is_group else name


def patch(role: str, value: Json) -> list[Json]:
    """A role as RT takes it: the whole list, groups by their bare numbers."""
    people = value if isinstance(value, list | tuple) else [value] if value else []
    if not all(isinstance(one, str) and is_one_line(one) and "," not in one for one in people):
        raise Refused(Rejected((role,), "not a list of logins or addresses"))
    return [str(one).removeprefix(GROUP) for one in people]


def custom_patch(value: Json) -> dict[str, Json]:
    """Custom roles by name as RT takes them."""
    if not isinstance(value, Mapping):
        raise Refused(Rejected((CUSTOM,), "no table of names and people"))
    return {str(name): list(patch(f"{CUSTOM}.{name}", one)) for name, one in value.items()}


def path(field: str, role_of: RoleOf) -> str:
    """What packs call the role that a line of the history names; "" for one we may not see."""
    if not field.startswith(PREFIX):
        return field
    name = role_of(field.removeprefix(PREFIX))
    return "" if name is None else f"{CUSTOM}.{name}"
