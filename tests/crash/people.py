"""People at work in both products over HTTP, by seeded dice, who write down what they did."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlencode

import httpx

from sdsync.sandbox import accounts
from sdsync.sandbox.accounts import Somebody
from sdsync.store.records import Json
from tests.crash.house import House
from tests.crash.kept import TELLING, births
from tests.crash.ledger import NOTES_A_RECORD, Ledger, Record, Thing, Title, rows

API = "/REST/2.0"
AGENTS = tuple(one for one in accounts.STAFF if one.desk)
EDITORS = tuple(one for one in accounts.STAFF if one.dev_role in ("Manager", "Developer"))
MANAGER = next(one for one in accounts.STAFF if one.dev_role == "Manager")
USERS = {one.login: number for number, one in enumerate(accounts.STAFF, 20)}
MARK_TAGS = "sdsync tags"
TAGS = ("env:prod", "env:test", "vip", "network", "storage")
#: Tickets that people merge into one. Each reads its survivor's whole history.
LARGEST_FAMILY = 10
HOOKS = {"desk": accounts.DESK_WEBHOOK_SECRET, "dev": accounts.DEV_WEBHOOK_SECRET}


class Crowd:
    """Everybody. ``step`` does one thing that a product acknowledges."""

    def __init__(self, house: House, ledger: Ledger, seed: int) -> None:
        self._house, self.ledger = house, ledger
        self._dice = random.Random(seed)
        self._hooks = 0
        #: The last row of each kind that was read by :meth:`learn`.
        self._seen = {side: dict.fromkeys(kinds, 0) for side, kinds in TELLING.items()}
        self._habits: list[tuple[int, Callable[[], bool]]] = [
            (5, lambda: self.birth("desk")), (3, lambda: self.birth("dev")),
            (9, lambda: self.note("desk")), (9, lambda: self.note("dev")),
            (8, lambda: self.title("desk")), (8, lambda: self.title("dev")),
            (8, lambda: self._status("desk")), (8, lambda: self._status("dev")),
            (5, lambda: self._priority("desk")), (5, lambda: self._priority("dev")),
            (5, lambda: self._owner("desk")), (5, lambda: self._owner("dev")),
            (4, lambda: self._due("desk")), (4, lambda: self._due("dev")),
            (3, lambda: self._tags("desk")), (3, lambda: self._tags("dev")),
            (2, self._watchers), (1, self._description), (1, self._type), (1, self._merge),
            (4, lambda: self.file("desk")), (4, lambda: self.file("dev")),
        ]  # fmt: skip

    def step(self) -> None:
        """One change; tries until somebody has something to do."""
        habits = [habit for weight, habit in self._habits for _ in range(weight)]
        while not self._dice.choice(habits)():
            pass

    def pause_s(self, most_s: float) -> float:
        """How long until the next one."""
        return self._dice.uniform(0.0, most_s)

    def learn(self) -> None:
        """See where the records of one side appeared on the other since the last time."""
        for side, seen in self._seen.items():
            fresh = self._house.behind(side, f"records?{urlencode(seen)}")
            for token, ids in births(side, fresh).items():
                if token in self.ledger.records:
                    self.ledger.records[token].ids.setdefault(side, ids[0])
            for kind in seen:
                seen[kind] = max([seen[kind], *(one["id"] for one in rows(fresh, kind))])

    # -- what people do --------------------------------------------------------------
    def birth(self, side: str) -> bool:
        """A new record that a sync takes."""
        token, title = self.ledger.token("b"), self.ledger.token("t")
        subject, text = f"{title} {self._words()}", f"{self._words()}\n\nRef {token}."
        if side == "desk":
            body = {
                "Queue": "Escalated", "Subject": subject, "Content": text,
                "ContentType": "text/plain", "Priority": self._dice.choice(("Low", "High")),
                "Requestor": [self._dice.choice(accounts.CUSTOMERS)[1]],
            }  # fmt: skip
            made = self._desk("POST", "/ticket", body)
        else:
            issue = {"project_id": "web", "tracker_id": 1, "subject": subject, "description": text}
            made = self._dev("POST", "/issues.json", {"issue": issue})
        if made is None:
            return self._refused(f"{side} birth")
        number = int(str(made["id"] if side == "desk" else made["issue"]["id"]))
        record = Record(token, side, {side: number}, titles=[Title(side, title, time.monotonic())])
        self.ledger.records[token] = record
        return self._done(f"{side} birth", record, side)

    def note(self, side: str) -> bool:
        """A note of one of both audiences."""
        record = self._pick(side, talkative=True)
        if record is None:
            return False
        token, internal = self.ledger.token("n"), self._dice.random() < 0.5
        text = f"{self._words()} {token}"
        if side == "desk":
            kind = "comment" if internal else "correspond"
            said = self._say(record, kind, {"Content": text, "ContentType": "text/plain"})
        else:
            said = self._edit(record, {"notes": text, "private_notes": internal})
        if not said:
            return self._refused(f"{side} note")
        record.notes += 1
        self.ledger.notes.append(Thing(token, side, record.token, internal))
        return self._done(f"{side} note {'internal' if internal else 'public'}", record, side)

    def file(self, side: str) -> bool:
        """A file, with the note that brings it at the desk."""
        record = self._pick(side, talkative=True)
        if record is None:
            return False
        token, internal = self.ledger.token("f"), side == "desk"
        content = f"{token} {self._words()}\n".encode() * self._dice.randrange(1, 40)
        if side == "desk":
            note = self.ledger.token("n")
            coded = base64.b64encode(content).decode()
            file = {"FileName": f"{token}.log", "FileType": "text/plain", "FileContent": coded}
            body = {"Content": f"log {note}", "ContentType": "text/plain", "Attachments": [file]}
            if not self._say(record, "comment", body):
                return self._refused("desk file")
            record.notes += 1
            self.ledger.notes.append(Thing(note, side, record.token, internal))
        elif not self._upload(record, f"{token}.log", content):
            return self._refused("dev file")
        self.ledger.files.append(Thing(token, side, record.token, internal))
        return self._done(f"{side} file", record, side)

    def title(self, side: str) -> bool:
        """Another title."""
        record = self._pick(side)
        if record is None:
            return False
        token = self.ledger.token("t")
        subject = f"{token} {self._words()}"
        if not self._change(record, side, {"Subject": subject}, {"subject": subject}):
            return self._refused(f"{side} title")
        record.titles.append(Title(side, token, time.monotonic()))
        return self._done(f"{side} title", record, side)

    def _status(self, side: str) -> bool:
        """Open, wait, resolve, close, open again."""
        desk = self._dice.choice(("open", "open", "stalled", "resolved"))
        dev = self._dice.choice((2, 2, 3, 4, 5))
        return self._set(side, "status", {"Status": desk}, {"status_id": dev}, by=MANAGER)

    def _priority(self, side: str) -> bool:
        desk, dev = self._dice.choice(("Low", "Medium", "High")), self._dice.randrange(1, 6)
        return self._set(side, "priority", {"Priority": desk}, {"priority_id": dev})

    def _owner(self, side: str) -> bool:
        """To one who works in both, or to nobody."""
        who = self._dice.choice(("malik", "tomas", None))
        dev = str(USERS[who]) if who else ""
        return self._set(side, "owner", {"Owner": who or "Nobody"}, {"assigned_to_id": dev})

    def _due(self, side: str) -> bool:
        day = f"2027-01-{self._dice.randrange(1, 29):02d}"
        return self._set(side, "due", {"Due": f"{day} 00:00:00"}, {"due_date": day})

    def _tags(self, side: str) -> bool:
        some = sorted(self._dice.sample(TAGS, self._dice.randrange(0, 4)))
        field = {"id": 2, "value": ", ".join(some)}
        desk: dict[str, Json] = {"CustomFields": {MARK_TAGS: some}}
        return self._set(side, "tags", desk, {"custom_fields": [field]})

    def _watchers(self) -> bool:
        some = self._dice.sample(AGENTS, self._dice.randrange(0, 3))
        return self._set("desk", "watchers", {"Cc": [one.email for one in some]}, {})

    def _description(self) -> bool:
        record = self._pick("dev")
        if record is None:
            return False
        text = f"{self._words()}\n\nRef {record.token}."
        if not self._edit(record, {"description": text}):
            return self._refused("dev description")
        return self._done("dev description", record, "dev")

    def _type(self) -> bool:
        return self._set("dev", "type", {}, {"tracker_id": self._dice.randrange(1, 4)})

    def _merge(self) -> bool:
        """Two tickets of the same queue turn out to be one."""
        ours = [one for one in self.ledger.on("desk") if one.side == "desk" and "dev" in one.ids]
        if len(ours) < 4:
            return False
        loser, survivor = self._dice.sample(ours, 2)
        if self.ledger.family(survivor) + self.ledger.family(loser) > LARGEST_FAMILY:
            return False
        if not self._put(loser, {"MergeInto": str(survivor.ids["desk"])}):
            return self._refused("desk merge")
        loser.into = survivor
        survivor.notes += loser.notes
        return self._done("desk merge", survivor, "desk")

    # -- pieces ----------------------------------------------------------------------
    def _set(
        self,
        side: str,
        what: str,
        desk: dict[str, Json],
        dev: dict[str, Json],
        *,
        by: Somebody | None = None,
    ) -> bool:
        record = self._pick(side)
        if record is None:
            return False
        if not self._change(record, side, desk, dev, by=by):
            return self._refused(f"{side} {what}")
        return self._done(f"{side} {what}", record, side)

    def _pick(self, side: str, *, talkative: bool = False) -> Record | None:
        found = self.ledger.on(side)
        if talkative:
            found = [one for one in found if one.notes < NOTES_A_RECORD]
        return self._dice.choice(found) if found else None

    def _change(
        self,
        record: Record,
        side: str,
        desk: dict[str, Json],
        dev: dict[str, Json],
        *,
        by: Somebody | None = None,
    ) -> bool:
        return self._put(record, desk) if side == "desk" else self._edit(record, dev, by=by)

    def _words(self) -> str:
        return " ".join(self._dice.choices(("disk", "full", "again", "since", "noon", "row"), k=4))

    def _put(self, record: Record, body: dict[str, Json]) -> bool:
        return self._desk("PUT", f"/ticket/{record.ids['desk']}", body) is not None

    def _say(self, record: Record, kind: str, body: dict[str, Json]) -> bool:
        return self._desk("POST", f"/ticket/{record.ids['desk']}/{kind}", body) is not None

    def _edit(self, record: Record, fields: dict[str, Json], *, by: Somebody | None = None) -> bool:
        path = f"/issues/{record.ids['dev']}.json"
        return self._dev("PUT", path, {"issue": fields}, by=by) is not None

    def _upload(self, record: Record, name: str, content: bytes) -> bool:
        who = self._dice.choice(EDITORS)
        headers = {"X-Redmine-API-Key": who.token, "Content-Type": "application/octet-stream"}
        url = f"{self._house.url('dev')}/uploads.json"
        made = self._house.client.post(
            url, params={"filename": name}, headers=headers, content=content
        )
        upload = {"token": made.json()["upload"]["token"], "filename": name,
                  "content_type": "text/plain"}  # fmt: skip
        return self._edit(record, {"uploads": [upload]}, by=who)

    def _desk(self, method: str, path: str, body: dict[str, Json]) -> Json | None:
        headers = {"Authorization": f"token {self._dice.choice(AGENTS).token}"}
        return self._send(method, f"{self._house.url('desk')}{API}{path}", headers, body)

    def _dev(
        self, method: str, path: str, body: dict[str, Json], *, by: Somebody | None = None
    ) -> Json | None:
        headers = {"X-Redmine-API-Key": (by or self._dice.choice(EDITORS)).token}
        return self._send(method, f"{self._house.url('dev')}{path}", headers, body)

    def _send(
        self, method: str, url: str, headers: dict[str, str], body: dict[str, Json]
    ) -> Json | None:
        """What was answered; None when it was refused."""
        answer = self._house.client.request(method, url, headers=headers, json=body)
        if not answer.is_success:
            return None
        return answer.json() if answer.content else {}

    def _refused(self, what: str) -> bool:
        self.ledger.refused[what] += 1
        return False

    def _done(self, what: str, record: Record, side: str) -> bool:
        self.ledger.deeds[what] += 1
        if self._dice.random() < 0.5:
            self._push(side, record.ids[side])
        return True

    def _push(self, side: str, number: int) -> None:
        """The product's snippet tells the daemon; when that is dead, nobody tries again."""
        self._hooks += 1
        message, stamp = f"msg_{side}_{self._hooks}", int(time.time())
        body = json.dumps({"kind": "ticket", "id": str(number)}).encode()
        key = base64.b64decode(HOOKS[side].removeprefix("whsec_"))
        signed = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "webhook-id": message, "webhook-timestamp": str(stamp),
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }  # fmt: skip
        with suppress(httpx.HTTPError):
            url = f"{self._house.url('daemon')}/hooks/{side}"
            self._house.client.post(url, content=body, headers=headers, timeout=5)
