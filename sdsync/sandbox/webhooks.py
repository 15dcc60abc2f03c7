"""Pushes changes as signed webhooks, and pushes them twice or in another order on a switch.

The signature is that of Standard Webhooks 1.0: HMAC-SHA256 over
``id.timestamp.body``. The id stays over retries, the timestamp is new per try.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx

from sdsync.sandbox.call import Json
from sdsync.sandbox.world import Happened, World

RETRY_AFTER_S = (1.0, 5.0, 30.0)
TIMEOUT_S = 5.0


@dataclass(slots=True)
class Delivery:
    """One try that was made. ``status`` 0: nobody answered."""

    id: str
    at: datetime
    status: int
    body: bytes


@dataclass(slots=True)
class _Push:
    id: str
    body: bytes
    url: str
    secret: str
    tries: int = 0


def sign(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``. ``secret``: base64, with ``whsec_`` or without."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{id_}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


class Webhooks:
    """A product's outgoing webhooks, sent by a thread of their own."""

    def __init__(self, world: World, default_url: str | None, secret: str) -> None:
        self.world = world
        self.delivered: list[Delivery] = []
        self.default_url = default_url
        self._secret = secret
        self._held: list[_Push] = []
        self._queue: queue.Queue[_Push | None] = queue.Queue()
        self._count = 0
        self._stop = threading.Event()
        name = f"{world.name}-webhooks"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        world.listeners.append(self.happened)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what was not delivered stays undelivered."""
        self._stop.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(TIMEOUT_S)

    def happened(self, event: Happened) -> None:
        """Queue the push of a change, if the switch is on."""
        standing = self.world.switches.standing("webhooks")
        url = str(standing["url"] or self.default_url or "") if standing else ""
        if not standing or not url:
            return
        self._count += 1
        id_ = f"msg_{self.world.name}_{self._count:06d}"
        push = _Push(id_, _body(event), url, str(standing["secret"] or self._secret))
        twice = self.world.switches.standing("webhook_duplicate")
        times = int(str(twice["times"])) if twice else 1
        self._hold_or_send([push] * times)

    def flush(self) -> None:
        """Send what a reorder still holds back."""
        self.world.switches.dice("webhook_reorder").shuffle(self._held)
        for push in self._held:
            self._queue.put(push)
        self._held = []

    def _hold_or_send(self, pushes: list[_Push]) -> None:
        reorder = self.world.switches.standing("webhook_reorder")
        self._held.extend(pushes)
        if reorder is None or len(self._held) >= int(str(reorder["window"])):
            if reorder is not None:
                self.world.switches.dice("webhook_reorder").shuffle(self._held)
            for push in self._held:
                self._queue.put(push)
            self._held = []

    def _run(self) -> None:
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client:
            while (push := self._queue.get()) is not None:
                self._deliver(client, push)

    def _deliver(self, client: httpx.Client, push: _Push) -> None:
        timestamp = int(self.world.now().timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": push.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(push.secret, push.id, timestamp, push.body),
        }
        try:
            status = client.post(push.url, content=push.body, headers=headers).status_code
        except httpx.HTTPError:
            status = 0
        self.delivered.append(Delivery(push.id, self.world.clock.now(), status, push.body))
        if not 200 <= status < 300:
            self._again(push)

    def _again(self, push: _Push) -> None:
        if push.tries >= len(RETRY_AFTER_S) or self._stop.is_set():
            return
        wait = threading.Timer(RETRY_AFTER_S[push.tries], self._queue.put, (push,))
        push.tries += 1
        wait.daemon = True  # a retry never holds up the end of the process
        wait.start()


def _body(event: Happened) -> bytes:
    value: Mapping[str, Json] = {
        "kind": "ticket",
        "id": str(event.id),
        "type": f"{event.kind}.{event.what}",
        "timestamp": event.at.isoformat().replace("+00:00", "Z"),
        "data": {"kind": event.kind, "id": str(event.id)},
    }
    return json.dumps(value).encode()
