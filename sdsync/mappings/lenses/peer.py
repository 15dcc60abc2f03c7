"""The other side's key and link, written by us so that people can follow them."""

from __future__ import annotations

from dataclasses import dataclass

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import Lens, Outcome, Scene, Written, as_text
from sdsync.mappings.paths import Absent
from sdsync.store.records import Json


@dataclass(frozen=True)
class PeerLens(Lens):
    """One text field for both: ``infra#882 https://dev.example.org/882``.

    The key is what is compared; the link rides along when the hub knows it. It is ours
    alone: what somebody else writes there is no edit, and is put right again.
    """

    mended = True

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The key: all before the link."""
        words = as_text(native).split()
        return " ".join(word for word in words if "://" not in word) or None

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """Key and link."""
        url = scene.hub.get("peer_url")
        return Written(f"{value} {url}" if url else as_text(value))
