"""The one place that knows products by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, cast

import httpx

from sdsync.config.clock import Clock, SystemClock
from sdsync.config.model import SystemConfig
from sdsync.connectors.contract import Capabilities, Connector
from sdsync.connectors.http import Permit

GROUP = "sdsync.connectors"

#: A checkout that was never installed has no entry points, so ours are a table.
BUILT_IN: Mapping[str, str] = {
    "redmine": "sdsync.connectors.redmine:Redmine",
    "request_tracker": "sdsync.connectors.request_tracker:RequestTracker",
}


class UnknownConnector(LookupError):  # noqa: N818 - reads as what it is, as in the store
    """No connector has this name. ``name`` and ``known`` are for the message."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f'no connector is named "{name}"; there are {", ".join(known)}')
        self.name = name
        self.known = known


def names() -> tuple[str, ...]:
    """Every connector that can be named in ``connector = …``, sorted."""
    return tuple(sorted({*BUILT_IN, *(one.name for one in entry_points(group=GROUP))}))


def load(name: str) -> type[Any]:
    """The class behind a name; a built-in one wins over a plugin of its name.

    Raises:
        UnknownConnector: Nothing has this name.
    """
    target = BUILT_IN.get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        return cast("type[Any]", getattr(importlib.import_module(module), attribute))
    for point in entry_points(group=GROUP):
        if point.name == name:
            return cast("type[Any]", point.load())
    raise UnknownConnector(name, names())


def capabilities(name: str) -> Capabilities:
    """What a connector declares, without credentials."""
    return cast("Capabilities", load(name).capabilities)


def create(
    name: str,
    config: SystemConfig,
    *,
    clock: Clock | None = None,
    permit: Permit | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Connector:
    """The connector of one configured system; nothing is called yet.

    Args:
        name: The system's name: it stands in every Ref.
        config: Its table in ``sdsync.toml``; ``connector`` says which product.
        clock: The machine's own by default.
        permit: Asked before every call; its failure is the call's answer.
        transport: In place of the network, for tests and simulation.

    Raises:
        UnknownConnector: ``config.connector`` names nothing.
    """
    make = cast("Callable[..., Connector]", load(config.connector))
    return make(name, config, clock=clock or SystemClock(), permit=permit, transport=transport)
