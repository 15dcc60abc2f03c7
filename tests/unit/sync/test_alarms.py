"""When an alarm begins and ends, on runs of observations; time is ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sdsync.store.records import Alarm
from sdsync.sync.watch.alarms import (
    BEGAN,
    GIVE_UP,
    OVER,
    Message,
    Watch,
    alarming,
    ended,
    messages,
    told,
)
from sdsync.sync.watch.needs import Need
from sdsync.testing.simulated.clock import START

SETTLE_S = 15.0
KEYS = ("unreachable:dev", "cause:7f3", "lag:P1:dev")
WAYS = ("mail", "webhook")


def need(
    key: str = "unreachable:dev",
    kind: str = "system",
    *,
    since: datetime | None = None,
    records: int = 0,
    priority: int = 2,
    said: str = "dev does not answer",
) -> Need:
    return Need(key, kind, None, "its own text", records, since, priority, None, "cure",
                system="dev", said=said, help="curl dev")  # fmt: skip


class Run:
    """A daemon's rounds: what is seen, what is stored, whom it reached."""

    def __init__(self) -> None:
        self.now = START
        self.alarms: dict[str, Alarm] = {}
        self.watch = Watch("store-1", SETTLE_S)
        self.heard: list[tuple[str, str, str]] = []  # (way, id, event), once for each id

    def round(
        self,
        seen: Sequence[Need],
        *,
        after_s: float = 5.0,
        down: Sequence[str] = (),
        killed: bool = False,
        proved: bool = True,
    ) -> None:
        """One look; ``killed``: the process dies after it told and before it stored that."""
        self.now += timedelta(seconds=after_s)
        open_ones = [one for one in self.alarms.values() if not one.ended]
        wanted = alarming(seen, list(self.alarms.values()), self.now, held_s=3600)
        self.keep(self.watch.step(open_ones, wanted, self.now, proved=proved))
        failed = set()
        for one in messages(self.open(), WAYS, self.now):
            if one.way in failed:
                continue
            trouble = "no answer" if one.way in down else None
            if trouble:
                failed.add(one.way)
            else:
                self.hear(one)
            if not killed:
                self.keep([told(self.alarms[one.alarm.id], one, trouble, self.now)])
        if killed:
            self.watch = Watch("store-1", SETTLE_S)
        self.keep([ended(one, WAYS, self.now) for one in self.open()])

    def open(self) -> list[Alarm]:
        return [one for one in self.alarms.values() if not one.ended]

    def keep(self, rows: Sequence[Alarm]) -> None:
        self.alarms.update((one.id, one) for one in rows)

    def hear(self, message: Message) -> None:
        """A receiver that drops what it has by its id."""
        entry = (message.way, message.alarm.id, message.event)
        if entry not in self.heard:
            self.heard.append(entry)

    def events(self, way: str = "mail") -> list[str]:
        return [event for name, _, event in self.heard if name == way]


def test_an_outage_is_told_once_when_it_begins_and_once_when_it_is_over() -> None:
    run = Run()

    for _ in range(20):
        run.round([need(since=START)])
    for _ in range(20):
        run.round([])

    assert run.events("mail") == run.events("webhook") == [BEGAN, OVER]
    (alarm,) = run.alarms.values()
    assert alarm.ended
    assert alarm.over_at == START + timedelta(seconds=21 * 5)


def test_what_lasts_shorter_than_it_takes_to_settle_wakes_nobody() -> None:
    run = Run()

    run.round([need()])
    run.round([need()])
    run.round([])

    assert (run.heard, run.alarms) == ([], {})


def test_what_comes_back_before_it_settled_is_the_same_alarm() -> None:
    run = Run()
    for _ in range(5):
        run.round([need(since=START)])

    for _ in range(4):
        run.round([])
        run.round([need()])

    assert run.events() == [BEGAN]


def test_what_could_not_be_read_is_not_over() -> None:
    run = Run()
    for _ in range(5):
        run.round([need(since=START)])

    for _ in range(50):
        run.round([], proved=False)

    assert run.events() == [BEGAN]


def test_a_restart_between_telling_and_storing_repeats_the_same_id() -> None:
    run = Run()
    said: list[str] = []
    for killed in (False, False, True, True, False, False):
        run.round([need(since=START)], killed=killed)
        said += [one.id for one in messages(run.open(), WAYS, run.now)]

    assert run.events() == [BEGAN]
    assert len(set(said)) <= 1
    assert [one.id for one in run.alarms.values()] == [run.heard[0][1]]


def test_a_beginning_that_nobody_took_is_told_before_its_end() -> None:
    run = Run()
    for _ in range(5):
        run.round([need(since=START)], down=["mail"])
    for _ in range(5):
        run.round([], down=["mail"])
    assert run.events("webhook") == [BEGAN, OVER]
    assert run.events("mail") == []
    assert [one.ways["mail"].trouble for one in run.open()] == ["no answer"]

    run.round([])

    assert run.events("mail") == [BEGAN, OVER]
    assert run.open() == []


def test_old_news_is_ended_and_told_no_more() -> None:
    run = Run()
    for _ in range(5):
        run.round([need(since=START)], down=WAYS)
    for _ in range(5):
        run.round([], down=WAYS)
    assert len(run.open()) == 1

    run.round([], after_s=GIVE_UP.total_seconds())

    assert (run.events(), run.open()) == ([], [])


def test_an_outage_swallows_the_lag_that_it_explains_until_that_is_drained() -> None:
    run = Run()
    late = need("lag:P1:dev", "lag", since=START, priority=1, said="P1 changes wait")
    for _ in range(5):
        run.round([need(since=START), late])
    for _ in range(30):
        run.round([late])

    assert run.events() == [BEGAN, OVER]
    assert {one.kind for one in run.alarms.values()} == {"system"}

    fresh = need("lag:P1:dev", "lag", since=run.now, priority=1, said="P1 changes wait")
    for _ in range(5):
        run.round([fresh])

    assert run.events() == [BEGAN, OVER, BEGAN]


def test_what_is_held_is_one_alarm_and_only_when_it_is_old() -> None:
    old = START - timedelta(hours=2)
    held = [
        need(f"cause:{n}", "held", since=old, records=1, priority=n, said="held") for n in (3, 1, 2)
    ]
    young = need("cause:9", "held", since=START, records=1, priority=1, said="held")

    found = alarming([*held, young], [], START, held_s=3600)

    assert list(found) == ["held"]
    one = found["held"]
    assert (one.records, one.priority, one.system) == (3, 1, None)
    assert one.said == "held for longer than 1h: a person decides"


def test_a_need_for_screens_alone_is_no_alarm() -> None:
    silent = need("pause:all", "", said="")

    assert alarming([silent], [], START, held_s=1) == {}


rounds = st.lists(
    st.tuples(
        st.sets(st.sampled_from(KEYS)),
        st.sampled_from([1.0, 5.0, 14.0, 16.0, 300.0]),
        st.sets(st.sampled_from(WAYS)),
        st.booleans(),
        st.integers(0, 9).map(bool),  # rarely not all could be read
    ),
    max_size=30,
)


@given(rounds)
def test_each_begin_is_told_once_and_each_end_once_in_order(
    course: list[tuple[set[str], float, set[str], bool, bool]],
) -> None:
    run = Run()
    for seen, after_s, down, killed, proved in course:
        found = [need(one, "parked") for one in sorted(seen)]
        run.round(found, after_s=after_s, down=sorted(down), killed=killed, proved=proved)
    for _ in range(6):
        run.round([])

    assert run.open() == []
    for way in WAYS:
        for key in KEYS:
            mine = sorted(
                (one for one in run.alarms.values() if one.key == key), key=lambda one: one.began_at
            )
            wanted = [(one.id, event) for one in mine for event in (BEGAN, OVER)]
            heard = [
                (name, event)
                for told_by, name, event in run.heard
                if told_by == way and run.alarms[name].key == key
            ]
            assert heard == wanted
    for one in run.alarms.values():
        assert one.over_at is not None
        assert one.over_at >= one.began_at


@given(rounds)
def test_one_alarm_of_a_key_at_a_time_with_its_pause_between(
    course: list[tuple[set[str], float, set[str], bool, bool]],
) -> None:
    run = Run()
    for seen, after_s, _, killed, _ in course:
        run.round([need(one, "parked") for one in sorted(seen)], after_s=after_s, killed=killed)
        running = [one.key for one in run.alarms.values() if one.over_at is None]
        assert len(running) == len(set(running))

    for key in KEYS:
        mine = sorted(
            (one for one in run.alarms.values() if one.key == key), key=lambda one: one.began_at
        )
        for before, after in pairwise(mine):
            assert before.over_at is not None
            assert after.began_at - before.over_at >= timedelta(seconds=SETTLE_S)
