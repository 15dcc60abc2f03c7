"""``sdsync link``: a join of two records by hand, checked and carried out as a plan's line is.

Only the products know in which place a record lies, and so whose it is (law 49): both are
read first. Records that were parted are nobody's: the same commit takes them out of what
they were.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from sdsync.store.contract import Store
from sdsync.store.records import AuditRow, Change, Json, Ref, Share
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.ending import free, is_ended
from sdsync.sync.decide.joining import replica_of
from sdsync.sync.persons.by_hand import Refused, told
from sdsync.sync.plans.connecting import Former, drafted, whole
from sdsync.sync.plans.scene import Scene

BY_HAND = "by hand"


def systems_of(store: Store, refs: Collection[Ref], known: Collection[str]) -> tuple[str, ...]:
    """Systems of ``known`` that the join may write to: those of the two and of who shares them."""
    names = {one.system for one in refs}
    for share in map(store.share_of, refs):
        if share is not None and not is_ended(share):
            names |= {one.system for one in share.replicas}
    return tuple(sorted(names & set(known)))


def link(scene: Scene, one: Ref, other: Ref) -> None:
    """Join two records that belong together. Unequal values agree to differ (law 11).

    Raises:
        Refused: They cannot be joined, or not read; the text says what stands in the way.
    """
    born, late = sorted((one, other), key=lambda ref: not scene.takes(ref.system))
    looks = [_read(scene, born), _read(scene, late)]
    scene.core.step("pair read")
    change = scene.core.commit(partial(_decide, scene, looks))
    for lane in {work.key.lane for work in change.ring} if change else ():
        scene.store.ring(lane)


def _read(scene: Scene, ref: Ref) -> Look:
    look = whole(scene, ref)
    if isinstance(look, str):
        raise Refused(f"{look}; nothing was linked")
    return look


def _decide(scene: Scene, looks: Sequence[Look]) -> Change:
    """The commit, on what the store holds now."""
    former = _former(scene, [one.native.ref for one in looks])
    born, late = looks
    made = drafted(scene, born, late, BY_HAND, former)
    if isinstance(made, str):
        raise Refused(made)
    change = made.draft.change
    change.shares += former.shares.values()
    change.audit += former.audit
    return change


def _former(scene: Scene, refs: Sequence[Ref]) -> Former:
    """Take the records out of what ended; with no call of ours to one of them still out."""
    shares: dict[str, Share] = {}
    shown: set[Json] = set()
    audit: list[AuditRow] = []
    for ref in refs:
        found = scene.store.share_of(ref)
        if found is None or not is_ended(found):
            continue
        share = shares.setdefault(found.hub.id, found)
        replica = replica_of(share, ref)
        if replica is None:
            continue
        now = scene.core.clock.now()
        if any(one.replica_id == replica.id and one.deadline_at > now for one in share.attempts):
            raise Refused(f"a call of ours to {ref} is out just now; try again in a minute")
        for partner in share.replicas:
            if partner is not replica:
                shown |= {partner.key, partner.url} - {None}
        free(share, replica)
        text = f"{ref} belongs to another record now"
        audit.append(told("linked", share.hub, replica, scene.by, now, text=text, why=BY_HAND))
    return Former(shares, frozenset(shown), audit)
