"""What somebody paused; capture goes on all the same (law 56)."""

from __future__ import annotations

from sdsync.store.contract import Store
from sdsync.store.records import Hub, Pause


class Pauses:
    """The pauses of the store, asked anew each time: they are few."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def writes(self, system: str) -> bool:
        """Whether this system may be written to now, for all that its pauses say."""
        paused = {one.scope for one in self._store.pauses()}
        return not paused & {"all", f"system:{system}"}

    def named(self, scope: str) -> Pause | None:
        """The pause of this very scope."""
        return next((one for one in self._store.pauses() if one.scope == scope), None)

    def of(self, hub: Hub) -> str | None:
        """The scope that pauses this record, or None."""
        paused = {one.scope for one in self._store.pauses() if not one.ending}
        return next((name for name in scopes(hub) if name in paused), None)


def scopes(hub: Hub) -> tuple[str, ...]:
    """What a pause of this record alone, of its tenant or of its syncs is called."""
    tenant = () if hub.tenant is None else (f"tenant:{hub.tenant}",)
    return (f"record:{hub.id}", *tenant, *(f"sync:{one}" for one in hub.syncs))
