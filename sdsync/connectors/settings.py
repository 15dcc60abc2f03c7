"""A system's configuration as connectors use it."""

from __future__ import annotations

import httpx

from sdsync.config.clock import Clock
from sdsync.config.model import SystemConfig
from sdsync.connectors.http import Http, Permit


def option(config: SystemConfig, name: str) -> str | None:
    """One of the connector's own settings; None when left out or empty."""
    value = config.options.get(name)
    return str(value) if value not in (None, "") else None


def http_of(
    config: SystemConfig,
    credential: tuple[str, str],
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
