"""Two shops with a past, sdsync beside them, and what one counts there."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdsync.store.opening import open_store
from sdsync.store.records import LineState, Ref, Share
from sdsync.store.sql import SqlStore
from sdsync.sync.plans.keeping import lines
from tests.real.conftest import Product
from tests.real.inside import LONG_S
from tests.real.people import Agent, Developer, Mail
from tests.real.rig import Daemon
from tests.real.tables import Row, Stand, issues, tickets
from tests.real.years import PROJECT, QUEUE, Years, years

SYNC = "escalations"
STAFF = {f"{who}@example.org" for who in ("agent1", "agent2", "admin", "reporter", "sdsync")}


@dataclass
class Shop:
    """Both products, what stood there, and the command line between them."""

    desk: Product
    dev: Product
    daemon: Daemon
    agent: Agent
    developer: Developer
    years: Years

    def holds(self) -> Stand:
        """Every ticket of the queue and every issue of the project."""
        return Stand(tickets(self.desk, QUEUE), issues(self.dev, PROJECT))

    def mailed(self) -> Counter[str]:
        """How many people the products mailed about these records, by who they are.

        People's own deeds mail nobody here: all of it is for what sdsync did.
        """
        return Counter(
            "staff" if whom in STAFF else "customers" for one in self._mails() for whom in one.to
        )

    def _mails(self) -> list[Mail]:
        about = [one for one in self.agent.mails() if self._is_ours(one.subject)]
        return about + [one for one in self.developer.mails() if f"[{QUEUE} - " in one.subject]

    def _is_ours(self, subject: str) -> bool:
        number = re.search(r"\[desk\.example\.org #(\d+)\]", subject)
        return number is not None and number[1] in self.years.tickets

    def told(self, *words: str, code: int | None = 0) -> Any:
        """``sdsync WORDS --json``, read; it ends with this code, if one is named."""
        ran = self.daemon.type(*words, "--json", within_s=LONG_S)
        assert code in (None, ran.returncode), (words, ran.returncode, ran.stdout, ran.stderr)
        return json.loads(ran.stdout)

    def applied(self, kind: str, *words: str) -> dict[str, Any]:
        """A plan that was made, approved and carried out whole; as it was made."""
        plan: dict[str, Any] = self.told(kind, SYNC, *words, code=4)
        self.told("plan", "approve", plan["id"])
        done = self.told("apply", plan["id"])
        assert (done["done"], done["refused"], done["left"]) == (plan["counts"]["certain"], [], 0)
        return plan

    def waits(self, text: str = "") -> list[Row]:
        """Causes, with these words, for which something waits for a person."""
        causes: list[Row] = self.told("dead", "list", code=None)["causes"]
        return [one for one in causes if text in one["text"]]

    # -- what is waited for: a command costs as much as a change does ------------------------
    def knows(self, ticket: str, words: list[str]) -> None:
        """The notes with these words are known, and with them all that was done before."""
        share = self.shares(ticket)
        said = " ".join(str(one.values.get("body")) for one in share.elements) if share else ""
        assert [one for one in words if one not in said] == []

    def shares(self, ticket: str) -> Share | None:
        """What it shares of a ticket."""
        with self._store() as store:
            return store.share_of(Ref("desk", "ticket", ticket))

    def under_way(self, plan: str, process: subprocess.Popen[str]) -> None:
        """Some of the plan is done, or whoever does it has ended."""
        assert process.poll() is not None or self.done_of(plan)

    def done_of(self, plan: str) -> int:
        """How many lines of a plan are done."""
        with self._store() as store:
            return sum(1 for _ in lines(store, plan, state=LineState.DONE))

    def settled(self) -> None:
        """Nothing waits anywhere, but for what waits for a person."""
        with self._store() as store:
            assert [one for one in store.work_counts() if one[1]] == []

    def rests(self, check: Callable[[], None]) -> None:
        """It came to this: thousands of records are not read again and again while it works."""
        self.settled()
        check()
        self.settled()

    def has_mailed(self, wanted: Counter[str]) -> None:
        """These many people, and no other; Redmine mails when it has answered."""
        told = "\n".join(f"{one.subject}: {', '.join(sorted(one.to))}" for one in self._mails())
        assert self.mailed() == wanted, told

    def _store(self) -> closing[SqlStore]:
        return closing(open_store(None, None, path=self.daemon.folder))


def opened(desk: Product, dev: Product, seed: int, folder: Path) -> Shop:
    """The ten lines as ``init`` writes them; only that it looks every three seconds."""
    stood = years(desk, dev, seed)
    daemon = Daemon(folder, desk, dev)
    made = Shop(desk, dev, daemon, Agent(desk), Developer(dev), stood)
    addresses = ("--url", desk.base_url, "--other-url", dev.base_url)
    made.told("init", "--yes", "--overwrite", *addresses, "--take", QUEUE, "--put", PROJECT)
    text = daemon.toml.read_text(encoding="utf-8")
    for token in ('"env:RT_TOKEN"', '"env:REDMINE_KEY"'):
        assert text.count(token) == 1
        text = text.replace(token, f'{token}\npoll = "3s"')
    daemon.toml.write_text(f"server.port = {daemon.port}\n{text}", encoding="utf-8")
    return made
