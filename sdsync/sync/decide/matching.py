"""Looking before making: joining comes before creating (laws 12 and 32)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sdsync.connectors.contract import (
    AddElement,
    Answer,
    Connector,
    Found,
    Impersonates,
    Leave,
    NativeRecord,
)
from sdsync.connectors.failures import Forbidden, Missing, Rejected
from sdsync.mappings.contract import Unknown
from sdsync.mappings.paths import Absent, parse_path
from sdsync.store.records import Change, Json, Ref, Replica, Work
from sdsync.sync.branches import hit
from sdsync.sync.capture.suspicion import made_before, placed_before, shows_peer
from sdsync.sync.confirm.jobs import unasked
from sdsync.sync.core import Core
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.elements import settle_element, tell_placed
from sdsync.sync.decide.scope import join
from sdsync.sync.deliver.birth import open_intent
from sdsync.sync.deliver.desired import desired, surroundings
from sdsync.sync.deliver.in_names import ignored
from sdsync.sync.deliver.others import create_in_doubt
from sdsync.sync.deliver.visiting import TROUBLE_AGAIN, Visiting
from sdsync.sync.draft import Draft
from sdsync.sync.meter import Meter
from sdsync.sync.policy import is_failure

PEER_KEY = "peer_key"
CANDIDATES = 12  # read at most, of those that a lost intent may have made
IN_DOUBT_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Match:
    """Before a create: look whether the record exists already (law 12)."""


@dataclass(frozen=True, slots=True)
class Seek:
    """Before a suspect store adds a note or file: look whether it did already (law 32)."""

    element_id: str


@dataclass(frozen=True, slots=True)
class Name:
    """Before a note goes out in its author's name: ask whether it may."""

    element_id: str
    operation: AddElement


class Matching(Visiting):
    """The part of a visit that looks for what is there already."""

    def __init__(self, core: Core, connector: Connector, work: Work, meter: Meter) -> None:
        super().__init__(core, connector, work, meter)
        self._matched = False
        self._sought: set[str] = set()
        self._leave: dict[str, bool] = {}  # note -> whether its author's name may stand there

    def _match(self) -> bool:
        """Look for what exists already before anything is created (law 12)."""
        self._matched = True
        share, draft = self._load()
        if share is None or draft is None:
            return False
        replica = share.replica(self._work.key.target)
        if draft.ctx.may_have_made(draft.hub.born_at or draft.hub.created_at):
            ended = self._match_lost(draft, replica)
            if ended is not None:
                return ended
        fields = {name for sync in draft.ctx.policies(draft.hub) for name in sync.match}
        for name in sorted(fields & draft.ctx.mapping(replica).fields.keys()):
            if draft.hub.values.get(name) in (None, "", []):
                continue
            found = self._candidates(draft, replica, name)
            if found is None:
                self._finish(due=self._core.clock.now() + TROUBLE_AGAIN)
                return False
            if found and self._others_in_doubt(replica):
                hit("law 28: a candidate may be another's create")
                self._finish(due=self._core.clock.now() + IN_DOUBT_AGAIN)
                return False
            if found:
                return self._join(replica, name, found)
        return True

    def _match_lost(self, draft: Draft, replica: Replica) -> bool | None:
        """Look for what an intent that this store has lost may have made (law 32).

        None when there is nothing: then it is created as ever.
        """
        began, found = self._core.clock.now(), self._lost(draft, replica)
        if found is None:
            self._finish(due=self._core.clock.now() + TROUBLE_AGAIN)
            return False
        read = [
            self._meter.note(self._connector.fetch(Ref(replica.system, replica.kind, one)))
            for one in found[:CANDIDATES]
        ]
        if any(isinstance(one, Forbidden) for one in read):
            return self._hold_unseen(replica, "peer or title")
        if any(is_failure(one) and not isinstance(one, Missing) for one in read):
            self._finish(due=self._core.clock.now() + TROUBLE_AGAIN)
            return False
        records = [one for one in read if isinstance(one, NativeRecord)]
        told = [
            (one, shows_peer(draft, replica, one))
            for one in records
            if made_before(draft, replica, one)
        ]
        peers = [one for one, ours in told if ours]
        nameless = [one for one, ours in told if ours is None]  # else it is another record's
        here = [one for one in nameless if one.place == replica.place]
        made = peers or here or nameless
        if not made:
            return None
        if len(made) > 1:
            return self._hold_several(replica, "peer or title", len(made))
        hit("law 32: looked up before it was made")
        why = "made before the store was restored"
        self._core.commit(lambda: self._joined(Look(made[0], began), why))
        return True

    def _seek(self, element_id: str) -> bool:
        """Look for a note or file that this store may have placed and forgotten (law 32)."""
        self._sought.add(element_id)
        look = self._read()
        if look is None:
            return False
        self._core.commit(lambda: self._found_again(element_id, look.native))
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

    def _ask_leave(self, element_id: str, operation: AddElement) -> bool:
        """Ask anew for each note: rights change, and who is locked is nobody any more (law 54)."""
        leave: Answer[Leave] = Leave(given=False)
        if isinstance(self._connector, Impersonates) and operation.author is not None:
            internal = operation.values.get("internal") is not False
            asked = self._connector.leave(operation.ref, operation.author, internal=internal)
            leave = self._meter.note(asked)
        if unasked(leave):
            self._finish(due=self._core.clock.now() + TROUBLE_AGAIN)
            return False
        given = isinstance(leave, Leave) and leave.given
        hit("law 54: in the author's name" if given else "law 54: no leave for the name")
        self._leave[element_id] = given
        if isinstance(leave, Leave) and leave.ignored:
            told = Change(causes=[ignored(operation.ref.system, self._core.clock.now())])
            self._core.commit(lambda: told)
        return True

    def _others_in_doubt(self, replica: Replica) -> bool:
        """Whether another record's create is out in this place: what is found may be that."""
        system, kind, place = replica.system, replica.kind, replica.place
        return create_in_doubt(self._core.store, system, kind, place, but=replica.hub_id)

    def _join(self, replica: Replica, name: str, found: list[str]) -> bool:
        """One candidate is joined, several are held; nothing is created in either case."""
        if len(found) > 1:
            return self._hold_several(replica, name, len(found))
        began = self._core.clock.now()
        ref = Ref(replica.system, replica.kind, found[0])
        answer = self._meter.note(self._connector.fetch(ref))
        if isinstance(answer, Forbidden):
            return self._hold_unseen(replica, name)
        # One that was merged since it was found answers as another, perhaps a shared one.
        if not isinstance(answer, NativeRecord) or self._core.store.share_of(answer.ref):
            self._finish(due=self._core.clock.now() + TROUBLE_AGAIN)
            return False
        self._core.commit(lambda: self._joined(Look(answer, began), f"match {name}"))
        return True

    def _hold_several(self, replica: Replica, name: str, number: int) -> bool:
        text = f"{number} records of {replica.system} have the same {name}"
        self._core.commit(lambda: self._hold_candidates(text))
        return True

    def _hold_unseen(self, replica: Replica, name: str) -> bool:
        """A candidate that our account may not read: neither linked nor created beside."""
        text = f"a record of {replica.system} with the same {name} is out of our reach"
        self._core.commit(lambda: self._hold_candidates(text))
        return True

    def _hold_candidates(self, text: str) -> Change | None:
        hit("law 12: several held")
        share, draft = self._load()
        if share is None or draft is None:
            return None
        replica = share.replica(self._work.key.target)
        draft.hold(replica, "birth", text)
        return draft.change

    def _joined(self, look: Look, why: str) -> Change | None:
        share, draft = self._load()
        if share is None or draft is None:
            return None
        join(draft, look, why=why)
        return draft.change

    def _lost(self, draft: Draft, replica: Replica) -> list[str] | None:
        """What may have been made, wherever it is by now; None when it could not be asked.

        What names our side as its peer, then what has the same title.
        """
        values = {
            PEER_KEY: desired(draft, replica, PEER_KEY),
            "title": draft.hub.values.get("title"),
        }
        fields = draft.ctx.mapping(replica).fields
        asked = {name: one for name, one in values.items() if name in fields and one}
        answered, ids = not asked, list[str]()
        for name, value in asked.items():
            found = self._search(draft, replica, name, value, place=None)
            if not isinstance(found, Found | Rejected):
                return None
            if isinstance(found, Found):
                answered, ids = True, [*ids, *found.native_ids]
        return list(dict.fromkeys(ids)) if answered else None

    def _candidates(self, draft: Draft, replica: Replica, name: str) -> list[str] | None:
        """Unlinked records of the place with the same value; None when it could not be asked."""
        value = draft.hub.values[name]
        found = self._search(draft, replica, name, value, place=replica.place or "")
        return list(found.native_ids) if isinstance(found, Found) else None

    def _search(
        self, draft: Draft, replica: Replica, name: str, value: Json, *, place: str | None
    ) -> Answer[Found]:
        """Unlinked records of the target whose field shows the value."""
        mapping = draft.ctx.mapping(replica)
        put = draft.put(mapping, name, value, seen={}, hub=surroundings(draft, replica))
        path = mapping.paths(name)[0]
        native = parse_path(path).read(put.values)
        if isinstance(native, Absent | Unknown):
            return Rejected((path,), "no value to search for")
        found: Answer[Found] = self._meter.note(self._connector.search(place, path, native))
        if not isinstance(found, Found):
            return found
        share_of = self._core.store.share_of
        return Found(
            tuple(
                one
                for one in found.native_ids
                if share_of(Ref(replica.system, replica.kind, one)) is None
            )
        )
