"""Law 40: what may go goes, whenever that is; what "once" stands on never does."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from sdsync.config.evidence import RetentionConfig
from sdsync.connectors.contract import AddElement, Create
from sdsync.store.cutting import KINDS
from sdsync.store.sql import SqlStore
from sdsync.sync.persons import retention
from tests.laws.rig import House, shared
from tests.laws.test_copies import on_disk

CALLS = ("effect then cut", "cut before effect")


def forget_all(house: House, store: SqlStore) -> int:
    """Remove all that any retention may ever take; how much that was."""
    later = house.clock.now() + timedelta(days=1)
    store.seal()
    return sum(
        rows for kind in KINDS for rows in store.forget(kind, later, "p-1", house.clock.now())
    )


@pytest.mark.parametrize("jump_days", [4, 5, 366])
def test_law_41_a_wall_clock_set_forward_takes_no_trail_without_a_person(
    tmp_path: Path, jump_days: int
) -> None:
    kept = RetentionConfig(audit_s=7 * 86_400.0, apply="nightly")
    house = House(started=False)
    with closing(on_disk(house, tmp_path)) as store:
        shared(house)
        store.seal()
        first = (house.clock.now() + timedelta(days=4)).replace(hour=3)
        assert retention.nightly(store, kept, first) is not None

        retention.nightly(store, kept, first + timedelta(days=jump_days))

        assert (store.verify().cut == 0) is (jump_days > 4)


@pytest.mark.parametrize("fault", CALLS)
@pytest.mark.parametrize("every_s", [5, 40])
def test_law_40_nothing_is_made_twice_or_sent_again_whatever_was_forgotten(
    tmp_path: Path, fault: str, every_s: int
) -> None:
    house = House(started=False)
    with closing(on_disk(house, tmp_path)) as store:
        gone = 0

        def live(seconds: int) -> None:
            nonlocal gone
            for _ in range(seconds // every_s):
                house.run(every_s)
                gone += forget_all(house, store)

        house.dev.fault(fault)
        ticket = house.run(30).desk.open("disk full")
        live(400)
        house.dev.fault(fault)
        ticket.note("first", internal=True)
        ticket.set({"Subject": "retitled"})
        live(400)

        assert len(house.dev.tickets) == 1
        assert ticket.copy("dev").bodies == ["first"]
        assert ticket.copy("dev")["subject"] == "retitled"
        assert gone > 0
        sent = len(house.dev.sent)
        house.start()  # a new process, that knows only what was left
        live(400)
        assert not [one for one in house.dev.sent[sent:] if isinstance(one, Create | AddElement)]
        assert (store.verify().problem, store.identity().suspect) == (None, None)


def test_law_40_what_waits_for_a_person_stays(tmp_path: Path) -> None:
    house = House(("desk", "board"), started=False)
    with closing(on_disk(house, tmp_path)) as store:
        ticket = shared(house)
        house.board.fault("cut before effect")
        ticket.attach("log.txt")  # nobody can ask the board whether a file is ours
        house.run(3600)
        assert ticket.group("board", "attachments") == "held"
        causes = [one.id for one in store.causes()]

        forget_all(house, store)
        house.run(3600)

        assert ticket.group("board", "attachments") == "held"
        assert [one.id for one in store.causes()] == causes
        files = [one for one in house.board.sent if isinstance(one, AddElement)]
        assert len(files) == 1


def test_law_40_a_files_content_is_kept_until_it_is_wherever_it_was_to_go() -> None:
    house = House(("desk", "dev", "board"))
    ticket = shared(house)
    house.board.down(600)
    house.dev.meanwhile("after", lambda: house.desk.down(3600))  # nobody could fetch it again
    ticket.attach("log.txt", b"bytes")
    house.run(300)
    assert [one.content for one in ticket.copy("dev").record.files] == [b"bytes"]
    element = ticket.element("log.txt")
    assert house.store.blob(element.id) == b"bytes"

    house.run(900)

    assert [one.content for one in ticket.copy("board").record.files] == [b"bytes"]
    assert house.store.blob(element.id) is None
