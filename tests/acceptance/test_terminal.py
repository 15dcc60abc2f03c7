"""The console on a real terminal, and an editor in it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.acceptance.conftest import Desk

#: Only a test that failed waits so long.
PATIENCE_S = 60.0
COLUMNS = 80
#: Where letters go and how they look is the terminal's: what is left are the letters.
_CODE = r"\[[0-9;:?<>=]*[ -/]*[@-~]"
_ESCAPES = re.compile(rf"\x1b(?:{_CODE}|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")

#: The line that keys act on is blue, over the whole width.
_CHOSEN = re.compile(r"\x1b\[[0-9;]*44m([^\x1b]*)")

EDITOR = """\
import pathlib, sys, termios
print("an editor begins", flush=True)
{does}
"""


class Terminal:
    """A terminal of 80 columns and 24 lines with one program in it."""

    def __init__(self, *command: str, nohup: bool = False) -> None:
        self.pid, self.file = pty.fork()
        if not self.pid:
            for ours in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
                signal.signal(ours, signal.SIG_DFL)  # whoever runs the tests may ignore them
            if nohup:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
            # readline puts LINES and COLUMNS there, of whoever runs the tests, and they would win.
            left_out = {"LINES", "COLUMNS"}
            environment = {name: os.environ[name] for name in os.environ.keys() - left_out}
            os.execve(command[0], command, environment)
        self.size(24, COLUMNS)
        self.told = ""

    def size(self, lines: int, columns: int) -> None:
        """As a person draws its window."""
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    @property
    def echoes(self) -> bool:
        """Whether the person sees what they type."""
        return bool(termios.tcgetattr(self.file)[3] & termios.ECHO)

    def press(self, keys: str) -> None:
        """Only what comes after them counts from now on."""
        self.told = ""
        os.write(self.file, keys.encode())

    def shows(self, text: str) -> None:
        """Wait until it stands there."""
        while text not in _ESCAPES.sub("", self.told):
            assert self._more(), f"it ended, and never said {text!r}:\n{self.told!r}"

    def draws(self, code: str) -> None:
        """Wait until it moved its cursor so."""
        while code not in self.told:
            assert self._more(), f"it ended:\n{self.told!r}"

    def chosen(self) -> str:
        """The line that keys act on, once it is drawn."""
        while len(found := "".join(_CHOSEN.findall(self.told))) < COLUMNS:
            assert self._more(), f"it ended:\n{self.told!r}"
        return found

    def close(self) -> int:
        """The window is gone; the exit code."""
        os.close(self.file)
        self.file = -1
        return self._gone()

    def ends(self) -> int:
        """The exit code; what it still says is read, since it waits for that."""
        while self._more():
            pass
        return self._gone()

    def _gone(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _more(self) -> bool:
        ready, _, _ = select.select([self.file], [], [], PATIENCE_S)
        assert ready, f"nothing more came after:\n{self.told!r}"
        try:
            read = os.read(self.file, 65536)
        except OSError:  # as Linux says that the other end is closed
            return False
        self.told += read.decode(errors="replace")
        return bool(read)


class Sits(Protocol):
    """Sits down at the console with an editor of a few lines of Python."""

    def __call__(self, does: str, *, nohup: bool = False) -> Terminal: ...


@pytest.fixture
def sits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sits]:
    desk.lose_products()
    opened: list[Terminal] = []

    def sit(does: str, *, nohup: bool = False) -> Terminal:
        script = desk.folder / "editor.py"
        script.write_text(EDITOR.format(does=does), encoding="utf-8")
        monkeypatch.setenv("EDITOR", shlex.join([sys.executable, str(script)]))
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        monkeypatch.setenv("TERM", "xterm-256color")
        opened.append(Terminal(sys.executable, "-m", "sdsync", "console", nohup=nohup))
        return opened[-1]

    yield sit
    for one in opened:
        if one.file >= 0:
            os.close(one.file)


def to_the_editor(terminal: Terminal) -> None:
    """From the first screen to the conflict's last line, and there Enter, twice."""
    terminal.shows("9a1")
    for _ in range(20):
        terminal.press("\x1b[B")
        if "held show 9a1" in terminal.chosen():
            break
    terminal.press("\r")
    terminal.shows("sdsync held choose desk#4712 outcome --edit")
    terminal.press("\x1b[F")
    assert "--edit" in terminal.chosen()
    terminal.press("\r")
    terminal.shows("enter does it, esc leaves it: sdsync held choose desk#4712 outcome --edit")
    terminal.press("\r")
    terminal.shows("an editor begins")


def back_and_out(terminal: Terminal) -> None:
    """The console is whole: it draws its screen, and Esc goes where Esc goes."""
    terminal.shows("sdsync held show 9a1")
    terminal.shows("esc back")
    terminal.press("\x1b")
    terminal.shows("sdsync status")
    terminal.shows("esc quit")
    terminal.press("\x1b")
    assert terminal.ends() == 0


def test_ctrl_c_ends_the_editor_and_not_the_console(sits: Sits) -> None:
    terminal = sits("sys.stdin.read()")
    to_the_editor(terminal)

    terminal.press("\x03")
    terminal.shows("enter goes back to the console")

    terminal.press("\r")
    back_and_out(terminal)


def test_what_an_editor_leaves_of_the_terminal_is_taken_back(sits: Sits) -> None:
    """It ends as one that was killed, in its own mode, and the window is another by then."""
    terminal = sits(
        "mode = termios.tcgetattr(0)\n"
        "mode[3] &= ~(termios.ECHO | termios.ICANON)\n"
        "termios.tcsetattr(0, termios.TCSANOW, mode)\n"
        "sys.stdin.read(1)\n"
        "sys.exit(137)"
    )
    to_the_editor(terminal)
    terminal.size(30, 100)

    terminal.press("x")
    terminal.shows("ended with 137; nothing was written")
    terminal.shows("enter goes back to the console")

    assert terminal.echoes
    terminal.press("\r")
    terminal.draws("\x1b[30;1H")
    back_and_out(terminal)


@pytest.mark.parametrize("nohup", [False, True])
def test_a_window_that_is_closed_ends_the_console(sits: Sits, *, nohup: bool) -> None:
    terminal = sits("", nohup=nohup)
    terminal.shows("esc quit")

    assert terminal.close() == (0 if nohup else -signal.SIGHUP)
