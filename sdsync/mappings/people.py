"""Who is who across systems: explicit table, then verified e-mail, then login."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from sdsync.mappings.tables import Table
from sdsync.mappings.teams import TeamTable
from sdsync.store.records import Json, PersonRow

#: Bounded, for names come from strangers.
_ADDRESS: Final = re.compile(r"([^\s@<>]{1,64})@[^\s@<>]{1,255}")


def person_key(login: str | None, email: str | None, *, verified: bool) -> str | None:
    """The key that joins an account to a person: a verified address, else the login.

    An address that nobody verified joins nothing: whoever can type one could
    otherwise become somebody else.
    """
    if email and verified and "@" in email:
        return email.strip().lower()
    return f"login:{login.strip().lower()}" if login and login.strip() else None


def shown_name(name: str) -> str:
    """A name as a text may show it: of an address only the part before the ``@``.

    Where a system tells no name, its login stands for one, and that is often an
    address; whoever reads the text need not have known it.
    """
    return _ADDRESS.sub(r"\1", name)


class PeopleTable:
    """The people of all systems; see :class:`sdsync.mappings.contract.People`.

    Built anew when the people of a system were read again; never changed.
    """

    def __init__(
        self,
        rows: Iterable[PersonRow],
        explicit: Mapping[str, Table] | None = None,
        teams: Mapping[str, Table] | None = None,
    ) -> None:
        """Join.

        Args:
            rows: Accounts as the systems told them; ``key`` is used where it is set.
            explicit: By system a table whose first column is the person's key and whose
                column of the system's name (or second column) is a login, id or address there.
                It goes before everything else.
            teams: The same of teams: the first column is the team's key.
        """
        self._keys: dict[tuple[str, str], str] = {}
        self._natives: dict[tuple[str, str], str] = {}
        self._names: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._rows: dict[tuple[str, str], PersonRow] = {}
        rows = sorted(rows, key=lambda row: (not row.active, row.system, row.native_id))
        told = _explicit(explicit or {})
        self._teams = TeamTable(rows, _explicit(teams or {}))
        for row in rows:
            if not row.team:
                self._add(row, told)
        for (system, native), key in told.items():
            self._keys.setdefault((system, native), key)
            self._natives.setdefault((system, key), native)

    def _add(self, row: PersonRow, told: Mapping[tuple[str, str], str]) -> None:
        names = [row.native_id, row.login, row.email]
        words = [_word(name) for name in names if name]
        chosen = next(
            (told[row.system, word] for word in words if (row.system, word) in told), None
        )
        key = chosen or row.key or person_key(row.login, row.email, verified=row.email_verified)
        if not key:
            return
        if row.active:  # who is locked can be read, and is never written
            self._natives.setdefault((row.system, key), row.native_id)
        if row.email and row.email_verified:
            self._addresses.setdefault(key, row.email)
        if row.name:
            self._names.setdefault(key, row.name)
        safe = [row.native_id, row.login, row.email if row.email_verified else None]
        for name in safe:
            if name:
                self._keys.setdefault((row.system, _word(name)), key)
                self._rows.setdefault((row.system, _word(name)), row)

    def key(self, system: str, native: Json) -> str | None:
        """The person's key for a native id, login or verified address; None: not known."""
        return self._keys.get((system, _word(native))) if isinstance(native, str | int) else None

    def native(self, system: str, key: str) -> str | None:
        """What the system calls this person; None: nobody there."""
        return self._natives.get((system, key))

    def team(self, system: str, native: Json) -> str | None:
        """The team's key for a group's id or name; None: no team that is known."""
        return self._teams.key(system, native)

    def native_team(self, system: str, key: str) -> str | None:
        """What the system calls this team; None: it has none of that key."""
        return self._teams.native(system, key)

    def display(self, key: str) -> str:
        """The name for people to read; the key where no system told one."""
        return self._names.get(key, key.removeprefix("login:"))

    def address(self, key: str) -> str | None:
        """A verified address of the person, or the key of the site's own table that is one."""
        return self._addresses.get(key) or (
            key if "@" in key and not key.startswith("login:") else None
        )

    def record(self, system: str, native_id: str) -> str | None:
        """Nothing: who is shared stands in the store."""
        return None

    def native_record(self, system: str, name: str) -> str | None:
        """Nothing."""
        return None

    def human(self, system: str, native: Json) -> bool:
        """Whether it is a person; an account that is not known counts as one (law 18)."""
        row = self._rows.get((system, _word(native))) if isinstance(native, str | int) else None
        return row is None or row.human


def _word(native: object) -> str:
    return str(native).strip().lower()


def _explicit(tables: Mapping[str, Table]) -> dict[tuple[str, str], str]:
    told: dict[tuple[str, str], str] = {}
    for system, table in tables.items():
        if len(table.columns) < 2:
            continue
        column = system if system in table.columns[1:] else table.columns[1]
        for key, row in table.rows.items():
            if row.get(column):
                told[system, _word(row[column])] = key.lower() if "@" in key else key
    return told
