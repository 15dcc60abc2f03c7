"""Delivering to one replica: attempt, call, read back, confirm; one commit each."""

from __future__ import annotations

from dataclasses import replace

from sdsync.connectors.contract import (
    AddElement,
    Answer,
    Connector,
    Create,
    Done,
    Find,
    Found,
)
from sdsync.connectors.failures import Conflict, Rejected
from sdsync.store.records import Change, Element, Intent, Ref, Replica, Work
from sdsync.sync.branches import hit
from sdsync.sync.confirm.jobs import outcome, sent_before, unasked
from sdsync.sync.confirm.outcome import confirm
from sdsync.sync.confirm.settling import settle_intent
from sdsync.sync.contents import ROUTED, content_id
from sdsync.sync.core import Core
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.elements import placed_ids
from sdsync.sync.decide.looks import Looks
from sdsync.sync.decide.matching import Match, Matching, Name, Seek
from sdsync.sync.decide.observe import too_old, went_back
from sdsync.sync.decide.restored import proves_too_little, takes_its_number
from sdsync.sync.deliver.attempt import begin_attempt, compute
from sdsync.sync.deliver.compute import Ask, NeedLook, Rest, Send, Settle, Todo
from sdsync.sync.deliver.mailing import over_mail_budget, wait_over_budget, whom
from sdsync.sync.deliver.visiting import TROUBLE_AGAIN
from sdsync.sync.draft import Draft
from sdsync.sync.meter import Meter
from sdsync.sync.systems import System
from sdsync.sync.watch.telling import end_wait, give_up

CALLS_A_VISIT = 12  # then others of the lane have their turn


class Delivery:
    """Deliveries of one process."""

    def __init__(self, core: Core, looks: Looks) -> None:
        self._core, self._looks = core, looks

    def deliver(self, system: System, connector: Connector, work: Work, meter: Meter) -> None:
        """Do for one replica what is to be done now, until it rests or trouble says stop."""
        visit = Visit(self._core, self._looks, system, connector, work, meter)
        for _ in range(CALLS_A_VISIT):
            if not visit.once():
                return
        visit.yield_turn()


class Visit(Matching):
    """One slot's work for one replica."""

    def __init__(
        self,
        core: Core,
        looks: Looks,
        system: System,
        connector: Connector,
        work: Work,
        meter: Meter,
    ) -> None:
        super().__init__(core, connector, work, meter)
        self._looks, self._system = looks, system
        self._looked = False
        self._todo: Todo | Match | Seek | Name = Rest()
        self._ends = 0.0  # when the attempt's calls are over, by the monotonic clock

    def once(self) -> bool:
        """Do one thing; False when this visit is over."""
        self._core.commit(self._decide)
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
            case Name(element_id=element_id, operation=operation):
                return self._ask_leave(element_id, operation)
            case Send() as send:
                return self._send(send)

    def yield_turn(self) -> None:
        """Give the slot to others and come again."""
        self._finish(due=self._core.clock.now())

    # -- deciding what to do -------------------------------------------------------------
    def _decide(self) -> Change | None:
        """Compute the next thing; commit its attempt, or that the replica rests."""
        share, draft = self._load()
        if share is None or draft is None:
            self._todo = Rest()
            return Change(finished=[self._key()])
        replica = share.replica(self._work.key.target)
        pause = self._core.pauses.holding(share.hub, replica.system)
        if pause is not None:
            self._todo = Rest()  # till the pause is over (law 56)
            held = (self._work.key, self._work.generation)
            return Change(shelved=[held], saw_pauses={pause.scope: pause})
        todo = self._todo = compute(draft, replica, looked=self._looked)
        if isinstance(todo, NeedLook | Ask | Settle):
            return None
        if isinstance(todo, Send) and isinstance(todo.operation, Create) and not self._matched:
            self._todo = Match()
            return None
        if isinstance(todo, Send) and isinstance(todo.operation, AddElement):
            element_id = todo.element_id or ""
            if element_id not in self._sought and _may_stand(draft, element_id):
                self._todo = Seek(element_id)
                return None
        if isinstance(todo, Send) and todo.named is not None:
            leave = self._leave.pop(todo.element_id or "", None)
            if leave is None:
                self._todo = Name(todo.element_id or "", todo.named)
                return None
            if leave:
                todo = self._todo = replace(todo, operation=todo.named)
        if isinstance(todo, Rest):
            end_wait(draft)
            draft.change.finished.append(self._key())
            if todo.until is not None:
                draft.deliver(replica, due=todo.until)
            return draft.change
        return self._attempt(draft, replica, todo)

    def _attempt(self, draft: Draft, replica: Replica, send: Send) -> Change | None:
        """Store what is intended, unless it would mail whom it must not (law 47)."""
        operation = send.operation
        if isinstance(operation, AddElement) and operation.kind == "attachment":
            element = next(one for one in draft.share.elements if one.id == send.element_id)
            content = self._core.store.blob(content_id(element))
            if content is None:
                return self._pull_again(draft, replica, element)
            operation = replace(operation, content=content)
        mailed = whom(self._connector, draft, replica, operation)
        why = over_mail_budget(draft, send, mailed)
        if why is not None and not isinstance(operation, Create) and not self._looked:
            # It is not sent, so that no version is compared (law 3); and whom it mails may be
            # a careful guess of a connector that has not read the record yet.
            self._todo = NeedLook()
            return None
        if why is not None:
            if not give_up(draft, replica, send.element_id, why):
                wait_over_budget(draft, replica, send, why, mailed)
            self._todo = Rest()
            draft.change.finished.append(self._key())
            return draft.change
        self._todo = replace(send, operation=operation)
        self._ends = self._core.clock.monotonic() + self._system.deadline_s
        begin_attempt(draft, replica, send)
        return draft.change

    def _pull_again(self, draft: Draft, replica: Replica, element: Element) -> Change:
        """Its content went when nothing waited for it, and it is to go once more."""
        if ROUTED in element.values:
            element.blob = "refused"
            draft.deliver(replica)
        else:
            element.blob = "wanted"
            draft.pull(element)
        self._todo = Rest()
        draft.change.finished.append(self._key())
        return draft.change

    # -- doing it -------------------------------------------------------------------------
    def _look(self) -> bool:
        """Read the record before it is written; its changes are merged first (law 3)."""
        back = self._read()
        if back is None or self._elsewhere(back):
            return False
        self._looked = True
        self._core.commit(lambda: self._merge(back))
        return True

    def _elsewhere(self, look: Look) -> bool:
        """Whether another record answered, or half of one: a look judges that before any write."""
        share, _ = self._load()
        replica = share.replica(self._work.key.target) if share else None
        if share is None or replica is None:
            return False
        draft = Draft(share, self._core.context())
        if (
            look.native.ref.id == replica.native_id
            and not takes_its_number(draft.ctx, replica, look.native)
            and not proves_too_little(draft, replica, look)
        ):
            return False
        self._unread(replica, None)
        return True

    def _merge(self, look: Look) -> Change | None:
        share, draft = self._load()
        if share is None or draft is None:
            return None
        replica = share.replica(self._work.key.target)
        if too_old(draft, replica, look):
            self._looked = False
            return None
        self._looks.merge(draft, replica, look)
        return draft.change

    def _send(self, send: Send) -> bool:
        core = self._core
        core.step("attempted")
        if not core.fence(self._system.name):
            return False  # somebody else holds the lane now: the attempt stays in doubt (law 27)
        left_s = self._ends - core.clock.monotonic()
        answer = self._meter.note(self._connector.apply([send.operation], within_s=left_s)[0])
        core.step("sent")
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
        self._core.step("job asked")
        if unasked(answer):
            self._finish(due=self._core.clock.now() + TROUBLE_AGAIN)
            return False
        hit("law 31: the job was asked")
        send = sent_before(draft, share.replica(attempt.replica_id), attempt)
        return self._answered(send, outcome(answer))

    def _answered(self, send: Send, answer: Answer[Done]) -> bool:
        """Read back what a call or its job did, and commit what it means."""
        core = self._core
        found = self._find_made(send, answer)
        back = self._read(answer) if isinstance(answer, Done) else None
        core.step("read back")
        done = isinstance(answer, Done) or not _over(answer)
        core.commit(lambda: self._confirm(send, answer, back, found, done))
        core.step("confirmed")
        self._looked = back is not None
        return done

    def _confirm(
        self, send: Send, answer: Answer[Done], back: Look | None, found: str | None, done: bool
    ) -> Change | None:
        share, draft = self._load()
        if share is None or draft is None:
            return None
        replica = share.replica(self._work.key.target)
        if back is not None and (too_old(draft, replica, back) or _before(answer, back)):
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
        since = intent.started_at if intent and intent.started_at else self._core.clock.now()
        found = self._meter.note(
            self._connector.find(
                Find(
                    operation.kind,
                    replica.place or "",
                    operation.mark,
                    since,
                    operation.ref,
                    operation.values,
                    operation.author,
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
        found = self._meter.note(
            self._connector.find(
                Find(
                    intent.kind,
                    intent.place,
                    intent.mark,
                    intent.started_at or self._core.clock.now(),
                    _sent_to(replica, intent) if intent.element_id else None,
                    intent.content,
                    intent.author,
                )
            )
        )
        self._core.step("looked up")
        if not isinstance(found, Found):
            self._finish(due=self._core.clock.now() + TROUBLE_AGAIN)
            return False
        self._core.commit(lambda: self._settled(intent_id, found))
        return True

    def _settled(self, intent_id: str, found: Found) -> Change | None:
        share, draft = self._load()
        if share is None or draft is None:
            return None
        intent = next(one for one in share.intents if one.id == intent_id)
        replica = share.replica(intent.replica_id)
        taken = self._core.store.share_of
        ids = found.native_ids
        if intent.element_id is None:
            ids = tuple(one for one in ids if taken(Ref(replica.system, replica.kind, one)) is None)
        settle_intent(draft, replica, intent, ids, complete=found.complete)
        return draft.change


def _may_stand(draft: Draft, element_id: str) -> bool:
    """Whether a note or file may be there already, placed in a time that the store forgot."""
    return any(
        one.id == element_id and draft.ctx.may_have_made(one.created_at)
        for one in draft.share.elements
    )


def _before(answer: Answer[Done], back: Look) -> bool:
    """Whether a lagging copy answered, with a version from before the write (law 4)."""
    stale = isinstance(answer, Done) and went_back(answer.version, back.native.version)
    if stale:
        hit("law 4: read-back from before the write")
    return stale


def _over(answer: object) -> bool:
    """Whether the visit ends with this failure; a refusal lets other groups go on."""
    return not isinstance(answer, Rejected | Conflict)


def _sent_to(replica: Replica, intent: Intent) -> Ref | None:
    """The record as it was called when the note or file went out; it may be merged since."""
    native_id = intent.sent_to or replica.native_id
    return Ref(replica.system, replica.kind, native_id) if native_id else None
