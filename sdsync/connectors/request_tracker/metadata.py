"""Queues, custom fields and our own account: names to ids and back, live and cached."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from sdsync.config.secrets import SecretMissingError
from sdsync.connectors.common import Refused
from sdsync.connectors.contract import Account, FieldInfo, NativeTeam, PlaceInfo
from sdsync.connectors.failures import AuthFailed, Forbidden, Missing
from sdsync.connectors.http import Reveal
from sdsync.connectors.request_tracker.client import Client, Row, quoted, uid
from sdsync.connectors.request_tracker.roles import CUSTOM, GROUP, PREFIX

#: Groups that an administrator made.
GROUPS = '[{"field": "Domain", "value": "UserDefined"}]'
#: An administrator's change is seen after this long, or at the first unknown id.
FRESH = timedelta(minutes=5)

#: Ticket fields that every queue has. ``Content`` is the first message: never changed.
STANDARD = {
    "Subject": FieldInfo("Subject", required=True, max_length=200),
    "Status": FieldInfo("Status", required=True),
    "Queue": FieldInfo("Queue", required=True),
    "Type": FieldInfo("Type", read_only=True),
    "Owner": FieldInfo("Owner"),
    "Requestor": FieldInfo("Requestor", multiple=True),
    "Cc": FieldInfo("Cc", multiple=True),
    "AdminCc": FieldInfo("AdminCc", multiple=True),
    "Priority": FieldInfo("Priority"),
    "Due": FieldInfo("Due"),
    "Links": FieldInfo("Links", multiple=True),
    "MemberOf": FieldInfo("MemberOf", multiple=True),
    "Content": FieldInfo("Content", write_once=True),
    "ContentType": FieldInfo("ContentType", write_once=True),
    "Created": FieldInfo("Created", read_only=True),
    "LastUpdated": FieldInfo("LastUpdated", read_only=True),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A custom field. ``values`` None: free text."""

    id: str
    name: str
    multiple: bool
    values: tuple[str, ...] | None
    max_length: int | None


class Metadata:
    """What RT tells of itself, asked for when it is needed."""

    def __init__(self, client: Client, token: Reveal, login: str | None) -> None:
        self._client = client
        self._token = token
        self._login = login
        self._account: Account | None = None
        self._born = ""
        self._queues: dict[str, str] = {}  # id -> name
        self._queues_at: datetime | None = None
        self._fields: dict[str, Field] = {}
        self._roles: dict[str, str] = {}  # id -> name
        #: How many people a group is known to hold, by the name that roles show.
        self.sizes: dict[str, int] = {}

    def account(self) -> Account:
        """Whom the token acts as. RT has no "who am I", but its tokens hold the user's id."""
        if self._account is None:
            told = re.fullmatch(r"\d+-(\d+)-\w+", self._revealed())
            who = self._login or (told[1] if told else None)
            if who is None:
                raise Refused(AuthFailed())
            row = self._client.get(f"/user/{quote(who, safe='')}")
            login = str(row["Name"])
            self._born = f"{row['id']} {row.get('Created', '')}"
            self._account = Account(login, login, str(row.get("RealName") or login))
        return self._account

    def _revealed(self) -> str:
        try:
            return self._token()
        except (SecretMissingError, LookupError):
            raise Refused(AuthFailed()) from None

    @property
    def birth(self) -> str:
        """Our account's number and birth: another instance has others."""
        self.account()
        return self._born

    def queues(self) -> dict[str, str]:
        """Id to name of every queue that we may see."""
        now = self._client.clock.now()
        if self._queues_at is None or now - self._queues_at > FRESH:
            rows = self._client.pages("/queues/all", {"fields": "Name"})
            self._queues = {str(row["id"]): str(row["Name"]) for row in rows}
            self._queues_at = now
        return self._queues

    def queue_name(self, queue_id: str) -> str:
        """The name of a queue, asked again when unknown; its id when it is hidden from us."""
        if queue_id not in self.queues():
            self._queues_at = None
        return self.queues().get(queue_id, queue_id)

    def field(self, field_id: str) -> Field | None:
        """A custom field by id; None: we may not see it."""
        known = self._fields.get(field_id)
        if known is None:
            row = self._visible(f"/customfield/{quote(field_id, safe='')}")
            if row is None:
                return None
            known = self._fields[field_id] = _field(row)
        return known

    def role(self, role_id: str) -> str | None:
        """The name of a custom role by its number; None: we may not see it."""
        if role_id not in self._roles:
            row = self._visible(f"/customrole/{quote(role_id, safe='')}")
            if row is None:
                return None
            self._roles[role_id] = str(row["Name"])
        return self._roles[role_id]

    def roles_of(self, queue: Row) -> frozenset[str]:
        """Custom roles that are applied to a queue: it shows them as its tickets do."""
        roles = (self.role(key.removeprefix(PREFIX)) for key in queue if key.startswith(PREFIX))
        return frozenset(filter(None, roles))

    def shows_groups(self) -> bool:
        """Whether one of the groups that an administrator made is shown to our account."""
        rows = self._client.page("/groups", {"fields": "Name", "query": GROUPS})
        return any(self._visible(f"/group/{int(row['id'])}") is not None for row in rows[:1])

    def teams(self) -> tuple[NativeTeam, ...]:
        """Groups that an administrator made, with the people who are in them themselves."""
        found = []
        for row in self._client.pages("/groups", {"fields": "Name", "query": GROUPS}):
            whole = self._visible(f"/group/{int(row['id'])}")
            told = (whole or {}).get("Members")
            people = [uid(one) for one in told or () if one.get("type") == "user"]
            members = None if told is None else tuple(sorted(filter(None, people)))
            name = f"{GROUP}{row['id']}"
            self.sizes[name] = len(members or ())
            found.append(NativeTeam(name, str(row.get("Name") or name), members))
        return tuple(found)

    def _visible(self, path: str) -> Row | None:
        """One object; None: we may not see it."""
        try:
            return self._client.get(path)
        except Refused as end:
            if isinstance(end.failure, Forbidden | Missing):
                return None
            raise

    def places(self) -> dict[str, PlaceInfo]:
        """Every queue that we may see, read anew; a field or role of many queues is read once."""
        self._fields.clear()
        self._roles.clear()
        self._queues_at = None
        return {name: self._place(key, name) for key, name in self.queues().items()}

    def _place(self, queue_id: str, name: str) -> PlaceInfo:
        """A queue as our account sees it.

        RT does not tell rights or transitions. It shows links for what we may do
        with a ticket, so the newest one tells for its queue. It cannot drop the
        privacy of a note: a comment is made as a comment, or refused.
        """
        row = self._client.get(f"/queue/{queue_id}")
        links = _links(row)
        rights = {f"{link['ref']} {link['type']}" for link in links if link.get("ref") == "create"}
        newest = self._client.get(
            "/tickets",
            {
                "query": f"Queue = {quoted(name)}",
                "orderby": "id",
                "order": "DESC",
                "per_page": "1",
                "fields": "_hyperlinks",
            },
        )["items"]
        shown = {link["ref"] for link in _links(newest[0])} if newest else {"comment", "correspond"}
        rights |= shown & {"comment", "correspond"}
        proved = {
            word
            for link, word in (("comment", "internal"), ("correspond", "public"))
            if link in shown
        }
        return PlaceInfo(
            key=name,
            native_id=queue_id,
            may_create="create ticket" in rights,
            proved_audiences=frozenset(proved),
            fields=self._field_infos(row),
            archived=str(row.get("Disabled") or "0") != "0",
            rights=frozenset(rights),
        )

    def _field_infos(self, row: Row) -> dict[str, FieldInfo]:
        infos = dict(STANDARD)
        for one in row.get("TicketCustomFields") or ():
            field = self.field(str(one["id"]))
            if field is not None:
                path = f"CustomFields.{field.name}"
                infos[path] = FieldInfo(
                    path, field.values, multiple=field.multiple, max_length=field.max_length
                )
        for role in sorted(self.roles_of(row)):
            path = f"{CUSTOM}.{role}"
            infos[path] = FieldInfo(path, multiple=True)
        return infos


def _field(row: Row) -> Field:
    kind = str(row.get("Type", ""))
    values = row.get("Values") if kind == "Select" else None
    return Field(
        id=str(row["id"]),
        name=str(row["Name"]),
        multiple=str(row.get("MaxValues") or "0") != "1",
        values=None if values is None else tuple(_value_name(one) for one in values),
        # ObjectCustomFieldValues.Content is varchar(255); longer values go to a
        # text column and still work, except in searches by "=".
        max_length=255 if kind in {"Freeform", "Autocomplete"} else None,
    )


def _value_name(one: object) -> str:
    """RT 5.0.3 tells plain names, or objects where a category may stand."""
    return str(one["name"]) if isinstance(one, dict) else str(one)


def _links(row: Row) -> list[Row]:
    return [link for link in row.get("_hyperlinks") or () if isinstance(link, dict)]
