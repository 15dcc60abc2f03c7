"""The ways by which an alarm leaves: a signed webhook, a mail."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sdsync.config.model import Config
from sdsync.config.secrets import SecretRef
from sdsync.server.posting import Reveal, Webhook
from sdsync.sync.watch.alarms import Message


class Way(Protocol):
    """One way out."""

    def send(self, message: Message, now: datetime) -> str | None:
        """Tell it once, within seconds; None: it was taken, else what hinders it."""
        ...


def ways_of(config: Config, store_id: str, reveal: Reveal = SecretRef.reveal) -> dict[str, Way]:
    """The ways that the settings name, nothing opened. ``reveal`` sees each secret that is used."""
    ways: dict[str, Way] = {}
    if config.alarms.webhook is not None:
        ways["webhook"] = Webhook(config.alarms.webhook, store_id, reveal)
    if config.alarms.mail is not None:
        from sdsync.server.mail import Mail  # who sends none shall not hold what it imports

        ways["mail"] = Mail(config.alarms.mail, store_id, reveal)
    return ways
