"""Links and parents between shared records, and what of them waits in which system.

A tie is written where the other record's pair is known; till then it stays where it is.
Nothing is stored about waiting: what a replica should show is asked anew each time, and
whoever becomes known rings those that are tied to it (:func:`ring_the_tied`).
"""

from __future__ import annotations

from sdsync.config.vocabulary import TURNED
from sdsync.mappings.lenses.ties import target
from sdsync.store.records import Json, Ref, Replica, ReplicaState
from sdsync.sync.deliver.counterparts import gap
from sdsync.sync.draft import Draft


def shown_links(draft: Draft, replica: Replica) -> Json:
    """The hub's links that the replica shows or may be given.

    What it was known to show stays, whatever became of the other record: a link that a
    person made is not taken away because its pair went out of reach.
    """
    links, sent = draft.hub.values.get("links"), replica.sent.get("links") or []
    if not isinstance(links, list):
        return None
    return [one for one in links if one in sent or _gap(draft, replica, target(one)) is None]


def shown_parent(draft: Draft, replica: Replica) -> Json:
    """The hub's parent, unless its pair is not known there."""
    parent = draft.hub.values.get("parent")
    if parent is None or parent == replica.sent.get("parent"):
        return parent
    return parent if _gap(draft, replica, str(parent)) is None else None


def _gap(draft: Draft, replica: Replica, name: str) -> str | None:
    return gap(draft, replica, draft.ctx.records.named(draft.hub.kind, name))


def still_tied(draft: Draft, link: str) -> bool:
    """Whether the other record's hub still has the other end of a link."""
    kind, _, name = link.partition(" ")
    share = draft.ctx.records.named(draft.hub.kind, name)
    back = f"{TURNED.get(kind, kind)} {draft.hub.correlation}"
    return share is not None and back in (share.hub.values.get("links") or [])


def ring_the_tied(draft: Draft, replica: Replica, linked: frozenset[str]) -> None:
    """Read again the shared records that one which is shared from now on is tied to.

    Till now it was a stranger to them; their own look tells what they are to each other.
    """
    for native_id in sorted(linked - {replica.native_id}):
        if draft.ctx.records.of(Ref(replica.system, replica.kind, native_id)) is not None:
            draft.ring(replica.system, "look", native_id)


def ring_those_who_wait(draft: Draft, replica: Replica) -> None:
    """The replica exists from now on: copies of records tied to it may be tied as well.

    Rung in the commit that makes it known, so that no crash comes between. Whoever
    decides meanwhile that it is a stranger still, is rung again by this.
    """
    records, kind = draft.ctx.records, draft.hub.kind
    shares = [records.named(kind, target(one)) for one in draft.hub.values.get("links") or []]
    shares += records.children(kind, draft.hub.correlation)
    for one in draft.share.replicas:
        shares += [records.of(Ref(one.system, one.kind, other)) for other in one.linked]
    twins = [share.at(replica.system) for share in shares if share is not None]
    for twin_id in sorted({one.id for one in twins if one and one.state is ReplicaState.LIVE}):
        draft.ring(replica.system, "deliver", twin_id)
