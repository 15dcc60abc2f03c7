"""Relations of an issue: read from its own side, written one by one."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.connectors.common import Refused, need
from sdsync.connectors.failures import Failure, Forbidden, Missing, Rejected
from sdsync.connectors.redmine.client import Client, Row
from sdsync.connectors.replies import Reply
from sdsync.store.records import Json

#: A type as the other issue sees it. Source: app/models/issue_relation.rb of 5.0.4.
TURNED: Mapping[str, str] = {
    "relates": "relates",
    "duplicates": "duplicated",
    "duplicated": "duplicates",
    "blocks": "blocked",
    "blocked": "blocks",
    "precedes": "follows",
    "follows": "precedes",
    "copied_to": "copied_from",
    "copied_from": "copied_to",
}


def of(issue: Row) -> dict[str, str]:
    """``TYPE ID`` -> the relation's number, as this issue sees them.

    Redmine leaves the list out when there is none that our account may see.
    """
    mine = str(issue["id"])
    found: dict[str, str] = {}
    for one in issue.get("relations") or ():
        kind, other = str(one["relation_type"]), str(one["issue_to_id"])
        if other == mine:
            kind, other = TURNED.get(kind, kind), str(one["issue_id"])
        found[f"{kind} {other}"] = str(one["id"])
    return found


def relate(client: Client, path: str, wanted: Json) -> None:
    """Make the issue at ``path`` have these relations and no others.

    All are tried before a refusal ends it: one that Redmine does not take keeps no
    other back. Two issues have one relation at most, so the old ones go first.
    """
    texts = {str(one) for one in wanted} if isinstance(wanted, list | tuple) else {""}
    if not all(_is_relation(one) for one in texts):
        raise Refused(Rejected(("relations",), "not a list of relations"))
    present = present_now(client, path)
    refused: Failure | None = None
    for one in sorted(present.keys() - texts):
        reply = client.call("DELETE", f"/relations/{int(present[one])}.json")
        if not isinstance(reply, Missing):  # somebody else took it away
            refused = _refusal(reply) or refused
    for one in sorted(texts - present.keys()):
        kind, _, other = one.partition(" ")
        body = {"relation": {"issue_to_id": other, "relation_type": kind}}
        refused = _refusal(client.call("POST", f"{path}/relations.json", json=body)) or refused
    if refused is not None and not texts <= present_now(client, path).keys():
        raise Refused(refused)


def present_now(client: Client, path: str) -> dict[str, str]:
    """Read live: the other end may be written at the same moment, and one of both is refused."""
    return of(client.get(f"{path}.json", {"include": "relations"})["issue"])


def _is_relation(text: str) -> bool:
    kind, _, other = text.partition(" ")
    return kind in TURNED and other.isascii() and other.isdigit()


def _refusal(reply: Reply | Failure) -> Failure | None:
    """A refusal of one relation; whatever else went wrong ends the whole at once."""
    match reply:
        case Reply():
            return None
        case Rejected(detail=detail):
            return Rejected(("relations",), detail)
        case Forbidden():  # the right for relations, not the issue: that was just read
            return Rejected(("relations",), "our account may not manage relations here")
        case _:
            need(reply)
            return None
