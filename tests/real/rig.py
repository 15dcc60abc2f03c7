"""The real daemon as a process, on the ten lines that the README shows."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx

import sdsync
from sdsync.store.opening import open_store
from tests.real.conftest import Product

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
#: The long form changes nothing in the README's file but addresses and mode, and
#: watches the quiet for five minutes.
LONG = os.environ.get("SDSYNC_REAL_LONG") == "1"
#: Only a sync that hangs needs it: a change comes across within seconds.
PATIENCE_S = 240.0
#: Each look costs the product as much as a change does: they share a small machine.
LOOK_S = 1.0
_paused = threading.Event()


def until(check: Callable[[], T], *, within_s: float = PATIENCE_S) -> T:
    """What ``check`` returns once it stops asserting; its own words at the deadline."""
    end = time.monotonic() + within_s
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
        _paused.wait(LOOK_S)


def throughout(check: Callable[[], None], *, seconds: float) -> int:
    """Ask again and again that something stays as it is; how often it was asked."""
    end, asked = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        check()
        asked += 1
        _paused.wait(LOOK_S)
    return asked


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


def retire(desk: Product, run: str) -> None:
    """Disable the queues of one run: every later daemon and command asks each one twice."""
    told = desk.act("admin", "GET", "/REST/2.0/queues/all?fields=Name&per_page=100").json()
    ended = [one["id"] for one in told["items"] if run in one["Name"]]
    assert ended, f"no queue of {run}"
    for queue in ended:
        done = desk.act("admin", "PUT", f"/REST/2.0/queue/{queue}", {"Disabled": 1})
        assert done.status_code == 200, done.text


def ten_lines(desk: str, dev: str, port: int) -> str:
    """The README's ``sdsync.toml``, live, with these addresses and a free port.

    The short form also polls every second in place of every ten.
    """
    blocks = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (text,) = (textwrap.dedent(one) for one in blocks if "[syncs.escalations]" in one)
    changes = {
        "https://rt.example.org": desk,
        "https://redmine.example.org": dev,
        "# mode ": "mode ",
    }
    if not LONG:
        changes |= {
            '"env:RT_TOKEN"': '"env:RT_TOKEN"\npoll = "1s"',
            '"env:REDMINE_KEY"': '"env:REDMINE_KEY"\npoll = "1s"',
        }
    for old, new in changes.items():
        assert text.count(old) == 1, f"the README's sdsync.toml has no {old} any more"
        text = text.replace(old, new)
    return f"server.port = {port}\n{text}"


class Daemon:
    """``sdsync run`` in a folder of its own, and the command line beside it."""

    def __init__(self, folder: Path, desk: Product, dev: Product) -> None:
        self.folder = folder
        self.port = free_port()
        self.kills = 0
        text = ten_lines(desk.base_url, dev.base_url, self.port)
        self.toml = folder / "sdsync.toml"
        self.toml.write_text(text, encoding="utf-8")
        home = str(Path(sdsync.__file__).resolve().parents[1])
        self._env = {**os.environ, "PYTHONPATH": home, "COLUMNS": "80"}
        self._env |= {"RT_TOKEN": desk.token, "REDMINE_KEY": dev.token}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sdsync", "run"],
                cwd=self.folder, env=self._env, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        until(self._answers)

    def _answers(self) -> None:
        assert self._process
        if self._process.poll() is not None:
            raise RuntimeError(f"the daemon ended:\n{self.log()[-3000:]}")
        try:
            told = httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5, trust_env=False)
        except httpx.TransportError as error:
            raise AssertionError(str(error)) from error
        assert told.status_code == 200, told.text

    def watches(self) -> None:
        """Both feeds have a cursor: what is born from now on is new to it."""
        store = open_store(None, None, path=self.folder)
        try:
            assert all(store.system(name).cursor is not None for name in ("desk", "dev"))
        finally:
            store.close()

    def kill(self) -> None:
        """``kill -9``, then start it again."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        assert self._process.wait() == -signal.SIGKILL
        self.kills += 1
        self.start()

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        assert self._process
        self._process.terminate()
        try:
            return self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def log(self) -> str:
        """Everything that it logged so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def type(self, *words: str, within_s: float = 120) -> subprocess.CompletedProcess[str]:
        """``sdsync WORDS`` in the same folder."""
        with self.begins(*words) as child:
            try:
                out, err = child.communicate(timeout=within_s)
            except subprocess.TimeoutExpired:
                child.kill()
                raise
        return subprocess.CompletedProcess(words, child.returncode, out, err)

    def begins(self, *words: str) -> subprocess.Popen[str]:
        """``sdsync WORDS``, which runs while we go on."""
        return subprocess.Popen(
            [sys.executable, "-m", "sdsync", *words],
            cwd=self.folder, env=self._env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def told(self, *words: str) -> Any:
        """``sdsync WORDS --json``, read."""
        done = self.type(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def audit(self) -> list[Mapping[str, Any]]:
        """Every row of the trail."""
        rows: list[Mapping[str, Any]] = self.told("audit", "show", "--limit", "100000")
        return rows
