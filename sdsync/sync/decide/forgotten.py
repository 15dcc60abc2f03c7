"""Records that came into a scope and left it in the time that a restored store forgot (law 32).

``take`` decides who enters, not who stays (law 23), so they are followed still. No sync takes
them any more where they are; the copy that was made of each tells whose it is.
"""

from __future__ import annotations

from sdsync.connectors.contract import NativeRecord
from sdsync.store.records import Ref, Work
from sdsync.sync.branches import hit
from sdsync.sync.capture.suspicion import bears_our_mark, shown_peer
from sdsync.sync.core import Core
from sdsync.sync.model import Context, SyncPolicy

TAKEN = "taken"  # of a look's hint: the sync that made a copy of the record


def original(core: Core, native: NativeRecord, ctx: Context) -> Work | None:
    """The look at the record of which this one, by our account, is a copy that the store forgot.

    None when it is none, when it is known, or when several syncs may have made the copy.
    """
    if not (ctx.suspect and native.state == "live" and bears_our_mark(ctx, native)):
        return None
    key = shown_peer(ctx, native)
    made = _makers(ctx, native)
    if not key or len(made) != 1:
        return None
    ((system, sync),) = made
    if core.store.share_of(Ref(system, native.ref.kind, key)) is not None:
        return None
    look = core.work_for(system, "look", key, due=ctx.now)
    look.hint = {"kind": native.ref.kind, TAKEN: sync}
    return look


def once_taken(work: Work, ctx: Context) -> list[SyncPolicy]:
    """The sync that a copy of the record names, as long as nothing is made beside the copy."""
    sync = ctx.syncs.get(str(work.hint.get(TAKEN)))
    if sync is None or not ctx.suspect:
        return []
    hit("law 32: left its scope in the lost time")
    return [sync]


def _makers(ctx: Context, native: NativeRecord) -> list[tuple[str, str]]:
    """(the original's system, sync) of those that may have made the copy.

    Of several it is one that makes them in the copy's place.
    """
    here = native.ref.system
    made = [
        (system, sync.name, sync.put[here].literals.get("place"))
        for sync in ctx.syncs.values()
        if sync.kind == native.ref.kind and here in sync.put
        for system in sync.take
        if system != here
    ]
    near = [one for one in made if one[2] == native.place]
    return [(system, sync) for system, sync, _ in (made if len(made) == 1 else near)]
