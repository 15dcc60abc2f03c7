"""A plan of joins: what already belongs together, as far as the records say so (laws 11, 12)."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sdsync.connectors.contract import AddElement, Update
from sdsync.store.contract import Store
from sdsync.store.records import AuditRow, Json, Plan, Ref, Share, Verdict
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.ending import is_ended
from sdsync.sync.decide.joining import (
    differing,
    joined,
    joined_to,
    obstacle,
    quieten,
    shown,
    unfit,
    unreadable,
    walls_between,
)
from sdsync.sync.deliver.compute import Send
from sdsync.sync.draft import Draft
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.plans.costs import count_reads, count_writes
from sdsync.sync.plans.indexing import ByLooks, ByPeer, Rule, entry_of, index, rule_for
from sdsync.sync.plans.keeping import Pen, begin
from sdsync.sync.plans.pairing import NAMED, Entry, Index, Match, by_guess, by_keys
from sdsync.sync.plans.reading import in_words
from sdsync.sync.plans.scene import Scene


@dataclass(frozen=True, slots=True)
class Sides:
    """The two systems of a join, the side of birth first."""

    born: str
    other: str


@dataclass(frozen=True, slots=True)
class Drafted:
    """A join as it would be committed now, and what it leaves to be written once live."""

    draft: Draft
    sends: Sequence[Send]


@dataclass(frozen=True, slots=True)
class Former:
    """Ended hub records that the two are taken out of, by id, and the keys these still show."""

    shares: Mapping[str, Share] = field(default_factory=dict)
    shown: frozenset[Json] = frozenset()
    audit: Sequence[AuditRow] = ()


NOTHING_FORMER = Former()


def sides_of(scene: Scene) -> Sides:
    """The side of birth is where records enter; if they do in both, the one named first.

    Raises:
        Refused: The sync has more than two systems here.
    """
    names = tuple(scene.readers)
    if len(names) != 2:
        raise Refused(
            f"{scene.sync.name} has {len(names)} systems, a join has two: "
            f"add --between {','.join(names[:2])}"
        )
    born, other = sorted(names, key=lambda one: not scene.takes(one))
    return Sides(born, other)


# -- three ways to find pairs ---------------------------------------------------------
def by_field(scene: Scene, text: str) -> Plan:
    """Pairs have the same value, or one side names the other's number.

    Raises:
        Refused: The field has no rule on both sides, or no record shows it.
    """
    sides = sides_of(scene)
    rule = rule_for(scene, text, (sides.born, sides.other))
    left, right, read = _indexes(scene, sides, rule)
    if isinstance(rule, ByPeer) and not rule.met:
        raise Refused(f"none of {read} records that were read shows {text}; nothing was planned")
    pen = begin(scene, "connect", f"--by {shlex.quote(text)}")
    pen.count("read", read)
    _write(pen, sides, left, by_keys(left, right, text.rpartition(".")[2]))
    return _ended(pen, sides)


def guessed(scene: Scene) -> Plan:
    """Pairs have the same title and agree in one thing more."""
    sides = sides_of(scene)
    left, right, read = _indexes(scene, sides, ByLooks())
    pen = begin(scene, "connect", "--guess")
    pen.count("read", read)
    _write(pen, sides, left, by_guess(left, right))
    return _ended(pen, sides)


def listed(scene: Scene, rows: Sequence[Mapping[str, str]], name: str) -> Plan:
    """Pairs stand in a file; no list is read.

    Args:
        rows: Per pair the id of each system's record.
        name: The file's, for the plan.
    """
    sides = sides_of(scene)
    pairs = [(one[sides.born], one[sides.other]) for one in rows]
    pen = begin(scene, "connect", f"--pairs {shlex.quote(name)}")
    left, right = Index(sides.born), Index(sides.other)
    for one, other in pairs:
        left.entries.setdefault(one, Entry(one, one, ""))
        right.entries.setdefault(other, Entry(other, other, ""))
    for made in (left, right):
        for native_id, hub in scene.store.shared_as(
            made.system, "ticket", list(made.entries)
        ).items():
            made.entries[native_id].hub_id = hub
    _write(pen, sides, left, _as_listed(pairs, left, right))
    return _ended(pen, sides)


def _as_listed(pairs: Sequence[tuple[str, str]], left: Index, right: Index) -> list[Match]:
    """Each record in one pair only; one that stands in several is for a person."""
    of_left: dict[str, list[str]] = {}
    of_right: dict[str, list[str]] = {}
    for one, other in dict.fromkeys(pairs):
        of_left.setdefault(one, []).append(other)
        of_right.setdefault(other, []).append(one)
    matches = []
    for one, others in of_left.items():
        rivals = len(of_right[others[0]])
        certain = len(others) == 1 and rivals == 1
        why = "in the file"
        if len(others) > 1:
            why = f"in the file with {len(others)} records of {right.system}"
        elif rivals > 1:
            why = f"{right.system}#{others[0]} stands in {rivals} pairs of the file"
        rights = [right.entries[other] for other in others]
        matches.append(Match(left.entries[one], rights, why, certain))
    return matches


def _indexes(scene: Scene, sides: Sides, rule: Rule) -> tuple[Index, Index, int]:
    left, some = index(scene, sides.born, rule)
    right, more = index(scene, sides.other, rule)
    return left, right, some + more


# -- the lines --------------------------------------------------------------------------
def _write(pen: Pen, sides: Sides, left: Index, matches: Iterable[Match]) -> None:
    """A line for each record of the side of birth; of the other side those alone are counted."""
    by_id = {one.left.id: one for one in matches}
    scene = pen.scene
    for done, entry in enumerate(left.entries.values(), start=1):
        scene.told("compared", done, len(left.entries))
        match = by_id.get(entry.id)
        if match is None:
            _unmatched(pen, sides, entry)
        elif match.certain:
            _pair(pen, sides, match)
        else:
            _ambiguous(pen, sides, match, match.why)


def _unmatched(pen: Pen, sides: Sides, entry: Entry) -> None:
    ref, share = Ref(sides.born, "ticket", entry.id), _share(pen, entry)
    there = share.at(sides.other) if share else None
    if there is not None and there.native_id is not None:
        refs = [ref, Ref(there.system, there.kind, there.native_id)]
        pen.line(Verdict.JOINED, refs, title=entry.title)
        return
    pen.line(Verdict.ALONE, [ref], title=entry.title)


def _ambiguous(pen: Pen, sides: Sides, match: Match, why: str) -> None:
    candidates = [Ref(sides.other, "ticket", one.id) for one in match.rights[:NAMED]]
    if match.left.hub_id is not None and _joined_with(pen, match.left, candidates):
        _unmatched(pen, sides, match.left)
        return
    ref = Ref(sides.born, "ticket", match.left.id)
    pen.line(Verdict.AMBIGUOUS, [ref], title=match.left.title, why=why, candidates=candidates)


def _joined_with(pen: Pen, entry: Entry, candidates: Sequence[Ref]) -> bool:
    """Whether it is joined with one of them: then a person has chosen already."""
    share = _share(pen, entry)
    ids = {(one.system, one.native_id) for one in share.replicas} if share else set()
    return any((one.system, one.id) in ids for one in candidates)


def _share(pen: Pen, entry: Entry) -> Share | None:
    """What the record is shared by, if it was not parted."""
    share = pen.scene.store.share(entry.hub_id) if entry.hub_id is not None else None
    return None if share is None or is_ended(share) else share


def _pair(pen: Pen, sides: Sides, match: Match) -> None:
    """Two records that name nobody else: read whole, and merged as the join would."""
    left, (right,), scene = match.left, match.rights, pen.scene
    refs = [Ref(sides.born, "ticket", left.id), Ref(sides.other, "ticket", right.id)]
    if any(one.hub_id is not None and _share(pen, one) is None for one in (left, right)):
        why = parted(refs[0], refs[1])
        pen.line(Verdict.AMBIGUOUS, refs[:1], title=left.title, why=why, candidates=refs[1:])
        return
    if left.hub_id is not None and left.hub_id == right.hub_id:
        pen.line(Verdict.JOINED, refs, title=left.title, why=match.why)
        return
    if left.hub_id is not None and right.hub_id is not None:
        why = _of_two(refs[0], refs[1])
        pen.line(Verdict.AMBIGUOUS, refs[:1], title=left.title, why=why, candidates=refs[1:])
        return
    looks = [whole(scene, one) for one in refs]
    born, other = looks
    if isinstance(born, str) or isinstance(other, str):
        why = next(one for one in looks if isinstance(one, str))
        pen.line(Verdict.AMBIGUOUS, refs[:1], title=left.title, why=why, candidates=refs[1:])
        return
    made = drafted(scene, born, other, pen.plan.id)
    title = left.title or entry_of(scene, born.native).title
    if isinstance(made, str):
        pen.line(Verdict.AMBIGUOUS, refs[:1], title=title, why=made, candidates=refs[1:])
        return
    seen = {str(one.native.ref): seen_as(scene, one) for one in (born, other)}
    why = "; ".join([match.why, *unreadable(made.draft)])
    fields = differing(made.draft)
    pen.line(Verdict.CERTAIN, refs, title=title, why=why, differs=fields, seen=seen)
    pen.count("fields that differ", len(fields))
    count_writes(
        pen,
        [
            (one.operation.ref.system, one.operation)
            for one in made.sends
            if isinstance(one.operation, Update | AddElement)
        ],
    )


def whole(scene: Scene, ref: Ref) -> Look | str:
    """The record as one look, or why it cannot be had."""
    look = scene.readers[ref.system].fetch(ref)
    if not isinstance(look, Look):
        return f"{ref} cannot be read: {in_words(look)}"
    if look.native.ref != ref:
        return f"{ref} was merged into {look.native.ref}"
    return look


def seen_as(scene: Scene, look: Look) -> str:
    """What a line assumes that the record shows (law 44)."""
    return shown(look.native, scene.readers[look.native.ref.system].mapping)


def drafted(
    scene: Scene, born: Look, other: Look, why: str, former: Former = NOTHING_FORMER
) -> Drafted | str:
    """The join as it would be committed now, or why it cannot be. Nothing is written.

    One of the two may be shared with a third system already; then the other is linked to it.

    Args:
        former: What a person takes the two out of; left out, one that was parted stays so.
    """
    ctx, store = scene.context(), scene.store
    shares = [_living(store, one.native.ref, former) for one in (born, other)]
    if any(one is not None and is_ended(one) for one in shares):
        return parted(born.native.ref, other.native.ref)
    if shares[0] is not None and shares[1] is not None:
        one, two = born.native.ref, other.native.ref
        same = shares[0].hub.id == shares[1].hub.id
        return f"{one} and {two} are joined already" if same else _of_two(one, two)
    share, late = (shares[0], other) if shares[0] is not None else (shares[1], born)
    if share is not None:
        return _linked(scene, Draft(share, ctx), share, late, why, former)
    reason = (
        unfit(store, born.native)
        or unfit(store, other.native)
        or walls_between(born.native, other.native, ctx)
    )
    if reason is not None:
        return reason
    draft = joined(ctx, scene.sync.name, born, other, by=scene.by, why=why)
    return Drafted(draft, quieten(draft, scene.notifies, former.shown))


def _living(store: Store, ref: Ref, former: Former) -> Share | None:
    """The share of a record, if it is not taken out of it just now."""
    share = store.share_of(ref)
    return None if share is None or share.hub.id in former.shares else share


def _of_two(one: Ref, other: Ref) -> str:
    return f"{one} and {other} belong to two records; unlink one first"


def parted(one: Ref, other: Ref) -> str:
    """Why a plan leaves a pair alone of which one was parted, by a person or a policy."""
    return f"one of them was parted; sdsync link {one} {other} joins them"


def _linked(
    scene: Scene, draft: Draft, share: Share, late: Look, why: str, former: Former
) -> Drafted | str:
    reason = obstacle(scene.store, share, late.native, draft.ctx)
    if reason is not None:
        return reason
    if scene.sync.name not in share.hub.syncs:
        share.hub.syncs.append(scene.sync.name)
    joined_to(draft, late, by=scene.by, why=why)
    return Drafted(draft, quieten(draft, scene.notifies, former.shown))


def _ended(pen: Pen, sides: Sides) -> Plan:
    """Close the plan with what carrying it out takes."""
    pairs = pen.plan.counts.get(Verdict.CERTAIN.value, 0)
    pen.count("fields that differ", 0)
    count_reads(pen, [pen.scene.readers[one] for one in (sides.born, sides.other)], pairs)
    return pen.end()
