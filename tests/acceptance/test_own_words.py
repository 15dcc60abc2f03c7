"""What a person wrote or left alone, to the last blank and end of line."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sdsync.store.opening import open_store
from sdsync.store.records import Change, FieldVersion, Hub, Json
from tests.acceptance.conftest import Desk
from tests.unit.cli.scenes import NOW

MAPPING = """\
extends: redmine/ticket
fields:
  ext.plan: { at: custom_fields.Plan }
"""
#: As a product's own pages write a text of several lines.
OURS, THEIRS = "stop db01\r\n  wait\r\nstart it", "stop db01\r\n  wait\r\nstart both"


@pytest.fixture
def desk(empty_desk: Desk) -> Desk:
    """Both products are away; both sides changed the plan of desk#4712."""
    empty_desk.lose_products()
    (empty_desk.folder / "mappings").mkdir()
    mapping = empty_desk.folder / "mappings" / "dev-ticket.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    empty_desk.fill()
    held(empty_desk, OURS, THEIRS)
    return empty_desk


def held(desk: Desk, *heads: str) -> None:
    store = open_store(None, None, path=desk.folder)
    share = store.share("h2")
    assert share is not None
    for replica, head in zip(share.replicas, heads, strict=True):
        row = replica.groups.pop("outcome", None) or replica.groups["ext.plan"]
        row.head = {"ext.plan": head}
        replica.groups["ext.plan"] = row
    store.commit(Change(shares=[share]))
    store.close()


def known(desk: Desk, value: str) -> None:
    """The plan of desk#4711, about which nobody differs."""
    store = open_store(None, None, path=desk.folder)
    share = store.share("h1")
    assert share is not None
    give(share.hub, "ext.plan", value)
    store.commit(Change(shares=[share]))
    store.close()


def give(hub: Hub, name: str, value: Json) -> None:
    hub.values[name] = value
    hub.versions[name] = FieldVersion(name, 1, value, "desk", None, NOW, NOW, None)


def plan(desk: Desk, hub_id: str) -> Json:
    store = open_store(None, None, path=desk.folder)
    try:
        share = store.share(hub_id)
        assert share is not None
        return share.hub.values.get("ext.plan")
    finally:
        store.close()


def edits(monkeypatch: pytest.MonkeyPatch, folder: Path, does: str) -> None:
    """An editor that takes the marks out, and does so with the lines that are left."""
    script = folder / "editor.py"
    script.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[-1])\n"
        "rows = [one for one in path.read_text().split('\\n') if one[:4] not in ('%% <', '%% >')]\n"
        f"path.write_bytes({does})\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("EDITOR", shlex.join([sys.executable, str(script)]))


@pytest.mark.parametrize(
    ("does", "left"),
    [
        ("'\\n'.join(one for one in rows if one != 'start both').encode()", OURS),
        ("'\\r\\n'.join(one for one in rows if one != 'start it').encode()", THEIRS),
        ("'\\n'.join(rows).encode()", "stop db01\r\n  wait\r\nstart it\r\nstart both"),
        ("'\\n'.join(rows).replace('  wait', 'wait  a\\u2028bit').encode()",
         "stop db01\r\nwait  a\u2028bit\r\nstart it\r\nstart both"),
    ],
)  # fmt: skip
def test_a_text_of_several_lines_is_written_as_it_was_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, does: str, left: str
) -> None:
    edits(monkeypatch, tmp_path, does)

    ran = desk.type("held", "choose", "desk#4712", "ext.plan", "--edit")

    assert ran.code == 0, ran.err
    assert plan(desk, "h2") == left


def test_a_text_that_is_typed_as_it_was_is_no_change(desk: Desk) -> None:
    known(desk, OURS)

    same = desk.type("dead", "edit", "desk#4711", f"ext.plan={OURS.replace(chr(13), '')}")
    other = desk.type("dead", "edit", "desk#4711", "ext.plan=stop db01\n  look\nstart it")

    assert "ext.plan is that already" in same.err
    assert other.code == 0, other.err
    assert plan(desk, "h1") == "stop db01\r\n  look\r\nstart it"


def test_candidates_that_look_alike_are_told_apart(desk: Desk) -> None:
    told = "they differ in blanks or ends of lines alone"
    assert told not in desk.type("held", "show", "desk#4712").out

    held(desk, OURS, OURS.replace("\r", ""))
    texts = desk.type("held", "show", "desk#4712").out
    held(desk, "two blanks", "two  blanks")
    short = desk.type("held", "show", "desk#4712").out

    assert f"\n  {told}\n" in texts
    assert f"\n  {told}\n" in short


def test_a_long_value_is_clipped_on_the_screen_alone(desk: Desk) -> None:
    long = "stop db01 and wait " * 50

    ran = desk.type("dead", "edit", "desk#4711", f"ext.plan={long}")

    first = ran.out.splitlines()[0]
    assert first.endswith("… (949 letters)")
    assert len(first) < 160
    assert plan(desk, "h1") == long.strip()


@pytest.mark.parametrize(
    "value",
    ["prod", "a b", "it's  two\nlines\t\\n", "a\u00a0b\u2028c", '$(reboot) `x` "y" !', "#1 ~ "],
)
def test_what_a_dry_run_names_writes_the_same(desk: Desk, value: str) -> None:
    dry = desk.type("dead", "edit", "desk#4711", f"ext.plan={value}", "-n")
    *_, command = dry.out.splitlines()
    argv = subprocess.run(
        ["/bin/bash", "-c", f"printf '%s\\0' {command.removeprefix('> sdsync')}"],
        capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"},
    ).stdout.decode().split("\0")  # fmt: skip

    assert argv[:3] == ["dead", "edit", "desk#4711"]
    assert argv[3] == f"ext.plan={value}"
    assert dry.code == 4


def test_control_characters_are_refused_by_name(desk: Desk) -> None:
    ran = desk.type("dead", "edit", "desk#4711", "ext.plan=a\x1b[31mb")

    assert ran.code == 2
    assert "ext.plan holds control characters, which no text has: U+001B" in ran.err
    assert "\x1b" not in ran.err
    assert plan(desk, "h1") is None
