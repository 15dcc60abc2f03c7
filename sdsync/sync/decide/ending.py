"""A record is shared no more: what waited for it is let go, and nothing is deleted on any side.

Its records stay its own, so that no look lets them in anew and makes a second copy (law 12).
A person alone takes one out of it, to link it with another.
"""

from __future__ import annotations

from collections.abc import Collection

from sdsync.store.records import IntentState, Ref, Replica, ReplicaState, Share

UNLINKED = "unlinked"


def is_ended(share: Share) -> bool:
    """Whether nobody follows its records any more."""
    return share.hub.state == UNLINKED


def end(share: Share, freed: Collection[Replica] = ()) -> None:
    """The hub record is over; ``freed`` replicas' records may be shared anew."""
    hub = share.hub
    hub.state, hub.human_at, hub.told_at = UNLINKED, None, None
    if freed:
        _give_up_name(share)
    for one in share.replicas:
        if one in freed or one.state is ReplicaState.UNBORN:
            free(share, one)
        else:
            _let_go(share, one)


def free(share: Share, replica: Replica) -> None:
    """The replica gives up its record, which is nobody's from now on."""
    ref = Ref(replica.system, replica.kind, replica.native_id or "")
    if share.hub.correlation == str(ref):
        _give_up_name(share)
    _let_go(share, replica)
    replica.state, replica.native_id = ReplicaState.UNLINKED, None


def _give_up_name(share: Share) -> None:
    hub, gone = share.hub, f" until {share.hub.id}"
    if not hub.correlation.endswith(gone):
        hub.correlation += gone


def _let_go(share: Share, replica: Replica) -> None:
    """Nothing waits for the replica any more; a call that is out is still heard to its end."""
    replica.groups, replica.doubt, replica.stepping = {}, {}, {}
    for intent in share.intents:
        if intent.replica_id == replica.id and intent.state is IntentState.OPEN:
            intent.state, intent.content = IntentState.ABANDONED, {}
