"""Taking back joins and births: records are parted, and nothing is deleted on any side.

A pair is parted when nothing happened on it since; what did is told, and a person decides
(``sdsync unlink``). Two that a plan joined are nobody's again, and another plan may join
them rightly. A record whose copies were born stays theirs, unlinked: were it let in
again, there would be two of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sdsync.config.vocabulary import PEER
from sdsync.store.records import (
    AuditRow,
    Change,
    Plan,
    PlanLine,
    Replica,
    Share,
    Verdict,
)
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.ending import end, free, is_ended
from sdsync.sync.decide.joining import IN_DOUBT, replica_of
from sdsync.sync.decide.observe import absorb
from sdsync.sync.draft import Draft
from sdsync.sync.persons.by_hand import told
from sdsync.sync.plans.scene import Scene

KINDS = frozenset({"connect", "backfill"})
#: Rows of a record's trail that changed nothing on any side.
_QUIET = frozenset({
    "differs", "parked", "known", "resync", "replayed", "dropped", "assigned", "paused", "resumed",
    "order_ignored", "in_doubt", "missing", "out_of_reach", "back", "overruled", "refused",
})  # fmt: skip
#: What a birth and its first days are made of.
_BIRTH = frozenset({"born", "written", "note_placed", "attachment_placed", "worklog_placed"})
_ROWS = 100_000


def looked(scene: Scene, plan: Plan, line: PlanLine, looks: Sequence[Look]) -> tuple[Verdict, str]:
    """Whether the line can be taken back, and what that leaves or why not."""
    share = scene.store.share_of(line.refs[0])
    if share is None or is_ended(share) or not _together(share, line):
        return Verdict.LEFT_OUT, "parted already"
    why = _against(scene, plan, line, share, looks)
    if why is not None:
        return Verdict.AMBIGUOUS, why
    if plan.kind == "connect":
        return Verdict.CERTAIN, "parted; each stays as it is"
    stays = [f"{one.system}#{one.native_id}" for one in _made(share, line)]
    if stays:
        return Verdict.CERTAIN, f"parted; {', '.join(stays)} stays, and is followed no more"
    return Verdict.CERTAIN, "let go before anything was born"


def parted(
    scene: Scene, plan: Plan, line: PlanLine, looks: Sequence[Look], *, why: str
) -> Change | str:
    """The commit that parts one record, or why it is refused. One parted by now is done."""
    verdict, reason = looked(scene, plan, line, looks)
    share = scene.store.share_of(line.refs[0])
    if share is None or verdict is Verdict.LEFT_OUT:
        return Change()
    if verdict is not Verdict.CERTAIN:
        return reason
    hub, now = share.hub, scene.core.clock.now()
    late = [one for one in _ours(share, line) if one.joined_at and one.joined_at > hub.created_at]
    if late and plan.kind == "connect":
        for one in late:
            free(share, one)
    else:
        freed = plan.kind == "connect" or not _made(share, line)
        end(share, freed=_ours(share, line) if freed else ())
    text = " and ".join(map(str, line.refs))
    return Change(shares=[share], audit=[told("unlinked", hub, None, scene.by, now, text=text,
                                              why=why)])  # fmt: skip


def _together(share: Share, line: PlanLine) -> bool:
    return len(_ours(share, line)) == len(line.refs)


def _ours(share: Share, line: PlanLine) -> list[Replica]:
    """The replicas of the line's own records."""
    return [found for ref in line.refs if (found := replica_of(share, ref)) is not None]


def _made(share: Share, line: PlanLine) -> list[Replica]:
    """Copies that are there because of the line."""
    mine = _ours(share, line)
    return [one for one in share.replicas if one.native_id is not None and one not in mine]


# -- what happened since ----------------------------------------------------------------
def _against(
    scene: Scene, plan: Plan, line: PlanLine, share: Share, looks: Sequence[Look]
) -> str | None:
    if share.hub.state != "open":
        return f"it is {share.hub.state}"
    if share.attempts or any(one.state in IN_DOUBT for one in share.intents):
        return "a call of ours is out just now"
    since = [
        one
        for one in scene.store.audit(hub_id=share.hub.id, limit=_ROWS)
        if line.done_at is not None and one.at > line.done_at
    ]
    draft = Draft(share, scene.context())
    for look in looks:
        replica = replica_of(share, look.native.ref)
        if replica is not None:
            absorb(draft, replica, look)
    row = next(_happened([*since, *draft.change.audit], plan), None)
    return None if row is None else _told(scene, row)


def _happened(rows: Iterable[AuditRow], plan: Plan) -> Iterator[AuditRow]:
    for row in rows:
        ours = row.action in _BIRTH and plan.kind == "backfill"
        shows_peer = row.action == "written" and row.field in PEER
        if not (row.action in _QUIET or ours or shows_peer or row.source.startswith("reaction:")):
            yield row


def _told(scene: Scene, row: AuditRow) -> str:
    people = scene.world.people
    key = people.key(row.system, row.actor) if row.system and row.actor else None
    who = (people.display(key) if key else row.actor) or row.system or row.source
    what = f"{row.field} " if row.field else ""
    return f"{what}{row.action.replace('_', ' ')} since, by {who} {row.at:%Y-%m-%d %H:%M}Z"
