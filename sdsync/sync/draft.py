"""What one step function writes: audit rows, bells, causes, and the share itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import orjson

from sdsync.config.vocabulary import group_of
from sdsync.mappings.contract import Mapping as FieldMapping
from sdsync.mappings.contract import Put
from sdsync.store.records import (
    AuditRow,
    Cause,
    Change,
    Element,
    FidelityNote,
    FieldVersion,
    GroupRow,
    GroupState,
    Hub,
    Json,
    Replica,
    ReplicaState,
    Share,
    Work,
    WorkKey,
)
from sdsync.store.semantics import ON_ITS_WAY
from sdsync.sync.model import Context

#: Groups of these states take no write until what ends the state has happened.
BLOCKED = frozenset(
    {
        GroupState.DIFFERS,
        GroupState.AWAITING_PLAN,
        GroupState.HELD,
        GroupState.PARKED,
        GroupState.PAUSED,
    }
)
#: Replicas that may be written.
WRITABLE = frozenset({ReplicaState.LIVE, ReplicaState.UNBORN})


def digest(value: Json) -> str:
    """A short name for a JSON value; equal values share it."""
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(data, digest_size=12).hexdigest()


def cause_id(fingerprint: str) -> str:
    """What people type for a cause."""
    return fingerprint[:6]


class Draft:
    """A share being changed, and the commit that the change will make."""

    def __init__(self, share: Share, ctx: Context) -> None:
        self.share = share
        self.ctx = ctx
        self.ctx = replace(ctx, names=ctx.naming(self))
        self.change = Change(shares=[share])
        self._causes: dict[str, Cause] = {}

    @property
    def hub(self) -> Hub:
        """The hub record being changed."""
        return self.share.hub

    def is_of_now(self, at: datetime) -> bool:
        """Whether somebody did it since the record is shared, and not before a plan let it in."""
        return self.hub.planned_at is None or at > self.hub.planned_at

    def put(
        self,
        mapping: FieldMapping,
        field: str,
        value: Json,
        *,
        seen: Mapping[str, Json],
        hub: Mapping[str, Json],
    ) -> Put:
        """What writing the value takes, by what is known of people and records."""
        people, names = self.ctx.people, self.ctx.names
        return mapping.put(field, value, seen=seen, hub=hub, people=people, names=names)

    # -- telling ---------------------------------------------------------------
    def audit(
        self,
        action: str,
        *,
        source: str,
        replica: Replica | None = None,
        field: str | None = None,
        actor: str | None = None,
        why: str | None = None,
        text: str = "",
        before: Json = None,
        after: Json = None,
    ) -> None:
        """Add a row to the audit trail; it commits with the change (law 53)."""
        self.change.audit.append(
            AuditRow(
                at=self.ctx.now,
                action=action,
                source=source,
                hub_id=self.hub.id,
                system=replica.system if replica else None,
                ref=replica.native_id if replica else None,
                field=field,
                actor=actor,
                why=why,
                text=text,
                before=before,
                after=after,
            )
        )

    def fidelity(self, replica: Replica, field: str, text: str, *, shown: Json = None) -> None:
        """Note what a write lost; a newer note for the same field replaces the older."""
        replica.fidelity = [one for one in replica.fidelity if one.field != field]
        replica.fidelity.append(FidelityNote(field, text[:300], self.ctx.now, shown))

    # -- ringing ---------------------------------------------------------------
    def ring(self, lane: str, kind: str, target: str, *, due: datetime | None = None) -> None:
        """Make something dirty; ringing twice is ringing once."""
        now = self.ctx.now
        self.change.ring.append(
            Work(
                key=WorkKey(lane, kind, target),
                priority=self.hub.priority,
                since=now,
                due_at=due or now,
                deadline_at=self.ctx.deadline(now, self.hub.priority),
            )
        )

    def deliver(self, replica: Replica, *, due: datetime | None = None) -> None:
        """The replica has something to receive."""
        if replica.state in WRITABLE and self.live:
            self.ring(replica.system, "deliver", replica.id, due=due)

    def deliver_others(self, replica: Replica | None) -> None:
        """Every other replica may have something to receive."""
        for other in self.share.replicas:
            if other is not replica:
                self.deliver(other)

    def look(self, replica: Replica, *, due: datetime | None = None) -> None:
        """Read the replica's record (again)."""
        if replica.native_id is not None:
            self.ring(replica.system, "look", replica.native_id, due=due)

    def pull(self, element: Element) -> None:
        """The file's content is to be fetched from where it was first seen."""
        self.ring(element.source, "pull", element.id)
        self.change.ring[-1].hint = {"hub": self.hub.id}

    @property
    def live(self) -> bool:
        """Whether a sync of this record may write; in ``observe`` nothing is sent (law 56)."""
        return any(sync.mode == "live" for sync in self.ctx.policies(self.hub))

    # -- hub values --------------------------------------------------------------
    def set_value(self, version: FieldVersion) -> None:
        """Put a new version of a field into the hub record, with its provenance."""
        self.hub.values[version.field] = version.value
        self.hub.versions[version.field] = version
        self.change.versions.append((self.hub.id, version))
        if version.human and self.hub.human_at is None:
            self.hub.human_at = version.changed_hi

    def next_version(self, field: str) -> int:
        """The number of the version after the present one."""
        present = self.hub.versions.get(field)
        return present.version + 1 if present else 1

    # -- group states -------------------------------------------------------------
    def state(self, replica: Replica, group: str) -> GroupState:
        """The group's state on the replica; absent is in step."""
        row = replica.groups.get(group)
        return row.state if row else GroupState.IN_STEP

    def mark(
        self, replica: Replica, group: str, state: GroupState, note: str | None = None
    ) -> None:
        """Give the group a state; ``since`` stays when it had it already."""
        if state is GroupState.IN_STEP:
            replica.groups.pop(group, None)
            return
        row = replica.groups.get(group)
        since = row.since if row and row.state is state else self.ctx.now
        # What is tried again points at its cause until it went through or was refused anew.
        again = state in ON_ITS_WAY and row and row.state in {*ON_ITS_WAY, GroupState.PARKED}
        cause = row.cause if row and again else None
        replica.groups[group] = GroupRow(state=state, since=since, cause=cause, note=note)

    def park(
        self,
        replica: Replica,
        group: str,
        text: str,
        *,
        about: Json,
        place: str | None = None,
        remedy: str | None = None,
        distrust: str | None = None,
        note: str | None = None,
        shared: bool = False,
    ) -> None:
        """Park the group under the cause that ``about`` names; equal causes are one row.

        Args:
            place: file:line:column of the rule that is to blame.
            note: What is to say of this record alone; the text of all when left out.
            shared: Whether the cause is one for all groups.
        """
        cause = self.cause(
            "parked",
            replica.system,
            [replica.system, about] if shared else [replica.system, group, about],
            text,
            place=place,
            remedy=remedy,
        )
        cause.at_place = distrust
        told = note or text
        row = GroupRow(GroupState.PARKED, self.ctx.now, cause=cause.id, note=told)
        replica.groups[group] = row
        self.audit("parked", source="sdsync", replica=replica, field=group, why=cause.id, text=told)

    def rule_place(self, replica: Replica, fields: Iterable[str]) -> str | None:
        """file:line:column of the first rule that the fields have."""
        mapping = self.ctx.mapping(replica)
        return next((place for one in fields if (place := mapping.place(one))), None)

    def hold(
        self,
        replica: Replica,
        group: str,
        text: str,
        *,
        head: dict[str, Json] | None = None,
        by: str | None = None,
    ) -> None:
        """Hold the group on this replica for a person, with its head when it has one."""
        cause = self.cause("held", replica.system, ["held", self.hub.id, group], text)
        replica.groups[group] = GroupRow(
            GroupState.HELD,
            self.ctx.now,
            cause=cause.id,
            head=head,
            head_by=by,
            head_at=self.ctx.now if head is not None else None,
            note=text,
        )
        self.audit(
            "held",
            source="sdsync",
            replica=replica,
            field=group,
            why=cause.id,
            text=text,
            after=head,
        )

    def cause(
        self,
        kind: str,
        system: str,
        about: Json,
        text: str,
        *,
        place: str | None = None,
        remedy: str | None = None,
    ) -> Cause:
        """The cause with this fingerprint; the store joins it with an open one."""
        fingerprint = digest([kind, about])
        known = self._causes.get(fingerprint)
        if known is None:
            known = Cause(
                id=cause_id(fingerprint),
                kind=kind,
                system=system,
                fingerprint=fingerprint,
                text=text[:500],
                since=self.ctx.now,
                priority=self.hub.priority,
                place=place,
                remedy=remedy,
            )
            self._causes[fingerprint] = known
            self.change.causes.append(known)
        return known

    def waiting_groups(self, replica: Replica, states: Iterable[GroupState]) -> list[str]:
        """Groups of the replica that are in one of ``states``, in order."""
        wanted = set(states)
        return sorted(name for name, row in replica.groups.items() if row.state in wanted)


def group_state(replica: Replica, field: str) -> GroupState:
    """The state of the group that ``field`` belongs to."""
    row = replica.groups.get(group_of(field))
    return row.state if row else GroupState.IN_STEP
