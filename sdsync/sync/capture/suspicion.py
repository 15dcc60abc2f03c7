"""A store that may not be the newest of its copies (law 32).

Restored or cloned, it does not know what it wrote since. Until every system's
feed was read beyond the point from which it was restored, and what it named was
merged, it looks up what it would make, and no field is written but those that a
person names. What was taken in until then is looked up whenever its turn comes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sdsync.config.vocabulary import group_of
from sdsync.connectors.contract import NativeElement, NativeRecord
from sdsync.store.records import AuditRow, Change, Element, GroupState, Json, Replica
from sdsync.sync.branches import hit
from sdsync.sync.core import Core
from sdsync.sync.decide.elements import placed_ids, read_values
from sdsync.sync.decide.worklogs import WORKLOG, shows
from sdsync.sync.deliver.compute import dirty_fields
from sdsync.sync.deliver.desired import desired
from sdsync.sync.deliver.in_names import may_be_lost
from sdsync.sync.draft import Draft, digest
from sdsync.sync.model import NAMED, SUSPECT, Context

ABOUT = "suspect"  # of the one cause that everything waiting points at
#: A look that is put off for a moment, after trouble or for another, is still to be read.
SOON = timedelta(seconds=5)


class Suspicion:
    """Whether this process's store is suspect, and the end of it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._read: dict[str, datetime | None] = {}  # when each feed was read whole, at the start

    def start(self) -> None:
        """Ask the store, and let go what waited for an end that came while nobody ran."""
        known = self._core.store.identity()
        self._read = {name: self._feed_ok_at(name) for name in self._core.systems}
        trust = self._core.trust
        trust.reason, trust.trusted_at = known.suspect, known.trusted_at
        trust.origin = origin(known.store_id, known.epoch)
        if trust.reason is None:
            self._let_go()
        else:
            self._say("suspect", trust.reason)

    def review(self) -> None:
        """End it when every system was read since, or when a person said so."""
        core, trust = self._core, self._core.trust
        if trust.reason is None:
            return
        known = core.store.identity()
        if known.suspect is not None:
            if not all(self._passed(name) for name in core.systems):
                return
            known = core.store.new_epoch()
        hit("law 32: trusted again")
        # First: whoever asks in between looks up once too often.
        trust.trusted_at = known.trusted_at
        trust.reason, trust.origin = None, origin(known.store_id, known.epoch)
        self._say("trusted", f"every system was read; epoch {known.epoch}")
        self._let_go()

    def _passed(self, name: str) -> bool:
        """A whole look at the feed since, by whichever process, and nothing of it unread.

        Instants are not compared: the clock of the host that made the backup may be ahead.
        """
        core, looked_at = self._core, self._feed_ok_at(name)
        if looked_at is None or looked_at == self._read.get(name):
            return False
        return core.store.due(name, "look", now=core.clock.now() + SOON) == 0

    def _feed_ok_at(self, name: str) -> datetime | None:
        return self._core.store.system(name).feed_ok_at

    def _let_go(self) -> None:
        """Fields that waited for the end are written as they are now."""
        core = self._core
        cause = core.store.cause(digest(["system", ABOUT]))
        if cause is None:
            return
        for hub_id in {hub.id for hub, _, _ in core.store.cause_members(cause.id)}:
            core.commit(partial(self._release, hub_id))
        cause.closed_at = core.clock.now()
        core.store.commit(Change(causes=[cause]))

    def _release(self, hub_id: str) -> Change | None:
        share = self._core.store.share(hub_id)
        if share is None:
            return None
        draft = Draft(share, self._core.context())
        for replica in share.replicas:
            for group, row in list(replica.groups.items()):
                if row.note == SUSPECT:
                    draft.mark(replica, group, GroupState.DIRTY)
                    draft.deliver(replica)
        return draft.change

    def _say(self, action: str, text: str) -> None:
        row = AuditRow(self._core.clock.now(), action, "sdsync", text=text[:300])
        self._core.store.commit(Change(audit=[row]))


def origin(store_id: str, epoch: int) -> str:
    """What a mark tells of the store that made it."""
    return f"{store_id[:8]}.{epoch}"


def await_plan(draft: Draft, replica: Replica) -> None:
    """Fields wait while the store is suspect, but those that a person named (law 32)."""
    for group in {group_of(name) for name in list(dirty_fields(draft, replica))}:
        row = replica.groups.get(group)
        if row is not None and row.note == NAMED:
            continue
        hit("law 32: a field waits")
        text = "fields wait: the store may not be the newest of its copies"
        cause = draft.cause("system", "", ABOUT, text, remedy="sdsync store trust")
        draft.mark(replica, group, GroupState.AWAITING_PLAN, note=SUSPECT)
        replica.groups[group].cause = cause.id


def made_before(draft: Draft, replica: Replica, native: NativeRecord) -> bool:
    """Whether an unlinked record may be what this replica's lost intent made.

    Our account made it, and its mark, where the product keeps one, is of this
    store: of any epoch, since the intent was made in a time that was lost.
    """
    same = native.ref.system == replica.system
    return native.ours and same and bears_our_mark(draft.ctx, native)


def bears_our_mark(ctx: Context, native: NativeRecord) -> bool:
    """Whether its mark, where the product keeps one, is of this store, of any epoch."""
    if not native.mark:
        return True
    store_id = ctx.origin.partition(".")[0]
    return native.mark.partition("-")[2].partition(".")[0] == store_id


def shown_peer(ctx: Context, native: NativeRecord) -> str | None:
    """The key that the record names as its peer's; None: it names nobody."""
    mapping = ctx.systems[native.ref.system].mappings[native.ref.kind]
    if "peer_key" not in mapping.fields:
        return None
    shown = mapping.get("peer_key", mapping.keep(native.values), ctx.people)
    return shown if isinstance(shown, str) else None


def shows_peer(draft: Draft, replica: Replica, native: NativeRecord) -> bool | None:
    """Whether the record names our side as its peer, or another; None: it names nobody."""
    shown = shown_peer(draft.ctx, native)
    return None if shown is None else shown == desired(draft, replica, "peer_key")


def placed_before(
    draft: Draft, replica: Replica, element: Element, native: NativeRecord
) -> NativeElement | None:
    """The note or file on the record that a lost intent placed; None: there is none."""
    natives = native.elements(element.kind)
    linked = placed_ids(draft, replica, element.kind)
    for one in natives or ():
        ours = one.ours or may_be_lost(draft, replica, element, one)
        if ours and one.native_id not in linked and _same(draft, replica, element, one):
            hit("law 32: a note of the lost time")
            return one
    return None


def _same(draft: Draft, replica: Replica, element: Element, native: NativeElement) -> bool:
    shown = read_values(draft, replica, native)
    if element.kind == "note":
        return _words(shown.get("body")) == _words(element.values.get("body"))
    if element.kind == WORKLOG:
        return shows(draft, replica, element, shown)
    return all(shown.get(name) == element.values.get(name) for name in ("name", "size"))


def _words(text: Json) -> list[str]:
    """A text but for its spaces, which products set as they like."""
    return str(text or "").split()
