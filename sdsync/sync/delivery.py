"""Delivering to one replica: attempt, call, read back, confirm; one commit each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sdsync.connectors.contract import (
    AddElement,
    Answer,
    Connector,
    Create,
    Done,
    Find,
    Found,
    NativeRecord,
)
from sdsync.connectors.failures import Conflict, Missing, Rejected
from sdsync.store.records import Change, Ref, Replica, Share, Work, WorkKey
from sdsync.sync.birth import open_intent
from sdsync.sync.branches import hit
from sdsync.sync.compute import Ask, NeedLook, Rest, Send, Settle, Todo
from sdsync.sync.confirm import confirm
from sdsync.sync.deliver import begin_attempt, compute
from sdsync.sync.draft import Draft
from sdsync.sync.edits import Look
from sdsync.sync.elements import placed_ids, settle_element, tell_placed
from sdsync.sync.jobs import outcome, sent_before, unasked
from sdsync.sync.mailing import over_mail_budget, wait_over_budget
from sdsync.sync.observe import too_old, went_back
from sdsync.sync.others import create_in_doubt
from sdsync.sync.policy import is_failure, lane_trouble
from sdsync.sync.scope import join
from sdsync.sync.settling import settle_intent
from sdsync.sync.suspicion import made_before, placed_before, shows_peer
from sdsync.sync.systems import System
from sdsync.sync.telling import behind

if TYPE_CHECKING:
    from sdsync.sync.engine import Engine, Meter

CALLS_A_VISIT = 12  # then others of the lane have their turn
PAUSED_AGAIN = timedelta(seconds=30)
IN_DOUBT_AGAIN = timedelta(seconds=30)
TROUBLE_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Match:
    """Before a create: look whether the record exists already (law 12)."""


@dataclass(frozen=True, slots=True)
class Seek:
    """Before a suspect store adds a note or file: look whether it did already (law 32)."""

    element_id: str


class Delivery:
    """Deliveries of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def deliver(self, system: System, connector: Connector, work: Work, meter: Meter) -> None:
        """Do for one replica what is to be done now, until it rests or trouble says stop."""
        visit = Visit(self._engine, system, connector, work, meter)
        for _ in range(CALLS_A_VISIT):
            if not visit.once():
                return
        visit.yield_turn()


class Visit:
    """One slot's work for one replica."""

    def __init__(
        self, engine: Engine, system: System, connector: Connector, work: Work, meter: Meter
    ) -> None:
        self._engine, self._system, self._connector = engine, system, connector
        self._work, self._meter = work, meter
        self._looked = False
        self._matched = False
        self._sought: set[str] = set()
        self._todo: Todo | Match | Seek = Rest()
        self._ends = 0.0  # when the attempt's calls are over, by the monotonic clock

    def once(self) -> bool:
        """Do one thing; False when this visit is over."""
        self._engine.commit(self._decide)
        match self._todo:
            case Rest():
                return False
            case NeedLook():
                return self._look()
            case Ask(attempt_id=attempt_id):
                return self._ask(attempt_id)
            case Settle(intent_id=intent_id):
                return self._settle(intent_id)
            case Match():
                return self._match()
            case Seek(element_id=element_id):
                return self._seek(element_id)
            case Send() as send:
                return self._send(send)

    def yield_turn(self) -> None:
        """Give the slot to others and come again."""
        self._finish(due=self._engine.clock.now())

    # -- deciding what to do -------------------------------------------------------------
    def _decide(self) -> Change | None:
        """Compute the next thing; commit its attempt, or that the replica rests."""
        share, draft = self._load()
        if share is None or draft is None:
            self._todo = Rest()
            return Change(finished=[self._key()])
        replica = share.replica(self._work.key.target)
        if self._engine.pauses.of(share.hub):
            self._todo = Rest()
            return Change(finished=[self._key()], ring=[self._again(PAUSED_AGAIN)])
        todo = self._todo = compute(draft, replica, looked=self._looked)
        if isinstance(todo, NeedLook | Ask | Settle):
            return None
        if isinstance(todo, Send) and isinstance(todo.operation, Create) and not self._matched:
            self._todo = Match()
            return None
        if draft.ctx.suspect and isinstance(todo, Send) and isinstance(todo.operation, AddElement):
            element_id = todo.element_id or ""
            if element_id not in self._sought:
                self._todo = Seek(element_id)
                return None
        if isinstance(todo, Rest):
            self._note_delivered(share)
            draft.change.finished.append(self._key())
            if todo.until is not None:
                draft.deliver(replica, due=todo.until)
            return draft.change
        return self._attempt(draft, replica, todo)

    def _attempt(self, draft: Draft, replica: Replica, send: Send) -> Change:
        """Store what is intended, unless it would mail whom it must not (law 47)."""
        operation = send.operation
        if isinstance(operation, AddElement) and operation.kind == "attachment":
            content = self._engine.store.blob(send.element_id or "")
            if content is None:
                return self._pull_again(draft, send)
            operation = replace(operation, content=content)
        mailed = self._connector.notifies(operation)
        why = over_mail_budget(draft, send, mailed)
        if why is not None:
            wait_over_budget(draft, replica, send, why, mailed)
            self._todo = Rest()
            draft.change.finished.append(self._key())
            return draft.change
        self._todo = replace(send, operation=operation)
        self._ends = self._engine.clock.monotonic() + self._system.deadline_s
        begin_attempt(draft, replica, send)
        return draft.change

    def _pull_again(self, draft: Draft, send: Send) -> Change:
        for element in draft.share.elements:
            if element.id == send.element_id:
                element.blob = "wanted"
                draft.pull(element)
        self._todo = Rest()
        draft.change.finished.append(self._key())
        return draft.change

    def _match(self) -> bool:
        """Look for what exists already before anything is created (law 12)."""
        self._matched = True
        share, draft = self._load()
        if share is None or draft is None:
            return False
        replica = share.replica(self._work.key.target)
        if draft.ctx.suspect and (ended := self._match_lost(draft, replica)) is not None:
            return ended
        fields = {name for sync in draft.ctx.policies(draft.hub) for name in sync.match}
        for name in sorted(fields & draft.ctx.mapping(replica).fields.keys()):
            if draft.hub.values.get(name) in (None, "", []):
                continue
            found = self._candidates(draft, replica, name)
            if found is None:
                self._finish(due=self._engine.clock.now() + TROUBLE_AGAIN)
                return False
            if found and self._others_in_doubt(replica):
                hit("law 28: a candidate may be another's create")
                self._finish(due=self._engine.clock.now() + IN_DOUBT_AGAIN)
                return False
            if found:
                return self._join(replica, name, found)
        return True

    def _match_lost(self, draft: Draft, replica: Replica) -> bool | None:
        """Look for what an intent that this store has lost may have made (law 32).

        None when there is nothing: then it is created as ever.
        """
        if draft.hub.values.get("title") in (None, ""):
            return None
        began, found = self._engine.clock.now(), self._candidates(draft, replica, "title")
        if found is None:
            self._finish(due=self._engine.clock.now() + TROUBLE_AGAIN)
            return False
        read = [
            self._meter.note(self._connector.fetch(Ref(replica.system, replica.kind, one)))
            for one in found[:CALLS_A_VISIT]
        ]
        if any(is_failure(one) and not isinstance(one, Missing) for one in read):
            self._finish(due=self._engine.clock.now() + TROUBLE_AGAIN)
            return False
        records = [one for one in read if isinstance(one, NativeRecord)]
        made = [one for one in records if made_before(draft, replica, one)]
        made = [one for one in made if shows_peer(draft, replica, one)] or made
        if not made:
            return None
        if len(made) > 1:
            self._engine.commit(lambda: self._hold_candidates("title", len(made)))
        else:
            hit("law 32: looked up before it was made")
            why = "made before the store was restored"
            self._engine.commit(lambda: self._joined(Look(made[0], began), why))
        return True

    def _seek(self, element_id: str) -> bool:
        """Look for a note or file that this store may have placed and forgotten (law 32)."""
        self._sought.add(element_id)
        look = self._read()
        if look is None:
            return False
        self._engine.commit(lambda: self._found_again(element_id, look.native))
        return True

    def _found_again(self, element_id: str, native: NativeRecord) -> Change | None:
        share, draft = self._load()
        if share is None or draft is None:
            return None
        replica = share.replica(self._work.key.target)
        element = next(one for one in share.elements if one.id == element_id)
        there = placed_before(draft, replica, element, native)
        if there is None:
            return None
        intent = open_intent(
            draft, replica, kind=element.kind, element_id=element_id, content=element.values
        )
        settle_element(draft, intent, there.native_id, there)
        tell_placed(draft, replica, element_id, None)
        return draft.change

    def _others_in_doubt(self, replica: Replica) -> bool:
        """Whether another record's create is out in this place: what is found may be that."""
        system, kind, place = replica.system, replica.kind, replica.place
        return create_in_doubt(self._engine.store, system, kind, place, but=replica.hub_id)

    def _join(self, replica: Replica, name: str, found: list[str]) -> bool:
        """One candidate is joined, several are held; nothing is created in either case."""
        if len(found) > 1:
            self._engine.commit(lambda: self._hold_candidates(name, len(found)))
            return True
        began = self._engine.clock.now()
        ref = Ref(replica.system, replica.kind, found[0])
        answer = self._meter.note(self._connector.fetch(ref))
        if not isinstance(answer, NativeRecord):
            self._finish(due=self._engine.clock.now() + TROUBLE_AGAIN)
            return False
        self._engine.commit(lambda: self._joined(Look(answer, began), f"match {name}"))
        return True

    def _hold_candidates(self, name: str, number: int) -> Change | None:
        hit("law 12: several held")
        share, draft = self._load()
        if share is None or draft is None:
            return None
        replica = share.replica(self._work.key.target)
        draft.hold(replica, "birth", f"{number} records of {replica.system} have the same {name}")
        return draft.change

    def _joined(self, look: Look, why: str) -> Change | None:
        share, draft = self._load()
        if share is None or draft is None:
            return None
        join(draft, look, why=why)
        return draft.change

    def _candidates(self, draft: Draft, replica: Replica, name: str) -> list[str] | None:
        """Unlinked records of the target with the same value; None when it could not be asked."""
        mapping, hub = draft.ctx.mapping(replica), draft.hub
        put = mapping.put(name, hub.values[name], seen={}, hub=hub.values, people=draft.ctx.people)
        path = mapping.paths(name)[0]
        native = mapping.extract(name, put.values)
        found = self._meter.note(self._connector.search(replica.place or "", path, native))
        if not isinstance(found, Found):
            return None
        store = self._engine.store
        return [
            one
            for one in found.native_ids
            if store.share_of(Ref(replica.system, replica.kind, one)) is None
        ]

    # -- doing it -------------------------------------------------------------------------
    def _look(self) -> bool:
        """Read the record before it is written; its changes are merged first (law 3)."""
        back = self._read()
        if back is None or self._elsewhere(back):
            return False
        self._looked = True
        self._engine.commit(lambda: self._merge(back))
        return True

    def _elsewhere(self, look: Look) -> bool:
        """Whether another record answered: a look of its own judges that before any write."""
        share, _ = self._load()
        replica = share.replica(self._work.key.target) if share else None
        if replica is None or look.native.ref.id == replica.native_id:
            return False
        self._unread(replica, None)
        return True

    def _merge(self, look: Look) -> Change | None:
        share, draft = self._load()
        if share is None or draft is None:
            return None
        replica = share.replica(self._work.key.target)
        if too_old(replica, look):
            self._looked = False
            return None
        self._engine.looks.merge(draft, replica, look)
        return draft.change

    def _send(self, send: Send) -> bool:
        engine = self._engine
        engine.step("attempted")
        if not engine.fence(self._system.name):
            return False  # somebody else holds the lane now: the attempt stays in doubt (law 27)
        left_s = self._ends - engine.clock.monotonic()
        answer = self._meter.note(self._connector.apply([send.operation], within_s=left_s)[0])
        engine.step("sent")
        return self._answered(send, answer)

    def _ask(self, attempt_id: str) -> bool:
        """Ask the product's job what became of a call that it accepted (law 31)."""
        share, draft = self._load()
        if share is None or draft is None:
            return False
        attempt = next((one for one in share.attempts if one.id == attempt_id), None)
        if attempt is None or attempt.handle is None:
            return False
        answer = self._meter.note(self._connector.job(attempt.handle))
        self._engine.step("job asked")
        if unasked(answer):
            self._finish(due=self._engine.clock.now() + TROUBLE_AGAIN)
            return False
        hit("law 31: the job was asked")
        send = sent_before(draft, share.replica(attempt.replica_id), attempt)
        return self._answered(send, outcome(answer))

    def _answered(self, send: Send, answer: Answer[Done]) -> bool:
        """Read back what a call or its job did, and commit what it means."""
        engine = self._engine
        found = self._find_made(send, answer)
        back = self._read(answer) if isinstance(answer, Done) else None
        engine.step("read back")
        done = isinstance(answer, Done) or not _over(answer)
        engine.commit(lambda: self._confirm(send, answer, back, found, done))
        engine.step("confirmed")
        self._looked = back is not None
        return done

    def _confirm(
        self, send: Send, answer: Answer[Done], back: Look | None, found: str | None, done: bool
    ) -> Change | None:
        share, draft = self._load()
        if share is None or draft is None:
            return None
        replica = share.replica(self._work.key.target)
        if back is not None and (too_old(replica, back) or _before(answer, back)):
            back = None
        if not done:
            draft.change.finished.append(self._key())
        confirm(draft, replica, send, answer, back, found=found)
        if not done:
            self._keep_age(draft.change)
        return draft.change

    def _keep_age(self, change: Change) -> None:
        """Work that could not be sent stays as old as it was: waiting raises it (law 36)."""
        for one in change.ring:
            if one.key == self._work.key:
                one.since = min(one.since, self._work.since)
                one.deadline_at = min(one.deadline_at, self._work.deadline_at)

    def _find_made(self, send: Send, answer: Answer[Done]) -> str | None:
        """The element that a 2xx made, when the answer does not name it."""
        operation = send.operation
        if (
            not isinstance(operation, AddElement)
            or not isinstance(answer, Done)
            or answer.native_id
        ):
            return None
        share, draft = self._load()
        if share is None or draft is None:
            return None
        replica = share.replica(self._work.key.target)
        intent = next((one for one in share.intents if one.id == send.intent_id), None)
        since = intent.started_at if intent and intent.started_at else self._engine.clock.now()
        found = self._meter.note(
            self._connector.find(
                Find(
                    operation.kind,
                    replica.place or "",
                    operation.mark,
                    since,
                    operation.ref,
                    operation.values,
                )
            )
        )
        if not isinstance(found, Found):
            return None
        linked = placed_ids(draft, replica, operation.kind)
        return next((one for one in found.native_ids if one not in linked), None)

    def _settle(self, intent_id: str) -> bool:
        """Look for what an intent in doubt may have made (law 26)."""
        share, _ = self._load()
        if share is None:
            return False
        intent = next(one for one in share.intents if one.id == intent_id)
        replica = share.replica(intent.replica_id)
        ref = Ref(replica.system, replica.kind, replica.native_id) if replica.native_id else None
        found = self._meter.note(
            self._connector.find(
                Find(
                    intent.kind,
                    intent.place,
                    intent.mark,
                    intent.started_at or self._engine.clock.now(),
                    ref if intent.element_id else None,
                    intent.content,
                )
            )
        )
        self._engine.step("looked up")
        if not isinstance(found, Found):
            self._finish(due=self._engine.clock.now() + TROUBLE_AGAIN)
            return False
        self._engine.commit(lambda: self._settled(intent_id, found))
        return True

    def _settled(self, intent_id: str, found: Found) -> Change | None:
        share, draft = self._load()
        if share is None or draft is None:
            return None
        intent = next(one for one in share.intents if one.id == intent_id)
        replica = share.replica(intent.replica_id)
        taken = self._engine.store.share_of
        ids = found.native_ids
        if intent.element_id is None:
            ids = tuple(one for one in ids if taken(Ref(replica.system, replica.kind, one)) is None)
        settle_intent(draft, replica, intent, ids, complete=found.complete)
        return draft.change

    # -- pieces ---------------------------------------------------------------------------
    def _read(self, answer: Done | None = None) -> Look | None:
        """Fetch the record; None when it could not be read, and the visit ends then."""
        share, _ = self._load()
        if share is None:
            return None
        replica = share.replica(self._work.key.target)
        native_id = replica.native_id or (answer.native_id if answer else None)
        if native_id is None:
            return None
        began = self._engine.clock.now()
        native = self._meter.note(
            self._connector.fetch(Ref(replica.system, replica.kind, native_id))
        )
        if is_failure(native):
            if answer is None:
                self._unread(replica, native)
            return None
        if answer is not None and native.ref.id != native_id:
            return None
        return Look(native, began)

    def _unread(self, replica: Replica, failure: object) -> None:
        """The read before a write failed: the look judges it, the delivery waits."""
        wait = TROUBLE_AGAIN if lane_trouble(failure) else timedelta(seconds=30)
        native_id = replica.native_id or ""
        now = self._engine.clock.now()
        look = self._engine.work_for(replica.system, "look", native_id, due=now)
        again = self._again(wait)
        rings = [again] if lane_trouble(failure) else [look, again]
        self._engine.commit(lambda: Change(finished=[self._key()], ring=rings))

    def _load(self) -> tuple[Share | None, Draft | None]:
        share = self._engine.store.share_with_replica(self._work.key.target)
        return (share, Draft(share, self._engine.context())) if share else (None, None)

    def _key(self) -> tuple[WorkKey, int]:
        """The work as it is now: rings of our own commits do not make it dirty again."""
        row = self._engine.store.work(self._work.key)
        return (self._work.key, row.generation if row else self._work.generation)

    def _again(self, wait: timedelta) -> Work:
        """The same work later, as old as it is."""
        due = self._engine.clock.now() + wait
        return replace(self._work, due_at=due, generation=1, starts=0)

    def _finish(self, *, due: datetime | None) -> None:
        rings = [self._again(due - self._engine.clock.now())] if due else []
        self._engine.commit(lambda: Change(finished=[self._key()], ring=rings))

    def _note_delivered(self, share: Share) -> None:
        """No replica waits any more: the oldest undelivered human change is over."""
        if not any(behind(one) for one in share.replicas):
            share.hub.human_at = share.hub.told_at = None


def _before(answer: Answer[Done], back: Look) -> bool:
    """Whether a lagging copy answered, with a version from before the write (law 4)."""
    stale = isinstance(answer, Done) and went_back(answer.version, back.native.version)
    if stale:
        hit("law 4: read-back from before the write")
    return stale


def _over(answer: object) -> bool:
    """Whether the visit ends with this failure; a refusal lets other groups go on."""
    return not isinstance(answer, Rejected | Conflict)
