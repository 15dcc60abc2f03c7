"""What is typed in a shell may be no text: Python hands such a byte over as a surrogate."""

from __future__ import annotations

import io

import pytest

from tests.acceptance.conftest import Desk

REF = "desk#\udcff"
COMMANDS = [
    ("REF", ["trace", REF]),
    ("SCOPE", ["pause", REF]),
    ("--reason", ["pause", "desk", "--reason", "an upgrade\udcff"]),
    ("SCOPE", ["resume", REF]),
    ("REF", ["resync", REF]),
    ("REF", ["link", REF, "dev#1"]),
    ("REF", ["link", "desk#1", "dev#\udcff"]),
    ("REF", ["unlink", REF]),
    ("REF|CAUSE", ["held", "show", REF]),
    ("REF", ["held", "choose", REF, "title", "desk"]),
    ("CAUSE|REF", ["dead", "show", REF]),
    ("CAUSE|REF|all", ["dead", "replay", REF]),
    ("--reason", ["dead", "drop", "7f3", "--reason", "\udcff"]),
    ("REF", ["audit", "show", REF]),
    ("SYNC", ["live", "\udcff"]),
    ("--sync", ["init", "--sync", "\udcff"]),
    ("REF", ["trace", "desk#\ud800"]),
]


@pytest.mark.parametrize(("name", "words"), COMMANDS)
def test_bytes_that_are_no_text_are_refused_before_anything_is_done(
    desk: Desk, name: str, words: list[str]
) -> None:
    ran = desk.type(*words)

    assert (ran.code, ran.out, ran.err) == (2, "", f"{name} is no UTF-8; nothing was done\n")


def test_a_script_is_told_in_json(desk: Desk) -> None:
    ran = desk.type("trace", REF, "--json")

    assert ran.code == 2
    assert ran.json["error"] == "REF is no UTF-8; nothing was done"


def test_the_name_of_a_file_is_whatever_it_is(desk: Desk) -> None:
    folder = desk.folder / "\udcff"
    folder.mkdir()
    desk.toml.rename(folder / "sdsync.toml")
    (desk.folder / "sdsync.db").rename(folder / "sdsync.db")
    (desk.folder / "sdsync.db.key").rename(folder / "sdsync.db.key")

    ran = desk.type("-c", str(folder / "sdsync.toml"), "trace", "desk#4711")

    assert "db01: disk full" in ran.out
    assert f"> sdsync -c $'{desk.folder}/\\xff/sdsync.toml' " in ran.out  # as a shell takes it


class Typing(io.TextIOWrapper):
    """A terminal in which somebody types bytes."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])  # of UTF-8, and of C
def test_an_answer_that_is_no_text_is_refused(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch, errors: str
) -> None:
    empty_desk.toml.unlink()
    monkeypatch.setattr("sys.stdin", Typing(io.BytesIO(b"desk\xff\n"), "utf-8", errors))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)

    ran = empty_desk.type("init")

    assert (ran.code, ran.err) == (2, "the answer is no UTF-8; nothing was done\n")
    assert not empty_desk.toml.exists()
