"""The stock lifecycle's actions, as a ticket's links show them."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.sandbox.call import Json
from sdsync.sandbox.rt.state import Ticket

#: Stock lifecycle actions: from -> (to, label, update)
_ACTIONS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "new": (("open", "Open It", "Respond"), ("resolved", "Resolve", "Comment"),
            ("rejected", "Reject", "Respond")),
    "open": (("stalled", "Stall", "Comment"), ("resolved", "Resolve", "Comment"),
             ("rejected", "Reject", "Respond")),
    "stalled": (("open", "Open It", ""),),
    "resolved": (("open", "Re-open", "Comment"),),
    "rejected": (("open", "Re-open", "Comment"),),
    "deleted": (("open", "Undelete", ""),),
}  # fmt: skip


def lifecycle_links(ticket: Ticket, url: str) -> list[Json]:
    """What the pages would offer as buttons; ``url`` is the ticket's."""
    links: list[Json] = []
    for to, label, update in _ACTIONS[ticket.status]:
        path = {"Respond": "/correspond", "Comment": "/comment"}.get(update, "")
        link = {"ref": "lifecycle", "from": ticket.status, "to": to, "label": label,
                "_url": url + path}  # fmt: skip
        links.append({**link, "update": update} if update else link)
    return links
