"""A running intake whose engine is a store in memory and a list."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import socket
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import httpx

from sdsync.config.secrets import SecretMissingError
from sdsync.connectors.contract import Answer, ChangeEvent
from sdsync.connectors.failures import Rejected
from sdsync.server.app import App
from sdsync.server.health import Health
from sdsync.server.hooks import Hooks
from sdsync.server.intake import Intake
from sdsync.server.metrics import Metrics
from sdsync.server.web import Web
from sdsync.store.contract import StoreFull
from sdsync.store.records import Change, InboxEvent, Work, WorkKey
from sdsync.testing.memory_store import MemoryStore

KEY = base64.b64encode(b"k" * 24).decode()
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
_NUMBERS = itertools.count()


class StoppedClock:
    """Stands at NOW unless a test moves it."""

    def __init__(self) -> None:
        self.gone_s = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.gone_s)

    def monotonic(self) -> float:
        return self.gone_s


class FakeEngine:
    """Captures into a store in memory; ``read`` understands {"id": …} only."""

    def __init__(self) -> None:
        self.store = MemoryStore(StoppedClock())
        self.polls: list[str] = []
        self.commits: list[int] = []
        self.reads = 0
        self.full = False
        self.gate: threading.Event | None = None

    def read(
        self, system: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Answer[Sequence[ChangeEvent]]:
        self.reads += 1
        told = json.loads(body)
        if not isinstance(told, dict) or "id" not in told:
            return Rejected(detail="no id")
        return [ChangeEvent("ticket", str(told["id"]), None, f"content {told}")]

    def capture(self, told: Sequence[tuple[str, Sequence[ChangeEvent]]]) -> None:
        if self.gate is not None:
            self.gate.wait(60)
        if self.full:
            raise StoreFull("no space left")
        events = [(system, one) for system, these in told for one in these]
        self.commits.append(len(told))
        if any(one.native_id == "poison" for _, one in events):
            raise ValueError("cannot be written")
        rows = [
            InboxEvent(system, one.kind, one.native_id, "webhook", NOW, one.digest)
            for system, one in events
        ]
        rings = [
            Work(WorkKey(system, "look", one.native_id), 3, NOW, NOW, NOW) for system, one in events
        ]
        self.store.commit(Change(events=rows, ring=rings))

    def poll(self, system: str) -> None:
        self.polls.append(system)

    def waiting(self, system: str = "desk") -> set[str]:
        found = self.store.claim(system, now=NOW, busy=frozenset(), limit=10_000)
        return {one.key.target for one in found}


class Rig:
    """The whole HTTP side on a free port."""

    def __init__(self) -> None:
        self.engine, self.metrics, self.clock = FakeEngine(), Metrics(), StoppedClock()
        self.broken: str | None = None
        self.hooks = self.new_hooks()
        self.intake = Intake(self.hooks, self.metrics)
        self.health = Health({"store": lambda: self.broken}, version="1.2.3")
        self.web = Web(App(self.intake, self.health, self.metrics), "127.0.0.1", 0)
        self.web.start()
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.web.port}", trust_env=False, timeout=30
        )

    def new_hooks(self) -> Hooks:
        """As after a restart: nothing is remembered but what the store holds."""
        secrets = {"desk": lambda: "whsec_" + KEY, "bell": None, "lost": _lost}
        return Hooks(self.engine, secrets, clock=self.clock, metrics=self.metrics)

    def post(self, body: bytes, headers: Mapping[str, str], system: str = "desk") -> httpx.Response:
        return self.client.post(f"/hooks/{system}", content=body, headers=dict(headers))

    def count(self, outcome: str, system: str = "desk") -> float:
        return self.metrics.webhooks.value(system, outcome)

    def connect(self) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.web.port), timeout=30)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link

    def close(self) -> None:
        self.client.close()
        self.web.stop()
        self.intake.close()
        self.health.stop()


def signed(
    body: bytes, *, id_: str | None = None, age_s: float = 0, key: str = KEY
) -> dict[str, str]:
    """Headers that a product with our secret would send."""
    id_ = id_ or f"msg_{next(_NUMBERS)}"
    stamp = int(NOW.timestamp() - age_s)
    raw = hmac.new(base64.b64decode(key), f"{id_}.{stamp}.".encode() + body, hashlib.sha256)
    signature = "v1," + base64.b64encode(raw.digest()).decode()
    return {"webhook-id": id_, "webhook-timestamp": str(stamp), "webhook-signature": signature}


def answer_of(link: socket.socket) -> bytes:
    """Everything until the other side closes."""
    got = b""
    try:
        while piece := link.recv(65_536):
            got += piece
    except ConnectionResetError:
        pass
    return got


def _lost() -> str:
    raise SecretMissingError("env:GONE is empty or not there; set it")
