"""Who may read: audiences from the widest to the narrowest (law 45), and tenants (law 49)."""

from __future__ import annotations

from sdsync.store.records import Json

AUDIENCES = ("public", "customer", "internal", "team", "restricted")


def width(audience: Json) -> int:
    """How many can read: 0 is everybody; an unknown word is internal (law 45)."""
    return AUDIENCES.index(audience) if audience in AUDIENCES else 2


def narrowest(*audiences: Json) -> str:
    """The one that fewest can read."""
    return AUDIENCES[max(width(one) for one in audiences)]


def apart(tenant: str | None, other: str | None) -> bool:
    """Whether two tenants keep apart what is theirs; what has none is open to each."""
    return tenant is not None and other is not None and tenant != other
