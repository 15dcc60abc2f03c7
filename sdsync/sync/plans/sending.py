"""What a plan makes of a shared record: the draft, the writes that follow, what they replace."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

from sdsync.config.vocabulary import TIES, group_of
from sdsync.connectors.contract import Create
from sdsync.store.records import Change, Json, PlanLine, Ref, Replica, Share, Wrote
from sdsync.sync.confirm.doubt import copy_path
from sdsync.sync.decide.edits import Look
from sdsync.sync.decide.joining import replica_of
from sdsync.sync.decide.observe import absorb
from sdsync.sync.deliver.attempt import compute
from sdsync.sync.deliver.compute import Send, deep_merge, dirty_fields
from sdsync.sync.deliver.desired import surroundings
from sdsync.sync.deliver.mailing import over_mail_budget
from sdsync.sync.draft import WRITABLE, Draft, digest
from sdsync.sync.plans.scene import Scene

#: In a line's ``seen``, beside its records: the digest of the writes it was approved for.
WRITES = "writes"
NOTHING = "nothing would be written"
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Sending:
    """A record as it would be committed now, and the writes that follow."""

    draft: Draft
    sends: Sequence[tuple[Replica, Send]]
    told: str  # for a person: each field, what stands there, what will
    over: str | None  # why the mail budget does not let it go
    did: list[Wrote] = field(default_factory=list)  # what an undo would take back
    stays: Sequence[str] = ()  # of an undo: what it leaves, and why
    also: Sequence[str] = ()  # what follows beside values: what is made again, or parted

    @property
    def writes(self) -> str:
        """A digest of what would be written, and what would not."""
        writes: list[Json] = [[one.system, send.fields] for one, send in self.sends]
        return digest([*writes, *self.stays, *self.also])


@dataclass(frozen=True, slots=True)
class Before:
    """What a record held before a plan touched it."""

    hub: Mapping[str, Json]
    sent: Mapping[str, Mapping[str, Json]]  # replica -> its values

    @classmethod
    def of(cls, share: Share) -> Before:
        """As it is now."""
        return cls(dict(share.hub.values), {one.id: dict(one.sent) for one in share.replicas})


def copies(scene: Scene, share: Share) -> list[Replica]:
    """The copies that a plan of this sync may read and write."""
    return [
        one
        for one in share.replicas
        if one.system in scene.readers and one.state in WRITABLE and one.native_id is not None
    ]


def absorbed(scene: Scene, looks: Sequence[Look]) -> Draft | str:
    """The shared record with these looks merged, or why there is none."""
    share = scene.store.share_of(looks[0].native.ref)
    if share is None:
        return f"{looks[0].native.ref} is not shared any more"
    draft = Draft(share, scene.context())
    for look in looks:
        replica = replica_of(share, look.native.ref)
        if replica is None:
            return f"{look.native.ref} is no copy of it any more"
        absorb(draft, replica, look)
    return draft


def sending(
    scene: Scene,
    draft: Draft,
    before: Before,
    groups: Collection[str],
    *,
    born: Sequence[Replica] = (),
    also: Sequence[str] = (),
) -> Sending:
    """What follows from the draft: its writes, whom they mail, and what they replace.

    Args:
        born: Copies that the plan makes again.
        also: What follows beside values, for a person.
    """
    sends = list(_sends(scene, draft, born))
    changes: list[str] = []
    over = None
    for replica, send in sends:
        changes += _changes(replica, send)
        # Whoever set the value, to write it now is no person's own change (law 47).
        alone, mailed = replace(send, human=False), scene.notifies(replica.system, send.operation)
        over = over or over_mail_budget(draft, alone, mailed)
    did = list(_wrote(scene, draft, before, groups))
    return Sending(draft, sends, "; ".join([*changes, *also]), over, did, also=also)


def _wrote(scene: Scene, draft: Draft, before: Before, groups: Collection[str]) -> Iterator[Wrote]:
    """Of these groups every value that is on its way; links and parents have no one value."""
    for replica in copies(scene, draft.share):
        mapping, ref = draft.ctx.mapping(replica), ref_of(replica)
        for name in dirty_fields(draft, replica):
            if group_of(name) not in groups or name in TIES:
                continue
            shown: dict[str, Json] = {}
            for path in mapping.paths(name):
                copy_path(path, replica.seen, shown)
            value, around = draft.hub.values.get(name), surroundings(draft, replica)
            put = draft.put(mapping, name, value, seen=replica.seen, hub=around)
            left = deepcopy(shown)
            deep_merge(left, put.values)
            was = before.sent[replica.id].get(name)
            yield Wrote(ref, name, was, value, before.hub.get(name), shown, left)


def ref_of(replica: Replica) -> Ref:
    """The record that the replica is of."""
    return Ref(replica.system, replica.kind, replica.native_id or "")


def _sends(scene: Scene, draft: Draft, born: Sequence[Replica]) -> Iterator[tuple[Replica, Send]]:
    for replica in [*copies(scene, draft.share), *born]:
        todo = compute(draft, replica, looked=True)
        if isinstance(todo, Send) and todo.fields:
            yield replica, todo


def _changes(replica: Replica, send: Send) -> Iterator[str]:
    if isinstance(send.operation, Create):
        yield f"made again in {replica.system} {replica.place}"
        return
    for name, value in send.fields.items():
        before, after = short(replica.sent.get(name)), short(value)
        yield f"{replica.system} {name} {before} → {after}"


def short(value: Json) -> str:
    """A value on one line of a plan."""
    if value in (None, [], ""):
        return "-"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def as_approved(line: PlanLine, made: Sending) -> Change | str:
    """The commit, if it writes what the line was approved for."""
    if made.writes != line.seen.get(WRITES):
        return "what would be written changed since"
    line.did = made.did
    return made.draft.change
