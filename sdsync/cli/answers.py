"""Checks of single answers: each makes of a text what it means, or says why it cannot."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sdsync.cli.codes import Code
from sdsync.cli.questions import Unfit

if TYPE_CHECKING:
    from sdsync.config.model import SystemConfig
    from sdsync.connectors.contract import Description

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
#: An address that lacks its scheme: nothing that could be a secret is repeated.
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9/._-]*)?")
#: What a person types to go back to the address, when the connection failed for its sake.
ADDRESS = "address"
#: Places that are listed; the rest is counted.
LISTED = 12


def products() -> Sequence[str]:
    """Connectors that can be used, sorted; a broken plugin is told by ``sdsync connectors``."""
    from sdsync.connectors import registry

    found = []
    for name in registry.names():
        with suppress(LookupError):
            registry.capabilities(name)
            found.append(name)
    return found


def product(typed: str) -> str:
    """A connector that there is."""
    from sdsync.config.problems import nearest_name, one_of

    known = products()
    if typed not in known:
        near = nearest_name(typed, known)
        hint = f'; did you mean "{near}"?' if near else ""
        raise Unfit(f"expected {one_of(known)}{hint}", cure="sdsync connectors")
    return typed


def url(typed: str) -> str:
    """An address to which a credential may go."""
    from pydantic import TypeAdapter, ValidationError

    from sdsync.config.problems import HIDDEN, show
    from sdsync.config.values import Url, is_loopback

    if _HOST.fullmatch(typed) and show(typed) != HIDDEN:
        raise Unfit(f"an address begins with https://; did you mean https://{typed}?")
    try:
        address = TypeAdapter[str](Url).validate_python(typed)
    except ValidationError as error:
        context = error.errors(include_input=False)[0].get("ctx", {})
        raise Unfit(f"expected {context.get('expected', 'an address')}") from None
    if address.startswith("http:") and not is_loopback(address):
        raise Unfit(
            "http:// would send the credential in clear text; expected https://",
            cure="no TLS there yet? a waiver is written by hand: insecure_until, insecure_reason",
        )
    return address


class Address:
    """Checks an address, and that it is of no system that was answered already."""

    def __init__(self, taken: Mapping[str, str]) -> None:
        self._taken = {_plain(address): name for address, name in taken.items()}

    def __call__(self, typed: str) -> str:
        """The address; raises Unfit."""
        address = url(typed)
        name = self._taken.get(_plain(address))
        if name is not None:
            raise Unfit(f"that is the address of {name}; a sync joins two systems")
        return address


def _plain(address: str) -> tuple[str, str]:
    from urllib.parse import urlsplit

    from sdsync.config.secrets import origin_of

    return origin_of(address), urlsplit(address).path.rstrip("/")


class Name:
    """Checks a name; it is typed in many commands, so it is short and plain."""

    def __init__(self, taken: Collection[str], *, of_system: bool = False) -> None:
        self._taken = taken
        self._of_system = of_system

    def __call__(self, typed: str) -> str:
        """The name; raises Unfit."""
        from sdsync.config.shape import RESERVED

        if not _NAME.fullmatch(typed):
            raise Unfit("expected up to 32 of a-z, 0-9, - and _, a letter first")
        if self._of_system and typed in RESERVED:
            raise Unfit(f"{typed} is a word of sdsync.toml; expected another name")
        if typed in self._taken:
            raise Unfit(f"{typed} is the name of another system; expected another one")
        return typed


class Credential:
    """Checks a reference, and with it the connection.

    ``known``: instances that were answered already -> their names here.
    """

    def __init__(
        self,
        connector: str,
        name: str,
        url: str,
        folder: Path,
        known: Mapping[str, str],
        *,
        tested: bool,
    ) -> None:
        self._connector = connector
        self._name = name
        self._url = url
        self._folder = folder
        self._known = known
        self._tested = tested

    def __call__(self, typed: str) -> tuple[str, Description | None]:
        """The reference and what the system told; raises Unfit."""
        from sdsync.cli import probing
        from sdsync.config.secrets import A_REFERENCE, SecretRef

        try:
            ref = SecretRef.parse(typed, base=self._folder)
        except ValueError:
            # Not repeated: it may be the secret itself.
            raise Unfit(f"expected {A_REFERENCE}; a secret is never written") from None
        if not self._tested:
            return str(ref), None
        if unsent := probing.unsendable(ref):
            raise Unfit(unsent[0], cure=unsent[1], code=Code.FAILED)
        told = probing.meet(self._name, self._config(ref))
        if isinstance(told, probing.Probe):
            raise Unfit(
                f"{self._url} {told.text}",
                cure=told.cures[0],
                code=Code.FAILED,
                instead=f'"{ADDRESS}" to change the address',
            )
        if told.identity in self._known:
            raise Unfit(
                f"{self._url} is {self._known[told.identity]} once more; a sync joins two systems",
                code=Code.FAILED,
                instead=f'"{ADDRESS}" to change the address',
            )
        return str(ref), told

    def _config(self, ref: object) -> SystemConfig:
        from sdsync.config.model import SystemConfig

        return SystemConfig.model_validate(
            {"name": self._name, "connector": self._connector, "url": self._url, "token": ref}
        )


class Place:
    """Checks that a system has a place, and lets us work there."""

    def __init__(
        self,
        system: str,
        word: str,
        seen: Collection[str],
        usable: Collection[str],
        *,
        writes: bool,
    ) -> None:
        self._system = system
        self._word = word
        self._seen = seen
        self._usable = usable
        self._writes = writes

    def __call__(self, typed: str) -> str:
        """The place's key; raises Unfit."""
        from sdsync.config.problems import nearest_name, show

        if typed in self._usable:
            return typed
        name, word = self._system, self._word
        if typed in self._seen:
            what = "make new ones in it" if self._writes else "use it: it is archived or closed"
            raise Unfit(
                f"our account may not {what}: {show(typed)}",
                cure=f"sdsync prepare {name}, once the file is written, says which right it lacks",
                code=Code.FAILED,
            )
        near = nearest_name(typed, self._usable)
        known = ", ".join(sorted(self._usable)[:LISTED]) or "none"
        hint = f'; did you mean "{near}"?' if near else f"; our account sees {known}"
        raise Unfit(f"{name} has no {word} {show(typed)}{hint}", code=Code.FAILED)


def some(typed: str) -> str:
    """Any name."""
    if not typed or not typed.isprintable():
        raise Unfit("expected a name")
    return typed
