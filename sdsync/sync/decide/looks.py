"""Reading one record and deciding what it means: the look."""

from __future__ import annotations

from datetime import datetime, timedelta

from sdsync.connectors.contract import Connector, NativeRecord
from sdsync.connectors.failures import Forbidden, Missing, Rejected
from sdsync.mappings.contract import UNKNOWN
from sdsync.store.records import (
    Change,
    GroupState,
    Intent,
    IntentState,
    Ref,
    Replica,
    ReplicaState,
    Share,
    Work,
)
from sdsync.sync.branches import hit
from sdsync.sync.confirm.outcome import judge
from sdsync.sync.confirm.refusal import REACH_AGAIN
from sdsync.sync.confirm.settling import DOUBLES, KEEP, TOLD, born
from sdsync.sync.core import FEED, Core
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.elements import absorb_elements
from sdsync.sync.decide.forgotten import once_taken, original
from sdsync.sync.decide.observe import absorb, too_old
from sdsync.sync.decide.restored import (
    distrust,
    gives_numbers_anew,
    last_read,
    lose,
    proves_too_little,
    takes_its_number,
)
from sdsync.sync.decide.scope import (
    PRIORITIES,
    bear,
    begin,
    environment,
    join,
    rescope,
    takers,
    tenant_of,
    walled,
)
from sdsync.sync.decide.structure import (
    SECOND_LOOK,
    both,
    found_again,
    late,
    merged,
    not_found,
)
from sdsync.sync.decide.waves import ended
from sdsync.sync.deliver.others import create_in_doubt
from sdsync.sync.deliver.waiting import is_read
from sdsync.sync.draft import Draft
from sdsync.sync.meter import Meter
from sdsync.sync.model import Context, SyncPolicy
from sdsync.sync.policy import is_failure, lane_trouble, read_again
from sdsync.sync.systems import System

AGAIN = timedelta(seconds=1)
READ_AGAIN = timedelta(seconds=30)
WHOLE, WHOLE_TRIES = "whole", 20  # a right may be lost with the backup: not asked for ever
INTENT_WAIT = timedelta(seconds=5)
TROUBLE_WAIT = timedelta(seconds=5)
RARELY = timedelta(days=1)  # the longest wait for a new record that cannot be read
DEAD = frozenset({ReplicaState.MERGED, ReplicaState.UNLINKED})
UNSETTLED = frozenset({IntentState.STARTED, IntentState.PENDING, IntentState.HELD})


class Looks:
    """Looks of one process: fetch, then decide in one commit."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def share_of(self, system: str, native_id: str) -> Share | None:
        """The share of a native id, whatever the record's kind."""
        for kind in self._core.systems[system].capabilities.record_kinds:
            share = self._core.store.share_of(Ref(system, kind, native_id))
            if share is not None:
                return share
        return None

    def look(self, system: System, connector: Connector, work: Work, meter: Meter) -> None:
        """Fetch the record that the work names and merge what it shows."""
        core, native_id = self._core, work.key.target
        kind = str(work.hint.get("kind") or system.capabilities.record_kinds[0])
        ref = Ref(system.name, kind, native_id)
        began = core.clock.now()
        answer = meter.note(connector.fetch(ref))
        core.step("fetched")
        if is_failure(answer):
            canary = self._canary(connector, ref, answer, meter)
            core.commit(lambda: self._failed(ref, work, answer, canary))
        else:
            look = Look(answer, began)
            # The disk is not waited for: the event is there already, and a machine that
            # loses power finds the look undone and reads again. What is sent because of
            # it was attempted, and the attempt takes this to the disk before it (law 33).
            change = core.commit(lambda: self._decide(ref, look, work), lasting=False)
            if change is not None and change.pauses:
                core.remember_restored()
        core.step("decided")

    # -- decide ---------------------------------------------------------------------
    def _decide(self, ref: Ref, look: Look, work: Work) -> Change:
        core, ctx = self._core, self._core.context()
        share = core.store.share_of(ref)
        if share is None and look.native.ref != ref:
            share = core.store.share_of(look.native.ref)
        if share is None:
            change = self._unlinked(look, ctx, work)
        else:
            change = self._linked(share, ref, look, ctx, work)
        change.finished.append((work.key, work.generation))
        return change

    def _linked(self, share: Share, ref: Ref, look: Look, ctx: Context, work: Work) -> Change:
        draft = Draft(share, ctx)
        replica = _replica(share, ref) or _replica(share, look.native.ref)
        if replica is not None and self._counts_anew(ctx, replica, look.native):
            return self._distrusted(draft, replica, look.native)
        if replica is not None and takes_its_number(ctx, replica, look.native):
            hit("law 32: another record has the id of a lost one")
            draft.look(replica)
            lose(draft, replica)
            return draft.change
        if replica is None or share.hub.state == "unlinked":
            return Change()
        if replica.state in DEAD:
            return self._late_words(draft, replica, look)
        if too_old(draft, replica, look):
            draft.look(replica, due=ctx.now + AGAIN)
            return Change(ring=draft.change.ring)
        tries = int(work.hint.get(WHOLE) or 0)
        if tries < WHOLE_TRIES and proves_too_little(draft, replica, look):
            hit("law 32: the first look since a restore proves too little")
            draft.look(replica, due=ctx.now + READ_AGAIN)
            draft.change.ring[-1].hint = {"kind": replica.kind, WHOLE: tries + 1}
            return Change(ring=draft.change.ring)
        if look.native.state == "deleted":
            not_found(draft, replica, canary=True, proved=True, released=_released(work))
            return draft.change
        renamed = look.native.ref.id != replica.native_id
        survivor = self._core.store.share_of(look.native.ref) if renamed else None
        if renamed and survivor is None and self._may_be_anothers(look.native, replica):
            hit("law 28: waits for an open intent")
            draft.look(replica, due=ctx.now + INTENT_WAIT)
            return Change(ring=draft.change.ring)
        if renamed and (first := self._survivor_first(draft, replica, look)):
            return first
        other = merged(draft, replica, look.native, survivor)
        if other is not None:
            return both(draft, other)
        self.merge(draft, replica, look)
        if share.hub.merged_into:
            return late(self._core.store, draft, replica, share.hub.merged_into)
        self._enter_more(draft, look, ctx)
        return draft.change

    def _survivor_first(self, draft: Draft, replica: Replica, look: Look) -> Change | None:
        """The survivor of a merge may have been shared in the time that the store forgot (law 32).

        It enters, and is joined with what it had, before the loser is merged into it: else the
        loser's copies would be taken for the survivor's.
        """
        native, ctx, change = look.native, draft.ctx, Change()
        survivor = self._core.store.share_of(native.ref)
        if survivor is None:
            asked = ctx.suspect and native.state == "live" and not native.ours
            syncs = takers(native, ctx, self.activated) if asked else []
            if not syncs:
                return None
            hit("law 32: the survivor of a merge enters first")
            change = self.enter(look, syncs, ctx) or change
        elif not (ctx.may_have_made(survivor.hub.created_at) and _is_coming(survivor)):
            return None
        draft.look(replica, due=ctx.now + INTENT_WAIT)
        change.ring += draft.change.ring
        return change

    def _counts_anew(self, ctx: Context, replica: Replica, native: NativeRecord) -> bool:
        """Whether its product was restored, and nobody noticed: another record has its id."""
        return last_read(ctx, replica) is None and gives_numbers_anew(ctx, replica, native)

    def _distrusted(self, draft: Draft, replica: Replica, native: NativeRecord) -> Change:
        hit("law 32: a number that was given anew")
        row = self._core.store.system(replica.system)
        why = f"another record is {native.key} now than was: was it restored?"
        change = Change(systems=[row])
        distrust(change, row, why, draft.ctx.now)
        change.ring += [
            self._core.work_for(replica.system, "sweep", FEED, due=draft.ctx.now, priority=5),
            self._ask_again(native),
        ]
        return change

    def merge(self, draft: Draft, replica: Replica, look: Look) -> None:
        """Absorb a look that is fit to be merged, and keep the record's urgency and tenant."""
        if replica.state is ReplicaState.GONE:
            found_again(draft, replica)
        ended(replica)
        is_read(draft, replica)
        if last_read(draft.ctx, replica) is None:  # else it may be back where it was once
            rescope(draft, replica, look.native)
        absorb(draft, replica, look)
        hub = draft.hub
        hub.priority = PRIORITIES.get(str(hub.values.get("priority")), 3)
        self._core.note_urgency(replica, hub.priority)
        if replica.system == hub.birth_system:
            before, hub.tenant = hub.tenant, tenant_of(draft, replica)
            if hub.tenant != before:  # what waits for the pause of one goes on with the other
                draft.deliver_others(None)

    def _late_words(self, draft: Draft, replica: Replica, look: Look) -> Change:
        """A merged copy is never written again, but people may still add to it (law 22)."""
        survivor_id = draft.hub.merged_into
        if survivor_id is None or look.native.ref.id != replica.native_id:
            return Change()
        absorb_elements(draft, replica, look)
        return late(self._core.store, draft, replica, survivor_id)

    def _enter_more(self, draft: Draft, look: Look, ctx: Context) -> None:
        """The record may have come into the scope of a further sync (law 23)."""
        if ctx.syncs.keys() <= set(draft.hub.syncs):
            return
        for sync in takers(look.native, ctx, self.activated):
            if sync.name not in draft.hub.syncs:
                hit("law 23: a second sync shares it")
                draft.hub.syncs.append(sync.name)
                draft.audit("taken_too", source=look.native.ref.system, text=sync.name)
                bear(draft, sync)

    # -- records that nobody knows ----------------------------------------------------
    def _unlinked(self, look: Look, ctx: Context, work: Work) -> Change:
        native = look.native
        settled = self._by_mark(look, ctx)
        if settled is not None:
            return settled
        if native.ours:
            first = original(self._core, native, ctx)
            return Change(ring=[first]) if first else self._ours(native, work)
        syncs = takers(native, ctx, self.activated) or once_taken(work, ctx)
        if not syncs or native.state != "live":
            return Change()
        change = self.enter(look, syncs, ctx)
        if change is None:
            hit("law 12: match key unknown, asked again")
            return Change(ring=[self._ask_again(native)])
        return change

    def enter(self, look: Look, syncs: list[SyncPolicy], ctx: Context) -> Change | None:
        """Let a record in: joined with the one that its match keys name, else on its own.

        None when this look does not prove a match key (law 9).
        """
        found = self._candidates(look.native, ctx, syncs)
        if found is None:
            return None
        if len(found) == 1:
            draft = Draft(found[0], ctx)
            join(draft, look, why="match")
            return draft.change
        draft = begin(look, syncs, ctx)
        if len(found) > 1:
            hit("law 12: several candidates held")
            for one in draft.share.replicas:
                if one.state is ReplicaState.UNBORN:
                    draft.hold(one, "birth", f"{len(found)} records could belong to it")
        return draft.change

    def _by_mark(self, look: Look, ctx: Context) -> Change | None:
        """The record bears a mark: ours while its intent is open, else a copy (law 29)."""
        native = look.native
        share = self._core.store.share_by_mark(native.mark) if native.mark else None
        if share is None:
            return None
        intent = next(one for one in share.intents if one.mark == native.mark)
        if (
            native.ours
            and intent.element_id is None
            and intent.native_id not in (None, native.ref.id)
        ):
            return self._double(share, intent, native, ctx)
        if intent.element_id is not None or intent.state not in UNSETTLED or not native.ours:
            hit("law 29: a copy of our mark")
            return None
        hit("law 28: settled by its mark")
        draft = Draft(share, ctx)
        replica = share.replica(intent.replica_id)
        fields = next((one.fields for one in share.attempts if intent.id in one.intents), {})
        born(draft, replica, intent, native.ref.id, fields)
        judge(draft, replica, fields, look)
        share.attempts = [one for one in share.attempts if one.replica_id != replica.id]
        absorb(draft, replica, look)
        draft.deliver(replica)
        return draft.change

    def _double(self, share: Share, intent: Intent, native: NativeRecord, ctx: Context) -> Change:
        """A second bearer of a mark that our own account made: told, and never adopted (law 30)."""
        hit("law 30: a double in the feed")
        draft = Draft(share, ctx)
        replica = share.replica(intent.replica_id)
        both = f"{replica.system} holds {native.key} beside {replica.key}, made by one intent"
        text = f"{both}; {KEEP}"
        if draft.state(replica, DOUBLES) not in TOLD:
            draft.park(replica, DOUBLES, text, about=["doubles", intent.id])
        return draft.change

    def _ours(self, native: NativeRecord, work: Work) -> Change:
        """Made by our account: never a source; it may belong to an open intent (law 28)."""
        core = self._core
        waiting = core.store.open_intents_in(native.ref.system, native.ref.kind)
        if not any(place == native.place for _, place in waiting):
            hit("law 28: our own create is no source")
            return Change()
        hit("law 28: waits for an open intent")
        return Change(ring=[self._ask_again(native)])

    def _may_be_anothers(self, native: NativeRecord, replica: Replica) -> bool:
        """Whether our account made it, while a create of another record is in doubt there."""
        store, ref = self._core.store, native.ref
        return native.ours and create_in_doubt(
            store, ref.system, ref.kind, native.place, but=replica.hub_id
        )

    def _ask_again(self, native: NativeRecord) -> Work:
        due = self._core.clock.now() + INTENT_WAIT
        again = self._core.work_for(native.ref.system, "look", native.ref.id, due=due)
        again.hint = {"kind": native.ref.kind}
        return again

    def _candidates(
        self, native: NativeRecord, ctx: Context, syncs: list[SyncPolicy]
    ) -> list[Share] | None:
        """Shares that the record's exact match keys point at and that lack this system (law 12).

        None when this read does not prove a key (law 9).
        """
        env = environment(native, ctx)
        found: dict[str, Share] = {}
        for sync in syncs:
            for field in sync.match:
                value = env.get(field)
                if value is UNKNOWN:
                    return None
                if value in (None, "", []):
                    continue
                for hub_id in self._core.store.find_hubs(native.ref.kind, field, value):
                    share = self._core.store.share(hub_id)
                    if share is None or walled(share, native, ctx):
                        continue
                    if sync.name in share.hub.syncs and not _taken(share, native):
                        found[hub_id] = share
        return list(found.values())

    def activated(self, sync: str, system: str) -> datetime | None:
        """Since when the sync sees the system: both must be there (law 23)."""
        row, watched = self._core.store.sync(sync), self._core.store.system(system)
        if row is None or watched.watched_since is None:
            return None
        return max(row.activated_at, watched.watched_since)

    # -- looks that failed ---------------------------------------------------------------
    def _canary(self, connector: Connector, ref: Ref, answer: object, meter: Meter) -> bool | None:
        """Whether the place can be read at all, asked only when something seems gone (law 21)."""
        if not isinstance(answer, Missing):
            return None
        share = self._core.store.share_of(ref)
        replica = _replica(share, ref) if share else None
        if replica is None or replica.not_found_at is None or replica.place is None:
            return None
        readable = meter.note(connector.readable(replica.place))
        return readable if isinstance(readable, bool) else None

    def _failed(self, ref: Ref, work: Work, answer: object, canary: bool | None) -> Change:
        core, ctx = self._core, self._core.context()
        share = core.store.share_of(ref)
        replica = _replica(share, ref) if share else None
        if lane_trouble(answer) is not None:
            return Change(postponed=[(work.key, ctx.now + TROUBLE_WAIT)])
        if share is None or replica is None:
            if isinstance(answer, Missing) and not work.hint.get("missed"):
                again = core.work_for(ref.system, "look", ref.id, due=ctx.now + SECOND_LOOK)
                again.hint = {**work.hint, "missed": True}
                return Change(finished=[(work.key, work.generation)], ring=[again])
            if isinstance(answer, Forbidden):
                hit("law 39: new and out of reach")
                return Change(
                    finished=[(work.key, work.generation)],
                    ring=[seldom(core, work, "refused")],
                )
            if isinstance(answer, Missing | Rejected):
                return Change(finished=[(work.key, work.generation)])
            return read_again(work, ctx.now)
        draft = Draft(share, ctx)
        if isinstance(answer, Missing):
            proved = bool(work.hint.get("deleted"))
            not_found(draft, replica, canary=canary, proved=proved, released=_released(work))
        elif isinstance(answer, Forbidden):
            _out_of_reach(draft, replica)
        else:
            return read_again(work, ctx.now)
        draft.change.finished.append((work.key, work.generation))
        return draft.change


def seldom(core: Core, work: Work, count: str) -> Work:
    """The look of a record that nobody shares yet, asked again ever more rarely.

    No list bears such a record and no sweep knows it, and its event is used up:
    forgotten now, it would never be seen unless somebody edits it. Each try is new work, and
    not as old as the first: nobody waits for it. ``count`` names the hint of its tries.
    """
    times = int(work.hint.get(count) or 0)
    due = core.clock.now() + min(REACH_AGAIN * 2 ** min(times, 10), RARELY)
    again = core.work_for(work.key.lane, "look", work.key.target, due=due)
    again.hint = {**work.hint, count: times + 1}
    return again


def _released(work: Work) -> bool:
    """Whether a person said that the record may be gone with many others (law 41)."""
    return bool(work.hint.get("released"))


def _is_coming(share: Share) -> bool:
    """Whether a copy of it is on its way, and waits for nobody."""
    stuck = {GroupState.HELD, GroupState.PARKED}
    return any(
        one.state is ReplicaState.UNBORN and not stuck & {row.state for row in one.groups.values()}
        for one in share.replicas
    )


def _replica(share: Share, ref: Ref) -> Replica | None:
    return next(
        (
            one
            for one in share.replicas
            if one.system == ref.system and (one.native_id == ref.id or ref.id in one.aliases)
        ),
        None,
    )


def _taken(share: Share, native: NativeRecord) -> bool:
    """Whether the share has a record in this system already."""
    return any(
        one.system == native.ref.system and one.state is not ReplicaState.UNBORN
        for one in share.replicas
    )


def _out_of_reach(draft: Draft, replica: Replica) -> None:
    """A 403 on one record: out of reach; no pause, no delete, no dead letter (law 39)."""
    hit("law 39: out of reach")
    if replica.state in (ReplicaState.LIVE, ReplicaState.MISSING):
        replica.state = ReplicaState.OUT_OF_REACH
        draft.audit("out_of_reach", source=replica.system, replica=replica)
    draft.look(replica, due=draft.ctx.now + REACH_AGAIN)
