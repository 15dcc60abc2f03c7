"""What the texts of one shared record may name in each system."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.store.records import Ref
from sdsync.sync.audiences import apart
from sdsync.sync.deliver.counterparts import counterpart
from sdsync.sync.draft import Draft


class Named:
    """Records by name, as of one step: each is looked up once, so it agrees with itself."""

    def __init__(self, addresses: Mapping[str, str], draft: Draft) -> None:
        self.addresses = addresses
        self._draft = draft
        self._keys: dict[tuple[str, str], tuple[str, str]] = {}
        self._natives: dict[tuple[str, tuple[str, str]], str | None] = {}

    def key(self, system: str, native: str) -> tuple[str, str]:
        """System and id of its birth; of what is not shared, or not with this tenant, its own."""
        found = self._keys.get((system, native))
        if found is None:
            found = self._keys[system, native] = self._key(system, native)
        return found

    def native(self, system: str, key: tuple[str, str]) -> str | None:
        """The id of the copy that may be named there."""
        if (system, key) not in self._natives:
            self._natives[system, key] = self._native(system, key)
        return self._natives[system, key]

    def _key(self, system: str, native: str) -> tuple[str, str]:
        hub, own = self._draft.hub, (system, native)
        share = self._draft.ctx.records.of(Ref(system, hub.kind, native))
        if share is None or apart(hub.tenant, share.hub.tenant):
            return own
        name = share.hub.correlation.rpartition("#")
        return (name[0], name[2]) if name[0] else own

    def _native(self, system: str, key: tuple[str, str]) -> str | None:
        if key[0] == system:
            return key[1]
        replica = self._draft.share.at(system)
        share = self._draft.ctx.records.named(self._draft.hub.kind, "#".join(key))
        copy = counterpart(self._draft, replica, share) if replica is not None else None
        return copy.native_id if copy is not None else None
