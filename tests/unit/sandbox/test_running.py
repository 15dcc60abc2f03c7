"""Starting, stopping, keeping records, people, and the control API."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import httpx
import pytest

from sdsync.sandbox import Pair, accounts, serve
from sdsync.sandbox.people import People
from sdsync.sandbox.switches import Switches, UnknownSwitchError
from tests.unit.sandbox.conftest import CLOCK
from tests.unit.sandbox.naive import PATIENCE_S


def test_records_outlive_the_sandbox(tmp_path: Path) -> None:
    with serve(save=tmp_path, clock=CLOCK) as first:
        first.desk.act("create", by="nora", Queue="General", Subject="kept", Content="text")
        first.dev.act("create", by="irina", subject="kept too")
        first.dev.act("note", id=1, by="irina", text="hm")
        first.dev.act("archive", place="web")
        before = [one.on_loop(one.product.dump) for one in (first.desk, first.dev)]

    with serve(save=tmp_path, clock=CLOCK) as second:
        after = [one.on_loop(one.product.dump) for one in (second.desk, second.dev)]
        another = second.dev.act("create", by="irina", subject="next")

    assert after == before
    assert another == {"id": 2}


def test_a_number_is_never_given_twice(pair: Pair) -> None:
    pair.dev.act("create", by="irina", subject="gone")
    pair.dev.act("delete", id=1)

    assert pair.dev.act("create", by="irina", subject="next") == {"id": 2}


def test_a_server_told_twice_to_stop_is_not_called_on_its_closed_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve() as own:
        thread = next(t for t in reversed(threading.enumerate()) if t.name == "sandbox-desk")
        own.desk.begin_stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        # Between the end of its loop and its own end a thread still says that it lives.
        monkeypatch.setattr(thread, "is_alive", lambda: True)


def test_people_do_the_same_things_for_the_same_seed(pair: Pair) -> None:
    days = []
    for _ in range(2):
        pair.desk.reset()
        pair.dev.reset()
        people = People(pair.desk.url, pair.dev.url, seed=5)
        for _ in range(40):
            people.step()
        people.stop()
        days.append([(one.who, one.where, one.what, one.record) for one in people.done])

    assert days[0] == days[1]
    assert len({one[2] for one in days[0]}) > 5


def test_what_people_do_is_taken_by_the_products(pair: Pair) -> None:
    pair.dev.act("create", by="irina", subject="something to work on")
    people = People(pair.desk.url, pair.dev.url, seed=5)
    for _ in range(60):
        people.step()
    people.stop()

    assert {one.where for one in people.done} == {"desk", "dev"}
    assert {one.status for one in people.done} <= {200, 201, 204}


def test_people_write_no_more_on_one_record_than_people_do(pair: Pair) -> None:
    for _ in range(2):
        pair.dev.act("create", by="irina", subject="something to work on")
    hour = [0.0]
    people = People(pair.desk.url, pair.dev.url, seed=5, now_s=lambda: hour[0])
    for _ in range(2):
        for _ in range(150):
            people.step()
        hour[0] += 3_600
    people.stop()

    kinds = ("reply", "internal comment", "file", "note", "private note")
    notes = Counter((one.where, one.record) for one in people.done if one.what in kinds)
    issues = [number for (where, _), number in notes.items() if where == "dev"]
    assert issues == [6, 6]  # three in either hour, though there were more to write
    assert max(notes.values()) == 6


def test_the_dice_of_one_switch_do_not_depend_on_another(pair: Pair) -> None:
    def codes() -> list[int]:
        pair.dev.switch("html_502", probability=0.5, seed=3)
        url = f"{pair.dev.url}/trackers.json"
        return [httpx.get(url).status_code for _ in range(12)]

    alone = codes()
    pair.dev.switch("coarse_stamps", probability=0.5)

    assert codes() == alone
    assert set(alone) == {200, 502}


def test_a_switch_strikes_as_often_as_told_and_only_whom(pair: Pair) -> None:
    pair.dev.switch("html_502", count=2, login="sdsync", path=r"/trackers")
    ours = {"X-Redmine-API-Key": accounts.DEV_KEY}

    def code(path: str, headers: dict[str, str] | None = None) -> int:
        return httpx.get(f"{pair.dev.url}{path}", headers=headers).status_code

    assert code("/trackers.json") == 200
    assert code("/issues.json", ours) == 200
    assert [code("/trackers.json", ours) for _ in range(3)] == [502, 502, 200]


@pytest.mark.parametrize(("name", "value"), [("trottle", {}), ("throttle", {"per_hour": 1})])
def test_an_unknown_switch_or_parameter_names_those_that_exist(
    name: str, value: dict[str, object]
) -> None:
    with pytest.raises(UnknownSwitchError, match=r"per_minute|throttle"):
        Switches().set(name, value)


def test_the_control_api_shows_what_came_after_a_number(pair: Pair) -> None:
    control = f"{pair.desk.url}/_sandbox"
    for subject in ("first", "second"):
        body = {"action": "create", "by": "nora", "Queue": "General", "Subject": subject}
        httpx.post(f"{control}/act", json=body).raise_for_status()

    later = httpx.get(f"{control}/records", params={"tickets": 1}).json()
    wrong = httpx.get(f"{control}/records", params={"nope": 1})

    assert {kind: [one["subject"] for one in found] for kind, found in later.items()} == {
        "tickets": ["second"]
    }
    assert wrong.status_code == 400


def test_the_control_api_shows_and_acts(pair: Pair) -> None:
    control = f"{pair.desk.url}/_sandbox"
    body = {"action": "create", "by": "nora", "Queue": "General", "Subject": "by hand"}

    made = httpx.post(f"{control}/act", json=body).json()
    httpx.get(f"{pair.desk.url}/REST/2.0/rt")
    asked = httpx.get(f"{control}/requests").json()
    wrong = httpx.post(f"{control}/switches", json={"nope": True})

    assert made == {"id": 1}
    assert [(one["method"], one["path"], one["status"]) for one in asked] == [
        ("GET", "/REST/2.0/rt", 401)
    ]
    assert wrong.status_code == 400
    assert "short_pages" in wrong.json()["message"]
    assert httpx.get(f"{control}/records").json()["tickets"][0]["subject"] == "by hand"
    assert httpx.get(f"{control}/").status_code == 200
    assert httpx.get(f"{control}/nope").status_code == 404


def test_people_in_the_pages_can_merge_move_clone_and_shred(pair: Pair) -> None:
    for _ in range(3):
        pair.desk.act("create", by="nora", Queue="General", Subject="x", CustomFields={})
    pair.desk.act("edit", id=1, CustomFields={"sdsync mark": "m1"})

    pair.desk.act("move", id=1, to="Escalated")
    cloned = pair.desk.act("clone", id=1)
    pair.desk.act("merge", id=2, into=1)
    pair.desk.act("shred", id=3)

    records = pair.desk.on_loop(pair.desk.product.dump)
    assert isinstance(records, dict)
    tickets = {one["id"]: one for one in records["tickets"]}
    assert cloned == {"id": 4}
    assert tickets[4]["fields"][1] == ["m1"]
    assert (tickets[2]["effective_id"], 3 in tickets) == (1, False)
    assert tickets[1]["queue"] == 2


def test_the_command_prints_where_it_is_and_stops_though_a_call_hangs() -> None:
    command = [sys.executable, "-m", "sdsync.sandbox", "--desk-port", "0", "--dev-port", "0",
               "--people", "--pace", "0.01"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        desk, dev = child.stdout.readline(), child.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", dev)
        assert url is not None
        httpx.post(f"{url[0]}/_sandbox/switches", json={"hang": {"for_s": 600}})
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{url[0]}/issues.json", timeout=httpx.Timeout(PATIENCE_S, read=0.05))

        child.send_signal(signal.SIGTERM)
        code = child.wait(PATIENCE_S)  # far below what the hanging call would take

    assert (code, desk.split()[0], dev.split()[0]) == (0, "desk", "dev")
