"""Laws 33 to 36: nothing is lost and nothing starves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sdsync.config.clock import SystemClock
from sdsync.connectors.contract import Create, NativeRecord, Update
from sdsync.connectors.failures import Rejected, Throttled
from sdsync.store.opening import open_store
from sdsync.store.records import Cause, Change, PlacementState, Work, WorkKey
from sdsync.sync.bells import Bells
from sdsync.sync.persons import commands, recovery
from sdsync.sync.persons.recovery import Replay
from sdsync.sync.worked import Worked
from sdsync.testing.memory_store import MemoryStore
from tests.laws.rig import Crash, House, shared

KEY = "q" * 43 + "="  # 32 bytes in base64


# -- law 33 ------------------------------------------------------------------------------
def test_law_33_the_cursor_moves_only_with_the_events_that_it_passed() -> None:
    """The process dies after the feed answered and before anything is committed."""
    house = House().run(30)
    house.dies("capture")
    ticket = house.desk.open("told once by the feed")
    house.run()

    assert house.crashes == 1
    assert ticket.copy("dev")["subject"] == "told once by the feed"


def test_law_33_a_commit_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    full, wal = 2, "wal"
    with_file = open_store(None, KEY, path=tmp_path)
    link = with_file._dialect.connect()

    assert link.command("PRAGMA synchronous")[0][0] == full
    assert link.command("PRAGMA journal_mode")[0][0] == wal

    link.close()
    with_file.close()


def test_law_33_a_claim_takes_nothing_from_the_commits_after_it(tmp_path: Path) -> None:
    """It need not reach the disk itself: a start that a power cut forgets is begun again."""
    full = 2
    store = open_store(None, KEY, path=tmp_path)
    now = datetime.now(UTC)
    store.commit(Change(ring=[Work(WorkKey("desk", "look", "1"), 3, now, now, now)]))

    (claimed,) = store.claim("desk", now=now, busy=frozenset(), limit=1)
    found = store._writer.run(lambda tx: tx.link.command("PRAGMA synchronous"))

    assert claimed.starts == 1
    assert found == [(full,)]
    store.close()


def test_law_33_all_that_led_to_a_write_is_on_disk_before_it() -> None:
    """What was decided need not be, as long as nobody outside was told."""
    house = House()
    ticket = shared(house)
    on_disk, commit, step = [True], house.store.commit, house.engine.core.step
    decided, attempted = list[bool](), list[bool]()

    def note(change: Change, *, lasting: bool = True) -> None:
        commit(change, lasting=lasting)
        on_disk[0] = lasting

    def at(name: str) -> None:
        if name == "decided":
            decided.append(on_disk[0])
        elif name in ("captured", "attempted"):
            attempted.append(on_disk[0])
        step(name)

    house.store.commit, house.engine.core.step = note, at
    ticket.set({"Subject": "another title"})
    ticket.note("and a note")
    house.run()

    assert False in decided
    assert len(attempted) > 2
    assert all(attempted)


# -- law 34 ------------------------------------------------------------------------------
def test_law_34_a_bell_is_sent_only_when_it_turns_true() -> None:
    store = MemoryStore(SystemClock())
    bells = Bells(store, lambda _: Worked(False), ["desk"])
    sent: list[str] = []
    bells._doorbell.send = lambda lane: not sent.append(lane)  # type: ignore[func-returns-value,method-assign]

    for _ in range(3):
        bells.ring("desk")

    assert sent == ["desk"]


def test_law_34_the_bell_is_cleared_before_the_look() -> None:
    """So a ring that comes during the look is a bell of its own."""
    store = MemoryStore(SystemClock())
    turned: list[bool] = []

    def work(lane: str) -> Worked:
        turned.append(store.ring(lane))
        return Worked(False)

    store.ring("desk")
    Bells(store, work, ["desk"])._drive("desk", True)

    assert turned == [True]
    assert store.lane("desk").rung


def test_law_34_another_process_wakes_the_embedded_daemon() -> None:
    store = MemoryStore(SystemClock())
    bells = Bells(store, lambda _: Worked(False), ["desk"])

    store.ring("desk")  # a command, in its own process
    bells._listen()

    assert bells._pool.wants("desk")


def test_law_34_a_command_of_another_process_rings_the_lanes_that_it_gave_work() -> None:
    house = House()
    ticket = shared(house)
    commands.resync(house.store, f"desk#{ticket.record.id}", "ann", house.clock.now())

    assert house.store.lane("desk").rung
    assert house.store.lane("dev").rung


def test_a_process_that_takes_a_lane_over_works_there_at_once() -> None:
    """Its own description of the system would else be asked for at the next turn, minutes later."""
    house = House().run(30)
    other = house.process(house.store)
    other.start()
    house.run(30)  # the holder does what the other's start rang, descriptions included
    assert other.core.systems["desk"].description is None

    other.taken("desk")

    assert other.work("desk").did
    assert other.core.systems["desk"].description is not None


def test_a_process_that_takes_a_lane_over_knows_the_places_that_leaked() -> None:
    house = House().run(30)
    other = house.process(house.store)
    other.start()
    leak = Cause(
        id="c1", kind="parked", system="dev", fingerprint="leak", text="a leak",
        since=house.clock.now(), at_place="infra",
    )  # fmt: skip
    house.store.commit(Change(causes=[leak]))

    other.taken("dev")

    assert "infra" in other.core.systems["dev"].leaky


# -- law 35 ------------------------------------------------------------------------------
def test_law_35_three_crashes_are_a_dead_letter_of_that_record_alone() -> None:
    house = House()
    poison, other = shared(house, "poison"), shared(house, "other")

    def kill(shown: object) -> None:
        if isinstance(shown, NativeRecord) and shown.ref == poison.ref:
            raise Crash("parsing it")

    house.desk.line.instead["fetch"] = kill
    poison.set({"Subject": "kills whoever reads it"})
    other.set({"Subject": "goes through"})
    house.run(600)

    assert house.crashes == 3
    assert poison.group("desk", "crashes") == "parked"
    assert other.copy("dev")["subject"] == "goes through"
    assert not other.replica("desk").groups


def test_law_35_no_sweep_reads_what_was_set_aside() -> None:
    house = House()
    poison = shared(house, "poison")

    def kill(shown: object) -> None:
        raise Crash("parsing it")

    house.desk.line.instead["fetch"] = kill
    poison.bell()
    house.run(3 * 3600)  # nobody could read it for longer than a sweep lets a record be
    assert house.crashes == 3

    house.desk.line.instead = {}
    poison.set({"Subject": "mended"})
    house.run()
    assert poison.copy("dev")["subject"] == "mended"
    assert not poison.replica("desk").groups
    assert not house.store.asking()


def test_law_35_a_new_record_that_kills_is_told_and_asked_again() -> None:
    house = House().run(30)
    poison = house.desk.open("poison")

    def kill(shown: object) -> None:
        raise Crash("parsing it")

    house.desk.line.instead["fetch"] = kill
    house.run(300)
    assert house.crashes == 3
    assert [one.ref for one in house.told("set_aside")] == [poison.ref.id]

    house.desk.line.instead = {}
    house.run(600)
    assert poison.copy("dev")["subject"] == "poison"


def test_law_35_a_new_record_that_kills_for_ever_kills_ever_more_rarely() -> None:
    house = House().run(30)
    house.desk.open("poison")

    def kill(shown: object) -> None:
        raise Crash("parsing it")

    house.desk.line.instead["fetch"] = kill
    house.run(7200)
    assert house.crashes == 4 * 3  # at once, and after 10, 20 and 40 minutes more


def test_law_35_what_waited_for_a_delivery_that_kills_is_listed_until_its_replay() -> None:
    house = House()
    ticket = shared(house)

    def kill(shown: object) -> None:
        raise Crash("parsing it")

    house.dev.line.instead["fetch"] = kill  # the read before the write
    ticket.set({"Subject": "new words"})
    ticket.note("a note", internal=True)
    house.run(600)
    assert ticket.group("dev", "crashes") == ticket.group("dev", "title") == "parked"
    assert ticket.placement("dev", "a note").state is PlacementState.UNPLACEABLE

    house.dev.line.instead = {}
    cause = str(ticket.replica("dev").groups["crashes"].cause)
    recovery.replay(house.store, Replay(cause), "ann", house.clock.now())
    house.run()
    assert ticket.copy("dev")["subject"] == "new words"
    assert ticket.copy("dev").bodies == ["a note"]
    assert not ticket.replica("dev").groups


@pytest.mark.parametrize("system", ["desk", "dev"])
def test_law_35_a_call_that_kills_is_a_dead_letter_although_its_doubt_ends_in_order(
    system: str,
) -> None:
    house = House()
    ticket = shared(house)
    copy = ticket.copy("dev" if system == "desk" else "desk")
    side = house.sides[system]

    def kill(operation: object) -> None:
        if isinstance(operation, Update):
            raise Crash("building the call")

    side.line.instead["apply"] = kill
    copy.set({copy.side.product.flavour.title_path: "new words"}, by="bob")
    house.run(1200)
    assert ticket.group(system, "title") == ticket.group(system, "crashes") == "parked"
    assert house.crashes == 3
    house.run(7200)
    assert house.crashes == 3

    side.line.instead = {}
    cause = str(ticket.replica(system).groups["crashes"].cause)
    recovery.replay(house.store, Replay(cause), "ann", house.clock.now())
    house.run()
    assert ticket["Subject"] == ticket.copy("dev")["subject"] == "new words"


def test_law_35_a_create_that_kills_is_a_dead_letter() -> None:
    house = House().run(30)

    def kill(operation: object) -> None:
        raise Crash("building the call")

    house.dev.line.instead["apply"] = kill
    ticket = house.desk.open("disk full")
    house.run(3600)
    assert house.crashes == 3
    assert ticket.group("dev", "birth") == "parked"

    house.dev.line.instead = {}
    recovery.replay(house.store, Replay("all"), "ann", house.clock.now())
    house.run()
    assert ticket.copy("dev")["subject"] == "disk full"


def test_law_35_a_feed_that_kills_rests_and_is_asked_again() -> None:
    house = House()
    house.run(30)

    house.dies("polled", always=True)
    house.run(120)
    assert house.crashes >= 3
    assert house.told("set_aside")

    house.lives()
    house.dev.open("opened meanwhile")
    house.run(600)
    assert [one["Subject"] for one in house.desk.tickets] == ["opened meanwhile"]


def test_law_35_a_file_that_kills_becomes_a_line() -> None:
    house = House()
    ticket = shared(house)

    house.dies("pulled", always=True)
    ticket.attach("deadly.txt")
    house.run(120)
    assert ticket.group("desk", "crashes") == "parked"
    (said,) = ticket.copy("dev").bodies
    assert said.startswith('File "deadly.txt"')


def test_law_35_what_was_only_open_beside_a_crash_is_not_to_blame() -> None:
    """While the bystander's call is out, the poison is read and kills the process."""
    house = House()
    poison, bystander = shared(house, "poison"), shared(house, "bystander")
    deadly = poison.copy("dev").ref
    beside: list[bool] = []
    out: list[int] = []

    def read_the_other(shown: object) -> None:
        if isinstance(shown, NativeRecord) and shown.ref == bystander.ref:
            out.append(house.crashes)
            while house.engine.work("dev").did:
                pass
            out.clear()

    def kill(shown: object) -> None:
        if isinstance(shown, NativeRecord) and shown.ref == deadly:
            beside.append(house.crashes in out)
            raise Crash("parsing it")

    house.desk.line.instead["fetch"] = read_the_other
    house.dev.line.instead["fetch"] = kill
    bystander.set({"Subject": "read at the desk"}).bell()
    poison.copy("dev").bell()
    house.run(600)

    assert beside == [True, False, False]
    assert poison.group("dev", "crashes") == "parked"
    assert "crashes" not in bystander.replica("desk").groups
    assert bystander.copy("dev")["subject"] == "read at the desk"


def drive(house: House, lane: str) -> None:
    """Do all that the lane has to do now, and nothing of any other."""
    while house.engine.work(lane).did:
        house.clock.advance(0.1)


def test_law_35_what_a_process_died_on_runs_with_nothing_beside_it() -> None:
    house = House()
    poison, other = shared(house, "poison"), shared(house, "other")
    deadly = poison.copy("dev").ref
    did: list[bool] = []

    def read_the_poison(shown: object) -> None:
        if isinstance(shown, NativeRecord) and shown.ref == other.ref:
            did.append(house.engine.work("dev").did)

    def kill(shown: object) -> None:
        if isinstance(shown, NativeRecord) and shown.ref == deadly:
            other.bell()
            did.append(house.engine.work("desk").did)
            raise Crash("parsing it")

    house.dev.line.instead["fetch"] = kill
    poison.copy("dev").bell()
    with pytest.raises(Crash):
        house.engine.work("dev")
    house.start()
    house.engine.work("dev")
    did.clear()

    house.desk.line.instead["fetch"] = read_the_poison
    other.bell()
    drive(house, "desk")
    assert did == [False]

    with pytest.raises(Crash):
        drive(house, "dev")
    assert did == [False, False]


def test_law_35_a_whole_that_is_refused_goes_on_by_groups() -> None:
    house = House(("desk", "board"))
    ticket = shared(house)

    def refuse(operation: object) -> Rejected | None:
        bad = isinstance(operation, Update) and "labels" in operation.values
        return Rejected((), "something in it is wrong") if bad else None

    house.board.line.instead["apply"] = refuse
    ticket.set({"Subject": "fine", "Priority": "90", "CustomFields.Tags": ["vip"]})
    house.run()

    assert (ticket.copy("board")["title"], ticket.copy("board")["weight"]) == ("fine", "top")
    assert ticket.group("board", "tags") == "parked"
    assert sorted(ticket.replica("board").groups) == ["tags"]


# -- law 36 ------------------------------------------------------------------------------
def born_in_order(house: House) -> list[str]:
    """Titles in the order in which dev was asked to bear them."""
    return [str(one.values["subject"]) for one in house.dev.sent if isinstance(one, Create)]


def test_law_36_when_the_slot_comes_the_most_urgent_takes_it() -> None:
    house = House().run(30)
    house.dev.down(120)
    for number in range(3):
        house.desk.open(f"some day {number}", Priority="10")
    house.run(60)
    house.desk.open("now", Priority="90")
    house.run(600)

    assert born_in_order(house)[0] == "now"


def test_law_36_waiting_raises_and_nothing_starves() -> None:
    """Eight times its class's objective is the longest that anything waits."""
    house = House(poll_s=600.0).run(30)
    commands.pause(house.store, "system:dev", "ann", None, house.clock.now())
    house.desk.open("waited for long", Priority="10").bell()
    house.run(8 * 3600)
    house.desk.open("new and urgent", Priority="90").bell()
    house.run(10)
    commands.resume(house.store, "system:dev", "ann", house.clock.now())
    house.clock.advance(60)  # both are due
    house.run(600)

    assert born_in_order(house) == ["waited for long", "new and urgent"]


def test_law_36_work_lends_its_priority_to_what_it_waits_for() -> None:
    """The file of a P1 is pulled as a P1."""
    house = House()
    ticket = shared(house, Priority="90")
    pulled: list[int] = []
    commit = house.store.commit

    def note(change: Change, *, lasting: bool = True) -> None:
        pulled.extend(one.priority for one in change.ring if one.key.kind == "pull")
        commit(change, lasting=lasting)

    house.store.commit = note
    ticket.attach("log.txt")
    house.run()

    assert pulled == [1]


def test_law_36_what_could_not_be_sent_keeps_its_age() -> None:
    house = House(poll_s=600.0).run(30)
    house.dev.line.instead["apply"] = lambda _: Throttled(600.0)
    house.desk.open("waited for long", Priority="10").bell()
    house.run(8 * 3600 + 20)
    house.desk.open("new and urgent", Priority="90").bell()
    house.run(10)
    del house.dev.line.instead["apply"]
    house.run(1200)

    assert born_in_order(house) == ["waited for long", "new and urgent"]


def test_law_36_a_change_of_an_urgent_record_is_read_before_a_bulk_edit() -> None:
    house = House()
    urgent = shared(house, "urgent", Priority="90")
    plain = [shared(house, f"plain {number}") for number in range(3)]
    looked: list[str] = []

    def look(shown: object) -> None:
        if isinstance(shown, NativeRecord):
            looked.append(shown.ref.id)

    house.run(60)
    house.desk.line.instead["fetch"] = look
    for one in plain:
        one.set({"CustomFields.Category": "bulk"}).bell()
    house.clock.advance(1)
    urgent.set({"Subject": "worse"}).bell()
    house.run(20)

    assert looked[0] == urgent.record.id
