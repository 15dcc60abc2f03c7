"""What reached the products: shared records to work on, and when which call came."""

from __future__ import annotations

import base64
import socket
import time
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from benchmarks.load import webhook
from benchmarks.scene import HOOKS, Scene
from sdsync.sandbox import accounts
from sdsync.store.records import Json

PATIENCE_S = 180.0
LOOK_S = 0.03
CREDENTIALS = {
    "desk": {"Authorization": f"token {accounts.DESK_TOKEN}"},
    "dev": {"X-Redmine-API-Key": accounts.DEV_KEY},
}


@dataclass(frozen=True, slots=True)
class Call:
    """A call of sdsync's account as a product saw it. ``at``: seconds since the epoch."""

    side: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    at: float

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method in ("PUT", "DELETE") or (
            self.method == "POST" and self.path.endswith(("/ticket", "/issues.json", "/comment"))
        )


@dataclass(slots=True)
class Watch:
    """A person's hands and eyes in both products."""

    made: Scene
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))
    _seq: dict[str, int] = field(default_factory=lambda: {"desk": 0, "dev": 0})
    _messages: int = 0

    def act(self, side: str, action: str, **fields: Json) -> Json:
        """Do something as a person."""
        body = {"action": action, "by": "malik", **fields}
        answer = self.client.post(f"{self.made.url(side)}/_sandbox/act", json=body)
        return answer.raise_for_status().json()

    def push(self, side: str, record: int) -> float:
        """Send the webhook; when it left, in seconds since the epoch."""
        self._messages += 1
        key = base64.b64decode(HOOKS[side].removeprefix("whsec_"))
        raw = webhook(side, key, self._messages, record)
        # By hand: a client's own half a millisecond is none of the way.
        with socket.create_connection(("127.0.0.1", self.made.ports["daemon"]), PATIENCE_S) as link:
            left = time.time()
            link.sendall(raw)
            answer = link.recv(4096)
        if not answer.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(f"the webhook was answered {answer[:60]!r}")
        return left

    def calls(self) -> list[Call]:
        """What sdsync asked of both since the last look, in order of time."""
        found = [call for side in ("desk", "dev") for call in self._calls(side)]
        return sorted(found, key=lambda one: one.at)

    def _calls(self, side: str) -> list[Call]:
        url = f"{self.made.url(side)}/_sandbox/requests"
        rows = self.client.get(url, params={"after": self._seq[side]}).json()
        if rows:
            self._seq[side] = rows[-1]["seq"]
        return [
            Call(side, row["method"], row["path"], tuple(map(tuple, row["query"])),
                 datetime.fromisoformat(row["at"]).timestamp())
            for row in rows if row["login"] == accounts.SERVICE_LOGIN
        ]  # fmt: skip

    def until_writes(self, side: str, number: int) -> list[Call]:
        """All calls, once so many writes came to ``side`` and the calls after them have ended."""
        until, found = time.monotonic() + PATIENCE_S, list[Call]()
        while time.monotonic() < until:
            time.sleep(LOOK_S)
            fresh = self.calls()
            found += fresh
            if not fresh and sum(one.writes and one.side == side for one in found) >= number:
                return found
        raise TimeoutError(f"{number} writes never came to {side}")

    def share(self, number: int) -> dict[int, int]:
        """Shared records: issue in the tracker -> ticket at the desk."""
        self._until_watched()
        tickets = []
        for one in range(number):
            told = self.act("desk", "create", Queue="Escalated", Subject=f"record {one}",
                            Content="text")  # fmt: skip
            tickets.append(int(told["id"]))
            self.push("desk", tickets[-1])
        self.until_writes("dev", number)
        self._settle()
        pairs = {}
        for issue in self.client.get(f"{self.made.url('dev')}/_sandbox/records").json()["issues"]:
            title = str(issue["subject"])
            pairs[int(issue["id"])] = tickets[int(title.removeprefix("record "))]
        return pairs

    def _until_watched(self) -> None:
        """Until both feeds were read once: what is older never enters."""
        until, sides = time.monotonic() + PATIENCE_S, set[str]()
        feeds = {"/REST/2.0/transactions", "/issues.json"}
        while len(sides) < 2:
            time.sleep(LOOK_S)
            sides |= {one.side for one in self.calls() if one.path in feeds}
            if time.monotonic() > until:
                raise TimeoutError("the feeds were never read")
        time.sleep(1.5)  # its commit, and the rest of the second: products stamp whole ones

    def _settle(self) -> None:
        """Until nothing was asked for a second."""
        quiet = time.monotonic()
        while time.monotonic() - quiet < 1.0:
            time.sleep(LOOK_S)
            if self.calls():
                quiet = time.monotonic()

    def repeat(self, calls: list[Call]) -> None:
        """The same calls by a bare client; what was written is written once more."""
        for call in calls:
            url = f"{self.made.url(call.side)}{call.path}"
            headers = CREDENTIALS[call.side]
            if call.writes:
                body = {"Priority": "Low"} if call.side == "desk" else {"issue": {"done_ratio": 0}}
                self.client.request(call.method, url, headers=headers, json=body)
            else:
                self.client.request(call.method, url, headers=headers, params=list(call.query))
