"""A conflict as a person ends it: both texts, one of them or their own, and nothing that moved."""

from __future__ import annotations

import re
import shlex
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sdsync.cli.screens.held import EACH
from sdsync.cli.session import Session
from sdsync.store.contract import Stale
from sdsync.store.dialect import StoreAway
from sdsync.store.records import Cause, Change, GroupRow, GroupState, Share
from sdsync.sync.persons import choosing
from sdsync.sync.persons.by_hand import Refused
from tests.acceptance.conftest import Desk
from tests.acceptance.products import TOML, Shop, open_shop

HOLD = TOML + '[syncs.escalations.fields]\ntitle = "hold"\noutcome = "hold"\n'
#: Notes how private the file is, then lets the test's own line change the text.
EDITOR = """\
import pathlib, stat, sys
path = pathlib.Path(sys.argv[-1])
text = path.read_text()
out = pathlib.Path({out!r})
modes = [oct(stat.S_IMODE(one.stat().st_mode)) for one in (path, path.parent)]
out.write_text("\\n".join([str(path), *modes, text]))
path.with_name("left-by-the-editor~").write_text(text)
{does}
"""
DECIDES = """\
kept = [one for one in text.splitlines() if one[:4] not in ("%% <", "%% >")]
kept = [one for one in kept if one != "seen from dev"]
path.write_text("\\n".join(kept).replace("seen from desk", "seen from both") + "\\n")
"""


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(empty_desk, monkeypatch, toml=HOLD) as opened:
        monkeypatch.setattr(Session, "now", property(lambda _: opened.clock.now()))
        yield opened


@pytest.fixture
def edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes an editor of a few lines of Python; its name has a blank in it."""

    def make(does: str) -> Path:
        out, script = tmp_path / "seen.txt", tmp_path / "an editor.py"
        script.write_text(EDITOR.format(out=str(out), does=does), encoding="utf-8")
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", shlex.join([sys.executable, str(script)]))
        return out

    return make


@pytest.fixture
def ticket(shop: Shop) -> str:
    """Its title was changed on both sides at once."""
    made = shop.ticket("disk full")
    shop.clock.advance(2)
    shop.pair.desk.act("edit", by="nora", id=made, Subject="seen from desk")
    shop.pair.dev.act("edit", by="irina", id=shop.issue(made), subject="seen from dev")
    shop.run(120)
    return made


def titles(shop: Shop, ticket: str) -> list[str]:
    shown = shop.shown("desk", ticket).values["Subject"]
    return [shown, shop.shown("dev", shop.issue(ticket)).values["subject"]]


def test_both_texts_are_shown_with_who_and_when(shop: Shop, ticket: str) -> None:
    shown = shop.type("held", "show", f"desk#{ticket}")

    assert shown.code == 3
    assert "seen from desk" in shown.out
    assert "nora" in shown.out
    assert "irina" in shown.out
    assert shown.out.endswith(f"> sdsync held choose desk#{ticket} title --edit\n")


def test_many_conflicts_of_one_kind_are_one_line(shop: Shop) -> None:
    first, number = shop.ticket("disk full"), EACH + 1
    share = shop.share(first)
    for n in range(number):
        _held_too(shop, share, n)

    status = shop.type("status").out
    assert f" {number} records: both sides changed it" in status
    assert status.count("both sides changed it") == 1
    assert "> sdsync held list\n" in status
    listed = shop.type("held", "list")
    assert len(listed.out.splitlines()) <= 6
    assert re.search(rf"^ +{number}  title  P3  +\S+  desk#m0  both sides", listed.out, re.M)
    assert "> sdsync held list --group title\n> sdsync held show desk#m0\n" in listed.out
    assert len(shop.type("held", "list", "--json").json) == number
    for words in ("title", "nothing"):
        each = shop.type("held", "list", "--group", words)
        assert (each.code, each.out.count("desk#m")) == (
            (3, number + 3) if words == "title" else (1, 0)
        )


def _held_too(shop: Shop, like: Share, n: int) -> None:
    """A conflict as the engine holds it, on a record of its own."""
    hub = replace(like.hub, id=f"hub-m{n}", correlation=f"m{n}", versions={}, priority=3, version=0)
    cause = Cause(id=f"m{n:05}", kind="held", system="dev", fingerprint=f"m{n}", priority=3,
                  text="both sides changed it", since=shop.clock.now())  # fmt: skip
    row = GroupRow(GroupState.HELD, shop.clock.now(), cause=cause.id, note=cause.text,
                   head={"title": "x"})  # fmt: skip
    replicas = [
        replace(one, id=f"{one.system}-m{n}", hub_id=hub.id, native_id=f"m{n}", key=None, url=None,
                groups={"title": row})
        for one in like.replicas
    ]  # fmt: skip
    shop.store.commit(Change(shares=[Share(hub, replicas)], causes=[cause]))


def test_a_merged_text_stands_on_every_side(
    shop: Shop, ticket: str, edits: Callable[[str], Path]
) -> None:
    out = edits(DECIDES)

    ran = shop.type("held", "choose", f"desk#{ticket}", "title", "--edit")

    assert ran.code == 0, ran.err
    path, file_mode, folder_mode, *text = out.read_text().splitlines()
    assert (file_mode, folder_mode) == ("0o600", "0o700")
    assert not Path(path).parent.exists()
    assert "%% [title]" in text
    assert [one[:9] for one in text if one.startswith("%% <")] == ["%% < desk", "%% < dev,"]
    shop.run(60)
    assert titles(shop, ticket) == ["seen from both"] * 2
    assert shop.type("held", "list").out == "nothing is held\n"
    (row,) = shop.told(ticket, "merged_by_hand")
    assert (row.source, row.field, row.after) == ("person:ops-2", "title", "seen from both")
    assert "merged by hand by ops-2: title" in shop.type("trace", f"desk#{ticket}").out


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("", "nothing was changed"),
        ("path.write_text(text + 'x')", "is not decided: %% < desk"),
        ("path.write_text('')", "the line %% [title] is gone"),
        ("path.write_text('%% [title]\\n')", "a title is never empty"),
        ("path.write_text('%% [tags]\\nx\\n')", "tags is no field of this conflict"),
        ("path.write_bytes(b'\\xff\\xfe')", "no UTF-8"),
        ("path.unlink()", "took the file away"),
        ("sys.exit(3)", "ended with 3"),
    ],
)
def test_what_the_editor_left_undecided_writes_nothing(
    shop: Shop, ticket: str, edits: Callable[[str], Path], does: str, told: str
) -> None:
    edits(does)

    ran = shop.type("held", "choose", f"desk#{ticket}", "title", "--edit")

    assert (ran.code, told in ran.err) == (1, True), ran.err
    shop.run(60)
    assert titles(shop, ticket) == ["seen from desk", "seen from dev"]


@pytest.mark.parametrize("editor", ["/no/such/editor", "'unclosed"])
def test_an_editor_that_does_not_start_is_said(
    shop: Shop, ticket: str, monkeypatch: pytest.MonkeyPatch, editor: str
) -> None:
    monkeypatch.setenv("VISUAL", editor)

    ran = shop.type("held", "choose", f"desk#{ticket}", "title", "--edit")

    assert ran.code == 1
    assert "> export EDITOR=vi" in ran.err


def test_what_moved_meanwhile_is_shown_and_nothing_is_written(
    shop: Shop, ticket: str, edits: Callable[[str], Path]
) -> None:
    issue = shop.issue(ticket)
    shop.pair.dev.act("edit", by="irina", id=issue, subject="once more from dev")

    for words in (["desk"], ["--edit"]):
        edits(DECIDES)
        ran = shop.type("held", "choose", f"desk#{ticket}", "title", *words)
        assert ran.code == 3
        assert "title was changed in dev meanwhile; nothing was written" in ran.err
        assert "\n  once more from dev\n" in ran.err
    again = taken_up(ran.err)

    shop.run(60)  # it is read anew: the candidate is what is there now
    assert titles(shop, ticket) == ["seen from desk", "once more from dev"]
    assert shop.type(*again).code == 0
    shop.run(60)
    assert titles(shop, ticket) == ["seen from both"] * 2


def taken_up(told: str) -> list[str]:
    """The command that takes up the text that was kept, if nobody but its owner may read it."""
    *_, last = told.splitlines()
    words = shlex.split(last.removeprefix("> sdsync "))
    file = Path(words[-1])
    assert "what you wrote is kept\n" in told
    assert [stat.S_IMODE(one.stat().st_mode) for one in (file, file.parent)] == [0o600, 0o700]
    return words


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (Stale("hub-1"), "the daemon changed the same record meanwhile"),
        (StoreAway("the store is away"), "the store is away"),
        (KeyboardInterrupt(), "broken off"),
        (Refused("title is not held any more"), "not held any more"),
    ],
)
def test_what_fails_after_the_editor_keeps_what_was_written(
    shop: Shop,
    ticket: str,
    edits: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    trouble: BaseException,
    told: str,
) -> None:
    edits(DECIDES)

    def fails(*_: object, **__: object) -> None:
        raise trouble

    with monkeypatch.context() as patch:
        patch.setattr(choosing, "settle", fails)
        ran = shop.type("held", "choose", f"desk#{ticket}", "title", "--edit")
    assert told in ran.err
    assert "the same command" not in ran.err

    again = shop.type(*taken_up(ran.err))

    assert again.code == 0, again.err
    shop.run(60)
    assert titles(shop, ticket) == ["seen from both"] * 2


@pytest.mark.parametrize(
    ("does", "mended"),
    [
        ("path.write_bytes(b'%% [title]\\nseen from b\\xf6th\\n')", "%% [title]\nseen from both\n"),
        ("path.write_text('%% [title]\\n' + 'x' * 5_000_000)", "%% [title]\nseen from both\n"),
        (
            "path.write_text(text.replace('from', 'by')); sys.exit(3)",
            "%% [title]\nseen from both\n",
        ),
        ("path.write_text(text + 'x')", "%% [title]\nseen from both\n"),
    ],
)
def test_what_is_no_text_yet_is_kept_and_can_be_mended(
    shop: Shop, ticket: str, edits: Callable[[str], Path], does: str, mended: str
) -> None:
    edits(does)
    ran = shop.type("held", "choose", f"desk#{ticket}", "title", "--edit")
    again = taken_up(ran.err)

    Path(again[-1]).write_text(mended, encoding="utf-8")
    assert (ran.code, shop.type(*again).code) == (1, 0)
    shop.run(60)

    assert titles(shop, ticket) == ["seen from both"] * 2


def test_a_side_that_is_away_is_read_before_it_is_written(shop: Shop, ticket: str) -> None:
    shop.pair.dev.switch("html_502")

    ran = shop.type("held", "choose", f"desk#{ticket}", "title", "desk")

    assert ran.code == 0, ran.err
    assert "dev does not answer" in ran.out
    assert "it is read before it is written" in ran.out
    shop.pair.dev.switch("html_502", False)
    shop.run(600)
    assert titles(shop, ticket) == ["seen from desk"] * 2


def test_a_choice_is_a_side_or_an_edit(shop: Shop, ticket: str) -> None:
    name = f"desk#{ticket}"

    assert shop.type("held", "choose", name, "title").code == 2
    assert shop.type("held", "choose", name, "title", "desk", "--edit").code == 2
    assert shop.type("held", "choose", name, "title", "--edit", "--from", "x").code == 2
    lost = shop.type("held", "choose", name, "title", "--from", "nowhere.md")
    assert (lost.code, lost.err) == (1, "nowhere.md is not there\n")
    assert shop.type("held", "choose", name, "urgency", "desk").code == 1
