"""Every misbehaviour earns its place: a client that trusts loses, doubles or leaks by it."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from sdsync.sandbox import Pair, accounts
from sdsync.sandbox.switches import KINDS
from sdsync.sandbox.webhooks import sign
from tests.unit.sandbox.conftest import MORNING, ManualClock
from tests.unit.sandbox.naive import DEV, PATIENCE_S, Naive

ROOT = Path(__file__).parents[3]


def ticket(pair: Pair, **fields: object) -> int:
    made = pair.desk.act("create", by="nora", **{"Queue": "Escalated", "Subject": "db01", **fields})
    assert isinstance(made, dict)
    return int(str(made["id"]))


def issue(pair: Pair, **fields: object) -> int:
    made = pair.dev.act("create", by="irina", **{"project": "infra", "subject": "db01", **fields})
    assert isinstance(made, dict)
    return int(str(made["id"]))


def shown(pair: Pair, id_: int, key: str = accounts.DEV_KEY) -> dict[str, object]:
    """What somebody really sees of an issue."""
    url = f"{pair.dev.url}/issues/{id_}.json?include=journals"
    reply = httpx.get(url, headers={"X-Redmine-API-Key": key})
    return dict(reply.json()["issue"]) if reply.status_code == 200 else {}


def titles(pair: Pair) -> list[str]:
    """All titles that the tracker truly holds."""
    records = pair.dev.on_loop(pair.dev.product.dump)
    assert isinstance(records, dict)
    return [one["subject"] for one in records["issues"]]


def test_ignored_field_makes_it_believe_what_is_not_there(pair: Pair, naive: Naive) -> None:
    id_ = issue(pair)
    pair.dev.switch("ignored_field", fields=["priority_id"])

    naive.edit(id_, priority_id=5)

    assert naive.believed["priority_id"] == 5
    assert shown(pair, id_)["priority"] == {"id": 2, "name": "Normal"}


def test_merged_answer_makes_it_write_one_record_into_another(pair: Pair, naive: Naive) -> None:
    first, second = ticket(pair, Subject="mine"), ticket(pair, Subject="another's")
    pair.desk.switch("merged_answer", id=first, answers=second)

    read = naive.call("GET", f"{naive.desk}/ticket/{first}")

    assert read.status_code == 200
    assert read.json()["Subject"] == "another's"


def test_private_dropped_leaks_a_note(pair: Pair, naive: Naive) -> None:
    id_ = issue(pair, project="web")
    pair.dev.switch("private_dropped")

    naive.edit(id_, notes="the customer does not pay", private_notes=True)

    public = httpx.get(f"{pair.dev.url}/issues/{id_}.json?include=journals")
    assert "does not pay" in public.text


def test_archived_project_looks_like_everything_was_deleted(pair: Pair, naive: Naive) -> None:
    issue(pair)
    pair.dev.switch("archived_project", place="infra")

    assert naive.issues() == []
    assert titles(pair) == ["db01"]


def test_short_pages_hide_the_rest(pair: Pair, naive: Naive) -> None:
    for _ in range(5):
        issue(pair)
    pair.dev.switch("short_pages", items=2)

    assert len(naive.issues()) == 2


def test_repeated_pages_show_a_record_twice_and_hide_another(pair: Pair, naive: Naive) -> None:
    for number in range(4):
        issue(pair, subject=f"n{number}")
    pair.dev.switch("repeated_pages", items=1)

    seen = [one["subject"] for one in naive.issues(limit=2)]

    assert seen.count("n1") == 2


def test_stale_search_makes_looking_first_useless(pair: Pair, naive: Naive) -> None:
    fields = {"project_id": "infra", "subject": "db01", "custom_fields": [{"id": 1, "value": "m1"}]}
    query = {"cf_1": "m1", "status_id": "*"}
    pair.dev.switch("effect_then_cut", count=2)
    pair.dev.switch("stale_search", lag_s=60)

    with pytest.raises(UnboundLocalError):
        naive.call("POST", f"{naive.dev}/issues.json", json={"issue": fields})
    found = naive.call("GET", f"{naive.dev}/issues.json", params=query).json()["issues"]
    if not found:  # "it is not there, so we may create it again"
        naive.call("POST", f"{naive.dev}/issues.json", json={"issue": fields})

    assert titles(pair) == ["db01"] * 3


def test_throttle_without_a_hint_drops_a_change(pair: Pair, naive: Naive) -> None:
    id_ = issue(pair)
    pair.dev.switch("throttle", per_minute=1, hint="none")
    shown(pair, id_)

    naive.edit(id_, subject="lost")

    assert titles(pair) == ["db01"]


@pytest.mark.parametrize(("hint", "starts"), [("seconds", "60"), ("date", "Sat, 21 Nov 2026")])
def test_throttle_hints_and_counts_who_does_not_listen(pair: Pair, hint: str, starts: str) -> None:
    pair.dev.switch("throttle", per_minute=1, hint=hint)
    url = f"{pair.dev.url}/issues.json"
    httpx.get(url, headers=DEV)

    refused = [httpx.get(url, headers=DEV) for _ in range(3)]

    assert {one.status_code for one in refused} == {429}
    assert refused[0].headers["Retry-After"].startswith(starts)
    assert httpx.get(f"{pair.dev.url}/_sandbox/state").json()["inside_throttle_window"] == 2


def test_throttle_lifts_when_the_minute_is_over(pair: Pair, clock: ManualClock) -> None:
    pair.dev.switch("throttle", per_minute=1)
    url = f"{pair.dev.url}/issues.json"

    codes = [httpx.get(url, headers=DEV).status_code for _ in range(2)]
    clock.pass_(61)

    assert [*codes, httpx.get(url, headers=DEV).status_code] == [200, 429, 200]


@pytest.mark.parametrize("name", ["effect_then_500", "effect_then_cut"])
def test_an_effect_without_an_answer_is_done_twice(pair: Pair, naive: Naive, name: str) -> None:
    ticket(pair)
    pair.dev.switch(name, count=1)

    naive.sync()

    assert titles(pair) == ["db01", "db01"]


@pytest.mark.parametrize("name", ["cut", "html_502", "auth_revoked", "wrong_type"])
def test_a_change_is_lost_when_its_call_came_to_nothing(
    pair: Pair, naive: Naive, name: str
) -> None:
    ticket(pair)
    pair.dev.switch(name, method=".*")
    with pytest.raises((UnboundLocalError, ValueError)):
        naive.sync()  # its cursor has moved all the same
    pair.dev.switch(name, on=False)

    naive.sync()

    assert "db01" not in titles(pair) or name == "wrong_type"  # that one took effect
    assert naive.links == {}


def test_hang_holds_a_thread_as_long_as_it_likes(pair: Pair) -> None:
    pair.dev.switch("hang", for_s=600)

    with pytest.raises(httpx.ReadTimeout):
        httpx.get(
            f"{pair.dev.url}/issues.json", headers=DEV, timeout=httpx.Timeout(PATIENCE_S, read=0.05)
        )


def test_wrong_clock_moves_the_cursor_past_real_changes(
    pair: Pair, naive: Naive, clock: ManualClock
) -> None:
    pair.desk.switch("wrong_clock", offset_s=3600)
    ticket(pair, Subject="an hour ahead")
    naive.sync()
    pair.desk.switch("wrong_clock", on=False)
    clock.pass_(60)
    ticket(pair, Subject="on time")

    naive.sync()

    assert "on time" not in titles(pair)


def test_truncate_makes_it_rewrite_for_ever(pair: Pair, naive: Naive) -> None:
    id_ = issue(pair)
    pair.dev.switch("truncate", length=5)

    for _ in range(3):  # "the title differs, so write it"
        if shown(pair, id_)["subject"] != "a long title":
            naive.edit(id_, subject="a long title")

    assert [one.method for one in pair.dev.requests].count("PUT") == 3


def test_own_reaction_is_taken_for_a_person(pair: Pair, naive: Naive) -> None:
    id_ = issue(pair)
    pair.dev.switch("own_reaction")

    naive.edit(id_, notes="hello")

    assert shown(pair, id_)["status"] == {"id": 2, "name": "In Progress", "is_closed": False}


def test_own_reaction_of_the_desk(pair: Pair, desk: httpx.Client) -> None:
    id_ = ticket(pair)
    pair.desk.switch("own_reaction")

    desk.put(f"/ticket/{id_}", json={"Subject": "other"})

    assert desk.get(f"/ticket/{id_}").json()["Status"] == "open"


def test_coarse_stamps_lose_what_comes_in_the_same_minute(
    pair: Pair, naive: Naive, clock: ManualClock
) -> None:
    pair.desk.switch("coarse_stamps", resolution_s=60)
    ticket(pair, Subject="first")
    naive.sync()
    clock.pass_(30)
    ticket(pair, Subject="half a minute later")

    naive.sync()

    assert titles(pair) == ["first"]


def test_gzip_bomb_fills_the_memory(pair: Pair) -> None:
    pair.dev.switch("gzip_bomb", size_bytes=8 * 2**20)

    with httpx.stream("GET", f"{pair.dev.url}/issues.json", headers=DEV) as reply:
        sent = int(reply.headers["Content-Length"])
        received = len(reply.read())

    assert sent < 20_000
    assert received > 8 * 2**20


def test_endless_never_ends(pair: Pair) -> None:
    pair.dev.switch("endless", size_bytes=2**40)

    with httpx.stream("GET", f"{pair.dev.url}/issues.json", headers=DEV) as reply:
        chunks = reply.iter_raw()
        received = sum(len(next(chunks)) for _ in range(40))

    assert received > 2**20


@pytest.mark.parametrize("body", ["html", "list", "text", "null"])
def test_wrong_type_crashes_it(pair: Pair, naive: Naive, body: str) -> None:
    pair.dev.switch("wrong_type", body=body)

    with pytest.raises((ValueError, TypeError)):
        naive.issues()


def test_slow_answers_take_all_its_time(pair: Pair) -> None:
    pair.dev.switch("slow", after_s=600)

    with pytest.raises(httpx.ReadTimeout):
        httpx.get(
            f"{pair.dev.url}/issues.json", headers=DEV, timeout=httpx.Timeout(PATIENCE_S, read=0.05)
        )


def test_forbidden_record_is_taken_for_a_deleted_one(pair: Pair, naive: Naive) -> None:
    hidden, open_ = issue(pair), issue(pair)
    pair.dev.switch("forbidden_record", ids=[hidden])

    def readable(one: int) -> bool:
        return naive.call("GET", f"{naive.dev}/issues/{one}.json").status_code == 200

    assert [readable(hidden), readable(open_)] == [False, True]
    assert titles(pair) == ["db01", "db01"]


def test_delayed_effect_lands_after_the_look_up(pair: Pair, naive: Naive) -> None:
    ticket(pair)
    pair.dev.switch("delayed_effect", count=1)

    naive.sync()  # 504, nothing to be found, so it creates again
    assert titles(pair) == ["db01"]
    pair.dev.land()

    assert titles(pair) == ["db01", "db01"]


def test_accepted_makes_it_believe_what_a_lost_job_never_did(pair: Pair, naive: Naive) -> None:
    id_ = issue(pair)
    pair.dev.switch("accepted", lost=True)

    naive.edit(id_, priority_id=5)
    pair.dev.land()

    assert naive.believed["priority_id"] == 5
    assert shown(pair, id_)["priority"] == {"id": 2, "name": "Normal"}


def test_a_job_answers_as_the_write_would_have(pair: Pair, naive: Naive) -> None:
    pair.dev.switch("accepted", count=1)
    fields = {"subject": "slowly", "project_id": "infra"}
    took = naive.call("POST", f"{naive.dev}/issues.json", json={"issue": fields})

    running = naive.call("GET", took.headers["location"])
    pair.dev.land()
    done = naive.call("GET", took.headers["location"])

    assert (took.status_code, running.status_code, done.status_code) == (202, 202, 201)
    assert done.json()["issue"]["subject"] == "slowly"


class Hook:
    """Takes webhooks and remembers them."""

    def __init__(self) -> None:
        self.got: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.put(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/desk"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def ids(self, count: int) -> list[str]:
        return [json.loads(self.got.get(timeout=PATIENCE_S)[1])["data"]["id"] for _ in range(count)]


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    made.thread.start()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


def test_webhooks_are_signed_over_id_time_and_body(pair: Pair, hook: Hook) -> None:
    pair.desk.switch("webhooks", url=hook.url)
    id_ = ticket(pair)

    headers, body = hook.got.get(timeout=PATIENCE_S)

    stamp = int(headers["webhook-timestamp"])
    expected = sign(accounts.DESK_WEBHOOK_SECRET, headers["webhook-id"], stamp, body)
    assert headers["webhook-signature"] == expected
    assert stamp == int(MORNING.timestamp())
    assert json.loads(body)["data"] == {"kind": "ticket", "id": str(id_)}


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks 1.0 text."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'

    made = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_webhook_duplicate_makes_it_act_twice(pair: Pair, hook: Hook) -> None:
    pair.desk.switch("webhooks", url=hook.url)
    pair.desk.switch("webhook_duplicate", times=2)
    ticket(pair)

    first, second = hook.got.get(timeout=PATIENCE_S), hook.got.get(timeout=PATIENCE_S)

    assert first[0]["webhook-id"] == second[0]["webhook-id"]


def test_webhook_reorder_lets_the_oldest_win(pair: Pair, hook: Hook) -> None:
    pair.desk.switch("webhooks", url=hook.url)
    pair.desk.switch("webhook_reorder", window=4)
    made = [str(ticket(pair)) for _ in range(4)]

    got = hook.ids(4)

    assert got != made
    assert sorted(got) == made


def test_every_switch_has_a_test_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")

    assert [name for name in KINDS if f'"{name}"' not in source] == []


def test_every_switch_is_in_the_table_of_the_docs() -> None:
    table = (ROOT / "docs" / "misbehaviours.md").read_text(encoding="utf-8")

    assert [name for name in KINDS if f"| `{name}` |" not in table] == []


def test_throttle_counts_and_refuses_only_the_account_that_it_names(pair: Pair) -> None:
    pair.dev.switch("throttle", per_minute=1, login="somebody else")
    url = f"{pair.dev.url}/issues.json"

    assert [httpx.get(url, headers=DEV).status_code for _ in range(3)] == [200, 200, 200]
