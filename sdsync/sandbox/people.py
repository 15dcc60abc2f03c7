"""Agents, developers and customers who work in both sandboxes over HTTP.

Every one is a real account of its product and does what such people do, at a
pace and by seeded dice: the same seed, the same day. What they see is what the
products show them; they know nothing of sdsync.
"""

from __future__ import annotations

import base64
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from sdsync.sandbox import accounts
from sdsync.sandbox.accounts import Somebody
from sdsync.sandbox.call import Json, text

TIMEOUT_S = 5.0
#: Nobody writes more on a ticket, or on an issue, within the window: on both and on what is merged
#: into them that stays below the ten notes that sdsync takes for a loop.
NOTES = 3
WINDOW_S = 600.0
DESK_API = "/REST/2.0"

SUBJECTS = (
    "db01: disk full", "VPN drops every hour", "Invoice PDF is empty", "Login loops after update",
    "Backup of db07 failed", "Search finds nothing since noon", "Printer on floor 3 is offline",
    "Certificate of shop expires on Friday", "Import stops at row 4,711", "Mail arrives twice",
)  # fmt: skip
REPLIES = (
    "Thank you, we are looking at it.", "Could you send us the exact message?",
    "This should be fixed now, please try again.", "We see the same here and keep you posted.",
)  # fmt: skip
THOUGHTS = (
    "Looks like the same cause as last week.", "Asked the network team.",
    "Restarted the worker; watching it.", "Workaround: switch to the second node.",
)  # fmt: skip


@dataclass(slots=True)
class Deed:
    """Something that somebody did. ``status`` 0: the product did not answer."""

    who: str
    where: str  # desk | dev
    what: str
    record: str
    status: int


class People:
    """All of them. ``step`` does one thing; ``start`` goes on until ``stop``.

    Args:
        desk_url: Where the desk answers, without a path; ``dev_url`` likewise.
        seed: The same seed and answers make the same day.
        pace_s: Seconds between two deeds, on average.
        now_s: The time by which they keep their pace of notes.
    """

    def __init__(
        self,
        desk_url: str,
        dev_url: str,
        seed: int = 7,
        pace_s: float = 3.0,
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.desk_url = desk_url
        self.dev_url = dev_url
        self.pace_s = pace_s
        self.done: list[Deed] = []
        self._now_s = now_s
        self._noted: dict[tuple[str, str], list[float]] = {}  # (where, record) -> when
        self._dice = random.Random(seed)  # noqa: S311 - dice, not a secret
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=False)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="people", daemon=True)
        # Weights make the mix: mostly answers and edits, now and then something rare.
        self._habits: list[tuple[int, Callable[[], Deed | None]]] = [
            (4, self._new_ticket), (4, self._reply), (4, self._comment), (3, self._ticket_status),
            (2, self._ticket_priority), (2, self._take), (2, self._escalate), (1, self._attach),
            (1, self._merge), (4, self._dev_note), (4, self._dev_status), (2, self._dev_title),
            (2, self._dev_assign),
        ]  # fmt: skip

    def start(self) -> None:
        """Work in a thread of its own."""
        self._thread.start()

    def leave(self) -> None:
        """Begin nothing new; returns at once."""
        self._stop.set()

    def stop(self) -> None:
        """Stop within a call's time."""
        self.leave()
        if self._thread.is_alive():
            self._thread.join(TIMEOUT_S)
        self._client.close()

    def run(self) -> None:
        """One deed after the other, at the pace."""
        while not self._stop.is_set():
            self.step()
            self._stop.wait(self._dice.uniform(0.5, 1.5) * self.pace_s)

    def step(self) -> Deed | None:
        """Do one thing; None when there was nothing to do it to."""
        habits = [habit for weight, habit in self._habits for _ in range(weight)]
        deed = self._dice.choice(habits)()
        if deed is not None:
            self.done.append(deed)
        return deed

    # -- at the desk ---------------------------------------------------------------
    def _new_ticket(self) -> Deed:
        """A customer's mail becomes a ticket: the agent on duty files it for them."""
        agent = self._agent()
        name, address = self._dice.choice(accounts.CUSTOMERS)
        queue = self._dice.choice(("General", "General", "Escalated"))
        subject = self._dice.choice(SUBJECTS)
        priority = self._dice.choice(("Low", "Medium", "High"))
        body = {
            "Queue": queue, "Subject": subject, "Requestor": [address], "Priority": priority,
            "Content": f"Hello,\n\n{subject}. Please help.\n\n{name}", "ContentType": "text/plain",
            "CustomFields": {"Environment": self._dice.choice(("Production", "Staging", "Test"))},
        }  # fmt: skip
        return self._desk(agent, "POST", "/ticket", body, f"new ticket in {queue}", "-")

    def _reply(self) -> Deed | None:
        return self._say("correspond", REPLIES, "reply")

    def _comment(self) -> Deed | None:
        return self._say("comment", THOUGHTS, "internal comment")

    def _say(self, kind: str, texts: tuple[str, ...], what: str) -> Deed | None:
        body = {"Content": self._dice.choice(texts), "ContentType": "text/plain"}
        return self._to_a_ticket("POST", f"/{kind}", body, what)

    def _ticket_status(self) -> Deed | None:
        status = self._dice.choice(("open", "open", "stalled", "resolved"))
        return self._put({"Status": status}, f"status {status}")

    def _ticket_priority(self) -> Deed | None:
        priority = self._dice.choice(("Low", "Medium", "High"))
        return self._put({"Priority": priority}, f"priority {priority}")

    def _take(self) -> Deed | None:
        agent = self._agent()
        return self._put({"Owner": agent.login}, f"owner {agent.login}", agent)

    def _escalate(self) -> Deed | None:
        return self._put({"Queue": "Escalated"}, "moved to Escalated")

    def _merge(self) -> Deed | None:
        """What was said on both counts for the one that stays."""
        into, gone = (self._a_ticket(most=NOTES // 2) for _ in range(2))
        if into is None or gone is None or into == gone:
            return None
        self._noted.setdefault(("desk", into), []).extend(self._lately("desk", gone))
        body, what = {"MergeInto": into}, f"merged into {into}"
        return self._desk(self._agent(), "PUT", f"/ticket/{gone}", body, what, gone)

    def _attach(self) -> Deed | None:
        number = self._dice.randrange(1000)
        content = base64.b64encode(f"log line {number}\n".encode() * 20).decode()
        file = {"FileName": f"app-{number}.log", "FileType": "text/plain", "FileContent": content}
        body = {"Content": "The log.", "ContentType": "text/plain", "Attachments": [file]}
        return self._to_a_ticket("POST", "/comment", body, "file")

    def _put(self, body: dict[str, Json], what: str, agent: Somebody | None = None) -> Deed | None:
        return self._to_a_ticket("PUT", "", body, what, agent)

    def _to_a_ticket(
        self, method: str, path: str, body: Json, what: str, agent: Somebody | None = None
    ) -> Deed | None:
        note = bool(path)
        id_ = self._a_ticket(most=NOTES - 1 if note else None)
        if id_ is None:
            return None
        if note:
            self._note("desk", id_)
        return self._desk(agent or self._agent(), method, f"/ticket/{id_}{path}", body, what, id_)

    def _a_ticket(self, most: int | None = None) -> str | None:
        """A ticket that somebody would have open now; with at most so many notes of late."""
        query = "Status != 'resolved' AND Status != 'rejected'"
        headers = {"Authorization": f"token {accounts.STAFF[0].token}"}
        params = {"query": query, "per_page": "100"}
        found = self._get(f"{self.desk_url}{DESK_API}/tickets", headers, params)
        items = found.get("items")
        ids = (
            [text(one.get("id")) for one in items if isinstance(one, dict)]
            if isinstance(items, list)
            else []
        )
        return self._one_of("desk", ids, most)

    def _one_of(self, where: str, ids: list[str], most: int | None) -> str | None:
        if most is not None:
            ids = [one for one in ids if len(self._lately(where, one)) <= most]
        return self._dice.choice(ids) if ids else None

    def _lately(self, where: str, id_: str) -> list[float]:
        """When something was written there, within the window."""
        since = self._now_s() - WINDOW_S
        return [at for at in self._noted.get((where, id_), ()) if at > since]

    def _note(self, where: str, id_: str) -> None:
        self._noted[where, id_] = [*self._lately(where, id_), self._now_s()]

    def _agent(self) -> Somebody:
        return self._dice.choice([one for one in accounts.STAFF if one.desk])

    def _desk(
        self, who: Somebody, method: str, path: str, body: Json, what: str, record: str
    ) -> Deed:
        headers = {"Authorization": f"token {who.token}"}
        status = self._send(method, f"{self.desk_url}{DESK_API}{path}", headers, body)
        return Deed(who.login, "desk", what, record, status)

    # -- in the tracker --------------------------------------------------------------
    def _dev_note(self) -> Deed | None:
        private = self._dice.random() < 0.6
        note = {"notes": self._dice.choice(THOUGHTS), "private_notes": private}
        return self._edit(note, "private note" if private else "note")

    def _dev_status(self) -> Deed | None:
        status = self._dice.choice((2, 2, 3, 4))
        return self._edit({"status_id": status}, f"status {status}")

    def _dev_title(self) -> Deed | None:
        return self._edit({"subject": f"{self._dice.choice(SUBJECTS)} (checked)"}, "title")

    def _dev_assign(self) -> Deed | None:
        priority = self._dice.choice((1, 2, 3, 4, 5))
        return self._edit({"priority_id": priority}, f"priority {priority}")

    def _edit(self, fields: dict[str, Json], what: str) -> Deed | None:
        who = self._dice.choice([one for one in accounts.STAFF if one.dev_role in _EDITORS])
        headers = {"X-Redmine-API-Key": who.token}
        found = self._get(f"{self.dev_url}/issues.json", headers, {"limit": "100"})
        issues = found.get("issues")
        ids = (
            [text(one.get("id")) for one in issues if isinstance(one, dict)]
            if isinstance(issues, list)
            else []
        )
        note = "notes" in fields
        id_ = self._one_of("dev", ids, NOTES - 1 if note else None)
        if id_ is None:
            return None
        if note:
            self._note("dev", id_)
        url = f"{self.dev_url}/issues/{id_}.json"
        status = self._send("PUT", url, headers, {"issue": fields})
        return Deed(who.login, "dev", what, id_, status)

    # -- over the wire ---------------------------------------------------------------
    def _get(self, url: str, headers: dict[str, str], params: dict[str, str]) -> dict[str, Json]:
        """What a page shows; nothing when the product misbehaves: people come back later."""
        try:
            found = self._client.get(url, headers=headers, params=params).json()
        except (httpx.HTTPError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _send(self, method: str, url: str, headers: dict[str, str], body: Json) -> int:
        try:
            return self._client.request(method, url, headers=headers, json=body).status_code
        except httpx.HTTPError:
            return 0


_EDITORS = ("Manager", "Developer")
