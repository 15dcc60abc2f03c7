"""Reading a system for a person's command: within its lane's budget, beside a running daemon.

The daemon's process holds the lane and its budget. A command reads beside it: with what
the lane noted for its next holder, so that no pause is broken, and with half of the
budget and one call at a time while somebody holds the lane, so that the two together
stay within it. Weakness, stated: where no rate is configured, the two share what the
product bears, and its throttle slows both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from sdsync.connectors.contract import (
    Answer,
    Audience,
    Connector,
    Description,
    Listed,
    Lists,
    NativeRecord,
    Operation,
    calls_of,
)
from sdsync.connectors.failures import AuthFailed, Failure, Misconfigured, Throttled, Transient
from sdsync.mappings.contract import Mapping
from sdsync.ratelimit.lanes import Granted, LaneBudget, answered, ask, restore
from sdsync.store.records import Ref
from sdsync.sync.core import Core
from sdsync.sync.decide.edits import Look
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.policy import lane_trouble, lesson
from sdsync.sync.systems import System

T = TypeVar("T")
#: Answers in a row that say that the system is in trouble, before the command gives up.
TRIES = 6
#: A permit comes free when a call returns; here none is out, so this is never long.
PERMIT_S = 0.05


class Reader:
    """One system, read call by call. ``wait`` sits out a budget; ``close`` it in the end."""

    def __init__(self, core: Core, name: str, wait: Callable[[float], None]) -> None:
        self.name = name
        self.calls = 0
        self.took_s = 0.0
        self._looks: list[float] = [0.0, 0.0, 0.0]  # how many, their calls, their seconds
        self._core, self._wait = core, wait
        self.system: System = core.systems[name]
        self._connector: Connector = self.system.connect()
        row, clock = core.store.lane(name), core.clock
        held = row.lease_until is not None and row.lease_until > clock.now()
        self._budget = _beside(self.system.budget) if held else self.system.budget
        self._lane = restore(self._budget, row.checkpoint, now=clock.monotonic(), wall=clock.now())

    @property
    def mapping(self) -> Mapping:
        """Of its tickets."""
        return self.system.mappings["ticket"]

    @property
    def look_calls(self) -> float:
        """Calls over the wire that one whole look takes here."""
        number, calls, _ = self._looks
        return calls / number if number else 1.0

    @property
    def look_s(self) -> float:
        """Seconds that one whole look takes here, the waits of its budget among them."""
        number, _, took_s = self._looks
        paced_s = 60.0 / self._budget.per_minute if self._budget.per_minute else 0.0
        return max(paced_s * self.look_calls, took_s / number if number else 0.0)

    def describe(self) -> Description:
        """What the system says of itself now.

        Raises:
            Refused: It does not answer.
        """
        asked = self._core.clock.now()
        said = self.ask(lambda connector: connector.describe())
        if not isinstance(said, Description):
            raise Refused(f"{self.name} cannot be read: {in_words(said)}")
        self.system.learn(said, asked, self._core.clock.now())
        return said

    def fetch(self, ref: Ref) -> Look | Failure:
        """The record, whole."""
        began, calls, took_s = self._core.clock.now(), self.calls, self.took_s
        answer = self.ask(lambda connector: connector.fetch(ref))
        spent = (1, self.calls - calls, self.took_s - took_s)
        self._looks = [one + more for one, more in zip(self._looks, spent, strict=True)]
        return Look(answer, began) if isinstance(answer, NativeRecord) else answer

    def records(self, place: str) -> Iterator[NativeRecord]:
        """Every record of a place, a page at a time, in the order of their ids.

        Raises:
            Refused: The connector cannot list, or the system does not answer.
        """
        connector, after, begun = self._connector, "", set[str]()
        if not isinstance(connector, Lists):
            raise Refused(f"the connector of {self.name} cannot list records; use --pairs FILE")
        while True:
            page = self._page(connector, place, after)
            yield from page.records
            if page.after is None:
                return
            after = page.after
            if after in begun:  # it would never end, and its end is all that proves it whole
                raise Refused(f'{self.name} lists "{place}" in circles; use --pairs FILE')
            begun.add(after)

    def _page(self, connector: Lists, place: str, after: str) -> Listed:
        answer = self.ask(lambda _: connector.records(place, after))
        if not isinstance(answer, Listed):
            raise Refused(f'{self.name} does not list "{place}": {in_words(answer)}')
        return answer

    def notifies(self, operation: Operation) -> Audience:
        """Whom a write would mail, as far as this reader has seen the record."""
        return self._connector.notifies(operation)

    def ask(self, make: Callable[[Connector], Answer[T]]) -> Answer[T]:
        """One call when the budget lets; again while only the lane is to blame.

        Raises:
            Refused: The credential or the address is wrong: no other call would fare better.
        """
        answer = self._once(make)
        for _ in range(TRIES - 1):
            if lane_trouble(answer) is None and not isinstance(answer, Transient):
                break
            if isinstance(answer, AuthFailed | Misconfigured):
                raise Refused(f"{self.name} cannot be read: {in_words(answer)}")
            answer = self._once(make)
        return answer

    def _once(self, make: Callable[[Connector], Answer[T]]) -> Answer[T]:
        clock = self._core.clock
        began = clock.monotonic()
        while not isinstance(slot := ask(self._lane, clock.monotonic()), Granted):
            left_s = PERMIT_S if slot.until is None else slot.until - clock.monotonic()
            self._wait(max(0.0, left_s))
        sent = clock.monotonic()
        before = calls_of(self._connector)
        answer = make(self._connector)
        now, calls = clock.monotonic(), max(1, calls_of(self._connector) - before)
        taught = lesson(answer, latency_s=now - sent)
        spread = self._core.rand.random
        answered(self._lane, slot.grant, taught, now=now, rand=spread, calls=calls)
        self.calls += calls
        self.took_s += now - began
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._connector.close()


def _beside(budget: LaneBudget) -> LaneBudget:
    """What a command may take while the daemon drives the lane."""
    half = max(1, budget.per_minute // 2) if budget.per_minute else None
    return LaneBudget(1, half)


def in_words(failure: object) -> str:
    """A failure for a person; no secret ever stands in one."""
    detail = str(getattr(failure, "detail", "") or "")
    match failure:
        case AuthFailed():
            return "it refuses our credential"
        case Throttled(after_s=after_s):
            return f"it asks us to wait {after_s:.0f} s, again and again"
        case Transient(unreachable=True):
            return f"it is not reached{f' ({detail})' if detail else ''}"
        case _:
            words = {"Missing": "there is none", "Forbidden": "our account may not read it"}
            name = type(failure).__name__
            return words.get(name) or detail or f"the answer was {name}"
