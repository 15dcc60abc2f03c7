"""The desk's records: tickets, transactions, attachments, users, queues, custom fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import TypeVar

from sdsync.sandbox.owned import Owned
from sdsync.sandbox.world import World

T = TypeVar("T")
Key = int | tuple[str, str]

#: Stock ``%PriorityAsString``.
PRIORITIES: dict[str, int] = {"Low": 0, "Medium": 50, "High": 100}

INITIAL = ("new",)
ACTIVE = ("open", "stalled")
INACTIVE = ("resolved", "rejected", "deleted")
STATUSES = (*INITIAL, *ACTIVE, *INACTIVE)
#: Stock lifecycle "default": from each status to every other.
TRANSITIONS: dict[str, tuple[str, ...]] = {
    old: tuple(new for new in STATUSES if new != old) for old in STATUSES
}
ON_CREATE = ("new", "open", "resolved")
ROLES = ("Requestor", "Cc", "AdminCc")

#: By these a ticket is found at once.
EXACT, CUSTOM = ("subject", "creator"), "custom"

SYSTEM = "RT_System"
NOBODY = "Nobody"


@dataclass(slots=True)
class User:
    """A user. ``privileged``: staff; ``lacks``: rights that were taken from it."""

    id: int
    name: str
    email: str
    real_name: str
    privileged: bool = False
    disabled: bool = False
    token: str | None = None
    superuser: bool = False
    lacks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """A user-defined group."""

    id: int
    name: str
    members: list[str] = field(default_factory=list)
    domain: str = "UserDefined"


@dataclass(slots=True)
class CustomRole:
    """A role for users and groups, on some queues."""

    id: int
    name: str
    queues: list[int] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What a ticket calls it."""
        return f"RT::CustomRole-{self.id}"


@dataclass(slots=True)
class CustomField:
    """A custom field of tickets. ``queues`` empty: on all queues."""

    id: int
    name: str
    type: str = "Freeform"  # Freeform | Select | Text
    max_values: int = 1  # 0: any number
    values: list[str] = field(default_factory=list)
    queues: list[int] = field(default_factory=list)
    description: str = ""
    disabled: bool = False

    def on(self, queue: int) -> bool:
        """Whether tickets of the queue have it."""
        return not self.disabled and (not self.queues or queue in self.queues)


@dataclass(slots=True)
class Queue:
    """A queue. ``archived`` is RT's Disabled."""

    id: int
    name: str
    description: str = ""
    disabled: bool = False


@dataclass(slots=True)
class Ticket:
    """A ticket. ``effective_id`` is the survivor's after a merge."""

    id: int
    effective_id: int
    queue: int
    subject: str
    creator: str
    created: datetime
    status: str = "new"
    owner: str = NOBODY
    priority: str = "0"  # a number; on create also the word that was given, as it came
    people: dict[str, list[str]] = field(default_factory=lambda: {role: [] for role in ROLES})
    fields: dict[int, list[str]] = field(default_factory=dict)
    due: datetime | None = None  # None: not set
    starts: datetime | None = None
    started: datetime | None = None
    resolved: datetime | None = None
    updated: datetime | None = None
    updated_by: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)  # (relation, target)

    @property
    def merged(self) -> bool:
        """Whether it went into another."""
        return self.effective_id != self.id


@dataclass(slots=True)
class Transaction:
    """One line of a ticket's history."""

    id: int
    ticket: int
    type: str
    creator: str
    created: datetime
    field: str | None = None
    old: str | None = None
    new: str | None = None
    data: str | None = None
    time_taken: int = 0


@dataclass(slots=True)
class Attachment:
    """A message, one of its parts, or a file. Multipart containers have no content."""

    id: int
    transaction: int
    parent: int
    subject: str
    filename: str | None
    content_type: str
    content: bytes
    creator: str
    created: datetime
    headers: str = ""


def exact(name: str, value: str) -> Key:
    """What tickets are found by that have exactly this value, in any case.

    The name is one of EXACT, or CUSTOM for a custom field, whichever it is.
    """
    return name, value.lower()


def _keys(one: Ticket) -> tuple[Key, ...]:
    """What a ticket is found by: whom it went into, and values that are searched for."""
    values = [exact(CUSTOM, value) for held in one.fields.values() for value in held]
    return (one.effective_id, *(exact(name, getattr(one, name)) for name in EXACT), *values)


def _ticket(one: Transaction) -> tuple[int]:
    return (one.ticket,)


def _transaction(one: Attachment) -> tuple[int]:
    return (one.transaction,)


class RtState:
    """All records, kept in a file if the world has one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.users: dict[int, User] = {}
        self.groups: dict[int, Group] = {}
        self.queues: dict[int, Queue] = {}
        self.custom_fields: dict[int, CustomField] = {}
        self.custom_roles: dict[int, CustomRole] = {}
        self.tickets: Owned[Ticket] = Owned(_keys)
        self.transactions: Owned[Transaction] = Owned(_ticket)
        self.attachments: Owned[Attachment] = Owned(_transaction)

    def load(self) -> bool:
        """Read what was kept; False when there is nothing."""
        saver = self.world.saver
        self.users = _by_number(saver.load("user", User))
        self.groups = _by_number(saver.load("group", Group))
        self.queues = _by_number(saver.load("queue", Queue))
        self.custom_fields = _by_number(saver.load("field", CustomField))
        self.custom_roles = _by_number(saver.load("role", CustomRole))
        self.tickets = Owned(_keys, _by_number(saver.load("ticket", Ticket)))
        transactions = _by_number(saver.load("transaction", Transaction))
        self.transactions = Owned(_ticket, transactions)
        attachments = _by_number(saver.load("attachment", Attachment))
        self.attachments = Owned(_transaction, attachments)
        return bool(self.users)

    def clear(self) -> None:
        """Forget all records."""
        for table in (self.users, self.groups, self.queues, self.custom_fields, self.tickets,
                      self.custom_roles, self.transactions, self.attachments):  # fmt: skip
            table.clear()

    # -- keeping -----------------------------------------------------------------
    def keep_user(self, user: User) -> User:
        """Add or save."""
        self.users[user.id] = user
        self.world.saver.put("user", str(user.id), user)
        return user

    def keep_group(self, group: Group) -> Group:
        """Add or save."""
        self.groups[group.id] = group
        self.world.saver.put("group", str(group.id), group)
        return group

    def keep_queue(self, queue: Queue) -> Queue:
        """Add or save."""
        self.queues[queue.id] = queue
        self.world.saver.put("queue", str(queue.id), queue)
        return queue

    def keep_field(self, field_: CustomField) -> CustomField:
        """Add or save."""
        self.custom_fields[field_.id] = field_
        self.world.saver.put("field", str(field_.id), field_)
        return field_

    def keep_role(self, role: CustomRole) -> CustomRole:
        """Add or save."""
        self.custom_roles[role.id] = role
        self.world.saver.put("role", str(role.id), role)
        return role

    def keep_ticket(self, ticket: Ticket) -> Ticket:
        """Add or save."""
        self.tickets[ticket.id] = ticket
        self.world.saver.put("ticket", str(ticket.id), ticket)
        return ticket

    def time_worked(self, ticket: Ticket) -> int:
        """Minutes: what all its transactions took."""
        return sum(one.time_taken for one in self.history(ticket))

    def keep_transaction(self, one: Transaction) -> Transaction:
        """Add or save."""
        self.transactions[one.id] = one
        self.world.saver.put("transaction", str(one.id), one)
        return one

    def keep_attachment(self, one: Attachment) -> Attachment:
        """Add or save."""
        self.attachments[one.id] = one
        self.world.saver.put("attachment", str(one.id), one)
        return one

    # -- looking up --------------------------------------------------------------
    def user(self, key: str) -> User | None:
        """By id, login or address."""
        for one in self.users.values():
            if key in (str(one.id), one.name) or (one.email and one.email == key):
                return one
        return None

    def queue(self, key: str) -> Queue | None:
        """By id or name."""
        for one in self.queues.values():
            if key == str(one.id) or key.lower() == one.name.lower():
                return one
        return None

    def fields_of(self, queue: int) -> list[CustomField]:
        """The custom fields that tickets of the queue have."""
        return [one for one in self.custom_fields.values() if one.on(queue)]

    def field_named(self, key: str, queue: int) -> CustomField | None:
        """A custom field of the queue by id or name."""
        for one in self.fields_of(queue):
            if key in (str(one.id), one.name):
                return one
        return None

    def roles_of(self, queue: int) -> dict[str, str]:
        """The roles of the queue's tickets, but for the owner: key -> what people call it."""
        custom = {one.key: one.name for one in self.custom_roles.values() if queue in one.queues}
        return {role: role for role in ROLES} | custom

    def people_of(self, names: Iterable[str]) -> list[User]:
        """Users behind the members of a role, those of its groups too."""
        logins: list[str] = []
        for name in names:
            group = self.group(name)
            logins += group.members if group else [name]
        return [user for one in dict.fromkeys(logins) if (user := self.user(one))]

    def group(self, name: str) -> Group | None:
        """The user-defined group behind a member of a role: ``group:101``."""
        number = name.removeprefix("group:")
        found = self.groups.get(int(number)) if number != name and number.isdigit() else None
        return found if found and found.domain == "UserDefined" else None

    def effective(self, id_: int) -> Ticket | None:
        """The ticket that answers to this id: the survivor, after a merge."""
        ticket = self.tickets.get(id_)
        return self.tickets.get(ticket.effective_id) if ticket else None

    def family(self, ticket: Ticket) -> frozenset[int]:
        """Ids of the ticket and of all that were merged into it."""
        return frozenset(one.id for one in self.tickets.of(ticket.id))

    def history(self, ticket: Ticket) -> list[Transaction]:
        """The ticket's transactions and those of merged ones, oldest first."""
        every = (one for id_ in self.family(ticket) for one in self.transactions.of(id_))
        return sorted(every, key=attrgetter("id"))

    def last_transaction(self, ticket: Ticket, viewer: str) -> int:
        """What the ETag is made of: the last one that the viewer may see."""
        seen = (one.id for one in self.history(ticket) if self.sees(viewer, one))
        return max(seen, default=0)

    def rules(self, login: str) -> bool:
        """Whether the user is a SuperUser."""
        user = self.user(login)
        return bool(user and user.superuser)

    def may(self, login: str, right: str) -> bool:
        """Whether the user has a right; who mails in has what everyone is granted."""
        user = self.user(login)
        return user is None or user.superuser or right not in user.lacks

    def sees(self, login: str, one: Transaction) -> bool:
        """Records of outgoing mail need ShowOutgoingEmail, which accounts seldom have."""
        if one.type == "Comment" and not self.may(login, "ShowTicketComments"):
            return False
        return not one.type.endswith("EmailRecord") or self.rules(login)

    def attachments_of(self, transaction: int) -> list[Attachment]:
        """The parts of a transaction."""
        return self.attachments.of(transaction)


def next_id(table: dict[int, T]) -> int:
    """One more than the highest."""
    return next(reversed(table), 0) + 1


def _by_number(rows: dict[str, T]) -> dict[int, T]:
    return {int(key): one for key, one in rows.items()}
