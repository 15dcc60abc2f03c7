"""Plans that end a difference: what agreed to differ, what only a mapping would alter (7, 11).

A line is one shared record, read anew on every side. It assumes the writes that it was
approved for, value by value: whoever edits one of them meanwhile has decided, and the
line is refused (law 44). Who may be mailed is as ever (law 47).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sdsync.config.vocabulary import PEER
from sdsync.mappings.contract import UNKNOWN, Direction, Unmapped
from sdsync.store.records import (
    Change,
    GroupState,
    PlacementState,
    Plan,
    PlanLine,
    Replica,
    Share,
    Verdict,
)
from sdsync.sync.decide import restored
from sdsync.sync.decide.edits import Look, view
from sdsync.sync.decide.joining import shown
from sdsync.sync.decide.restored import is_lost
from sdsync.sync.decide.spread import members, spread
from sdsync.sync.deliver.placing import pending
from sdsync.sync.draft import Draft
from sdsync.sync.persons.by_hand import Refused, decree
from sdsync.sync.persons.reviving import revive
from sdsync.sync.plans.connecting import whole
from sdsync.sync.plans.costs import count_fields, count_reads, count_writes
from sdsync.sync.plans.keeping import Pen, begin
from sdsync.sync.plans.scene import Scene
from sdsync.sync.plans.sending import (
    NOTHING,
    WRITES,
    Before,
    Sending,
    absorbed,
    as_approved,
    copies,
    ref_of,
    sending,
)

LEVEL, REMAP = "level", "remap"
#: In a levelling plan's options: it ends what went back with a restored product, and no more.
RESTORED_ONLY = "--restored"
_PAGE = 500

Candidate = Callable[[Share, Replica], bool]


# -- making -----------------------------------------------------------------------------
def as_shown(scene: Scene, system: str, *, only_restored: bool = False) -> Plan:
    """Plan that what agreed to differ becomes everywhere what one system shows.

    Args:
        only_restored: Only what went back with a product that was restored, and what is lost.

    Raises:
        Refused: The system is none of the sync's.
    """
    if system not in scene.readers:
        raise Refused(f"{scene.sync.name} has no {system}; it has {', '.join(scene.readers)}")

    how = f"--as {system}" + (f" {RESTORED_ONLY}" if only_restored else "")

    def differs(share: Share, replica: Replica) -> bool:
        return share.at(system) is not None and (bool(_ends(how, replica)) or is_lost(replica))

    return _planned(scene, LEVEL, how, differs, first=system)


def remapped(scene: Scene, how: str = "") -> Plan:
    """Plan what a changed mapping alone would alter in records that are shared already."""

    def waits(share: Share, replica: Replica) -> bool:
        return bool(_remapped(replica)) or _reads_otherwise(scene, replica)

    return _planned(scene, REMAP, how, waits)


def _planned(
    scene: Scene, kind: str, how: str, candidate: Candidate, *, first: str | None = None
) -> Plan:
    pen = begin(scene, kind, how)
    for number, share in enumerate(_shares(scene), start=1):
        scene.told("compared", number, 0)
        sides = [*copies(scene, share), *_lost(scene, share)]
        if copies(scene, share) and any(candidate(share, one) for one in sides):
            _line(pen, share, first)
    lines = pen.plan.counts.get(Verdict.CERTAIN.value, 0)
    count_reads(pen, list(scene.readers.values()), lines)
    return pen.end()


def _shares(scene: Scene) -> Iterator[Share]:
    after = ""
    while page := scene.store.hubs(sync=scene.sync.name, after=after, limit=_PAGE):
        for hub in page:
            share = scene.store.share(hub.id)
            if share is not None and share.hub.state == "open":
                yield share
        after = page[-1].id


def _groups(replica: Replica, state: GroupState) -> list[str]:
    return [one for one, row in replica.groups.items() if row.state is state and one not in PEER]


def _remapped(replica: Replica) -> list[str]:
    """What only a changed mapping would alter; what went back is no plan's for a mapping."""
    back = set(restored.waits(replica))
    return [one for one in _groups(replica, GroupState.AWAITING_PLAN) if one not in back]


def _ends(how: str, replica: Replica) -> list[str]:
    """The groups of a copy that a levelling plan ends."""
    back = restored.waits(replica)
    return back if RESTORED_ONLY in how else [*_groups(replica, GroupState.DIFFERS), *back]


def _lost(scene: Scene, share: Share) -> list[Replica]:
    """The copies that a restored product does not have."""
    return [one for one in share.replicas if one.system in scene.readers and is_lost(one)]


def _reads_otherwise(scene: Scene, replica: Replica) -> bool:
    """Whether today's mapping reads something else of what the record last showed (law 7)."""
    ctx = scene.world
    mapping = ctx.mapping(replica)
    if replica.seen_mapping in ("", mapping.version):
        return False
    for field, way in mapping.fields.items():
        value = view(mapping, field, replica.seen, ctx)
        known = value is not UNKNOWN and not isinstance(value, Unmapped)
        if way is not Direction.OUT and known and value != replica.sent.get(field):
            return True
    return False


def _line(pen: Pen, share: Share, first: str | None) -> None:
    """Read the record whole on each side, and note what would be written."""
    scene, title = pen.scene, str(share.hub.values.get("title") or "")[:200]
    sides = sorted(copies(scene, share), key=lambda one: one.system != first)
    refs = [ref_of(one) for one in sides]
    looks = [whole(scene, one) for one in refs]
    pen.count("read", len(refs))
    read = [one for one in looks if isinstance(one, Look)]
    made: Sending | str = next((one for one in looks if isinstance(one, str)), "")
    if not made:
        made = drafted(scene, pen.plan, read)
    if isinstance(made, str):
        verdict = Verdict.LEFT_OUT if made == NOTHING else Verdict.AMBIGUOUS
        pen.line(verdict, refs, title=title, why=made)
        return
    fields = sorted({name for _, send in made.sends for name in send.fields})
    if made.over is not None:
        pen.line(Verdict.AMBIGUOUS, refs, title=title, why=made.over, differs=fields)
        return
    seen = {str(one.native.ref): _seen(scene, one) for one in read} | {WRITES: made.writes}
    pen.line(Verdict.CERTAIN, refs, title=title, why=made.told, seen=seen)
    pen.count("fields that differ", len(fields))
    count_fields(pen, made.sends)
    count_writes(pen, [(one.system, send.operation) for one, send in made.sends])


def _seen(scene: Scene, look: Look) -> str:
    return shown(look.native, scene.readers[look.native.ref.system].mapping)


# -- deciding ---------------------------------------------------------------------------
def drafted(scene: Scene, plan: Plan, looks: Sequence[Look]) -> Sending | str:
    """The record levelled as it would be committed now, or why it cannot be.

    Args:
        looks: One of each side.
    """
    draft = absorbed(scene, looks)
    if isinstance(draft, str):
        return draft
    share, before, touched = draft.share, Before.of(draft.share), set[str]()
    origin: Replica | None = None
    if plan.kind == LEVEL:
        origin = share.at(plan.how.split()[1])
        touched |= set(_ends(plan.how, origin)) if origin else set()
        refused = _adopt(scene, draft, origin, plan)
        if refused is not None:
            return refused
    also: list[str] = []
    for replica in copies(scene, share):
        groups = _ends(plan.how, replica) if plan.kind == LEVEL else _remapped(replica)
        touched |= set(groups)
        if groups:
            before_it = _unplaced(draft, replica)
            revive(share, draft.change, replica, groups, draft.ctx.now)
            also += _again(draft, replica, _unplaced(draft, replica) - before_it)
            _say(scene, draft, replica, groups, plan)
    lost = _lost(scene, share) if plan.kind == LEVEL else []
    born = [one for one in lost if one is not origin]
    for replica in lost:
        if replica is origin:
            also.append(f"{replica.system} has lost it: not shared any more")
            restored.part(draft, replica)
        else:
            restored.bear_again(draft, replica)
            _say(scene, draft, replica, ["existence"], plan)
    made = sending(scene, draft, before, touched, born=born, also=also)
    return made if made.sends or made.also else NOTHING


def _unplaced(draft: Draft, replica: Replica) -> int:
    return sum(place.state is PlacementState.PENDING for _, place in pending(draft, replica))


def _again(draft: Draft, replica: Replica, placed: int) -> list[str]:
    """What of a restored product's notes and files is placed or edited once more."""
    edited, system = restored.write_again(draft, replica), replica.system
    told = [f"{system} notes and files placed again: {placed}"] if placed else []
    return [*told, f"{system} notes edited again: {edited}"] if edited else told


def _adopt(scene: Scene, draft: Draft, origin: Replica | None, plan: Plan) -> str | None:
    """Make the hub's values those that the winning system shows; why not, else None."""
    if origin is None:
        return "it has no copy there"
    mine = _ends(plan.how, origin)
    for group in {*mine, *(_every(scene, draft.share) if RESTORED_ONLY not in plan.how else ())}:
        owner = draft.ctx.policy(draft.hub, group)
        if owner in draft.ctx.systems and owner != origin.system:
            return f"{group} is {owner}'s by policy"
    for group in mine:
        mapping = draft.ctx.mapping(origin)
        values = {
            one: origin.sent[one]
            for one in members(group)
            if one in origin.sent and mapping.fields.get(one) is not Direction.OUT
        }
        decree(draft.share, draft.change, values, scene.by, draft.ctx.now, action="levelled",
               replica=origin)  # fmt: skip
        draft.mark(origin, group, GroupState.IN_STEP)
        spread(draft, group, but=origin)
    return None


def _every(scene: Scene, share: Share) -> set[str]:
    return {group for one in copies(scene, share) for group in _groups(one, GroupState.DIFFERS)}


def _say(scene: Scene, draft: Draft, replica: Replica, groups: Sequence[str], plan: Plan) -> None:
    draft.audit("levelled", source=f"person:{scene.by}", replica=replica, actor=scene.by,
                why=f"plan {plan.id}", text=", ".join(groups))  # fmt: skip


# -- carrying out -----------------------------------------------------------------------
def levelled(scene: Scene, plan: Plan, line: PlanLine, looks: Sequence[Look]) -> Change | str:
    """The commit of one line, or why it is refused; the line notes what it replaced."""
    made = drafted(scene, plan, looks)
    return made if isinstance(made, str) else as_approved(line, made)
