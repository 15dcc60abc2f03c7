"""A real daemon whose systems are away, people who knock with signed webhooks, and its store.

What it took it cannot work off, so that everything acknowledged must still be there.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sdsync.store.opening import open_store
from sdsync.store.records import WorkKey
from tests.crash.house import CONFIG, SECRETS, _free_ports
from tests.faults.frame import Trial

#: Only a run that failed waits so long: no machine is that slow.
PATIENCE_S = 300.0
KEY = base64.b64decode(SECRETS["CRASH_DESK_HOOK"].removeprefix("whsec_"))
ACCEPTED = 202
NOTHING: Mapping[str, str] = {}


@dataclass(slots=True)
class Door:
    """The folder of a daemon, and what was acknowledged there so far."""

    folder: Path
    port: int
    child: subprocess.Popen[bytes] | None = None
    #: Numbers of the records whose webhooks were answered with 202, by the order of answers.
    taken: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)  # statuses of all other answers
    retry: list[str | None] = field(default_factory=list)  # and what they said of coming again
    _last: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def store(self) -> Path:
        """The database."""
        return self.folder / "sdsync.db"

    # -- the process ---------------------------------------------------------------------
    def open(
        self,
        environment: Mapping[str, str] = NOTHING,
        *,
        files: int | None = None,
        memory_mib: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start the daemon of ``sdsync run``; back when it serves.

        Args:
            environment: What it is started with besides.
            files: Open ones at most.
            memory_mib: Of its own at most, used or only asked for; the system refuses more.
        """
        command = [sys.executable, "-m", "tests.crash.daemon", str(self.folder / "sdsync.toml")]
        if memory_mib is not None:
            command = [*within(memory_mib), *command]
        with (self.folder / "daemon.log").open("ab") as log:
            child = subprocess.Popen(
                command, env={**os.environ, **SECRETS, **environment},
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self.child = child
        if files is not None:
            resource.prlimit(child.pid, resource.RLIMIT_NOFILE, (files, files))
        assert child.stdout is not None
        if not child.stdout.readline().startswith(b"ready"):
            raise RuntimeError((self.folder / "daemon.log").read_text()[-2000:])
        return child

    def kill(self) -> None:
        """SIGKILL, whatever it does; nothing when it does not run."""
        if self.child is not None:
            self.child.kill()
            self.gone()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.child is not None
        self.child.terminate()
        return self.gone()

    def gone(self) -> int:
        """Wait for its end, by itself or not; the exit code."""
        child, self.child = self.child, None
        assert child is not None
        with child:
            return child.wait(PATIENCE_S)

    def memory_kib(self, what: str = "VmRSS") -> int:
        """Resident memory now, or its peak (``VmHWM``)."""
        assert self.child is not None
        lines = Path(f"/proc/{self.child.pid}/status").read_text().splitlines()
        return int(next(one for one in lines if one.startswith(what)).split()[1])

    # -- people --------------------------------------------------------------------------
    def number(self) -> int:
        """A record that nobody named yet."""
        with self._guard:
            self._last += 1
            return self._last

    def knock(self, link: http.client.HTTPConnection, number: int) -> bool:
        """Send one signed webhook; whether it was acknowledged.

        Raises:
            OSError, http.client.HTTPException: The daemon went away meanwhile.
        """
        body = json.dumps({"kind": "ticket", "id": str(number)}).encode()
        link.request("POST", "/hooks/desk", body, signed(f"msg_{number}", body))
        answer = link.getresponse()
        answer.read()
        with self._guard:
            if answer.status == ACCEPTED:
                self.taken.append(number)
            else:
                self.refused.append(answer.status)
                self.retry.append(answer.headers["retry-after"])
        return answer.status == ACCEPTED

    def connect(self) -> http.client.HTTPConnection:
        """A connection of one sender."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def plug(self) -> socket.socket:
        """A connection of somebody who speaks no HTTP of its own."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def crowd(self, senders: int, enough: Callable[[], bool]) -> list[threading.Thread]:
        """Senders that knock until it is enough or the daemon is gone."""
        threads = [
            threading.Thread(target=self._send, args=(enough,), daemon=True) for _ in range(senders)
        ]
        for one in threads:
            one.start()
        return threads

    def _send(self, enough: Callable[[], bool]) -> None:
        gone = (OSError, http.client.HTTPException)
        with contextlib.closing(self.connect()) as link, contextlib.suppress(*gone):
            while not enough():
                self.knock(link, self.number())

    def await_taken(self, number: int, senders: int = 4) -> bool:
        """Let a crowd knock until so many are taken, or none of it goes on."""
        threads = self.crowd(senders, lambda: len(self.taken) >= number)
        for one in threads:
            one.join(PATIENCE_S)
        return len(self.taken) >= number

    def get(self, page: str) -> tuple[int, bytes]:
        """Status and body of a page."""
        with contextlib.closing(self.connect()) as link:
            link.request("GET", f"/{page}")
            answer = link.getresponse()
            return answer.status, answer.read()

    # -- the end -------------------------------------------------------------------------
    def judge(self, trial: Trial, where: str = "") -> None:
        """The store is sound, and has the work of everything that was acknowledged."""
        store = open_store(None, None, path=self.folder)
        try:
            lost = [
                one for one in self.taken if store.work(WorkKey("desk", "look", str(one))) is None
            ]
            report = store.examine()
        finally:
            store.close()
        trial.count("lost", len(lost))
        trial.must(not lost, f"{where}{len(lost)} of {len(self.taken)} lost: {lost[:5]}")
        wrong = [*report.problems, report.audit.problem, report.suspect]
        trial.must(report.ok, f"{where}the store is not sound: {[one for one in wrong if one]}")

    def kept(self) -> int:
        """Webhooks that the store keeps."""
        with contextlib.closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as link:
            return int(link.execute("SELECT count(*) FROM inbox").fetchone()[0])


@contextlib.contextmanager
def door(trial: Trial, **settings: str) -> Iterator[Door]:
    """A folder with settings for two systems that nobody reaches; nothing runs yet."""
    desk, dev, port = _free_ports(3)
    text = CONFIG.format(port=port, desk=desk, dev=dev)
    more = "".join(f"{name.replace('__', '.')} = {value}\n" for name, value in settings.items())
    (trial.folder / "sdsync.toml").write_text(more + text)
    made = Door(trial.folder, port)
    try:
        yield made
    finally:
        made.kill()


def within(memory_mib: int) -> list[str]:
    """What a command is put behind so that it can have no more memory of its own.

    A thread's stack counts whole, used or not: those are kept small.
    """
    return ["sh", "-c", f'ulimit -s 1024; ulimit -d {memory_mib * 1024}; exec "$@"', "sh"]


def signed(message: str, body: bytes) -> Mapping[str, str]:
    """Headers of a product that knows the secret."""
    stamp = int(time.time())
    digest = hmac.new(KEY, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message, "webhook-timestamp": str(stamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }  # fmt: skip


def until(ready: Callable[[], bool], what: str) -> None:
    """Wait for something that other processes bring about.

    Raises:
        TimeoutError: It did not come about, however long it took.
    """
    pause, end = threading.Event(), time.monotonic() + PATIENCE_S
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"waited in vain: {what}")
        pause.wait(0.01)
