"""Webhooks: committed before they are acknowledged, believed only when signed."""

from __future__ import annotations

import json
import threading
from typing import NoReturn

import httpx
import pytest

from sdsync.server.hooks import Webhook
from sdsync.server.intake import THREADS
from tests.integration.server.intake import Rig, signed

BODY = b'{"id": "4711"}'


def test_a_signed_webhook_is_committed_before_202(rig: Rig) -> None:
    answer = rig.post(BODY, signed(BODY))

    assert answer.status_code == 202
    assert rig.engine.waiting() == {"4711"}
    assert rig.count("accepted") == 1


def test_nothing_is_acknowledged_before_the_commit(rig: Rig) -> None:
    rig.engine.gate = threading.Event()
    told: list[int] = []
    sender = threading.Thread(target=lambda: told.append(rig.post(BODY, signed(BODY)).status_code))
    sender.start()
    assert rig.client.get("/healthz").status_code == 200

    assert not told
    rig.engine.gate.set()
    sender.join(60)
    assert told == [202]


@pytest.mark.parametrize("change", ["body", "key", "id", "stamp", "unsigned", "stale", "twice"])
def test_a_forged_webhook_is_only_counted(rig: Rig, change: str) -> None:
    headers, body = signed(BODY), BODY
    match change:
        case "body":
            body = BODY.replace(b"1", b"2")
        case "key":
            headers = signed(BODY, key="QUJDRA==")
        case "id":
            headers["webhook-id"] += "0"
        case "stamp":
            headers["webhook-timestamp"] += "0"
        case "unsigned":
            headers = {}
        case "stale":
            headers = signed(BODY, age_s=301)
    if change == "twice":  # a second id beside the signed one
        request = rig.client.build_request(
            "POST", "/hooks/desk", content=body,
            headers=[*headers.items(), ("webhook-id", "msg_other")],
        )  # fmt: skip
        answer = rig.client.send(request)
    else:
        answer = rig.post(body, headers)

    assert answer.status_code == 401
    assert rig.engine.reads == 0
    assert not rig.engine.waiting()
    expected = {"unsigned": "unsigned", "stale": "stale"}.get(change, "forged")
    assert rig.count(expected) == 1


def test_a_reencoded_body_is_another_body(rig: Rig) -> None:
    same = json.dumps(json.loads(BODY), separators=(",", ":")).encode()

    assert same != BODY
    assert rig.post(same, signed(BODY)).status_code == 401


def test_a_replay_has_no_second_effect(rig: Rig) -> None:
    headers = signed(BODY)
    rig.post(BODY, headers)
    rig.engine.waiting()

    answers = [rig.post(BODY, headers) for _ in range(3)]

    assert [one.status_code for one in answers] == [202] * 3
    assert rig.engine.reads == 1
    assert rig.count("replayed") == 3


def test_a_replay_after_a_restart_is_dropped_by_the_store(rig: Rig) -> None:
    headers = signed(BODY)
    rig.post(BODY, headers)

    rig.new_hooks().receive([Webhook("desk", headers, BODY)])

    assert len(rig.engine.store._reading().digests) == 1


def test_what_came_together_is_committed_together(rig: Rig) -> None:
    bodies = [json.dumps({"id": number}).encode() for number in range(5)]
    forged = Webhook("desk", signed(b"{}"), BODY)

    replies = rig.new_hooks().receive(
        [*(Webhook("desk", signed(body), body) for body in bodies), forged]
    )

    assert [one.status for one in replies] == [202] * 5 + [401]
    assert rig.engine.commits == [5]
    assert rig.engine.waiting() == {"0", "1", "2", "3", "4"}


def test_one_that_cannot_be_written_spoils_no_other(rig: Rig) -> None:
    bodies = [json.dumps({"id": name}).encode() for name in ("1", "poison", "2")]

    replies = rig.new_hooks().receive([Webhook("desk", signed(body), body) for body in bodies])

    assert [one.status for one in replies] == [202, 503, 202]
    assert rig.engine.commits == [3, 1, 1, 1]
    assert rig.engine.waiting() == {"1", "2"}


def test_a_message_that_came_twice_together_is_one(rig: Rig) -> None:
    twice = Webhook("desk", signed(BODY), BODY)

    replies = rig.new_hooks().receive([twice, twice])

    assert [one.status for one in replies] == [202, 202]
    assert len(rig.engine.store._reading().digests) == 1


def test_trouble_that_nobody_foresaw_ends_no_thread(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(webhooks: object) -> NoReturn:
        raise OSError("no space left for the log")

    with monkeypatch.context() as patched:
        patched.setattr(rig.hooks, "receive", broken)
        refused = [rig.post(BODY, signed(BODY)).status_code for _ in range(2 * THREADS)]

    assert refused == [503] * (2 * THREADS)
    assert rig.post(BODY, signed(BODY)).status_code == 202


def test_two_messages_of_equal_content_are_two(rig: Rig) -> None:
    rig.post(BODY, signed(BODY))
    rig.post(BODY, signed(BODY))

    assert rig.count("accepted") == 2
    assert len(rig.engine.store._reading().digests) == 2


def test_a_full_store_asks_to_come_again_and_takes_the_repeat(rig: Rig) -> None:
    headers = signed(BODY)
    rig.engine.full = True

    refused = rig.post(BODY, headers)
    rig.engine.full = False
    taken = rig.post(BODY, headers)

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert taken.status_code == 202
    assert rig.engine.waiting() == {"4711"}


def test_law_52_without_a_secret_it_is_only_a_bell(rig: Rig) -> None:
    answer = rig.post(b"{not json at all", {}, "bell")

    assert answer.status_code == 202
    assert rig.engine.polls == ["bell"]
    assert rig.engine.reads == 0


def test_strangers_cannot_ring_a_bell_all_the_time(rig: Rig) -> None:
    answers = [rig.post(b"", {}, "bell") for _ in range(20)]

    assert {one.status_code for one in answers} == {202}
    assert len(rig.engine.polls) < 5


def test_a_secret_that_is_not_there_is_no_reason_to_believe(rig: Rig) -> None:
    answer = rig.post(BODY, signed(BODY), "lost")

    assert answer.status_code == 503
    assert "GONE" not in answer.text
    assert rig.engine.reads == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"id": NaN}', b'{"id": 1, "id": 2}', b"[" * 100_000, b"[" * 65 + b"]" * 65,
     b'{"id": "\\ud800"}', b"\xff\xfe"],
)  # fmt: skip
def test_a_signed_body_that_is_no_strict_json_is_refused(rig: Rig, body: bytes) -> None:
    answer = rig.post(body, signed(body))

    assert answer.status_code == 400
    assert rig.engine.reads == 0
    assert rig.count("malformed") == 1


def test_what_is_not_synced_is_accepted_and_ignored(rig: Rig) -> None:
    body = b'{"ping": true}'

    assert rig.post(body, signed(body)).status_code == 202
    assert rig.count("ignored") == 1


def test_an_unknown_system_makes_no_new_metric(rig: Rig) -> None:
    for number in range(5):
        assert rig.post(BODY, signed(BODY), f"other{number}").status_code == 404

    assert rig.count("unknown system", "") == 5
    assert "other" not in rig.metrics.text()


def test_only_post(rig: Rig) -> None:
    answer = rig.client.get("/hooks/desk")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_an_error_of_ours_asks_to_come_again(rig: Rig) -> None:
    rig.engine.read = None  # type: ignore[method-assign, assignment]  # a bug

    answer = rig.post(BODY, signed(BODY))

    assert answer.status_code == 503
    assert rig.count("failed") == 1


def test_many_at_once_are_each_committed_once(rig: Rig) -> None:
    def send(number: int) -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:
            for turn in range(10):
                body = b'{"id": "%d"}' % (number * 10 + turn)
                url = f"http://127.0.0.1:{rig.web.port}/hooks/desk"
                assert client.post(url, content=body, headers=signed(body)).status_code == 202

    senders = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for one in senders:
        one.start()
    for one in senders:
        one.join(60)

    assert rig.engine.waiting() == {str(number) for number in range(80)}


def test_health_readiness_and_metrics(rig: Rig) -> None:
    alive = rig.client.get("/healthz")
    assert alive.json()["version"] == "1.2.3"
    assert alive.json()["up_s"] >= 0
    assert rig.client.get("/readyz").json() == {
        "status": "ready",
        "problems": {},
        "notes": {},
    }
    assert "sdsync_webhooks_total" in rig.client.get("/metrics").text
    assert rig.client.get("/nothing").status_code == 404


def test_readiness_tells_the_truth(rig: Rig) -> None:
    rig.broken = "the disk is gone"

    answer = rig.client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["problems"] == {"store": "the disk is gone"}
