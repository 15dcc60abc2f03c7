"""Kills, stops, repeats and limits: what was acknowledged stands, whatever the process met."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time

from sdsync.store.opening import open_store
from sdsync.store.records import Change
from sdsync.store.sql import SqlStore
from tests.faults.door import PATIENCE_S, Door, door, until, within
from tests.faults.frame import Trial, fault
from tests.faults.streams import read_on
from tests.integration.store.builders import NOW, look

STOP_S = 10.0
LATE_S = 1.0  # of a machine that ends a thousand at once
HEAD = b"POST /hooks/desk HTTP/1.1\r\nhost: x\r\n"
MIB = 1024
MEMORY_MIB = 256
SLOW, HELD = 1000, 450  # in all, and beside others: it holds 512 connections
KNOCKS = 500
AT_ONCE = 250  # of a backlog, before it is the other's turn
SHARE = 0.9


@fault("R2", "killed again and again while webhooks come in and feeds are read: nothing is missing")
def killed_at_the_door(trial: Trial) -> None:
    read_on(trial)
    with door(trial) as one:
        for _ in range(trial.of(3, 100)):
            one.open()
            threads = one.crowd(4, lambda: False)
            more = trial.of(5, 1000) + trial.dice.randrange(55)
            one.await_taken(len(one.taken) + more, senders=1)
            one.kill()
            for thread in threads:
                thread.join()
            trial.count("kills")
        trial.count("acknowledged", len(one.taken))
        trial.must(len(one.taken) >= trial.of(15, 100_000), "fewer came in than were asked for")
        one.judge(trial)


@fault("R7", "SIGTERM under load with 200 slow clients: over within 10 s, nothing lost or double")
def stopped_under_load(trial: Trial) -> None:
    with door(trial) as one, contextlib.ExitStack() as stack:
        one.open()
        slow = [stack.enter_context(_half(one, number)) for number in range(200)]
        threads = one.crowd(4, lambda: False)
        until(lambda: len(one.taken) >= trial.of(20, 2000), "webhooks are taken")
        assert one.child is not None
        began = time.monotonic()
        one.child.send_signal(signal.SIGTERM)
        code = one.gone()
        took_s = time.monotonic() - began
        for thread in threads:
            thread.join()
        trial.count("slow clients", len(slow))
        trial.count("acknowledged", len(one.taken))
        trial.must(code == 0, f"it ended with {code}")
        trial.within(took_s, STOP_S, "to end")
        one.judge(trial)
        doubles = one.kept() - len(set(one.taken))
        trial.must(0 <= doubles <= 4, f"{one.kept()} kept for {len(one.taken)} acknowledged")


def _half(one: Door, number: int) -> socket.socket:
    """A client that never sends the rest."""
    link = socket.create_connection(("127.0.0.1", one.port), timeout=60)
    link.sendall(HEAD + (b"content-length: 9\r\n\r\n{" if number % 2 else b"x: y"))
    return link


@fault("R11", "each webhook delivered one to five times, shuffled: each is kept exactly once")
def repeated(trial: Trial) -> None:
    with door(trial) as one:
        one.open()
        wanted = trial.of(50, 20_000)
        numbers = [one.number() for _ in range(wanted)]
        deliveries = [n for n in numbers for _ in range(trial.dice.randrange(1, 6))]
        trial.dice.shuffle(deliveries)
        half = len(deliveries) // 2
        for part in (deliveries[:half], deliveries[half:]):  # the second half after a restart
            with contextlib.closing(one.connect()) as link:
                for number in part:
                    trial.must(one.knock(link, number), f"webhook {number} was refused")
            one.kill()
            if part is not deliveries[half:]:
                one.open()
        trial.count("webhooks", wanted)
        trial.count("deliveries", len(deliveries))
        trial.count("kept", one.kept())
        trial.must(one.kept() == wanted, f"{one.kept()} are kept of {wanted}")
        one.judge(trial)


@fault(
    "R32",
    "64 files, 256 MiB, one processor, a pile of work, strangers: it goes on after",
)
def little_of_all(trial: Trial) -> None:
    with door(trial) as one:
        pending = trial.of(4000, 1_000_000)
        with contextlib.closing(open_store(None, None, path=trial.folder)) as store:
            _pile(store, pending)
        trial.count("pending", pending)
        child = one.open(files=64, memory_mib=MEMORY_MIB)
        os.sched_setaffinity(child.pid, {min(os.sched_getaffinity(0))})
        for _ in range(trial.of(2, 20)):
            with contextlib.ExitStack() as stack:
                for number in range(100):
                    with contextlib.suppress(OSError):
                        stack.enter_context(_half(one, number))
                        trial.count("strangers")
            again = one.await_taken(len(one.taken) + 20, senders=2)
            trial.must(again, "webhooks are refused although all is quiet again")
        trial.count("acknowledged", len(one.taken))
        peak = one.memory_kib("VmHWM") // MIB
        trial.count("MiB at most", peak)
        trial.count("MiB asked for", one.memory_kib("VmData") // MIB)
        trial.must(child.poll() is None, "it died")
        trial.must(peak <= 200, f"it took {peak} MiB")
        trial.must(one.get("healthz")[0] == 200, "it is not healthy")
        trial.must(one.stop() == 0, "it did not end in order")
        one.judge(trial)
    more = [*within(MEMORY_MIB), sys.executable, "-c", f"bytearray({MEMORY_MIB} * 1024 * 1024)"]
    refused = subprocess.run(more, capture_output=True, check=False).returncode
    trial.must(refused, "the limit of memory is none: a process got all of it for one thing")


@fault("R34", "a backlog: memory stays flat over a restart, and it drains as quickly as nothing")
def backlog(trial: Trial) -> None:
    _drained(trial)
    with door(trial) as one:
        one.open()
        wanted = trial.of(400, 100_000)
        for part in (wanted // 5, wanted):
            trial.must(one.await_taken(part, senders=8), f"only {len(one.taken)} were taken")
            trial.counts["MiB early" if part < wanted else "MiB late"] = one.memory_kib() // MIB
        one.kill()
        one.open()
        trial.counts["MiB after a restart"] = one.memory_kib() // MIB
        trial.count("waiting", len(one.taken))
        grown = trial.counts["MiB late"] - trial.counts["MiB early"]
        trial.must(grown <= 32, f"it grew by {grown} MiB")
        again = trial.counts["MiB after a restart"] - trial.counts["MiB early"]
        trial.must(again <= 16, f"after a restart it takes {again} MiB more")
        one.stop()
        one.judge(trial)


def _drained(trial: Trial) -> None:
    """Beside a store whose queue is as good as empty, turn by turn in one run."""
    with contextlib.ExitStack() as stack:
        stores: dict[str, SqlStore] = {}
        for name in ("empty", "backlog"):
            (trial.folder / name).mkdir()
            stores[name] = open_store(None, None, path=trial.folder / name)
            stack.callback(stores[name].close)
        waiting = trial.of(4000, 1_000_000)
        _pile(stores["backlog"], waiting)
        took_s = dict.fromkeys(stores, 0.0)
        for turn in range(trial.of(4, 40)):
            works = [look(f"t{turn}-{n}") for n in range(AT_ONCE)]
            stores["empty"].commit(Change(ring=works))
            for name, store in stores.items():
                took_s[name] += _drain_s(store, AT_ONCE)
                trial.count(f"worked off, {name}", AT_ONCE)
        share = took_s["empty"] / took_s["backlog"]
        trial.count("pending", waiting)
        trial.count("% of the rate without a backlog", round(100 * share))
        if trial.long:  # it has its machine for itself
            trial.must(share >= SHARE, f"it drains at {share:.0%} of the rate without a backlog")


def _pile(store: SqlStore, number: int) -> None:
    """So much work that is due."""
    for first in range(0, number, 1000):
        store.commit(Change(ring=[look(f"w{n}") for n in range(first, first + 1000)]))


def _drain_s(store: SqlStore, number: int) -> float:
    """Claim and finish so many; how long it took."""
    began, left = time.monotonic(), number
    while left:
        works = store.claim("desk", now=NOW, busy=frozenset(), limit=min(left, 10))
        assert works, "nothing is due"
        store.commit(Change(finished=[(one.key, one.generation) for one in works]))
        left -= len(works)
    return time.monotonic() - began


@fault(
    "S3",
    "1,000 clients that send half and then nothing: each is ended, others are answered as before",
    long=True,
)
def dripping(trial: Trial) -> None:
    with door(trial) as one, contextlib.ExitStack() as stack, selectors.DefaultSelector() as open_:
        one.open()
        alone_s = _slowest_s(one)
        for number in range(HELD):
            _watched(open_, stack.enter_context(_half(one, number)))
        beside_s = _slowest_s(one)
        for number in range(SLOW - HELD):  # more than it holds at all: some are refused at once
            with contextlib.suppress(OSError):
                _watched(open_, stack.enter_context(_half(one, number)))
        worst_s = _ended_s(open_)
        trial.count("slow clients", SLOW)
        trial.count("acknowledged", len(one.taken))
        trial.count("p99 in us alone", round(alone_s * 1e6))
        trial.count("p99 in us beside them", round(beside_s * 1e6))
        trial.must(beside_s <= 2 * alone_s, "others wait more than twice as long")
        trial.within(worst_s, STOP_S + LATE_S, "at most until a slow one was ended")
        trial.must(one.await_taken(len(one.taken) + 200), "nobody is served after them")
        trial.must(one.stop() == 0, "it did not end in order")
        one.judge(trial)


def _watched(open_: selectors.BaseSelector, link: socket.socket) -> None:
    open_.register(link, selectors.EVENT_READ, time.monotonic())


def _ended_s(open_: selectors.BaseSelector) -> float:
    """Seconds from the first byte of a client to its end, at most; back when all are ended."""
    worst_s = 0.0
    while open_.get_map():
        ready = open_.select(PATIENCE_S)
        assert ready, "clients are never ended"
        for key, _ in ready:
            link = key.fileobj
            assert isinstance(link, socket.socket)
            with contextlib.suppress(OSError):
                if link.recv(1024):
                    continue
            open_.unregister(link)
            worst_s = max(worst_s, time.monotonic() - key.data)
    return worst_s


def _slowest_s(one: Door) -> float:
    """What 99 of 100 webhooks wait at most."""
    took: list[float] = []
    with contextlib.closing(one.connect()) as link:
        for _ in range(KNOCKS):
            began = time.monotonic()
            assert one.knock(link, one.number()), "a webhook was refused"
            took.append(time.monotonic() - began)
    return sorted(took)[KNOCKS * 99 // 100]
