"""The one place that knows products by name: ours, and those of plugins.

A package beside sdsync announces its connector by an entry point of the group
``sdsync.connectors``. Its code is imported when somebody asks for it, and what is
wrong with it is said of it alone: the others go on.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import httpx

from sdsync.config.clock import Clock, SystemClock
from sdsync.config.model import Config, SystemConfig
from sdsync.config.plugins import GROUP, Plugin, plugins
from sdsync.config.problems import Problem, nearest_name, one_of, show
from sdsync.connectors.contract import Capabilities, Connector
from sdsync.connectors.http import Permit
from sdsync.connectors.preparing import DayOne

__all__ = [
    "BUILT_IN",
    "GROUP",
    "BrokenConnector",
    "UnknownConnector",
    "capabilities",
    "create",
    "day_one",
    "load",
    "names",
    "package",
    "problems",
]

#: A checkout that was never installed has no entry points, so ours are a table.
BUILT_IN: Mapping[str, str] = {
    "redmine": "sdsync.connectors.redmine:Redmine",
    "request_tracker": "sdsync.connectors.request_tracker:RequestTracker",
}
#: What the contract asks of a class.
METHODS = tuple(sorted(name for name in vars(Connector) if not name.startswith("_")))


class UnknownConnector(LookupError):  # noqa: N818 - reads as what it is, as in the store
    """No connector has this name. ``name`` and ``known`` are for the message."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f'no connector is named "{name}"; there are {", ".join(known)}')
        self.name = name
        self.known = known


class BrokenConnector(LookupError):  # noqa: N818 - as above
    """A plugin is there and cannot be used. ``why`` is for the one who wrote it."""

    def __init__(self, plugin: Plugin, why: str) -> None:
        super().__init__(f'the connector "{plugin.name}" of {plugin.package} {why}')
        self.name = plugin.name
        self.package = plugin.package
        self.why = why


def names() -> tuple[str, ...]:
    """Every connector that can be named in ``connector = …``, sorted."""
    return tuple(sorted({*BUILT_IN, *plugins()}))


def package(name: str) -> str | None:
    """The package that a connector comes from, and its version; None for one of ours."""
    plugin = None if name in BUILT_IN else plugins().get(name)
    return plugin.package if plugin else None


def load(name: str) -> type[Any]:
    """The class behind a name; a built-in one wins over a plugin of its name.

    Raises:
        UnknownConnector: Nothing has this name.
        BrokenConnector: A plugin has it, and cannot be imported or is no connector.
    """
    target = BUILT_IN.get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        return cast("type[Any]", getattr(importlib.import_module(module), attribute))
    plugin = plugins().get(name)
    if plugin is None:
        raise UnknownConnector(name, names())
    return _checked(plugin)


def _checked(plugin: Plugin) -> type[Any]:
    """A plugin's class, if it is what the contract asks for."""
    if plugin.rivals:
        raise BrokenConnector(plugin, f"is announced by {', '.join(plugin.rivals)} too")
    try:
        found = plugin.point.load()
    except Exception as error:  # whatever a stranger's module raises is told as its own trouble
        why = f"cannot be imported: {type(error).__name__}: {error}"
        raise BrokenConnector(plugin, " ".join(why.split())) from error
    if not isinstance(getattr(found, "capabilities", None), Capabilities):
        raise BrokenConnector(plugin, f"declares no capabilities: {plugin.point.value}")
    missing = [one for one in METHODS if not callable(getattr(found, one, None))]
    if missing:
        raise BrokenConnector(plugin, f"has no method {', '.join(missing)}")
    return cast("type[Any]", found)


def capabilities(name: str) -> Capabilities:
    """What a connector declares, without credentials. Raises as :func:`load` does."""
    return cast("Capabilities", load(name).capabilities)


def problems(config: Config) -> Iterator[Problem]:
    """Systems whose connector is unknown, broken or asked for too much, where the file says so."""
    for system in config.systems.values():
        try:
            able = capabilities(system.connector)
            if system.impersonate and not able.impersonates:
                found = f"{able.product} writes in nobody's name but our own"
                yield _problem(config, system, found, key="impersonate")
        except UnknownConnector as unknown:
            near = nearest_name(unknown.name, unknown.known)
            yield _problem(config, system, show(unknown.name), one_of(unknown.known), near)
        except BrokenConnector as broken:
            yield _problem(config, system, str(broken))


def _problem(
    config: Config,
    system: SystemConfig,
    found: str,
    expected: str | None = None,
    near: str | None = None,
    key: str = "connector",
) -> Problem:
    place = config.place("systems", system.name, key)
    spot = (place.value_line, place.value_column) if place else (1, 1)
    where = f"systems.{system.name}.{key}"
    return Problem(str(config.path), *spot, where, found, expected, near)


def day_one(name: str) -> DayOne:
    """How somebody is asked about a product; plain words for one that brings none."""
    found = getattr(load(name), "day_one", None)
    return found if isinstance(found, DayOne) else DayOne()


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
        BrokenConnector: A plugin bears the name, and cannot be used.
    """
    make = cast("Callable[..., Connector]", load(config.connector))
    return make(name, config, clock=clock or SystemClock(), permit=permit, transport=transport)
