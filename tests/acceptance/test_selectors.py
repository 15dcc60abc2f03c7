"""What an unset variable of a script leaves on the command line names nothing, and does nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import typer.main

from sdsync.cli.app import app
from sdsync.store.opening import open_store
from sdsync.store.records import Cause, Change, GroupRow, GroupState, ReplicaState
from sdsync.sync.decide.waves import EXISTENCE
from tests.acceptance.conftest import Desk
from tests.unit.cli import scenes


def _commands() -> Iterator[tuple[list[str], list[str]]]:
    """Every command with arguments, and these."""
    rooms: list[tuple[list[str], Any]] = [([], typer.main.get_command(app))]
    while rooms:
        words, one = rooms.pop()
        rooms += [([*words, name], sub) for name, sub in getattr(one, "commands", {}).items()]
        names = [known.name or "" for known in one.params if known.param_type_name == "argument"]
        if names:
            yield words, names


#: Two with words of their own, and files, which are no texts.
_OTHERS = (
    ["completion"],
    ["alarms"],
    ["store", "backup"],
    ["store", "restore"],
    ["audit", "verify"],
)


@pytest.mark.parametrize(
    "words",
    [
        [*words, *("" if at == empty else "a=b" for at in range(len(names)))]
        for words, names in _commands()
        for empty in range(len(names))
        if words not in _OTHERS
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_argument_is_refused(desk: Desk, words: list[str], blank: str) -> None:
    more = {
        "dead drop": ["--reason", "why"],
        "backfill": ["--since", "2d"],
        "level": ["--as", "desk"],
    }
    given = [blank if one == "" else one for one in words]

    ran = desk.type(*given, *more.get(" ".join(words[:-1]), []))

    assert (ran.code, ran.out) == (2, "")
    assert " is empty; nothing was done" in ran.err


def test_what_an_empty_word_may_be_is_told(desk: Desk) -> None:
    ran = desk.type("held", "release", "")

    assert ran.err.startswith("CAUSE is empty; nothing was done. The held deletions, as listed.")
    assert desk.type("dead", "replay", "7f3", "--rate", "").code == 2
    assert desk.type("pause", "desk", "--reason", "").code == 0


@pytest.mark.parametrize("what", ["", "1", "f"])
def test_only_the_deletions_that_were_named_are_released(empty_desk: Desk, what: str) -> None:
    store = open_store(None, None, path=empty_desk.folder)
    share = scenes.printer()
    for one in share.replicas:
        one.state = ReplicaState.MISSING
        one.groups = {EXISTENCE: GroupRow(GroupState.HELD, scenes.at("02:51:00"), cause="1f1")}
    causes = [
        Cause(id=name, kind="held", system="dev", fingerprint=name, text=f"gone in number {name}",
              since=scenes.NOW - timedelta(hours=1), priority=3)
        for name in ("1f1", "1f2")
    ]  # fmt: skip
    store.commit(Change(shares=[share], causes=causes))

    ran = empty_desk.type("held", "release", what)

    assert ran.code in (1, 2)
    assert not [one for one in store.audit(limit=500) if one.action == "released"]
    assert empty_desk.type("held", "release", "1f1").code == 0
    store.close()
