"""What a person does to a running sync, and that the trail names them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from sdsync.cli import rooms
from sdsync.store.contract import Store
from sdsync.store.opening import open_store
from sdsync.store.records import Change, Pause
from tests.acceptance.conftest import Desk
from tests.unit.cli.scenes import NOW


def test_pause_and_resume_name_the_person_and_the_reason(desk: Desk) -> None:
    assert desk.type("pause", "dev", "--reason", "upgrade").code == 0

    status = desk.type("status").out
    assert "system:dev is paused by ops-2: upgrade" in status
    assert "> sdsync resume dev" in status

    assert desk.type("resume", "dev").code == 0
    assert "is paused" not in desk.type("status").out
    trail = desk.type("audit", "show", "--json").json
    assert [one["action"] for one in trail[-2:]] == ["paused", "resumed"]
    assert {one["source"] for one in trail[-2:]} == {"person:ops-2"}


def test_a_scope_is_a_system_a_sync_a_tenant_or_a_record(desk: Desk) -> None:
    names = ("all", "desk", "escalations", "tenant:acme", "desk#4711", "system:desk", "sync:none")

    told = [desk.type("pause", one, "--json") for one in names]

    assert [one.json["paused"] for one in told[:-1]] == [
        "all", "system:desk", "sync:escalations", "tenant:acme", "record:h1", "system:desk",
    ]  # fmt: skip
    assert told[-1].code == 1


def test_resuming_what_is_not_paused_is_said(desk: Desk) -> None:
    ran = desk.type("resume", "dev")

    assert ran.code == 1
    assert ran.err == "dev is not paused\n> sdsync status\n"


def test_a_replay_is_shown_first_and_then_done(desk: Desk) -> None:
    dry = desk.type("dead", "replay", "7f3", "--dry-run")
    assert dry.code == 4
    assert dry.out == (
        "1 field group would be tried again\n"
        " dev#882  db01: disk full                                     environment in dev\n"
        "> sdsync dead replay 7f3\n"
    )

    assert desk.type("dead", "replay", "7f3").code == 0

    assert desk.type("dead", "list").out.startswith("nothing is parked")
    assert desk.type("dead", "replay", "desk#4711").out == "nothing is parked for desk#4711\n"


def test_a_choice_ends_a_conflict(desk: Desk) -> None:
    wrong = desk.type("held", "choose", "desk#4712", "outcome", "nobody")
    assert wrong.code == 1
    assert "nobody has no candidate for outcome; desk and dev have" in wrong.err

    assert desk.type("held", "choose", "desk#4712", "outcome", "dev").code == 0

    assert desk.type("held", "list").out == "nothing is held\n"
    assert (
        desk.type("trace", "desk#4712", "--all", "--json").json["fields"][0]["hub"] == "cancelled"
    )


def test_unlinking_asks_first_and_deletes_nothing(desk: Desk) -> None:
    asked = desk.type("unlink", "desk#4712")
    assert asked.code == 4
    assert "would part desk#4712 and dev#883; nothing is deleted" in asked.out

    assert desk.type("unlink", "desk#4712", "--yes").code == 0


def test_resync_reads_every_side_anew(desk: Desk) -> None:
    assert desk.type("resync", "infra#882").code == 0

    trail = desk.type("audit", "show", "desk#4711", "--json").json
    assert trail[-1]["source"] == "person:ops-2"
    store = open_store(None, None, path=desk.folder)
    due = [one for lane in ("desk", "dev") for one in claimed(store, lane)]
    store.close()
    assert {("desk", "look", "4711"), ("dev", "look", "882")} <= set(due)


def claimed(store: Store, lane: str) -> list[tuple[str, str, str]]:
    """What a daemon would do now."""
    now = datetime.now(UTC)
    works = store.claim(lane, now=now, busy=frozenset(), limit=50)
    return [(one.key.lane, one.key.kind, one.key.target) for one in works]


def test_link_refuses_what_no_sync_joins_and_what_cannot_be_read(desk: Desk) -> None:
    assert desk.type("link", "desk#1", "desk#2").code == 1
    named = desk.type("link", "desk#4800", "dev#990", "--sync", "nothing")
    assert (named.code, named.err.splitlines()[0]) == (
        1,
        "sdsync.toml has no sync nothing; it has escalations",
    )

    assert desk.type("link", "desk#4800", "dev#990").code == 1
    assert desk.type("trace", "dev#990").code == 1


def test_a_sync_goes_live_only_after_the_backlog_was_shown(desk: Desk) -> None:
    assert desk.type("observe", "escalations").code == 0

    shown = desk.type("live", "escalations")
    assert shown.code == 4
    assert "> sdsync live escalations --yes" in shown.out
    assert "observe" in desk.type("status").out

    assert desk.type("live", "escalations", "--yes").code == 0
    assert desk.type("live", "escalations").out.startswith("escalations is live already")


def test_a_rotated_key_takes_everything_along(desk: Desk) -> None:
    file = desk.folder / "sdsync.db.key"
    file.write_text(f"{base64.b64encode(b'n' * 32).decode()}\n{file.read_text()}", "ascii")

    ran = desk.type("store", "reencrypt")
    assert ran.code == 0, ran.err
    assert "rows encrypted anew with key" in ran.out
    assert ran.out.endswith("> take older keys out of store.key, then restart sdsync\n")

    file.write_text(base64.b64encode(b"n" * 32).decode(), "ascii")
    assert desk.type("store", "verify").code == 0
    assert desk.type("trace", "desk#4711").code == 3
    assert sum(desk.type("store", "reencrypt", "--json").json["rows"].values()) == 0


def test_a_key_that_the_daemon_does_not_use_yet_is_not_forced_on_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "key_in_use", lambda _config: "0badc0de")

    ran = desk.type("store", "reencrypt")

    assert ran.code == 1
    assert "sdsync runs with key 0badc0de" in ran.err
    assert "> restart sdsync" in ran.err


def test_a_row_that_no_key_opens_is_named_and_the_old_key_is_not_given_up(desk: Desk) -> None:
    store = open_store(None, None, path=desk.folder)
    store.commit(Change(pauses=[Pause("all", NOW, "ops-2", None)]))
    store._writer.run(
        lambda tx: len(tx.link.command("UPDATE pauses SET doc = (SELECT doc FROM syncs)"))
    )
    store.close()
    file = desk.folder / "sdsync.db.key"
    file.write_text(f"{base64.b64encode(b'n' * 32).decode()}\n{file.read_text()}", "ascii")

    ran = desk.type("store", "reencrypt")

    assert ran.code == 1
    assert "pauses all: the stored document was changed" in ran.out
    assert "take older keys out" not in ran.out
    assert ran.out.endswith("> sdsync store verify\n")
