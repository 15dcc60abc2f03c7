"""Secrets by reference: where a secret lives is configuration, what it is never is.

``env:NAME``, ``file:PATH`` and ``keyring:SERVICE/USER`` (or ``keyring:USER``, of
the service sdsync). A reference can be shown, logged and compared; the secret is
looked up only when it is used, and a credential only for the origin that it was
configured for.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sdsync.config.files import read_plain

SCHEMES = ("env", "file", "keyring")
A_REFERENCE = 'a reference: "env:NAME", "file:PATH" or "keyring:SERVICE/USER"'

#: A key pair is a few KiB; a larger file is a mistake.
_LIMIT_BYTES = 64 * 1024
_KEYRING_SERVICE = "sdsync"
_PORTS = {"https": 443, "http": 80}


class SecretMissingError(Exception):
    """The reference leads nowhere. The message names the reference and the remedy."""


class WrongOriginError(Exception):
    """A credential was about to be sent elsewhere than where it belongs."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is kept. ``str`` and ``repr`` show the reference, never the secret.

    ``base`` is the folder that a relative ``file:`` path starts from.
    """

    scheme: str
    name: str
    base: Path = field(default=Path(), compare=False, repr=False)

    @classmethod
    def parse(cls, text: str, *, base: Path | None = None) -> SecretRef:
        """Read a reference.

        Raises:
            ValueError: ``text`` is none; the message does not repeat it, since
                it may be the secret itself.
        """
        scheme, colon, name = text.partition(":")
        if not colon or scheme not in SCHEMES or not name.strip():
            raise ValueError(f"expected {A_REFERENCE}")
        if not name.isprintable():
            raise ValueError("expected a reference on one line")
        return cls(scheme, name.strip(), base or Path())

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"

    @property
    def path(self) -> Path | None:
        """The file of a ``file:`` reference; None for the others."""
        return self.base / self.name if self.scheme == "file" else None

    def reveal(self) -> str:
        """Look the secret up, anew each time: a renewed one counts at once.

        Raises:
            SecretMissingError: It is not there, empty, or in a file that others can read.
        """
        if self.scheme == "env":
            found = os.environ.get(self.name, "")
        elif self.scheme == "file":
            found = _from_file(self)
        else:
            found = _from_keyring(self)
        if not found:
            raise SecretMissingError(f"{self} is empty or not there; {remedy(self)}")
        return found

    def for_origin(self, url: str) -> BoundSecret:
        """The same secret, to be revealed for the origin of ``url`` only (law 51).

        Raises:
            ValueError: ``url`` has no origin.
        """
        return BoundSecret(self, origin_of(url))


@dataclass(frozen=True, slots=True)
class BoundSecret:
    """A secret that refuses every origin but its own."""

    ref: SecretRef
    origin: str

    def reveal(self, url: str) -> str:
        """The secret, if ``url`` is of this origin.

        Raises:
            WrongOriginError: It is of another; nothing was looked up.
            SecretMissingError: As :meth:`SecretRef.reveal`.
        """
        try:
            asked = origin_of(url)
        except ValueError:
            asked = "an address without origin"
        if asked != self.origin:
            raise WrongOriginError(
                f"{self.ref} belongs to {self.origin} and is not sent to {asked}"
            )
        return self.ref.reveal()


def origin_of(url: str) -> str:
    """``scheme://host:port`` in lower case, with the port always written.

    Raises:
        ValueError: Not an http(s) address with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("an address needs http:// or https:// and a host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host.lower()}:{parts.port or _PORTS[parts.scheme]}"


def remedy(ref: SecretRef) -> str:
    """What to do so that the reference leads somewhere."""
    if ref.scheme == "env":
        return f"set the environment variable {ref.name} for sdsync"
    if ref.scheme == "file":
        return f"write the secret into {ref.path}, then: chmod 600 {ref.path}"
    service, user = _keyring_names(ref)
    return f"store it: keyring set {service} {user}"


def _from_file(ref: SecretRef) -> str:
    path = ref.base / ref.name
    try:
        read = read_plain(path, _LIMIT_BYTES + 1)
    except OSError as error:
        told = (error.strerror or "cannot be read").lower()
        raise SecretMissingError(f"{ref}: {told}; {remedy(ref)}") from None
    if read is None or len(read[0]) > _LIMIT_BYTES:
        raise SecretMissingError(f"{ref} is no small plain file; {remedy(ref)}")
    data, mode = read  # the mode is of the open file: another may stand there by now
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise SecretMissingError(f"{ref} can be read by everybody; chmod 600 {path}")
    try:
        return data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretMissingError(f"{ref} is no UTF-8 text; {remedy(ref)}") from None


def _from_keyring(ref: SecretRef) -> str:
    import keyring  # only when used: its backends take long to load

    try:
        return keyring.get_password(*_keyring_names(ref)) or ""
    except Exception as error:  # backends are other people's plugins and raise anything
        raise SecretMissingError(
            f"{ref}: the keyring does not answer ({type(error).__name__}); {remedy(ref)}"
        ) from None


def _keyring_names(ref: SecretRef) -> tuple[str, str]:
    service, slash, user = ref.name.rpartition("/")
    return (service, user) if slash and service else (_KEYRING_SERVICE, user)
