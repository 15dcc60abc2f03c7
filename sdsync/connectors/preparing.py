"""Day one with a product: what a person is asked, and what its administrator has to do.

A connector that offers this is :class:`Preparable`. One that does not can still
be connected; then nobody is told beforehand what its account lacks.
"""

# A Protocol's methods have no bodies.
# pyright: reportReturnType=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol, runtime_checkable

from sdsync.connectors.contract import Answer
from sdsync.store.records import Json


@dataclass(frozen=True, slots=True)
class DayOne:
    """Words of a product for somebody who connects it for the first time."""

    system: str = "system"  # the name that is proposed: "desk"
    url: str = "https://product.example.org"
    token: str = "env:SYSTEM_TOKEN"  # noqa: S105 - the proposed reference, never a secret
    place: str = "place"  # the product's own word: "queue"
    #: Where a person makes our credential, in the product's menus.
    credential: str = "see the product's manual"
    #: What to look at when the product says that our account may not read at all.
    forbidden: str = "give the account the rights that it needs"
    #: Whose credential it takes to carry out steps.
    administrator: str = "an administrator's"
    #: Which address is the right one, when another page answers at it.
    address: str = "the address is the one that its pages begin with"


class Stand(StrEnum):
    """How something that the product should have stands."""

    THERE = "there"
    MISSING = "missing"
    EXCESS = "excess"  # more than sdsync uses: what a lost credential could do
    OPTIONAL = "left out"  # not there, and may be left out
    UNTOLD = "not told"  # the product does not say, or there is nothing to tell it by


@dataclass(frozen=True, slots=True)
class Point:
    """One right, field or setting. ``place`` is empty where it is of the whole product."""

    about: str  # account | right | field | workflow
    name: str  # in the product's own words: "ShowTicketComments"
    stand: Stand
    place: str = ""
    why: str = ""  # what it is for, or what tells that it stands so


@dataclass(frozen=True, slots=True)
class Deed:
    """A call that an administrator's credential may make: the product's API can do it."""

    method: str
    path: str
    json: Mapping[str, Json]
    text: str  # what it does, for a person


@dataclass(frozen=True, slots=True)
class Step:
    """One thing for the administrator to do, in the product's menus.

    ``deed`` does the same by the API; None: the product's API cannot. ``optional``
    steps make something better and hold nothing up.
    """

    text: str
    deed: Deed | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found, and what is to be done."""

    product: str
    account: str
    points: tuple[Point, ...]
    steps: tuple[Step, ...]
    #: Whom writes mail and how that is silenced; how many paid seats it takes.
    mail: tuple[str, ...]
    seats: str
    #: What the product's API cannot do or tell, said once.
    cannot: str = ""
    #: place -> status -> statuses that our account may set from it, where records told.
    transitions: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    #: What works as configured, and what it takes is dangerous in the wrong hands.
    dangers: tuple[str, ...] = ()

    @property
    def wrong(self) -> tuple[Point, ...]:
        """What is missing, and what is too much."""
        return tuple(one for one in self.points if one.stand in {Stand.MISSING, Stand.EXCESS})


@dataclass(frozen=True, slots=True)
class Asked:
    """The places that the configuration takes from and puts into; both empty: all of them."""

    taken: frozenset[str] = frozenset()
    put: frozenset[str] = frozenset()
    #: Where the mapping has a record's team ("CustomRoles.Team"); None: no sync carries teams.
    team: str | None = None

    def named(self) -> tuple[str, ...]:
        """All of them, each once, sorted."""
        return tuple(sorted(self.taken | self.put))


@runtime_checkable
class Preparable(Protocol):
    """A connector that can tell what the product lacks."""

    day_one: ClassVar[DayOne]

    def survey(self, asked: Asked, admin: Preparable | None = None) -> Answer[Survey]:
        """What our account lacks and has too much of. It only reads.

        Args:
            asked: The places that matter.
            admin: The same product as its administrator sees it: with it more can be
                told, and steps get deeds.
        """

    def administers(self) -> Answer[bool]:
        """Whether this credential is one that may administer the product."""

    def carry_out_deed(self, deed: Deed) -> Answer[str]:
        """Make the call; what the product said. Only ever called with an administrator's
        credential, after the person saw ``deed.text``."""


def fields_of(mark: str) -> tuple[tuple[str, bool, str], ...]:
    """The custom fields that sdsync uses: name, whether it is needed, what for."""
    return (
        (mark, True, "finds again what was made when an answer got lost"),
        ("sdsync peer", False, "shows people the key of the other side"),
        ("sdsync tags", False, "keeps tags, which the product does not have"),
    )
