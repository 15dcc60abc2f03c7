"""What the conformance kit needs of a connector under test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from sdsync.config.clock import SystemClock
from sdsync.config.model import SystemConfig
from sdsync.config.secrets import SecretRef
from sdsync.connectors.contract import (
    AddElement,
    Connector,
    Create,
    Done,
    Operation,
    Update,
)
from sdsync.connectors.failures import (
    Failure,
)
from sdsync.store.records import Json, Ref
from sdsync.testing.misbehaving import (
    Handler,
    Watching,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
#: What reading one answer of 8 MiB may cost, with the copies that decoding makes.
MOST_MEMORY_BYTES = 96 * 1024 * 1024
#: Asking again for as long as ``more`` is said must end.
MOST_PAGES = 300


@dataclass(frozen=True)
class Rig:
    """A connector under test and a product that behaves.

    ``behaved`` answers as the product does, from recordings: at least what a
    fetch of ``ref``, the feed, and what precedes the writes ask for. ``connect``
    makes a new connector over a transport; its credential is ``secret``.

    For :class:`LivingConformance` ``behaved`` keeps what it is told; ``now`` is the
    connector's clock, ``later`` lets as much time pass as a feed needs to tell all (none
    by default), ``restless`` are native fields that every write moves, and ``worklog``,
    for a product that has them, is time to log on ``ref``: ``connect`` reads worklogs then.
    ``team`` gives ``ref`` to one of the product's teams; each of ``ties`` says by which
    values of ``ref`` it is tied to the record of an id: linked, or below it.
    """

    connect: Callable[[httpx.BaseTransport], Connector]
    behaved: Handler
    secret: str
    ref: Ref
    place: str
    update: Update
    create: Create
    note: AddElement
    now: Callable[[], datetime] = SystemClock().now
    later: Callable[[], None] = lambda: None
    restless: frozenset[str] = frozenset()
    worklog: AddElement | None = None
    team: Update | None = None
    ties: tuple[Callable[[str], Mapping[str, Json]], ...] = ()


def system(
    name: str, connector: str, url: str, token: str, *, worklogs: bool = False, **options: str
) -> SystemConfig:
    """A system's settings, as ``sdsync.toml`` would give them to a connector.

    Args:
        name: The system's name.
        connector: Which product it is.
        url: Its address.
        token: A reference: ``env:NAME``, ``file:PATH``.
        worklogs: Whether a sync copies the work that is logged there.
        options: The connector's own settings.
    """
    secret = SecretRef.parse(token)
    return SystemConfig(
        name=name, connector=connector, url=url, token=secret, options=options, worklogs=worklogs
    )


def answers(connector: Connector, operations: Sequence[Operation]) -> list[Done | Failure]:
    """What ``apply`` says, which is one answer for each operation."""
    answered = list(connector.apply(operations))
    assert len(answered) == len(operations)
    return answered


class RiggedTests:
    """Tests over a ``rig``."""

    def over(self, rig: Rig, handler: Handler) -> tuple[Connector, Watching]:
        """A connector whose product is ``handler``, and what it was asked."""
        watching = Watching(handler)
        return rig.connect(watching), watching
