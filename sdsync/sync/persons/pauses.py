"""What somebody paused; capture goes on all the same (law 56)."""

from __future__ import annotations

from sdsync.store.contract import Store
from sdsync.store.records import Hub, Pause

WRITES = frozenset({"deliver"})


class Pauses:
    """The pauses of the store, asked anew each time: they are few."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def kinds(self, system: str) -> frozenset[str]:
        """The kinds of work that must not be done in this system now."""
        scopes = {one.scope for one in self._store.pauses()}
        return WRITES if scopes & {"all", f"system:{system}"} else frozenset()

    def named(self, scope: str) -> Pause | None:
        """The pause of this very scope."""
        return next((one for one in self._store.pauses() if one.scope == scope), None)

    def of(self, hub: Hub) -> str | None:
        """The scope that pauses this record, or None."""
        scopes = {one.scope for one in self._store.pauses()}
        names = [f"record:{hub.id}", f"tenant:{hub.tenant}", *(f"sync:{one}" for one in hub.syncs)]
        return next((name for name in names if name in scopes), None)
