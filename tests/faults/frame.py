"""What a fault is, and one trial of it: what it counted, and what was wrong."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


class LackingError(Exception):
    """This machine has not what the scenario needs; the text says what, and the remedy."""


@dataclass(slots=True)
class Trial:
    """One run of one scenario, in an empty folder of its own."""

    seed: int
    long: bool
    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def of(self, short: int, long: int) -> int:
        """A number of things: for every run, or for the long form."""
        return long if self.long else short

    def count(self, what: str, by: int = 1) -> None:
        """Add to what is told at the end; what was counted as 0 is told too."""
        self.counts[what] += by

    def must(self, holds: object, otherwise: str) -> None:
        """Note a breach unless it holds."""
        if not holds:
            self.breaches.append(otherwise)

    def within(self, took_s: float, most_s: float, what: str) -> None:
        """Hold a time to its bound in the long form, which has its machine for itself."""
        self.count(f"seconds {what}", round(took_s))
        if self.long:
            self.must(took_s <= most_s, f"{took_s:.1f} s {what}, {most_s:g} at most")


Scenario = Callable[[Trial], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the catalogue."""

    number: str
    says: str
    scenario: Scenario
    long: bool  # in the long form alone
    apart: bool = False  # when asked for, and not in the suite, which has as much elsewhere

    @property
    def in_suite(self) -> bool:
        """Whether the suite tries its short form."""
        return not (self.long or self.apart)


SCENARIOS: dict[str, Fault] = {}


def fault(
    number: str, says: str, *, long: bool = False, apart: bool = False
) -> Callable[[Scenario], Scenario]:
    """Enter a scenario under its number.

    Args:
        number: That of the catalogue.
        says: The fault and what must hold, in a line.
        long: It takes long by its nature: the short form has only what is proved elsewhere.
        apart: A test of the suite is as much as its short form.
    """

    def enter(scenario: Scenario) -> Scenario:
        assert number not in SCENARIOS, f"{number} stands twice"
        SCENARIOS[number] = Fault(number, says, scenario, long, apart)
        return scenario

    return enter
