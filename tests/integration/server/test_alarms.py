"""Alarms leave by a real webhook and a real mail server; every round is the test's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sdsync.config.load import load, load_text
from sdsync.config.model import Config
from sdsync.server.alarms import LANE, Alarms
from sdsync.server.daemon import Daemon
from sdsync.server.posting import Webhook, heartbeat
from sdsync.server.signatures import Verdict, read_secrets, verify
from sdsync.server.ways import ways_of
from sdsync.store.records import Alarm, Cause, Change, Pause, SystemRow, Work, WorkKey
from sdsync.sync.watch.alarms import BEGAN, Message
from sdsync.sync.watch.needs import Around
from sdsync.testing.memory_store import MemoryStore
from sdsync.testing.simulated.clock import START, VirtualClock
from tests.integration.server.listeners import Heard, Mailbox, mailing, patient, receiving
from tests.unit.cli import scenes

PAGE = Path(__file__).resolve().parents[3] / "docs/how-to/be-woken.md"
SECRET = "whsec_YWxhcm1zLW9mLXNkc3luYy10ZXN0LXNlY3JldA=="


@pytest.fixture
def receiver() -> Iterator[Heard]:
    with receiving() as heard:
        yield heard


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mailing() as box:
        yield box


@pytest.fixture
def config(receiver: Heard, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Config:
    patient(monkeypatch)
    monkeypatch.setenv("ALARM_SECRET", SECRET)
    monkeypatch.setenv("BEAT_URL", f"{receiver.url}/beat")
    return load_text(
        f"""
[alarms]
webhook = {{ url = "{receiver.url}", secret = "env:ALARM_SECRET" }}
heartbeat = {{ url = "env:BEAT_URL", every = "1m" }}
[alarms.mail]
server = "127.0.0.1"
port = {mailbox.port}
security = "none"
from = "sdsync@example.org"
to = ["oncall@example.org", "ops@example.org"]
{scenes.TOML}""",
        path=Path("sdsync.toml"),
    )


class Night:
    """A process that tells alarms, on a store and a clock of the test."""

    def __init__(self, config: Config, *, store: MemoryStore | None = None) -> None:
        self.config, self.clock = config, VirtualClock()
        self.store = store or MemoryStore(self.clock)
        self.beats: list[float] = []
        self.works = True
        self.alarms = self.process()

    def process(self) -> Alarms:
        """A fresh one, as after a start."""
        return Alarms(
            self.store, self.config, self.clock,
            ways=ways_of(self.config, self.store.identity().store_id),
            around=lambda: Around(running=True),
            beat=self.beat, works=lambda: self.works,
        )  # fmt: skip

    def beat(self) -> None:
        self.beats.append(self.clock.monotonic())

    def rounds(self, number: int, *, every_s: float = 5.0) -> None:
        for _ in range(number):
            self.clock.advance(every_s)
            self.alarms.round()

    def turn(self, system: str, state: str) -> None:
        row = SystemRow(system, state=state, state_since=self.clock.now())
        self.store.commit(Change(systems=[row]))

    def late(self, *targets: str, priority: int = 1) -> None:
        now = self.clock.now()
        rows = [Work(WorkKey("dev", "deliver", one), priority, now, now, now) for one in targets]
        self.store.commit(Change(ring=rows))


def test_a_whole_outage_is_one_alarm_and_one_end_by_each_way(
    config: Config, receiver: Heard, mailbox: Mailbox
) -> None:
    night = Night(config)
    night.late(*(f"r{number}" for number in range(200)))
    night.turn("dev", "unreachable")
    night.rounds(30)
    night.turn("dev", "ok")
    night.rounds(30)

    said = "dev does not answer; what waits for it is not lost"
    assert receiver.told() == [("began", said), ("over", said)]
    assert [one["Subject"] for one in mailbox.letters] == [
        f"[sdsync] P2: {said}", f"[sdsync] over: {said}",
    ]  # fmt: skip


def test_the_webhook_is_signed_and_its_id_names_the_alarm(config: Config, receiver: Heard) -> None:
    night = Night(config)
    night.turn("dev", "unauthorised")
    night.rounds(10)
    (headers, body) = receiver.calls[0]

    judged = verify(headers, body, read_secrets(SECRET), now=night.clock.now())

    data = json.loads(body)["data"]
    assert judged.verdict is Verdict.GOOD
    assert judged.id == f"{data['id']}-began"
    (promised,) = re.findall(r"`data` has ([^.]*)\.", " ".join(PAGE.read_text("utf-8").split()))
    assert set(data) == set(re.findall(r"`(\w+)`", promised))
    assert data["cure"] == "renew env:REDMINE_KEY, then it drains by itself"
    assert (data["system"], data["priority"], data["kind"]) == ("dev", 2, "system")
    assert verify(headers, body + b" ", read_secrets(SECRET), now=night.clock.now()) != judged


def test_a_mail_begins_no_conversation_and_its_end_answers_it(
    config: Config, mailbox: Mailbox
) -> None:
    mailbox.refused = ["ops@example.org"]
    night = Night(config)
    night.turn("dev", "misconfigured")
    night.rounds(10)
    night.turn("dev", "ok")
    night.rounds(10)

    began, over = mailbox.letters
    assert mailbox.readers == [["oncall@example.org"]] * 2
    assert began["Auto-Submitted"] == "auto-generated"
    assert over["In-Reply-To"] == began["Message-ID"]
    assert "next      sdsync check --live" in began.get_content()
    assert "next" not in over.get_content()


def test_no_value_of_a_ticket_and_no_name_leaves_the_house(
    config: Config, receiver: Heard, mailbox: Mailbox
) -> None:
    night = Night(config)
    scenes.fill(night.store)
    night.store.commit(
        Change(systems=[SystemRow("dev", state="misconfigured", detail="nora's secret plan")])
    )
    night.rounds(20)

    assert any("1 record: dev does not take them" in text for _, text in receiver.told())
    out = b"".join(body for _, body in receiver.calls).decode()
    out += "".join(one.as_string() for one in mailbox.letters)
    for value in ("prod2", "disk full", "ops-core", "ops-2", "desk-7", "4711", "nora"):
        assert value not in out
    assert "sdsync dead show 7f3" in out


def test_nothing_is_told_again_after_a_restart(config: Config, receiver: Heard) -> None:
    night = Night(config)
    night.turn("dev", "unauthorised")
    night.rounds(10)

    night.alarms.stop()
    night.alarms = night.process()
    night.rounds(10)

    assert [event for event, _ in receiver.told()] == [BEGAN]


def test_killed_between_telling_and_storing_it_is_told_again_under_its_id(
    config: Config, receiver: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Night(config)
    night.turn("dev", "unauthorised")
    keep: Callable[[Alarms, list[Alarm]], None] = Alarms._keep

    def dies(alarms: Alarms, rows: list[Alarm]) -> None:
        if any(one.ways for one in rows):
            raise SystemExit
        keep(alarms, rows)

    monkeypatch.setattr(Alarms, "_keep", dies)
    with pytest.raises(SystemExit):
        night.rounds(10)
    monkeypatch.setattr(Alarms, "_keep", keep)
    night.alarms.stop()  # the lease of a process that is gone is over sooner or later
    night.alarms = night.process()
    night.rounds(10)

    ids = [headers["webhook-id"] for headers, _ in receiver.calls]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_of_many_hosts_one_tells(config: Config, receiver: Heard) -> None:
    night = Night(config)
    other = Alarms(
        night.store, config, night.clock, ways=ways_of(config, "memory"),
        around=lambda: Around(running=True),
    )  # fmt: skip
    until = START + timedelta(days=1)
    assert night.store.lease(LANE, "elsewhere:1:alarms", now=START, until=until) is not None
    night.turn("dev", "unauthorised")

    night.rounds(10)
    other.round()

    assert receiver.told() == []
    assert night.beats == []


def test_a_receiver_that_fails_is_asked_more_and_more_rarely_and_told_in_the_status(
    config: Config, receiver: Heard, mailbox: Mailbox
) -> None:
    receiver.status = 503
    night = Night(config)
    night.turn("dev", "unauthorised")
    night.rounds(720)  # an hour

    assert 8 < len(receiver.calls) < 25
    assert len(mailbox.letters) == 1
    (alarm,) = night.store.alarms(open_only=True)
    assert alarm.ways["webhook"].trouble == "it answers 503"

    receiver.status = 302  # a redirect is followed by nobody
    night.rounds(120)
    receiver.status = 200
    night.rounds(120)

    assert night.store.alarms()[0].ways["webhook"].trouble == ""
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1


def test_a_way_that_breaks_holds_up_no_other(
    config: Config, receiver: Heard, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_way: Webhook, _message: Message, _now: datetime) -> str | None:
        raise UnicodeError("a host that nobody can encode")

    monkeypatch.setattr(Webhook, "send", breaks)
    night = Night(config)
    night.turn("dev", "unauthorised")
    night.rounds(20)

    (alarm,) = night.store.alarms(open_only=True)
    assert alarm.ways["webhook"].trouble == "UnicodeError"
    assert (len(mailbox.letters), receiver.calls) == (1, [])


def test_a_store_that_cannot_be_written_is_told_and_stops_the_heart(
    config: Config, receiver: Heard
) -> None:
    night = Night(config)
    night.rounds(1)
    assert len(night.beats) == 1

    night.store.full = True
    night.rounds(30)

    said = "the store cannot be written: nothing is acknowledged until it can"
    assert receiver.told() == [("began", said)]
    assert len(night.beats) <= 2

    night.store.full = False
    night.rounds(30)

    assert receiver.told() == [("began", said), ("over", said)]
    assert [one.ended for one in night.store.alarms()] == [True]
    assert len(night.beats) > 2


def test_the_heart_beats_only_while_all_of_it_works(config: Config) -> None:
    night = Night(config)
    night.rounds(24)
    assert len(night.beats) == 2

    night.works = False
    night.rounds(24)

    assert len(night.beats) == 2


def test_the_heartbeat_asks_for_its_address(config: Config, receiver: Heard) -> None:
    assert config.alarms.heartbeat is not None

    assert heartbeat(config.alarms.heartbeat) is None
    assert len(receiver.calls) == 1
    receiver.status = 500
    assert heartbeat(config.alarms.heartbeat) == "it answers 500"


def test_a_lag_is_told_by_its_priority(config: Config, receiver: Heard) -> None:
    night = Night(config)
    night.late("r1", priority=1)
    night.late("r2", priority=2)
    night.rounds(12)

    assert receiver.told() == [("began", "P1 changes wait for dev longer than 30s")]
    (alarm,) = night.store.alarms()
    assert (alarm.key, alarm.priority) == ("lag:P1:dev", 1)


@pytest.mark.parametrize(
    "scope", ["all", "system:dev", "sync:escalations", "tenant:acme", "record:h1"]
)
def test_what_somebody_paused_is_no_lag(scope: str, config: Config, receiver: Heard) -> None:
    night = Night(config)
    night.store.commit(
        Change(shares=[scenes.disk_full()], pauses=[Pause(scope, night.clock.now(), "ann")])
    )
    night.late("r-dev-1")
    night.rounds(24)

    assert not [text for _, text in receiver.told() if "changes wait" in text]

    night.store.commit(Change(resumed=[scope]))
    night.rounds(12)

    assert ("began", "P1 changes wait for dev longer than 30s") in receiver.told()


def test_causes_of_one_night_are_told_one_by_one(config: Config, receiver: Heard) -> None:
    night = Night(config)
    scenes.fill(night.store)
    cause: Mapping[str, Cause] = {one.id: one for one in night.store.causes()}
    assert cause["7f3"].kind == "parked"
    night.rounds(10)

    told = [text for _, text in receiver.told()]
    assert sum("does not take them" in one for one in told) == 1


def test_a_secret_that_is_missing_is_said_and_nothing_is_sent(
    config: Config, receiver: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALARM_SECRET")
    way = ways_of(config, "store-1")["webhook"]
    alarm = Alarm("a1", "k", "system", "text", "cure", "dev", 1, 0, START, START)

    told = way.send(Message("webhook", BEGAN, alarm, START), START)

    assert told is not None
    assert "ALARM_SECRET" in told
    assert receiver.calls == []


def test_the_daemon_lets_its_heart_beat_once_all_of_it_runs(
    receiver: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    monkeypatch.setenv("NO_TOKEN", "t0ken")
    toml = tmp_path / "sdsync.toml"
    nobody = scenes.TOML.replace("https://rt.example.org", "http://127.0.0.1:1")
    nobody = nobody.replace("https://redmine.example.org", "http://127.0.0.1:1")
    for name in ("RT_TOKEN", "REDMINE_KEY"):
        nobody = nobody.replace(f"env:{name}", "env:NO_TOKEN")
    toml.write_text(f'alarms.heartbeat = {{ url = "{receiver.url}" }}\n{nobody}')

    with Daemon(load(toml), port=0):
        assert receiver.called.wait(60)

    assert receiver.calls[0][1] == b""
