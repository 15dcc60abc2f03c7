"""What ``sdsync connectors`` shows: ours and plugins, those that cannot be used too."""

from __future__ import annotations

from dataclasses import dataclass

from sdsync.connectors import registry
from sdsync.connectors.contract import Capabilities


@dataclass(frozen=True, slots=True)
class ConnectorLook:
    """One connector. ``package`` None: it ships with sdsync; ``problem``: why it cannot be used."""

    package: str | None
    capabilities: Capabilities | None = None
    problem: str | None = None


def look() -> dict[str, ConnectorLook]:
    """All of them by name; a plugin that is broken hides no other."""
    return {name: _one(name) for name in registry.names()}


def _one(name: str) -> ConnectorLook:
    package = registry.package(name)
    try:
        return ConnectorLook(package, registry.capabilities(name))
    except registry.BrokenConnector as broken:
        return ConnectorLook(package, problem=str(broken))
