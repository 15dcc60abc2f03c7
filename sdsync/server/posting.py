"""What goes out of the daemon's own: alarms as signed webhooks, heartbeats. Each is tried once.

What goes out is counts, causes, names of systems and the next command, no value of any
ticket. What comes back is not read: a status is all that is believed of a receiver.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
import orjson

from sdsync import __version__
from sdsync.config.alarms import HeartbeatConfig, WebhookConfig
from sdsync.config.problems import printable
from sdsync.config.secrets import SecretMissingError, SecretRef
from sdsync.server.signatures import sign
from sdsync.sync.watch.alarms import Message

TIMEOUT_S = 10.0

Reveal = Callable[[SecretRef], str]


def heartbeat(config: HeartbeatConfig, reveal: Reveal = SecretRef.reveal) -> str | None:
    """Ask for the address of the dead man's switch; None: it answered."""
    try:
        return _posted(_address(config.url, reveal), b"", {})
    except SecretMissingError as error:
        return str(error)


class Webhook:
    """A POST of JSON, signed by Standard Webhooks."""

    def __init__(self, config: WebhookConfig, store_id: str, reveal: Reveal) -> None:
        self._config, self._store_id, self._reveal = config, store_id, reveal

    def send(self, message: Message, now: datetime) -> str | None:
        """Tell it once."""
        body = orjson.dumps(_as_data(message, self._store_id))
        try:
            secret = self._reveal(self._config.secret)
            url = _address(self._config.url, self._reveal)
        except SecretMissingError as error:
            return str(error)
        headers = {"content-type": "application/json", **sign(body, message.id, secret, now=now)}
        return _posted(url, body, headers)


def _as_data(message: Message, store_id: str) -> dict[str, object]:
    alarm = message.alarm
    return {
        "type": f"alarm.{message.event}",
        "timestamp": message.at,
        "data": {
            "id": alarm.id,
            "key": alarm.key,
            "kind": alarm.kind,
            "priority": alarm.priority,
            "system": alarm.system,
            "records": alarm.records,
            "text": message.text,
            "cure": alarm.cure,
            "since": alarm.since,
            "began_at": alarm.began_at,
            "over_at": alarm.over_at,
            "store": store_id,
        },
    }


def _posted(url: str, body: bytes, headers: Mapping[str, str]) -> str | None:
    """One POST; a redirect is an answer, since nothing shall follow it elsewhere."""
    told = {"user-agent": f"sdsync/{__version__}", **headers}
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=_proved()) as client,
            client.stream("POST", url, content=body, headers=told) as answer,
        ):
            return None if answer.is_success else f"it answers {answer.status_code}"
    except httpx.HTTPError as error:  # its text may hold the address
        return failed(error)
    except (httpx.InvalidURL, ValueError):
        return "its address is none"


def _proved() -> ssl.SSLContext:
    """By the machine's own authorities; there is no way around it."""
    return ssl.create_default_context()


def _address(url: SecretRef | str, reveal: Reveal) -> str:
    return reveal(url).strip() if isinstance(url, SecretRef) else url


def failed(error: Exception) -> str:
    """What went wrong, without a word that the other side chose."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not proved: {printable(cause.verify_message)}"
        if isinstance(cause, ConnectionRefusedError):
            return "nobody listens there"
        if isinstance(cause, socket.gaierror):
            return "its name is not known"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return f"no answer within {TIMEOUT_S:.0f} s"
    return type(error).__name__
