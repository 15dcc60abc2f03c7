"""A system's configuration as connectors use it."""

from __future__ import annotations

import httpx

from sdsync.config.clock import Clock
from sdsync.config.model import SystemConfig
from sdsync.connectors.http import Http, Permit, Reveal


def option(config: SystemConfig, name: str) -> str | None:
    """One of the connector's own settings; None when left out or empty."""
    value = config.options.get(name)
    return str(value) if value not in (None, "") else None


def token_of(config: SystemConfig) -> Reveal:
    """Tells the token, for the system's own origin only (law 51)."""

    def reveal() -> str:
        if config.token is None:
            raise LookupError("no token")
        return config.token.for_origin(config.url).reveal(config.url)

    return reveal


def http_of(
    config: SystemConfig,
    credential: tuple[str, Reveal],
    clock: Clock,
    permit: Permit | None,
    transport: httpx.BaseTransport | None,
) -> Http:
    """The client of a configured system.

    A waiver (``insecure_until``) lifts the proof of the certificate until its day
    is over, and nothing else.
    """
    until = config.insecure_until
    return Http(
        config.url,
        credential=credential,
        deadline_s=config.deadline_s,
        ca_file=option(config, "ca_file"),
        proved=until is None or clock.now().date() > until,
        transport=transport,
        permit=permit,
        monotonic=clock.monotonic,
    )
