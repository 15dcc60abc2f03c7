"""Whatever stands in the file: read, or refused with a sentence, within bounds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdsync.config.files import LIMIT_BYTES, read_text
from sdsync.config.load import load, load_text
from sdsync.config.problems import ConfigError


def lines(text: str, number: int) -> str:
    return "".join(text.format(i) for i in range(number))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"x" * 10_000_000, "f: larger than 1,024 KiB"),
        (b"\x89PNG\r\n\x1a\n\0\0", "f:1:1: byte 0x89 is not UTF-8; save the file as UTF-8"),
        (b"a = 1\nb = '\xe4'\n", "f:2:6: byte 0xe4 is not UTF-8; save the file as UTF-8"),
        (b"a = 1\nb\0 = 2\n", "f:2:2: a NUL byte: this is no text file"),
        ("a = 1".encode("utf-16"), "f: this is UTF-16; save it as UTF-8"),
    ],
)
def test_what_is_no_text_is_said_plainly(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "sdsync.toml"
    path.write_bytes(data)

    with pytest.raises(ConfigError) as caught:
        read_text(path, "f")

    assert [str(problem) for problem in caught.value.problems] == [says]


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(ConfigError, match="expected a plain file"):
            load(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "sdsync.toml")


def test_a_path_through_a_file_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(ConfigError, match="cannot be read: not a directory"):
        load(tmp_path / "file" / "sdsync.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = " + "[" * 100_000, "deeper than 32"),
        ("a = " + "{a=" * 100_000, "deeper than 32"),
        ("a." * 100_000 + "a = 1", "deeper than 32"),
        ("[" + "a." * 100_000 + "a]", "deeper than 32"),
        ("a = [" + "1," * 100_000 + "]", "more than 20,000 keys"),
        (lines("k{} = 1\n", 50_000), "more than 20,000 keys"),
        ("[[a]]\n" * 50_000, "more than 20,000 keys"),
        ('a = """' + '"" ' * 100_000, "Unterminated string"),
        ("a = '''" + "''x" * 100_000, "not valid TOML"),
        ('a = "' + "\\" * 100_001, "not valid TOML"),
        ("a = " + "9" * 100_000, "out of range"),
        ("a = 1\n" * 50_000, "written twice"),
        ("#" * (LIMIT_BYTES + 1), "larger than"),
        ("a = \udc80", "not UTF-8"),
    ],
)
def test_a_hostile_text_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_text(text)


def test_a_flood_of_mistakes_stays_readable() -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(lines("wrong{} = 1\n", 5_000), whole=False)

    assert len(caught.value.problems) == 5_000
    assert len(str(caught.value).splitlines()) == 202


def test_nothing_in_a_file_reaches_the_terminal_as_a_command() -> None:
    text = '"\\u001b]0;x\\u0007" = 1\n[systems.desk]\nconnector = "a"\nurl = "\\u001b[2J"\n'

    with pytest.raises(ConfigError) as caught:
        load_text(text)

    assert all(str(problem).isprintable() for problem in caught.value.problems)
