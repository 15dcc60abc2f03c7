"""The two sandboxes of a drill and sdsync between them, as the people at work see them."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from sdsync.sandbox import accounts
from sdsync.sandbox.call import Json
from sdsync.sandbox.redmine.seed import PEER

PATIENCE_S = 300.0
BEGUN = timedelta(seconds=2)
OPEN = "python -m sdsync.sandbox.drill open"


class DrillError(Exception):
    """The scene cannot be set; the text says what to do."""


def ports_of(folder: Path) -> dict[str, int]:
    """Where sdsync, the desk and the tracker of the folder's ``sdsync.toml`` listen.

    Raises:
        DrillError: The file does not tell.
    """
    settings = tomllib.loads((folder / "sdsync.toml").read_text(encoding="utf-8"))
    try:
        urls = [urlsplit(str(settings["systems"][name]["url"])).port for name in ("desk", "dev")]
        found = [settings["server"]["port"], *urls]
    except (KeyError, TypeError, ValueError):
        found = []
    match found:
        case [int(port), int(desk_port), int(dev_port)]:
            return {"port": port, "desk_port": desk_port, "dev_port": dev_port}
    raise DrillError("sdsync.toml of this folder is none of a drill: mkdir drill && cd drill")


class Stage:
    """What runs at the addresses of the folder's ``sdsync.toml``."""

    def __init__(self, folder: Path) -> None:
        try:
            settings = tomllib.loads((folder / "sdsync.toml").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DrillError(f"no sdsync.toml here: {OPEN}") from None
        self.mapping = folder / "mappings" / "dev-ticket.yaml"
        self._urls = {name: str(one["url"]) for name, one in settings["systems"].items()}
        self._sdsync = f"http://127.0.0.1:{settings['server']['port']}"
        self._client = httpx.Client(timeout=10.0, trust_env=False)

    def share(self, count: int) -> list[int]:
        """New tickets, once each of them is an issue."""
        self._answer("sdsync", "sdsync run", lambda: self._client.get(f"{self._sdsync}/healthz"))
        self._until("sdsync reads nothing", self._reads)
        made = [self._ticket(number) for number in range(1, count + 1)]
        self._until("tickets have no issue", lambda: set(made) <= set(self._births()))
        return made

    def tickets(self) -> list[int]:
        """All that have an issue, in the order of their numbers."""
        return sorted(self._births())

    def close(self) -> None:
        """Ask nobody any more."""
        self._client.close()

    def issue(self, ticket: int) -> int:
        """The number of a ticket's issue."""
        return self._births()[ticket]

    def edit(self, tickets: list[int], **fields: Json) -> None:
        """Somebody at the desk changes each."""
        for one in tickets:
            self.act("desk", "edit", by="malik", id=one, **fields)

    def act(self, name: str, action: str, /, **fields: Json) -> Any:
        """Do something as a person does in a product's own pages."""
        return self.tell(name, "act", {"action": action, **fields})

    def tell(self, name: str, what: str, body: dict[str, Json]) -> Any:
        """Post to the control API of a sandbox."""
        url = f"{self._urls[name]}/_sandbox/{what}"
        return self._answer(name, OPEN, lambda: self._client.post(url, json=body))

    def _reads(self) -> bool:
        """Whether it reads the desk for longer than a stamp is coarse: nothing older enters."""
        url = f"{self._urls['desk']}/_sandbox/requests"
        asked = self._answer("desk", OPEN, lambda: self._client.get(url))
        ours = [one["at"] for one in asked if one["login"] == accounts.SERVICE_LOGIN]
        instants = [datetime.fromisoformat(one) for one in ours]
        return bool(instants) and instants[-1] - instants[0] > BEGUN

    def _until(self, trouble: str, holds: Callable[[], bool]) -> None:
        """Return when it holds; another process decides when."""
        end_at = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > end_at:
                raise DrillError(f"{trouble} after {PATIENCE_S:.0f} s: sdsync status")
            time.sleep(0.2)

    def _ticket(self, number: int) -> int:
        made = self.act("desk", "create", by="nora", Queue="Escalated", Priority="Medium",
                        Subject=f"db{number:02}: disk full", Content="The disk is full.",
                        CustomFields={"Environment": "Test"})  # fmt: skip
        return int(made["id"])

    def _births(self) -> dict[int, int]:
        """Ticket -> issue: each issue names its ticket first in the field "sdsync peer"."""
        url = f"{self._urls['dev']}/_sandbox/records"
        found = self._answer("dev", OPEN, lambda: self._client.get(url))
        return {
            int(peer.split()[0]): int(one["id"])
            for one in found["issues"]
            if (peer := one["fields"].get(str(PEER)))
        }

    def _answer(self, name: str, cure: str, call: Callable[[], httpx.Response]) -> Any:
        try:
            answer = call()
        except httpx.TransportError:
            raise DrillError(f"{name} does not answer: {cure}, in another terminal") from None
        found = answer.json()
        if answer.status_code != 200:
            raise DrillError(f"{name}: {found}")
        return found
