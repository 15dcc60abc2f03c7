"""Who takes a lane over, and when: at once from the dead of this host, else after the lease."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import timedelta

import pytest

from sdsync.store.records import Json
from sdsync.sync.bells.leases import LEASE_S, Leases
from sdsync.testing.memory_store import MemoryStore
from sdsync.testing.simulated.clock import VirtualClock

#: Above what a kernel gives: no process bears it.
NOBODY = 2**22 + 1
HERE = socket.gethostname()


def held_by(holder: str, clock: VirtualClock) -> MemoryStore:
    """A store whose lane ``dev`` somebody took just now and left a word for the next one."""
    store = MemoryStore(clock)
    now = clock.now()
    assert store.lease("dev", holder, now=now, until=now + timedelta(seconds=LEASE_S)) is not None
    store.checkpoint("dev", holder, {"calls": 7})
    return store


def test_the_lane_of_a_dead_process_of_this_host_is_taken_over_at_once() -> None:
    clock, told = VirtualClock(), list[tuple[str, Mapping[str, Json]]]()
    store = held_by(f"{HERE}:{NOBODY}:1", clock)
    leases = Leases(store, f"{HERE}:1:2", clock, taken=lambda *one: told.append(one))

    assert leases.hold("dev")

    assert told == [("dev", {"calls": 7})]


@pytest.mark.parametrize(
    "holder",
    [f"{HERE}:{os.getpid()}:1", f"not-{HERE}:{NOBODY}:1"],
    ids=["a living process", "another host"],  # the same in each process that runs tests
)
def test_a_lane_of_another_host_or_of_the_living_is_taken_over_after_its_lease(holder: str) -> None:
    clock = VirtualClock()
    leases = Leases(held_by(holder, clock), f"{HERE}:1:2", clock, taken=None)

    assert not leases.hold("dev")
    clock.advance(LEASE_S - 1)
    assert not leases.hold("dev")
    clock.advance(2)
    assert leases.hold("dev")
