"""Work that killed its process again and again: set aside, and told (law 35)."""

from __future__ import annotations

from datetime import timedelta

from sdsync.store.records import (
    AuditRow,
    Change,
    Element,
    GroupState,
    Replica,
    ReplicaState,
    Work,
)
from sdsync.store.semantics import CRASH_GROUP
from sdsync.sync.branches import hit
from sdsync.sync.core import Core
from sdsync.sync.decide.looks import Looks, seldom
from sdsync.sync.deliver.birth import BIRTH_GROUP
from sdsync.sync.deliver.waiting import about_the_record, points_at
from sdsync.sync.draft import Draft

#: A feed is nobody's record: without it nothing of its system would ever be seen again.
FEED_AGAIN = timedelta(minutes=5)
OF_A_RECORD = frozenset({"look", "deliver"})


def set_aside(core: Core, looks: Looks, work: Work) -> None:
    """What hangs on a record waits for a person; a feed is asked again after a while."""
    hit("law 35: poison set aside")
    if work.key.kind in OF_A_RECORD:
        core.commit(lambda: _record(core, looks, work))
    elif work.key.kind == "pull":
        core.commit(lambda: _file(core, work))
    else:
        core.commit(lambda: _feed(core, work))


def died_on_a_call(core: Core, work: Work, *, most: int) -> bool:
    """Count a death with a call of this replica open; True when it is set aside for it.

    Its next start ends in order, because the call is in doubt: the work's own count
    would begin anew each time, and the same call kill for ever.
    """
    aside: list[bool] = []

    def count() -> Change | None:
        aside.clear()
        share = core.store.share_with_replica(work.key.target)
        if share is None or not any(one.replica_id == work.key.target for one in share.attempts):
            return None
        draft = Draft(share, core.context())
        replica = share.replica(work.key.target)
        replica.crashes += 1
        if replica.crashes >= most:
            aside.append(True)
            hit("law 35: poison set aside")
            text = f"the process died {replica.crashes} times on a call for it"
            replica.crashes = 0
            _park(draft, replica, text)
            draft.change.finished.append((work.key, work.generation))
        return draft.change

    core.commit(count)
    return bool(aside)


def _park(draft: Draft, replica: Replica, text: str) -> None:
    """The replica and all that waits for it, its birth as well."""
    draft.park(replica, CRASH_GROUP, text, about=about_the_record(replica))
    cause = replica.groups[CRASH_GROUP].cause
    if replica.state is ReplicaState.UNBORN:
        draft.mark(replica, BIRTH_GROUP, GroupState.DIRTY)
    points_at(draft, replica, cause, text)


def _record(core: Core, looks: Looks, work: Work) -> Change:
    """The record's look or delivery; what waited for the delivery is listed with it."""
    change = Change(finished=[(work.key, work.generation)])
    target = work.key.target
    share = core.store.share_with_replica(target) or looks.share_of(work.key.lane, target)
    if share is None:
        return _unshared(core, work) if work.key.kind == "look" else change
    draft = Draft(share, core.context())
    for one in share.replicas:
        if one.system != work.key.lane or target not in (one.id, one.native_id):
            continue
        if work.key.kind == "deliver":
            _park(draft, one, _text(work))
        else:
            draft.park(one, CRASH_GROUP, _text(work), about=about_the_record(one))
    draft.change.finished += change.finished
    return draft.change


def _unshared(core: Core, work: Work) -> Change:
    """The look of a record in no list yet: told, since each try may cost three processes."""
    told = AuditRow(
        core.clock.now(),
        "set_aside",
        "sdsync",
        system=work.key.lane,
        ref=work.key.target,
        text=_text(work),
    )
    again = seldom(core, work, "aside")
    return Change(finished=[(work.key, work.generation)], ring=[again], audit=[told])


def _file(core: Core, work: Work) -> Change:
    """A file that cannot be fetched: elsewhere it becomes a line that says where it lies."""
    share = core.store.share(str(work.hint.get("hub")))
    element = _element(share.elements, work) if share else None
    if share is None or element is None:
        return Change(finished=[(work.key, work.generation)])
    draft = Draft(share, core.context())
    element.blob = "refused"
    home = share.at(element.source)
    if home is not None:
        draft.park(home, CRASH_GROUP, _text(work), about=["crash", element.id])
    draft.deliver_others(home)
    draft.change.finished.append((work.key, work.generation))
    return draft.change


def _element(elements: list[Element], work: Work) -> Element | None:
    return next((one for one in elements if one.id == work.key.target), None)


def _feed(core: Core, work: Work) -> Change:
    """A poll, a description, a sweep: its system rests from it, and others do not suffer."""
    now, system = core.clock.now(), work.key.lane
    told = AuditRow(now, "set_aside", "sdsync", system=system, text=_text(work))
    return Change(postponed=[(work.key, now + FEED_AGAIN)], audit=[told])


def _text(work: Work) -> str:
    return f"the process died {work.starts - 1} times on this {work.key.kind}"
