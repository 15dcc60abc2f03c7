"""The doors to the other rooms, in one place, each opened only when a command needs it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdsync.cli.looks.status import House
    from sdsync.config.model import Config
    from sdsync.config.problems import Problem
    from sdsync.mappings.contract import Mapping as FieldMapping
    from sdsync.store.contract import Store

#: How long the daemon's own answer is waited for: a status must not hang with it.
HEALTH_S = 0.5


def house(config: Config, store: Store, now: datetime) -> House:
    """What is known beside the store: whether a daemon runs, since when, how large it all is."""
    from sdsync.cli.looks.status import House

    up_s = _up_s(config)
    leased = (store.lane(name).lease_until for name in config.systems)
    running = up_s is not None or any(until is not None and until > now for until in leased)
    return House(running, up_s, store_bytes(config), config.path.read_bytes())


def _up_s(config: Config) -> float | None:
    """Seconds since the daemon started, as it says itself; None when nothing answers."""
    url = f"http://{config.server.host}:{config.server.port}/healthz"
    with suppress(OSError, ValueError):
        with urllib.request.urlopen(url, timeout=HEALTH_S) as answer:  # noqa: S310 - our own
            told = json.loads(answer.read(65_536))
        if isinstance(told, dict) and isinstance(told.get("up_s"), int | float):
            return float(told["up_s"])
    return None
