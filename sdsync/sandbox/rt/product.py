"""The desk: Request Tracker's REST 2 on top of its records."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.sandbox.backups import Backup
from sdsync.sandbox.call import Answer, Call, Json, Refused, answer, message
from sdsync.sandbox.owned import numbered_from
from sdsync.sandbox.routing import ALL, Handler, Router, dumped, rule
from sdsync.sandbox.rt import query, seed
from sdsync.sandbox.rt.acts import Acts
from sdsync.sandbox.rt.forms import form, uploads
from sdsync.sandbox.rt.lists import Lists, asked, searchable
from sdsync.sandbox.rt.render import API, Record, Renderer
from sdsync.sandbox.rt.rights import Administration, demand, fields_seen
from sdsync.sandbox.rt.state import RtState, Ticket
from sdsync.sandbox.rt.tickets import Tickets
from sdsync.sandbox.world import World

VERSION = "5.0.3"
_SAYING = {"correspond": "ReplyToTicket", "comment": "CommentOnTicket"}


class Desk:
    """One Request Tracker."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.state = RtState(world)
        self._backup: Backup | None = None
        self.tickets = Tickets(self.state)
        self.renderer = Renderer(self.state)
        self._lists = Lists(self.state, self.renderer)
        self._administration = Administration(self.state)
        self._acts = Acts(self.state, self.tickets, self._administration)
        if not self.state.load():
            seed.seed(self.state)
        self.router = Router([
            rule("GET", f"{API}/rt", lambda _: answer({"Version": VERSION})),
            rule("POST", f"{API}/ticket", self._create),
            rule("GET", f"{API}/ticket/{{id:int}}", self._show),
            rule("PUT", f"{API}/ticket/{{id:int}}", self._update),
            rule("DELETE", f"{API}/ticket/{{id:int}}", self._delete),
            rule("GET POST", f"{API}/ticket/{{id:int}}/history", self._history),
            rule("GET POST", f"{API}/ticket/{{id:int}}/attachments", self._attachments),
            rule("POST", f"{API}/ticket/{{id:int}}/{{kind:str}}", self._say),
            rule("GET POST", f"{API}/tickets", self._search),
            rule("GET POST", f"{API}/transactions", self._transactions),
            rule("GET", f"{API}/transaction/{{id:int}}", self._one("transactions")),
            rule("GET POST", f"{API}/transaction/{{id:int}}/attachments", self._parts),
            rule("GET", f"{API}/attachment/{{id:int}}", self._one("attachments")),
            rule("GET POST", f"{API}/queues/all", self._queues),
            rule("GET POST", f"{API}/queues", self._queues),
            rule("GET", f"{API}/queue/{{id:int}}/customfields", self._queue_fields),
            rule("GET", f"{API}/queue/{{key:str}}", self._queue),
            rule("GET POST", f"{API}/users", self._table("users")),
            rule("GET PUT", f"{API}/user/{{key:str}}", self._user),
            rule("GET POST", f"{API}/groups", self._table("groups")),
            rule("GET", f"{API}/group/{{id:int}}", self._one("groups")),
            rule("GET POST", f"{API}/customroles", self._table("custom_roles")),
            rule("GET", f"{API}/customrole/{{id:int}}", self._one("custom_roles")),
            rule("GET POST", f"{API}/customfields", self._table("custom_fields")),
            rule("POST", f"{API}/customfield", self._make_field),
            rule("GET", f"{API}/customfield/{{id:int}}", self._field),
            rule("PUT DELETE", f"{API}/customfield/{{id:int}}", self._change_field),
        ])  # fmt: skip

    # -- the product protocol ------------------------------------------------------
    def authenticate(self, call: Call) -> Answer | None:
        """``Authorization: token …`` or ``?token=``; nothing works without."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        token = token if scheme.lower() == "token" else call.param("token")
        call.query = [one for one in call.query if one[0] != "token"]
        for user in self.state.users.values():
            if token and user.token == token and not user.disabled:
                call.login = user.name
                return None
        return self.failed(401, "Unauthorized")

    def missing(self, call: Call) -> Answer:
        """A path that the product does not have."""
        return message(404, "Not Found")

    def failed(self, status: int, text: str) -> Answer:
        """An error in JSON."""
        return message(status, text)

    def act(self, action: str, by: str, fields: dict[str, Json]) -> Json:
        """Do something as a person does in the pages."""
        return self._acts.do(action, by, fields)

    def dump(self, after: Mapping[str, int] = ALL) -> Json:
        """Records by kind: all, or of the kinds that ``after`` names those above its number."""
        state = self.state
        tables = {
            "tickets": state.tickets.values(),
            "transactions": state.transactions.values(),
            "attachments": state.attachments.values(),
            "users": state.users.values(),
        }
        return dumped(tables, after)

    def back_up(self) -> None:
        """Make a backup of all records, in the place of the last one."""
        self._backup = Backup(self.state)

    def put_back(self) -> None:
        """Put the backup in the place of all records; KeyError without one."""
        if self._backup is None:
            raise KeyError("no backup was made")
        self._backup.put_back(self.state)

    def reset(self) -> None:
        """Back to the seed."""
        self.state.clear()
        seed.seed(self.state)

    # -- tickets -------------------------------------------------------------------
    def _create(self, call: Call) -> Answer:
        data = uploads(call, form(call))
        ticket = self.tickets.create(_login(call), data, call)
        return answer(self.renderer.ref_of(call, ticket), 201, Location=f"{API}/ticket/{ticket.id}")

    def _show(self, call: Call) -> Answer:
        ticket = self._ticket(call)
        shown = answer(self.renderer.full(call, ticket))
        shown.headers["ETag"] = self._etag(ticket, call)
        if call.headers.get("if-none-match") == shown.headers["ETag"]:
            return Answer(304, headers=shown.headers)
        return shown

    def _update(self, call: Call) -> Answer:
        ticket = self._ticket(call)
        demand(self.state, _login(call), "ModifyTicket")
        wanted = call.headers.get("if-match")
        if wanted and wanted not in ("*", self._etag(ticket, call)):
            return message(412, "Precondition Failed")
        return answer(self.tickets.update(_login(call), ticket, form(call), call))

    def _delete(self, call: Call) -> Answer:
        """DeleteTicket is a SuperUser's; without it the stock product crashes."""
        ticket = self._ticket(call)
        if not self.state.rules(_login(call)):
            return self.failed(500, "Internal Server Error")
        self.tickets.update(_login(call), ticket, {"Status": "deleted"}, call)
        return Answer(204)

    def _say(self, call: Call) -> Answer:
        kind = call.params["kind"]
        if kind not in ("correspond", "comment"):
            return self.missing(call)
        if self.state.effective(int(call.params["id"])) is None:
            return message(400, "Message could not be recorded")
        ticket = self._ticket(call)
        demand(self.state, _login(call), _SAYING[kind])
        data = uploads(call, form(call))
        if data.get("Content") and not data.get("ContentType"):
            return message(400, "ContentType is a required field for application/json")
        transaction, said = self.tickets.say(
            _login(call), ticket, data, public=kind == "correspond", call=call
        )
        return answer(said, 201, Location=f"{API}/transaction/{transaction.id}")

    def _ticket(self, call: Call) -> Ticket:
        id_ = int(call.params["id"])
        struck = self.world.switches.fires("merged_answer", call)
        if struck and str(struck["id"]) == str(id_):
            id_ = int(str(struck["answers"]))
        ticket = self.state.effective(id_)
        if ticket is None:
            raise Refused(message(404, "Resource does not exist; use POST to create")
                          if call.method == "PUT" else self.missing(call))  # fmt: skip
        self._allow(call, ticket)
        return ticket

    def _allow(self, call: Call, ticket: Ticket) -> None:
        demand(self.state, _login(call), "ShowTicket")
        struck = self.world.switches.fires("forbidden_record", call)
        ids = struck["ids"] if struck else []
        if isinstance(ids, list) and str(ticket.id) in [str(one) for one in ids]:
            raise Refused(message(403, "Forbidden"))
        if self._archived(ticket.queue, call):
            raise Refused(message(403, "Forbidden"))

    def _archived(self, queue: int, call: Call) -> bool:
        struck = self.world.switches.fires("archived_project", call)
        return struck is not None and self.state.queues[queue].name == str(struck["place"])

    def _etag(self, ticket: Ticket, call: Call) -> str:
        return f'"{self.state.last_transaction(ticket, _login(call))}"'

    # -- lists ---------------------------------------------------------------------
    def _search(self, call: Call) -> Answer:
        """Without a query nothing is found, as in the stock product."""
        struck = self.world.switches.fires("archived_project", call)
        gone = str(struck["place"]) if struck else None
        known = searchable(self.state, asked(call)) if call.param("query") else []
        found = [one for one in known if self.state.queues[one.queue].name != gone]
        return self._lists.show(call, found, sql=True)

    def _history(self, call: Call) -> Answer:
        """A ticket that is not there has an empty history."""
        if self.state.effective(int(call.params["id"])) is None:
            return self._lists.show(call, [])
        return self._lists.show(call, self.state.history(self._ticket(call)), sql=True)

    def _attachments(self, call: Call) -> Answer:
        if "Parent" in call.param("fields").split(","):
            return Answer(500)  # the stock product's own fault
        if self.state.effective(int(call.params["id"])) is None:
            return self._lists.show(call, [])
        history = self.state.history(self._ticket(call))
        found = [part for one in history for part in self.state.attachments_of(one.id)]
        return self._lists.show(call, found)

    def _parts(self, call: Call) -> Answer:
        return self._lists.show(call, self.state.attachments_of(int(call.params["id"])))

    def _transactions(self, call: Call) -> Answer:
        first = query.first_id(asked(call))
        known = numbered_from(self.state.transactions, first)
        found = known if call.param("query") or call.body else []
        return self._lists.show(call, found, sql=True)

    def _queues(self, call: Call) -> Answer:
        enabled = [one for one in self.state.queues.values() if not one.disabled]
        return self._lists.show(call, enabled, key="Name")

    def _queue_fields(self, call: Call) -> Answer:
        found = fields_seen(self.state, _login(call), int(call.params["id"]))
        return self._lists.show(call, found, key="Name")

    def _table(self, name: str) -> Handler:
        def show(call: Call) -> Answer:
            # Custom fields are seen by right on a queue: in a list of all there is none.
            hidden = name == "custom_fields" and not self.state.rules(_login(call))
            hidden |= name == "groups" and not self.state.may(_login(call), "SeeGroup")
            records = [] if hidden else getattr(self.state, name).values()
            # What is disabled is listed nowhere, custom fields as queues.
            found = [one for one in records if name == "users" or not getattr(one, "disabled", 0)]
            return self._lists.show(call, found, key="Name")

        return show

    # -- single records ------------------------------------------------------------
    def _one(self, name: str) -> Handler:
        def show(call: Call) -> Answer:
            record: Record | None = getattr(self.state, name).get(int(call.params["id"]))
            if record is None:
                return self.missing(call)
            if name == "groups":
                demand(self.state, _login(call), "SeeGroup")
            return answer(self.renderer.full(call, record))

        return show

    def _queue(self, call: Call) -> Answer:
        queue = self.state.queue(call.params["key"])
        demand(self.state, _login(call), "SeeQueue")
        return answer(self.renderer.full(call, queue)) if queue else self.missing(call)

    def _user(self, call: Call) -> Answer:
        user = self.state.user(call.params["key"])
        if user is None:
            return self.missing(call)
        if call.method == "PUT":
            return answer(self._administration.update_user(call, user))
        return answer(self.renderer.full(call, user))

    # -- administration ------------------------------------------------------------
    def _make_field(self, call: Call) -> Answer:
        field = self._administration.create_field(call)
        where = f"{API}/customfield/{field.id}"
        return answer(self.renderer.ref_of(call, field), 201, Location=where)

    def _field(self, call: Call) -> Answer:
        demand(self.state, _login(call), "SeeCustomField")
        return self._one("custom_fields")(call)

    def _change_field(self, call: Call) -> Answer:
        field = self.state.custom_fields.get(int(call.params["id"]))
        if field is None:
            return self.missing(call)
        if call.method == "DELETE":
            return self._administration.disable_field(call, field)
        return answer(self._administration.update_field(call, field))


def _login(call: Call) -> str:
    return call.login or ""
