"""The value types of the settings: read from text, refused with a sentence.

A refusal is a :class:`PydanticCustomError` of type ``unfit``; its context says
what was expected, and ``hidden`` when the value must not be shown.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from sdsync.config.secrets import A_REFERENCE, SCHEMES, SecretRef
from sdsync.config.units import (
    A_DURATION,
    A_SIZE,
    DURATION_PATTERN,
    SIZE_PATTERN,
    parse_duration,
    parse_size,
)

_MAIL = re.compile(r"[A-Za-z0-9._%+=-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_STORES = ("sqlite", "postgresql")
_LITERALS = (str, bool, int, float)
_SECRET_NAME = re.compile(r"(?i)secret|token|passw|passphrase|credential|(^|_|-)key$|(^|_|-)pass$")
_BROKERS = ("amqp", "amqps", "redis", "rediss")


def unfit(expected: str, *, hidden: bool = False, found: str | None = None) -> PydanticCustomError:
    """What a validator raises: the sentence says what is expected instead.

    ``found`` replaces the shown value when only a part of it is to be shown.
    """
    context: dict[str, Any] = {"expected": expected, "hidden": hidden, "found": found}
    return PydanticCustomError("unfit", "expected {expected}", context)


def base_of(info: ValidationInfo) -> Path:
    """The folder that relative paths start from."""
    context = info.context if isinstance(info.context, Mapping) else {}
    base = context.get("base")
    return base if isinstance(base, Path) else Path()


def _in_file(info: ValidationInfo) -> bool:
    return isinstance(info.context, Mapping)


def _duration(value: Any, info: ValidationInfo) -> float:
    seconds: float | None = None
    if isinstance(value, str):
        seconds = parse_duration(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and not _in_file(info):
        seconds = float(value)  # code says seconds; a file has to name its unit
    if seconds is None:
        raise unfit(A_DURATION)
    if not 0 < seconds <= 3_660 * 86_400:
        raise unfit("more than nothing and at most ten years")
    return seconds


def _size(value: Any, info: ValidationInfo) -> int:
    size: int | None = None
    if isinstance(value, str):
        size = parse_size(value)
    elif isinstance(value, int) and not isinstance(value, bool) and not _in_file(info):
        size = value
    if size is None:
        raise unfit(A_SIZE)
    if not 0 <= size <= 2_000_000_000:
        raise unfit("at most 2 GB")
    return size


def _secret(value: Any, info: ValidationInfo) -> SecretRef:
    if isinstance(value, SecretRef):
        return value
    if isinstance(value, str):
        try:
            return SecretRef.parse(value, base=base_of(info))
        except ValueError:
            pass
    raise unfit(f"{A_REFERENCE}; a secret is never written here", hidden=True)


def _address(value: Any, info: ValidationInfo, schemes: tuple[str, ...]) -> SecretRef | str:
    """A URL without a password, or a reference to one that may have it."""
    if isinstance(value, SecretRef):
        return value
    if not isinstance(value, str):
        raise unfit(f"{A_REFERENCE}, or an address", hidden=True)
    if value.partition(":")[0] in SCHEMES:
        return _secret(value, info)
    try:
        parts = urlsplit(value)
        secret = parts.password is not None or bool(parts.query)
    except ValueError:
        parts, secret = None, True
    if secret:
        raise unfit(f"{A_REFERENCE}; an address with a password is a secret", hidden=True)
    if parts is None or parts.scheme.partition("+")[0] not in schemes:
        raise unfit(f"{A_REFERENCE}, or an address of {' or '.join(schemes)}", hidden=True)
    return value


def _store_address(value: Any, info: ValidationInfo) -> SecretRef | str:
    return _address(value, info, _STORES)


def _broker_address(value: Any, info: ValidationInfo) -> SecretRef | str:
    return _address(value, info, _BROKERS)


def _url(value: Any) -> str:
    """An http(s) address that names a host and carries no credential."""
    expected = 'an address such as "https://rt.example.org"'
    if not isinstance(value, str):
        raise unfit(expected)
    try:
        parts = urlsplit(value)
        _ = parts.port  # reading it checks it
    except ValueError:
        raise unfit(expected, hidden=True) from None
    if parts.username is not None or parts.password is not None:
        raise unfit("an address without user and password; they belong in token", hidden=True)
    if parts.query or parts.fragment:
        raise unfit("an address without ? and #; secrets belong in token", hidden=True)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        # What has nothing of an address may be a token in the wrong line.
        raise unfit(expected, hidden=not any(sign in value for sign in "./:"))
    if not value.isprintable() or any(char.isspace() or char == "\\" for char in value):
        raise unfit(expected)
    # The scheme in small letters: what asks for TLS asks for the word.
    return f"{parts.scheme}{value[len(parts.scheme) :]}".rstrip("/")


def _web_address(value: Any, info: ValidationInfo) -> SecretRef | str:
    """As of a system; one with a token in it is a reference."""
    if isinstance(value, SecretRef) or (
        isinstance(value, str) and value.partition(":")[0] in SCHEMES
    ):
        return _secret(value, info)
    try:
        return _url(value)
    except PydanticCustomError:
        expected = 'an address such as "https://alerts.example.org"; one with a token in it as'
        raise unfit(f"{expected} {A_REFERENCE}", hidden=True) from None


def _mail_address(value: Any) -> str:
    """One address: nothing in it can begin another header, or name a second reader."""
    if not isinstance(value, str) or len(value) > 254 or not _MAIL.fullmatch(value):
        raise unfit('an address such as "oncall@example.org"')
    return value


def is_local(host: str) -> bool:
    """Whether a host is this machine, by its name: nothing is looked up."""
    return is_loopback(f"//[{host}]" if ":" in host else f"//{host}")


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own, by its text: nothing is looked up."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _path(value: Any, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or not value.isprintable():
        raise unfit('the path of a file, such as "tables/customers.csv"')
    return base_of(info) / value


def _put_value(value: Any) -> Any:
    """A literal, or a list of them; a text that begins with "=" is an expression."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list) and all(isinstance(one, _LITERALS) for one in value):
        return list(value)
    if not isinstance(value, _LITERALS):
        raise unfit("text, a number, true, false, a date, or a list of these")
    return value


def is_secret_name(name: str) -> bool:
    """Whether a setting of this name holds a secret, whatever the connector is."""
    return bool(_SECRET_NAME.search(name))


def _options(value: Any, info: ValidationInfo) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise unfit("a table")
    return {str(name): _option(str(name), one, info) for name, one in value.items()}


def _option(name: str, value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, dict):
        return _options(value, info)
    return _secret(value, info) if is_secret_name(name) else value


def _referred(value: Any) -> Any:
    """For dumps: a reference as its text."""
    if isinstance(value, dict):
        return {name: _referred(one) for name, one in value.items()}
    return str(value) if isinstance(value, SecretRef) else value


_AS_TEXT = PlainSerializer(_referred)
_REFERENCE_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": r"^(env|file|keyring):.+$",
    "examples": ["env:RT_TOKEN", "file:secrets/rt", "keyring:sdsync/desk"],
}
_ADDRESS_SCHEMA: dict[str, Any] = {"type": "string", "examples": ["env:SDSYNC_DB"]}
_URL_SCHEMA: dict[str, Any] = {"type": "string", "format": "uri", "pattern": "^https?://"}

Seconds = Annotated[
    float,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["10s", "2m"]}),
]
Size = Annotated[
    int,
    PlainValidator(_size),
    WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN, "examples": ["10 MB"]}),
]
Secret = Annotated[SecretRef, PlainValidator(_secret), _AS_TEXT, WithJsonSchema(_REFERENCE_SCHEMA)]
StoreAddress = Annotated[
    SecretRef | str, PlainValidator(_store_address), _AS_TEXT, WithJsonSchema(_ADDRESS_SCHEMA)
]
BrokerAddress = Annotated[
    SecretRef | str, PlainValidator(_broker_address), _AS_TEXT, WithJsonSchema(_ADDRESS_SCHEMA)
]
WebAddress = Annotated[
    SecretRef | str,
    PlainValidator(_web_address),
    _AS_TEXT,
    WithJsonSchema({"type": "string", "examples": ["https://alerts.example.org/sdsync"]}),
]
MailAddress = Annotated[
    str,
    PlainValidator(_mail_address),
    WithJsonSchema({"type": "string", "examples": ["oncall@example.org"]}),
]
PutValue = Annotated[
    Any,
    PlainValidator(_put_value),
    WithJsonSchema({"type": ["string", "number", "boolean", "array"]}),
]
Options = Annotated[
    dict[str, Any], PlainValidator(_options), _AS_TEXT, WithJsonSchema({"type": "object"})
]
Url = Annotated[str, PlainValidator(_url), WithJsonSchema(_URL_SCHEMA)]
FilePath = Annotated[
    Path, PlainValidator(_path), WithJsonSchema({"type": "string", "examples": ["tables/a.csv"]})
]
