"""Both sides compared with the store: they agree, or the difference is listed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sdsync.config.load import load
from sdsync.config.vocabulary import group_of
from sdsync.connectors.contract import Description, NativeRecord
from sdsync.mappings.contract import Direction
from sdsync.store.records import (
    Element,
    GroupState,
    IntentState,
    Json,
    PlacementState,
    Ref,
    Replica,
    ReplicaState,
    Share,
)
from sdsync.store.semantics import CRASH_GROUP
from sdsync.store.sql import SqlStore
from sdsync.sync.assemble import assemble
from sdsync.sync.core import Core
from sdsync.sync.decide.edits import view
from tests.crash.house import SECRETS, House
from tests.crash.kept import read
from tests.crash.ledger import SIDES, Ledger, Record, Thing, Title, other, tokens

LISTED = frozenset(
    {GroupState.DIFFERS, GroupState.AWAITING_PLAN, GroupState.HELD, GroupState.PARKED}
)
SETTLED = frozenset({IntentState.SETTLED, IntentState.ABANDONED, IntentState.HELD})
#: Titles written on both sides within this time are a race; either may win.
RACE_S = 10.0


@dataclass(slots=True)
class Verdict:
    """What was found wrong, and what there was."""

    breaches: list[str] = field(default_factory=list)
    listed: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    resent: int = 0
    in_window: int = 0  # edits overwritten in the window that the connector states


class Judge:
    """One judgement; the daemon is down, the products still answer."""

    def __init__(self, house: House, store: SqlStore, ledger: Ledger, verdict: Verdict) -> None:
        os.environ.update(SECRETS)
        self._store, self._ledger = store, ledger
        self._core: Core = assemble(load(house.config), store)
        self._describe()
        self._kept = {side: read(side, house.behind(side, "records")) for side in SIDES}
        self._shares = {one.hub.id: one for one in self._all_shares()}
        self.verdict = verdict

    def judge(self) -> None:
        """Everything; what is found joins the verdict."""
        for share in self._shares.values():
            self.verdict.breaches += self._share(share)
        for record in self._ledger.records.values():
            self.verdict.breaches += self._record(record)
        for letter, things in (("note", self._ledger.notes), ("file", self._ledger.files)):
            for thing in things:
                self.verdict.breaches += self._thing(letter, thing)
        for system in self._core.systems.values():
            system.close()

    def _describe(self) -> None:
        """What the daemon knew: places, and which account is ours."""
        for system in self._core.systems.values():
            with system.connector() as connector:
                said = connector.describe()
            assert isinstance(said, Description), said
            system.description = said

    def _all_shares(self) -> Iterator[Share]:
        after = ""
        while page := self._store.hubs(after=after):
            for hub in page:
                share = self._store.share(hub.id)
                if share is not None:
                    yield share
            after = page[-1].id

    # -- what the store says of itself ---------------------------------------------------
    def _share(self, share: Share) -> Iterator[str]:
        for intent in share.intents:
            self.verdict.resent += max(0, intent.starts - 1)
        if share.hub.state in ("unlinked", "merged"):
            self.verdict.listed[f"record {share.hub.state}"] += 1
            return
        for replica in share.replicas:
            where = f"{replica.system} #{replica.native_id} of hub {share.hub.id[-6:]}"
            for group, row in replica.groups.items():
                self.verdict.listed[row.state.value] += row.state in LISTED
                if row.state not in LISTED and replica.state is ReplicaState.LIVE:
                    yield f"{where}: {group} is {row.state.value} when all is quiet ({row.note})"
            if replica.state is not ReplicaState.LIVE:
                self.verdict.listed[f"replica {replica.state.value}"] += 1
                continue
            if replica.doubt:
                yield f"{where}: {sorted(replica.doubt)} in doubt when all is quiet"
            yield from self._fields(share, replica, where)
        for intent in share.intents:
            replica = share.replica(intent.replica_id)
            excused = replica.state is not ReplicaState.LIVE or replica.groups
            if intent.state not in SETTLED and not excused:
                yield f"{replica.system} #{replica.native_id}: {intent.kind} {intent.state.value}"

    def _fields(self, share: Share, replica: Replica, where: str) -> Iterator[str]:
        """Each field shows what the hub says, or its group is listed."""
        native = self._native(replica)
        if native is None:
            yield f"{where}: live in the store, and cannot be read"
            return
        mapping = self._core.systems[replica.system].mappings[replica.kind]
        ctx, hub = self._core.context(), share.hub
        for name, direction in mapping.fields.items():
            group = group_of(name)
            if direction is not Direction.BOTH or ctx.policy(hub, group) == "each":
                continue
            if group in replica.groups or name not in hub.versions:
                continue
            self.verdict.compared["fields"] += 1
            whole = hub.values.get(name)
            put = mapping.put(
                name, whole, seen=native.values, hub=hub.values, people=self._core.people
            )
            shown = view(mapping, name, native.values, ctx)
            if put.refused is None and put.values and shown != whole:
                yield f"{where}: {name} shows {shown!r}, the hub says {whole!r}, and none lists it"

    def _native(self, replica: Replica) -> NativeRecord | None:
        with self._core.systems[replica.system].connector() as connector:
            answer = connector.fetch(Ref(replica.system, replica.kind, replica.native_id or ""))
        return answer if isinstance(answer, NativeRecord) else None

    # -- records -------------------------------------------------------------------------
    def _record(self, record: Record) -> Iterator[str]:
        self.verdict.compared["records"] += 1
        for side in SIDES:
            ids = self._kept[side].births.get(record.token, [])
            if len(ids) > 1:
                yield f"record {record.token} exists {len(ids)} times in {side}: {ids}"
        share = self._share_of(record)
        if share is None:
            if record.ids[record.side] not in self._kept[record.side].merged:
                yield f"record {record.token} of {record.side} is in scope and nobody shares it"
            return
        if not self._kept[other(record.side)].births.get(record.token):
            yield from self._unborn(record, share)
        if share.hub.state == "open" and not record.merged:
            yield from self._last_title(record, share)

    def _unborn(self, record: Record, share: Share) -> Iterator[str]:
        """None may wait for a person, but for what the run itself did: three deaths on one."""
        rows = [(name, row) for one in share.replicas for name, row in one.groups.items()]
        if share.hub.state != "open":
            self.verdict.listed["birth of a merged record"] += 1
        elif any(name == CRASH_GROUP for name, _ in rows):
            self.verdict.listed["birth on which the daemon died three times"] += 1
        else:
            why = [f"{name} {row.state.value}, {row.note}" for name, row in rows]
            yield f"record {record.token} of {record.side} was never born in the other: {why}"

    def _share_of(self, record: Record) -> Share | None:
        return self._store.share_of(Ref(record.side, "ticket", str(record.ids[record.side])))

    def _last_title(self, record: Record, share: Share) -> Iterator[str]:
        """The last title that somebody wrote was decided: it is in the hub's history."""
        last: Title = record.titles[-1]
        decided = {
            token
            for row in self._store.versions(share.hub.id, "title")
            for token in tokens(row.value, "t")
        }
        rivals = [one for one in record.titles[:-1] if one.side != last.side]
        raced = rivals and last.at - rivals[-1].at < RACE_S
        listed = any("title" in one.groups for one in share.replicas)
        if last.token in decided or raced or listed:
            return
        if last.side == "dev" and last.token in self._kept["dev"].replaced:
            self.verdict.in_window += 1  # between our read and our write: Redmine cannot compare
            return
        yield f"title {last.token} of {record.token}, written in {last.side}, was lost"

    # -- notes and files -----------------------------------------------------------------
    def _thing(self, kind: str, thing: Thing) -> Iterator[str]:
        self.verdict.compared[f"{kind}s"] += 1
        for side in SIDES:
            kept = self._kept[side]
            seen = (kept.notes if kind == "note" else kept.files).get(thing.token, [])
            if len(seen) > self._may_stand(thing, [one.record for one in seen]):
                places = ", ".join(f"#{one.record}" for one in seen)
                told = self._told_of(thing)
                yield f"{kind} {thing.token} exists {len(seen)} times in {side}: {places}\n{told}"
            for one in seen:
                if thing.internal and not one.internal:
                    where = f"{side} #{one.record}"
                    yield f"{kind} {thing.token} is internal and was widened in {where}"
            if not seen and side == thing.side:
                yield f"{kind} {thing.token} is gone from where it was written, {side}"
            elif not seen:
                yield from self._missing(kind, thing)

    def _may_stand(self, thing: Thing, records: list[int]) -> int:
        """In how many records of one side: what is said on a merged one is told on the survivor.

        One that goes into a third leaves it where it stands, and it is told there too.
        """
        own = self._ledger.records[thing.record]
        chain = {one.ids.get(thing.side) for one in (own, *own.survivors())}
        routed = own.merged and own.ids.get(thing.side) in records
        return len(set(records)) if routed and chain.issuperset(records) else 1

    def _told_of(self, thing: Thing) -> str:
        """What the store knows of a thing that is there twice, for whoever looks for the cause."""
        lines = [f"    written in {thing.side} on {thing.record}, internal: {thing.internal}"]
        for share in self._shares.values():
            for element in share.elements:
                if _bears(element, thing.token):
                    lines.append(f"    hub {share.hub.id} {share.hub.state}: {element}")
                    lines += [f"    {one}" for one in share.placements_of(element.id)]
                    lines += [f"    {one}" for one in share.intents if one.element_id == element.id]
        return "\n".join(lines)

    def _missing(self, kind: str, thing: Thing) -> Iterator[str]:
        """It did not arrive: somebody must be told why."""
        share = self._share_of(self._ledger.records[thing.record])
        if share is None or share.hub.state in ("merged", "unlinked"):
            self.verdict.listed[f"{kind} of a merged record"] += 1
            return
        element = next((one for one in share.elements if _bears(one, thing.token)), None)
        twin = share.at(other(thing.side))
        if element is None:
            yield f"{kind} {thing.token} of {thing.record} was never taken in from {thing.side}"
            return
        place = share.placement(element.id, twin.id) if twin else None
        excused = twin is not None and (twin.groups or twin.state is not ReplicaState.LIVE)
        if place is not None and place.state is PlacementState.UNPLACEABLE:
            self.verdict.listed[f"{kind} unplaceable"] += 1
        elif not excused or (place is not None and place.state is PlacementState.PLACED):
            state = place.state.value if place else "undecided"
            yield f"{kind} {thing.token} is {state} in {other(thing.side)}, and is not there"


def _bears(element: Element, token: str) -> bool:
    shown: Json = element.values.get("body") or element.values.get("name")
    return token in str(shown)
