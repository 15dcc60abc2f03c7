"""What strangers and broken products send: replays, bodies without end, bombs, odd JSON."""

from __future__ import annotations

import contextlib
import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx
import orjson

from sdsync.connectors import bodies
from sdsync.connectors.http import Http
from sdsync.connectors.replies import Reply
from sdsync.server.hooks import Hooks, Webhook
from sdsync.server.intake import MAX_BODY_BYTES
from sdsync.server.signatures import TOLERANCE_S
from sdsync.server.strictjson import NotStrictJson, check
from sdsync.store.records import Json
from sdsync.testing.misbehaving import Counted, Watching
from tests.faults.door import Door, door
from tests.faults.door import signed as signed_now
from tests.faults.frame import Trial, fault
from tests.integration.server.intake import Rig, answer_of, signed
from tests.integration.server.test_hostile import HEAD, push

MIB = 1024 * 1024
#: What is sent before a sender feels that it is cut: the machine's own buffers take it.
BUFFERED = 16 * MIB
WIRE_BYTES = 64 * 1024


# -- replays ------------------------------------------------------------------------------
@fault("S2", "webhooks sent again: at once, later, after a restart, to another node: one effect")
def replayed(trial: Trial) -> None:
    rig = Rig()
    try:
        wanted = trial.of(50, 2000)
        for number in range(wanted):
            _replay(trial, rig, number)
        effects = len(rig.engine.store._reading().digests)
        trial.must(effects == wanted, f"{wanted} messages had {effects} effects")
    finally:
        rig.close()
    with door(trial) as one:
        one.open()
        numbers = [one.number() for _ in range(trial.of(20, 2000))]
        for again in ("first", "at once", "after a kill", "at once"):
            if again == "after a kill":
                one.kill()
                one.open()
            with contextlib.closing(one.connect()) as link:
                for number in numbers:
                    trial.must(one.knock(link, number), f"{again}, webhook {number} was refused")
                    trial.count("sent to a daemon")
        one.kill()
        trial.count("kept", one.kept())
        trial.must(one.kept() == len(numbers), f"{one.kept()} are kept of {len(numbers)}")
        one.judge(trial)


def _replay(trial: Trial, rig: Rig, number: int) -> None:
    """One message and its repeats, to either of two nodes, as time goes on from its stamp."""
    body = json.dumps({"id": str(number)}).encode()
    told = Webhook("desk", signed(body), body)
    ages = [0, 1, TOLERANCE_S - 1, TOLERANCE_S, trial.dice.randrange(2, TOLERANCE_S)]
    late = [TOLERANCE_S + 1, trial.dice.randrange(TOLERANCE_S + 2, 10**6)]
    nodes: list[Hooks] = [rig.new_hooks(), rig.new_hooks()]
    for age_s in sorted(ages) + late:
        rig.clock.gone_s = age_s
        (reply,) = trial.dice.choice(nodes).receive([told])
        wanted = 202 if age_s <= TOLERANCE_S else 401
        trial.count("sent to two nodes")
        trial.must(reply.status == wanted, f"{reply.status} to message {number} after {age_s} s")


# -- bodies -------------------------------------------------------------------------------
LENGTHS = (b"-1", b"1e3", b"0x10", b"1, 2", b"", b"99999999999999999999")
HEADS = (
    b"".join(b"x-%d: y\r\n" % number for number in range(10_000)),
    b"x: " + b"y" * 100_000 + b"\r\n",
    b"x" * 100_000 + b": y\r\n",
)


@fault("S4", "bodies and headers without end, lengths that are none: refused early, memory flat")
def endless(trial: Trial) -> None:
    with door(trial) as one:
        one.open()
        trial.must(one.await_taken(200), "webhooks are refused")
        before = one.memory_kib("VmHWM")
        for _ in range(trial.of(1, 50)):
            for length in (MAX_BODY_BYTES + 1, 10 * 1024 * MIB):
                _refused(trial, one, HEAD + b"content-length: %d\r\n\r\n" % length, "413")
            for said in LENGTHS:
                _refused(trial, one, HEAD + b"content-length: " + said + b"\r\n\r\n", "400 413")
            for head in HEADS:
                _refused(trial, one, HEAD + head + b"\r\n", "431")
            chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
            _cut(trial, one, HEAD + b"transfer-encoding: chunked\r\n\r\n", chunk)
            _cut(trial, one, HEAD + b"x: ", b"y" * 65_536)
        trial.must(one.await_taken(len(one.taken) + 20), "nobody is served after them")
        grown = (one.memory_kib("VmHWM") - before) // 1024
        trial.count("MiB more", grown)
        trial.must(grown <= 8, f"it grew by {grown} MiB")
        trial.must(one.stop() == 0, "it did not end in order")
        one.judge(trial)


def _refused(trial: Trial, one: Door, sent: bytes, statuses: str) -> None:
    trial.count("refused")
    with one.plug() as link:
        push(link, sent, 1)
        status = answer_of(link)[9:12].decode()
    trial.must(status in statuses.split(), f"{status or 'nothing'} to {sent[36:80]!r}")


def _cut(trial: Trial, one: Door, head: bytes, piece: bytes) -> None:
    with one.plug() as link:
        sent = push(link, head, 1) + push(link, piece, 4000)
    trial.count("cut")
    trial.must(sent <= BUFFERED, f"{sent // MIB} MiB of {piece[:8]!r} were taken")


# -- bombs --------------------------------------------------------------------------------
def _bomb(mib: int, *, gzip: bool) -> bytes:
    """So much of nothing, folded."""
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS + 16 * gzip)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(mib)) + packer.flush()


@fault("S5", "bombs of each coding, nested and in members, in and out: 16 MiB more at the most")
def bombs(trial: Trial) -> None:
    mib = trial.of(64, 512)
    plain, deflated = _bomb(mib, gzip=True), _bomb(mib, gzip=False)
    members = _bomb(1, gzip=True) * mib
    nested = zlib.compress(plain, 9)
    kinds = {
        "gzip": plain, "x-gzip": members, "deflate": deflated, "br": plain, "zstd": plain,
        "gzip, gzip": nested, "deflate, gzip": plain,
    }  # fmt: skip
    for coding, bomb in [("gzip", _bomb(1, gzip=True)), *kinds.items()]:  # the first warms up
        client = Http("https://desk.example.org", transport=Watching(_falling(coding, bomb)))
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
        before = _own_kib("VmRSS")
        got = client.call("GET", "/x")
        grown = (_own_kib("VmHWM") - before) // 1024
        if bomb not in kinds.values():
            continue
        trial.count("answers")
        trial.counts["MiB more, of answers"] = max(trial.counts["MiB more, of answers"], grown)
        refused = isinstance(got, Reply) and got.broken is not None
        trial.must(refused, f"{coding}: taken")
        trial.must(grown <= 16, f"{coding}: {grown} MiB more")
    with door(trial) as one:
        one.open()
        trial.must(one.await_taken(200), "webhooks are refused")
        before = one.memory_kib("VmHWM")
        for number, (coding, bomb) in enumerate(kinds.items()):
            _thrown(trial, one, number, coding, bomb[: MAX_BODY_BYTES - 1])
        grown = (one.memory_kib("VmHWM") - before) // 1024
        trial.count("MiB more, of webhooks", grown)
        trial.must(grown <= 16, f"the daemon grew by {grown} MiB")
        trial.must(one.stop() == 0, "it did not end in order")


def _falling(coding: str, bomb: bytes) -> Callable[[httpx.Request], httpx.Response]:
    """Answers with a bomb, in pieces as they come off a wire."""
    pieces = [bomb[at : at + WIRE_BYTES] for at in range(0, len(bomb), WIRE_BYTES)]

    def answer(_: httpx.Request) -> httpx.Response:
        headers = {"content-type": "application/json", "content-encoding": coding}
        return httpx.Response(200, headers=headers, stream=Counted(lambda: iter(pieces)))

    return answer


def _thrown(trial: Trial, one: Door, number: int, coding: str, body: bytes) -> None:
    """A signed webhook that says it is folded is judged as it came: it is no JSON."""
    trial.count("webhooks")
    with contextlib.closing(one.connect()) as link:
        headers = {**signed_now(f"bomb_{number}", body), "content-encoding": coding}
        link.request("POST", "/hooks/desk", body, headers)
        status = link.getresponse().status
    trial.must(status in (400, 415), f"{status} to a webhook in {coding}")


def _own_kib(what: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(one for one in lines if one.startswith(what)).split()[1])


# -- JSON ---------------------------------------------------------------------------------
def _keys(number: int) -> bytes:
    """Keys whose hashes meet in a table of few bits: whole numbers hash to themselves."""
    return b"{" + b",".join(b'"%d":1' % (n << 32) for n in range(number)) + b"}"


#: What must not be taken.
BAD = {
    "depth": b"[" * 100_000 + b"]" * 100_000,
    "depth of objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "NaN": b'{"a": NaN}', "infinity": b"[-Infinity]", "two documents": b"{}{}",
    "lone surrogate": b'{"a": "\\ud800"}', "no UTF-8": b'{"a": "\xff"}', "cut": b'{"a": 1',
}  # fmt: skip
#: Of a webhook's alone: a product's answer is read as its own libraries read it.
TWICE = b'{"a": 1, "b": 2, "a": 3}'
CPU_MS = 50
#: A megabyte of nothing but small things costs the quickest reader about as much.
TIMES = 16


@fault("S6", "JSON that is deep, long, odd or twofold: refused or its very value, in little time")
def odd_json(trial: Trial) -> None:
    for name, body in {**BAD, "the same key twice": TWICE}.items():
        trial.must(not _strict(trial, name, body), f"{name}: taken from a webhook")
    for name, body in BAD.items():
        got = _timed(trial, name, bodies.parse, body)
        trial.must(isinstance(got, bodies.Broken), f"{name}: taken from an answer")
    for name, body in {
        "a megabyte of digits": b"9" * (MIB - 1), "in an object": b'{"a":' + b"1" * MIB + b"}",
        "many keys": _keys(60_000), "many lists": b"[" + b"[]," * 250_000 + b"[]]",
        "escapes": b'"' + b"\\u0041" * 170_000 + b'"',
    }.items():  # fmt: skip
        _strict(trial, name, body)
        _timed(trial, name, bodies.parse, body)
    for _ in range(trial.of(500, 100_000)):
        wanted = _value(trial)
        body = json.dumps(wanted).encode()
        got = _timed(trial, "a number", bodies.parse, body)
        trial.must(_same(wanted, got), f"{body[:90]!r} was read as {str(got)[:90]}")
        trial.must(_strict(trial, "a number", body), f"{body[:90]!r} was refused")


def _strict(trial: Trial, name: str, body: bytes) -> bool:
    try:
        _timed(trial, name, check, body)
    except NotStrictJson:
        return False
    return True


def _timed(trial: Trial, name: str, read: Callable[[bytes], Json], body: bytes) -> Json:
    """What it says; how long it took of the processor counts in the long form."""
    began = time.process_time()
    try:
        return read(body)
    finally:
        took_ms = round(1000 * (time.process_time() - began))
        trial.count("bodies")
        trial.counts["ms of CPU at most"] = max(trial.counts["ms of CPU at most"], took_ms)
        if trial.long and took_ms > CPU_MS:
            most_ms = max(CPU_MS, TIMES * _bare_ms(body))
            trial.must(took_ms <= most_ms, f"{name}: {took_ms} ms of CPU, {most_ms} at most")


def _bare_ms(body: bytes) -> int:
    began = time.process_time()
    with contextlib.suppress(orjson.JSONDecodeError):
        orjson.loads(body)
    return round(1000 * (time.process_time() - began))


def _value(trial: Trial) -> dict[str, Json]:
    """Numbers around the edges of what floats and 64 bits hold."""
    edge = 2 ** trial.dice.choice((31, 53, 63, 64, 100, 1000))
    whole_number = trial.dice.choice((-1, 1)) * (edge + trial.dice.randrange(-2, 3))
    return {"n": whole_number, "in": [str(whole_number), trial.dice.random(), True, None]}


def _same(wanted: dict[str, Json], got: Json) -> bool:
    """A whole number that a float cannot hold may be its digits; nothing else may differ."""
    known = isinstance(got, dict) and got["n"] in (wanted["n"], str(wanted["n"]))
    kind = type(got["n"]) if known else None
    return known and kind in (int, str) and got["in"] == wanted["in"]
