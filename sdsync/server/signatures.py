"""Whether a webhook was sent by somebody who knows our secret.

Two schemes, both over the raw bytes as they came in: Standard Webhooks 1.0
(id, timestamp and body; replays older than five minutes are refused by the
timestamp, younger ones by the id) and the HMAC of the body alone that GitHub
began (``X-Hub-Signature-256``; replays are known by their content only).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

TOLERANCE_S = 300
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
HUB = "x-hub-signature-256"
PREFIX = "whsec_"
#: Rotation needs two; more would let a forger make us compute.
MOST_SIGNATURES = 16
MOST_ID = 256


class Verdict(StrEnum):
    """What the signature of a webhook came to."""

    GOOD = "good"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    STALE = "stale"  # well signed, but its timestamp is not of now


@dataclass(frozen=True, slots=True)
class Verified:
    """``id`` names the message over repeats; None unless the verdict is good."""

    verdict: Verdict
    id: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """One shared secret, as the bytes that each scheme uses."""

    standard: bytes
    hub: bytes | None  # None: made for Standard Webhooks only


def read_secrets(text: str) -> tuple[Secret, ...]:
    """The secrets of one setting: one a line, so that an old and a new one can overlap.

    A secret of Standard Webhooks is base64, with ``whsec_`` before it or not;
    anything else is taken as it stands.
    """
    lines = (line.strip() for line in text.splitlines())
    words = (word for line in lines for word in (line.split() if PREFIX in line else [line]))
    return tuple(_secret(word) for word in words if word)


def verify(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret], *, now: datetime
) -> Verified:
    """Judge a webhook by its signature, before a byte of its body is believed or parsed.

    Args:
        headers: With names in lower case. A name that came twice has both values
            in one, and so fits no signature.
        secrets: All that are accepted; none accepts nothing.
        now: Aware UTC, of the wall clock.

    Source: https://github.com/standard-webhooks/standard-webhooks, version 1.0.0.
    """
    if any(name in headers for name in (ID, TIMESTAMP, SIGNATURE)):
        return _standard(headers, body, secrets, now)
    if HUB in headers:
        return _hub(headers[HUB], body, secrets)
    return Verified(Verdict.UNSIGNED)


def sign(body: bytes, message: str, secret: str, *, now: datetime) -> dict[str, str]:
    """The headers of a webhook of our own, by Standard Webhooks; with each secret that counts.

    Args:
        body: The raw bytes that are sent.
        message: Its id: printable ASCII without a full stop, the same for each repeat.
        secret: As :func:`read_secrets` takes it: while two overlap, either fits.
        now: Aware UTC, of the wall clock.
    """
    stamp = str(int(now.timestamp()))
    content = f"{message}.{stamp}.".encode() + body
    signed = [
        "v1," + base64.b64encode(_hmac(one.standard, content)).decode()
        for one in read_secrets(secret)
    ]
    return {ID: message, TIMESTAMP: stamp, SIGNATURE: " ".join(signed)}


def _standard(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret], now: datetime
) -> Verified:
    message, stamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    # A full stop in id or stamp could move bytes between them and the body.
    sound = 0 < len(message) <= MOST_ID and message.isascii() and message.isprintable()
    if not sound or "." in message or not (stamp.isascii() and stamp.isdigit()) or len(stamp) > 12:
        return Verified(Verdict.FORGED)
    content = f"{message}.{stamp}.".encode() + body
    given = [
        signature.encode()
        for version, _, signature in (
            one.partition(",") for one in headers.get(SIGNATURE, "").split(" ")[:MOST_SIGNATURES]
        )
        if version == "v1" and signature.isascii()
    ]
    wanted = [base64.b64encode(_hmac(one.standard, content)) for one in secrets]
    if not _any_equal(given, wanted):
        return Verified(Verdict.FORGED)
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_S:
        return Verified(Verdict.STALE)
    return Verified(Verdict.GOOD, message)


def _hub(header: str, body: bytes, secrets: Sequence[Secret]) -> Verified:
    scheme, _, signature = header.partition("=")
    keys = [one.hub for one in secrets if one.hub is not None]
    wanted = [_hmac(key, body).hex().encode() for key in keys]
    if scheme != "sha256" or not signature.isascii():
        return Verified(Verdict.FORGED)
    if not _any_equal([signature.encode()], wanted):
        return Verified(Verdict.FORGED)
    return Verified(Verdict.GOOD, "sha256-" + hashlib.sha256(body).hexdigest())


def _any_equal(given: Sequence[bytes], wanted: Sequence[bytes]) -> bool:
    found = False
    for one in given:
        for other in wanted:  # all of them: the time shall not tell which one fitted
            found |= hmac.compare_digest(one, other)
    return found


def _hmac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")


def _secret(word: str) -> Secret:
    bare = word.removeprefix(PREFIX)
    try:
        standard = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        standard = bare.encode()
    return Secret(standard, None if word.startswith(PREFIX) else word.encode())
