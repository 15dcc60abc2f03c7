"""The drills of docs/drills.md: what the page says is typed, and what it shows is seen."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import sdsync
from sdsync.sandbox import drill
from tests.acceptance.conftest import Desk
from tests.acceptance.test_run import free_ports

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/drills.md").read_text(encoding="utf-8")
DRILLS = ("A refused value", "A revoked credential", "The target is down",
          "Why does this ticket differ?", "A wrong mapping")  # fmt: skip
OPEN = "python -m sdsync.sandbox.drill open"
SCENE = "python -m sdsync.sandbox.drill "
#: Only what hangs needs it: everything comes within seconds.
PATIENCE_S = 120.0
#: The page's numbers of records, and ours: the same way, sooner.
FEWER = {"400": "12", "394": "6", "40": "12"}
#: Commands that change something: typed once. All others may be looked at again.
ONCE = ("reload", "replay", "take", "rollback", "remap", "approve", "apply", "pause", "resume")


@dataclass(frozen=True)
class Step:
    """A command of the page, and lines of the screen that it shows there."""

    command: str
    shown: list[str]

    def missing(self, screen: str) -> str | None:
        """The first line that does not stand there, in the page's order."""
        rest = [" ".join(one.split()) for one in screen.splitlines()]
        for line in self.shown:
            wanted = re.escape(line).replace("…", ".*")
            at = next((n for n, one in enumerate(rest) if re.fullmatch(wanted, one)), None)
            if at is None:
                return line
            rest = rest[at + 1 :]
        return None


def steps(section: str) -> Iterator[Step]:
    """The steps of one section, in order, with few records."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    told = "\n".join(re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    told = re.sub(r"\b(400|394|40)\b", lambda one: FEWER[one[0]], told)
    for block in told.split("$ ")[1:]:
        command, *shown = (" ".join(one.split()) for one in block.splitlines())
        yield Step(command, [one for one in shown if one])


class Terminals:
    """The three terminals of the page in one empty folder."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.toml.unlink()
        self._environment = {**os.environ, "PYTHONPATH": str(Path(sdsync.__file__).parents[1])}
        ports = [str(one) for one in free_ports(3)]
        names = ("--port", "--desk-port", "--dev-port")
        words = [part for pair in zip(names, ports, strict=True) for part in pair]
        self._port, _, self._dev_port = ports
        self._children = [self._start(*OPEN.split()[1:], *words)]
        self.until(lambda: self.desk.toml.exists() and self._answers(self._dev_port, "/_sandbox/"))
        self._children.append(self._start("-m", "sdsync", "run"))
        self.until(lambda: self._answers(self._port, "/healthz"))
        self.cause = ""

    def type(self, step: Step) -> None:
        """One command, until the screen shows what the page does."""
        command = step.command
        if "CAUSE" in command and not self.cause:
            self.cause = str(self.desk.type("dead", "list", "--json").json["causes"][0]["id"])
        step = Step(command.replace("CAUSE", self.cause),
                    [one.replace("CAUSE", self.cause) for one in step.shown])  # fmt: skip
        once = not command.startswith("sdsync ") or any(word in command for word in ONCE)
        seen: list[str] = []

        def shows() -> bool:
            seen[:] = [self._screen(step.command)]
            return once or step.missing(seen[0]) is None

        self.until(shows, lambda: f"{step.command}: no {step.missing(seen[0])!r} in\n{seen[0]}")
        assert step.missing(seen[0]) is None, f"{step.command}:\n{seen[0]}"

    def _screen(self, command: str) -> str:
        if command.startswith(SCENE):
            with contextlib.redirect_stdout(io.StringIO()) as told:
                assert drill.main(command.removeprefix(SCENE).split()) == 0
            return told.getvalue()
        if command.startswith("sdsync "):
            ran = self.desk.type(*shlex.split(command)[1:])
            return ran.out + ran.err
        done = subprocess.run(
            ["bash", "-ec", command], cwd=self.desk.folder, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return done.stdout

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *words], cwd=self.desk.folder, env=self._environment,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def _answers(self, port: str, path: str) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def until(self, holds: Callable[[], bool], told: Callable[[], str] = str) -> None:
        """Return when it holds; other processes decide when."""
        end_at = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < end_at, told()
            time.sleep(0.1)

    def close(self) -> None:
        """End what was started here."""
        for one in self._children:
            one.kill()
            one.wait()


@pytest.fixture
def terminals(empty_desk: Desk) -> Iterator[Terminals]:
    made = Terminals(empty_desk)
    try:
        yield made
    finally:
        made.close()


def test_every_drill_of_the_page_is_walked_here() -> None:
    found = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)

    assert tuple(found) == DRILLS


@pytest.mark.parametrize("section", DRILLS)
def test_a_drill_ends_as_the_page_says(section: str, terminals: Terminals) -> None:
    for step in steps(section):
        terminals.type(step)
