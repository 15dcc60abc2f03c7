"""Where the words go: a disk that is full, a reader who has had enough, an odd encoding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sdsync
from tests.acceptance.conftest import Desk
from tests.conftest import not_here

HOME = str(Path(sdsync.__file__).resolve().parents[1])
FULL = Path("/dev/full")
LOOKS = (
    "status", "dead list --json", "trace desk#4711 --all", "audit show", "config", "--help",
    "--version",
)  # fmt: skip


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One line for a shell, in which ``sdsync`` is this program."""
    program = f"{sys.executable} -m sdsync"
    return subprocess.run(
        ["bash", "-c", line.replace("sdsync ", f"{program} ", 1)],
        capture_output=True, encoding="utf-8", errors="replace", check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": HOME, **environment},
    )  # fmt: skip


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("look", LOOKS)
def test_a_full_disk_is_said_in_one_line(look: str) -> None:
    if not FULL.exists():
        not_here("this machine has no /dev/full")
    ended = shell(f"sdsync {look} > /dev/full")

    told = "cannot write the output: no space left on device\n"
    assert (ended.returncode, ended.stderr) == (1, told)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("look", [*LOOKS, "no-such-command", "trace nothing#1"])
def test_a_reader_who_has_had_enough_is_no_failure(look: str, unbuffered: str) -> None:
    # The reader is gone before the first word.
    line = f"(sleep 0.2; exec sdsync {look} 2>&1) | true; echo ${{PIPESTATUS[0]}}"
    ended = shell(line, PYTHONUNBUFFERED=unbuffered)

    assert (ended.stdout, ended.stderr) == ("0\n", "")


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("look", ["config", "audit verify"])
def test_a_stream_that_was_closed_takes_words_and_loses_nothing_else(
    look: str, closed: str
) -> None:
    whole, ended = shell(f"sdsync {look}"), shell(f"sdsync {look} {closed}")

    assert (ended.returncode, ended.stderr) == (whole.returncode, "")
    assert ended.stdout == ("" if ">&-" in closed.split() else whole.stdout)


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"PYTHONIOENCODING": "latin-1"}, "St\N{REPLACEMENT CHARACTER}rung?"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "St?rung?"),
    ],
)
def test_a_character_that_an_encoding_lacks_is_a_question_mark(
    desk: Desk, environment: dict[str, str], shown: str
) -> None:
    ended = shell_with_a_queue_of_odd_name(desk, "sdsync config", **environment)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert shown in ended.stdout


def test_json_loses_no_character(desk: Desk) -> None:
    ended = shell_with_a_queue_of_odd_name(desk, "sdsync config --json", PYTHONIOENCODING="ascii")

    assert json.loads(ended.stdout) == desk.type("config", "--json").json
    assert "Störung…" in desk.type("config").out


def shell_with_a_queue_of_odd_name(
    desk: Desk, line: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """What the line says when a queue bears letters that not every encoding has."""
    text = desk.toml.read_text(encoding="utf-8").replace('"Escalated"', '"Störung…"')
    desk.toml.write_text(text, encoding="utf-8")
    return shell(line, **environment)
