"""What somebody paused; capture goes on all the same (law 56)."""

from __future__ import annotations

from sdsync.store.contract import Store
from sdsync.store.records import Hub, Pause


class Pauses:
    """The pauses of the store, asked anew each time: they are few."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def named(self, scope: str) -> Pause | None:
        """The pause of this very scope."""
        return next((one for one in self._store.pauses() if one.scope == scope), None)

    def holding(self, hub: Hub, system: str) -> Pause | None:
        """A pause for which this record must not be written in this system now."""
        names = {"all", f"system:{system}", *scopes(hub)}
        return next((one for one in self._store.pauses() if one.scope in names), None)


def scopes(hub: Hub) -> tuple[str, ...]:
    """What a pause of this record alone, of its tenant or of its syncs is called."""
    tenant = () if hub.tenant is None else (f"tenant:{hub.tenant}",)
    return (f"record:{hub.id}", *tenant, *(f"sync:{one}" for one in hub.syncs))
