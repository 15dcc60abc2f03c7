"""What a Request Tracker lacks for us, and what its administrator does about it.

RT tells no rights. What it shows tells them: a queue in a list, the links of a
ticket, a comment in the history. Where there is nothing to tell a right by, it
is not told, and said so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from sdsync.connectors.common import Refused, cut, need
from sdsync.connectors.failures import Forbidden
from sdsync.connectors.preparing import Asked, Deed, Point, Stand, Step, Survey, fields_of
from sdsync.connectors.request_tracker.client import Client, Row, quoted
from sdsync.connectors.request_tracker.metadata import Metadata
from sdsync.connectors.request_tracker.prepare_teams import of_teams

#: Right -> what it is for, in the order of RT's page of rights.
NEEDED: Mapping[str, str] = {
    "SeeQueue": "finds the queue",
    "CreateTicket": "makes new tickets in it",
    "ReplyToTicket": "writes replies",
    "CommentOnTicket": "writes internal notes",
    "ShowTicket": "reads tickets",
    "ShowTicketComments": "reads internal notes",
    "SeeCustomField": "reads mark and tags",
    "ModifyCustomField": "writes mark and tags",
    "ModifyTicket": "changes status, priority, title",
    "ReassignTicket": "gives a ticket to another person",
}
MAIL = (
    "REST 2 has no argument that silences a write, and shows no scrips. Stock scrips mail the "
    "requestor of a new ticket (On Create Autoreply To Requestors), of a reply (On Correspond "
    "Notify Requestors and Ccs) and when it is resolved (On Resolve Notify Requestors)."
)
QUIET = (
    "To spare them what sdsync does: Admin > Scrips > Select > that scrip: Condition User Defined, "
    "Custom condition: my $t = $self->TransactionObj; return {what} && "
    '$t->CreatorObj->Name ne "{login}"; where {what} is, of each scrip:'
)
#: What makes each of them mail, as a condition has to say it.
#: Source: RT 5.0.3, lib/RT/Condition: StatusChange.pm; etc/initialdata, @ScripConditions.
WHAT = (
    'On Create: $t->Type eq "Create"',
    'On Correspond: $t->Type eq "Correspond"',
    'On Resolve: $t->Type eq "Status" && $t->NewValue eq "resolved"',
)
WAITS = "What the sync's mail setting does not allow waits for a person: sdsync status names it."
CANNOT = (
    "Request Tracker's API (REST 2) makes custom fields and applies a new one to one queue; it has "
    "no calls for rights, custom roles and scrips, and none that applies a field that is there "
    "already."
)


@dataclass(frozen=True, slots=True)
class Look:
    """A queue as one account sees it. ``ticket`` None: none is shown."""

    id: str
    name: str
    create: bool
    ticket: Row | None
    comments: bool
    fields: frozenset[str]
    roles: frozenset[str]

    def links(self) -> frozenset[str]:
        """What the newest ticket offers: comment, correspond, lifecycle."""
        found = (self.ticket or {}).get("_hyperlinks") or ()
        return frozenset(str(one.get("ref")) for one in found if isinstance(one, dict))


@dataclass(slots=True)
class Found:
    """What one survey gathers."""

    points: list[Point] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


class Preparation:
    """One account's view; an administrator's tells more."""

    def __init__(self, client: Client, metadata: Metadata, mark_field: str) -> None:
        self._client = client
        self._metadata = metadata
        self._mark_field = mark_field

    def survey(self, asked: Asked, admin: Preparation | None) -> Survey:
        """Our account first, then queue by queue."""
        found, account = Found(), self._metadata.account()
        me = self._client.get(f"/user/{quote(account.login, safe='')}")
        ruler = self.rules()
        self._of_account(found, me, ruler=ruler, admin=admin)
        lacking: dict[str, list[Look]] = {name: [] for name, _, _ in self._fields()}
        looks = []
        for name in asked.named() or tuple(sorted(self._metadata.queues().values())):
            ours = self.queue(name)
            theirs = admin.queue(name) if admin is not None else None
            rights = dict(_rights(ours, theirs, ruler=ruler))
            if asked.named() and name not in asked.put:
                del rights["CreateTicket"]
            self._of_queue(
                found, name, rights, account.login, known=bool(ours or theirs or not admin)
            )
            self._of_fields(found, name, ours, theirs, rights["SeeCustomField"], lacking)
            looks += [one for one in (theirs or ours,) if one is not None]
        for name, queues in lacking.items():
            if queues:
                found.steps.append(self._field_step(name, queues, admin))
        if asked.team is not None:
            shown = self.shows_groups()
            there = admin is not None and admin.shows_groups()
            roles = {one.name: one.roles for one in looks}
            points, steps = of_teams(
                asked.team, roles, _proved(shown or ruler, there), account.login
            )
            found.points += points
            found.steps += steps
        return Survey(
            "Request Tracker", account.login, tuple(found.points), tuple(found.steps),
            (MAIL, QUIET.replace("{login}", account.login), *WHAT, WAITS),
            "none: Request Tracker counts no seats; sdsync is one privileged user", CANNOT,
        )  # fmt: skip

    def carry_out(self, deed: Deed) -> str:
        """One call. A 200 with a sentence of refusal in it is a refusal."""
        reply = need(self._client.call(deed.method, deed.path, json=dict(deed.json)))
        words = reply.words()
        said = [str(one) for one in words] if isinstance(words, list) else []
        if any("denied" in one.lower() for one in said):
            raise Refused(Forbidden(cut("; ".join(said))))
        return cut("; ".join(said) or "done")

    # -- looking -----------------------------------------------------------------------
    def rules(self) -> bool:
        """Whether we may do everything: RT counts transactions for a SuperUser alone."""
        query = {"query": "id > 0", "per_page": "1"}
        return self._client.get("/transactions", query).get("total") is not None

    def queue(self, name: str) -> Look | None:
        """None: hidden from this account, or not there."""
        number = {one: key for key, one in self._metadata.queues().items()}.get(name)
        if number is None:
            return None
        row = self._client.get(f"/queue/{number}")
        links = [one for one in row.get("_hyperlinks") or () if isinstance(one, dict)]
        return Look(
            number,
            name,
            create=any(one.get("ref") == "create" for one in links),
            ticket=self._newest(name),
            comments=self._sees_comments(name),
            fields=frozenset(str(one["name"]) for one in row.get("TicketCustomFields") or ()),
            roles=self._metadata.roles_of(row),
        )

    def shows_groups(self) -> bool:
        """Whether this account sees the groups that an administrator made, if there are any."""
        return self._metadata.shows_groups()

    def _newest(self, queue: str) -> Row | None:
        query = {"query": f"Queue = {quoted(queue)}", "orderby": "id", "order": "DESC"}
        asked = {**query, "per_page": "1", "fields": "_hyperlinks"}
        rows = self._client.get("/tickets", asked)["items"]
        return rows[0] if rows else None

    def _sees_comments(self, queue: str) -> bool:
        """Whether one of the newest comments is shown; hidden ones leave the page short."""
        text = f"Type = 'Comment' AND TicketQueue = {quoted(queue)}"
        query = {"query": text, "orderby": "id", "order": "DESC", "per_page": "5"}
        return bool(self._client.get("/transactions", query)["items"])

    def _fields(self) -> tuple[tuple[str, bool, str], ...]:
        return fields_of(self._mark_field)

    def field_number(self, name: str) -> str | None:
        """The number of a custom field of tickets, as an administrator finds it."""
        rows = self._client.pages("/customfields", {"fields": "Name,LookupType", "query": "[]"})
        for row in rows:
            if row.get("Name") == name and str(row.get("LookupType")).endswith("RT::Ticket"):
                return str(row["id"])
        return None

    # -- the account ---------------------------------------------------------------------
    def _of_account(self, found: Found, me: Row, *, ruler: bool, admin: Preparation | None) -> None:
        login = str(me["Name"])
        if str(me.get("Privileged") or "0") != "1":
            why = "rights can be granted to privileged users only"
            found.points.append(Point("account", "Privileged", Stand.MISSING, why=why))
            text = (
                f'Admin > Users > Select > {login}: tick "Let this user be granted rights '
                '(Privileged)"; Save Changes'
            )
            path, what = f"/user/{int(me['id'])}", f"makes {login} a privileged user"
            deed = Deed("PUT", path, {"Privileged": "1"}, what) if admin else None
            found.steps.append(Step(text, deed))
        offers = {one.get("ref") for one in me.get("_hyperlinks") or () if isinstance(one, dict)}
        if ruler:
            self._too_much(found, login, "SuperUser", "may do anything and everything")
        elif "memberships" in offers:
            why = "could join groups, and so get their rights"
            self._too_much(found, login, "AdminGroupMembership", why)
        if not ruler and not self._sees_addresses(login):
            why = "without it RT hides addresses of others; people are then matched by login"
            found.points.append(Point("right", "AdminUsers", Stand.OPTIONAL, why=why))
            text = f"Admin > Global > User Rights: {login}: tick AdminUsers; Save Changes"
            found.steps.append(Step(f"{text} ({why})", optional=True))

    def _too_much(self, found: Found, login: str, right: str, why: str) -> None:
        found.points.append(Point("right", right, Stand.EXCESS, why=why))
        found.steps.append(
            Step(
                f"Admin > Global > User Rights: {login}: untick {right} ({why}), or take {login} "
                "out of the group that has it; Save Changes"
            )
        )

    def _sees_addresses(self, login: str) -> bool:
        """Only who administers users is told of others whether they are disabled."""
        rows = self._client.page("/users", {"fields": "Name,Disabled", "query": "[]"})
        others = [row for row in rows if row.get("Name") != login]
        return not others or any(str(row.get("Disabled") or "") for row in others)

    # -- a queue -------------------------------------------------------------------------
    def _of_queue(
        self, found: Found, name: str, rights: Mapping[str, bool | None], login: str, *, known: bool
    ) -> None:
        if not known:
            why = "there is no queue of this name"
            found.points.append(Point("queue", name, Stand.MISSING, name, why))
            found.steps.append(Step(f"Admin > Queues > Create: Name {name}; or name another one"))
            return
        for right, told in rights.items():
            stand = {True: Stand.THERE, False: Stand.MISSING, None: Stand.UNTOLD}[told]
            found.points.append(Point("right", right, stand, name, NEEDED[right]))
        missing = [right for right, told in rights.items() if told is False]
        if missing:
            look = [right for right, told in rights.items() if told is None]
            more = f" (RT does not tell of {', '.join(look)}: tick them too)" if look else ""
            found.steps.append(
                Step(
                    f"Admin > Queues > Select > {name} > User Rights: {login}: tick "
                    f"{', '.join(missing)}{more}; Save Changes"
                )
            )

    def _of_fields(
        self,
        found: Found,
        queue: str,
        ours: Look | None,
        theirs: Look | None,
        sees: bool | None,
        lacking: Mapping[str, list[Look]],
    ) -> None:
        """``lacking`` gets the queues on which a field is known to be missing."""
        look = theirs or (ours if sees else None)
        for name, needed, why in self._fields():
            if look is None:
                stand = Stand.UNTOLD
            elif name in look.fields:
                stand = Stand.THERE
            else:
                stand = Stand.MISSING if needed else Stand.OPTIONAL
                lacking[name].append(look)
            found.points.append(Point("field", name, stand, queue, why))

    def _field_step(self, name: str, queues: Sequence[Look], admin: Preparation | None) -> Step:
        needed, why = next((needed, why) for one, needed, why in self._fields() if one == name)
        many = name == "sdsync tags"
        where = ", ".join(one.name for one in queues)
        tick = f"Applies to: tick {where}; Submit"
        number = admin.field_number(name) if admin is not None else None
        if number is not None:
            return Step(f'Admin > Custom Fields > Select > "{name}" > {tick}', optional=not needed)
        kind = "Enter multiple values" if many else "Enter one value"
        text = f'Admin > Custom Fields > Create: Name "{name}", Type "{kind}", Applies to "Tickets"'
        text += f"; Create; then {tick} ({why})"
        if admin is None:
            return Step(f"unless it is there: {text}", optional=not needed)
        body = {
            "Name": name, "Type": "Freeform", "MaxValues": 0 if many else 1,
            "LookupType": "RT::Queue-RT::Ticket", "Description": f"sdsync: {why}",
            "Queue": int(queues[0].id),
        }  # fmt: skip
        what = f'makes the custom field "{name}" on {queues[0].name}'
        return Step(text, Deed("POST", "/customfield", body, what), optional=not needed)


def _rights(
    ours: Look | None, theirs: Look | None, *, ruler: bool
) -> Iterator[tuple[str, bool | None]]:
    """What is proved of each right: there, not there, or None: nothing tells."""
    links = ours.links() if ours is not None and ours.ticket is not None else None
    told: dict[str, bool | None] = dict.fromkeys(NEEDED)
    told["SeeQueue"] = ours is not None
    if ours is not None:
        told["CreateTicket"] = ours.create
        told["ShowTicket"] = _proved(ours.ticket is not None, theirs and theirs.ticket is not None)
        told["ShowTicketComments"] = _proved(ours.comments, theirs and theirs.comments)
        told["SeeCustomField"] = _proved(bool(ours.fields), theirs and bool(theirs.fields))
    if links is not None:
        told["ReplyToTicket"] = "correspond" in links
        told["CommentOnTicket"] = "comment" in links
        told["ModifyTicket"] = "lifecycle" in links
    for right, one in told.items():
        yield right, True if ruler else one


def _proved(seen: bool, there: object) -> bool | None:
    """What we see proves a right; what only the administrator sees disproves it."""
    return True if seen else False if there else None
