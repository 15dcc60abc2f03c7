"""Names for the ids by which products know people."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.store.contract import Store


class People:
    """Looks each system's people up once; an unknown number says that it is a user's."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Mapping[str, str]] = {}

    def name(self, system: str | None, actor: str) -> str:
        """The login of a native id, or what else people would call them."""
        if system is None:
            return actor
        if actor not in self._known.get(system, {}):
            # Somebody new may have come since; the list is short.
            self._known[system] = {
                one.native_id: one.login or one.name or one.native_id
                for one in self._store.people(system)
            }
        # A bare number would be read as anything but a person.
        return self._known[system].get(actor, f"user {actor}" if actor.isdigit() else actor)
