"""Merging the changes of one replica into the hub record, group by group."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import combinations

from sdsync.config.vocabulary import FIELDS, TIES
from sdsync.mappings.lenses.base import merge_sets
from sdsync.store.records import FieldVersion, GroupState, Json, Replica, ReplicaState
from sdsync.sync.branches import hit
from sdsync.sync.decide.brakes import HOPS, war
from sdsync.sync.decide.edits import Edit
from sdsync.sync.decide.elements import add_own
from sdsync.sync.decide.intervals import Interval
from sdsync.sync.decide.spread import OWNER_SILENT, members, remember_clock, spread
from sdsync.sync.decide.weight import weight
from sdsync.sync.deliver.desired import desired
from sdsync.sync.deliver.ties import still_tied
from sdsync.sync.draft import BLOCKED, Draft, digest
from sdsync.sync.model import SUSPECT

SET_KINDS = frozenset({"tags", "people", "links"})


class GroupMerge:
    """One group of one replica: its edits, what the replica shows now, and the hub."""

    def __init__(
        self,
        draft: Draft,
        replica: Replica,
        group: str,
        edits: Mapping[str, Edit],
        shown: Mapping[str, Json],
        current: dict[str, Json],
    ) -> None:
        self.draft = draft
        self.replica = replica
        self.group = group
        self.edits = edits
        self.shown = shown  # canonical values of the whole group, as the replica shows them
        self.current = current  # native
        self.mapping = draft.ctx.mapping(replica)

    # -- deciding -----------------------------------------------------------------
    def decide(self) -> None:
        """Give the group one decision, by its policy, and leave the replica's base true."""
        policy = self.draft.ctx.policy(self.draft.hub, self.group)
        if self.draft.state(self.replica, self.group) is GroupState.HELD:
            self._replace_head()
        elif policy == "each":
            self._settle_base()
        elif policy == "union" and _is_set(self.group):
            self._union()
        elif policy in self.draft.ctx.systems:
            self._owned(policy)
        elif self._conflict():
            self._conflicted(policy)
        else:
            self.accept("no other change")

    def _conflict(self) -> bool:
        """Whether the hub has a change of this group that the replica has not received."""
        row, fields = self.replica.groups.get(self.group), members(self.group)
        if row is not None and row.state is GroupState.PARKED:
            fields = tuple(self.edits)  # to fill in what the refused value lacks is no conflict
        elif row is not None and row.state in BLOCKED and row.note != SUSPECT:
            return False
        hub = self.draft.hub
        behind = any(
            field in self.mapping.fields
            and field in self.replica.sent
            and self._image(field) != self.replica.sent[field]
            for field in fields
        )
        same = all(hub.values.get(field) == edit.new for field, edit in self.edits.items())
        return behind and not same

    def _conflicted(self, policy: str) -> None:
        if policy == "hold":
            hit("law 19: held")
            self._hold("both sides changed it")
        elif policy == "max":
            self._max()
        elif policy == "append":
            self._append()
        elif self._edit_wins():
            self.accept("newest")
        else:
            self.lose("newest")

    def _edit_wins(self) -> bool:
        hub = self.draft.hub
        mine = self._interval()
        versions = [hub.versions[field] for field in members(self.group) if field in hub.versions]
        rival = max(versions, key=lambda one: one.changed_hi, default=None)
        if rival is None:
            return True
        if self._reaction() != rival.source.startswith("reaction:"):
            hit("law 20: reaction ranks lowest")
            return not self._reaction()
        theirs = Interval(rival.changed_lo, rival.changed_hi)
        if mine.overlaps(theirs):
            hit("law 14: simultaneous, order of systems")
            ctx = self.draft.ctx
            return ctx.rank(hub, self.replica.system) <= ctx.rank(hub, _system(rival.source))
        hit("law 14: newest")
        return mine.after(theirs)

    def _owned(self, owner: str) -> None:
        if self.replica.system == owner:
            self.accept("owner")
        elif self._silent(owner):
            hit("law 13: owner silent")
            self.accept("the owner is silent")
            self._wait_for_owner(owner)
        else:
            self.refuse(owner)

    def _silent(self, owner: str) -> bool:
        """Whether the owner's record was not read for the stated time (law 13).

        A complete look at the owner's feed that did not name the record is a
        read of it, as long as the record is in reach.
        """
        replica = self.draft.share.at(owner)
        if replica is None or replica.state in (ReplicaState.GONE, ReplicaState.UNBORN):
            return False
        read_at = replica.last_ok_at
        feed = self.draft.ctx.row(owner).feed_ok_at
        if replica.state is ReplicaState.LIVE and feed and (read_at is None or feed > read_at):
            read_at = feed
        limit = timedelta(seconds=self.draft.ctx.setting(self.draft.hub, "owner_silent_s", 900.0))
        return read_at is None or self.draft.ctx.now - read_at > limit

    def _wait_for_owner(self, owner: str) -> None:
        replica = self.draft.share.at(owner)
        if replica is not None:
            self.draft.mark(replica, self.group, GroupState.PAUSED, note=OWNER_SILENT)
            self.draft.look(replica)

    # -- outcomes ------------------------------------------------------------------
    def accept(self, why: str) -> None:
        """The replica's values become the hub's; everybody else has something to receive."""
        values = self._whole_values()
        if values is None:
            hit("law 8: held")
            self._hold("the edit does not fit onto the full value")
            return
        changed = {f: v for f, v in values.items() if self.draft.hub.values.get(f) != v}
        if changed and self._brake(changed):
            return
        for field, value in changed.items():
            self._write(field, value, why)
        self._settle_base()
        if changed:
            self._spread()
        if values.get("status") != self.shown.get("status") == "closed":
            self._agree_to_differ()

    def _agree_to_differ(self) -> None:
        """It is closed here and only resolved elsewhere, until the side of birth closes."""
        edit = self.edits.get("status") or next(iter(self.edits.values()))
        self.draft.audit(
            "refused",
            source=self.replica.system,
            replica=self.replica,
            field="status",
            actor=edit.actor,
            why="only the side of birth closes",
            before="closed",
            after=self.draft.hub.values.get("status"),
        )
        self.draft.mark(self.replica, self.group, GroupState.DIFFERS, note="closed here alone")

    def lose(self, why: str) -> None:
        """The hub keeps its value; this replica is to receive it."""
        for field, edit in self.edits.items():
            self.draft.audit(
                "overruled",
                source=self.replica.system,
                replica=self.replica,
                field=field,
                actor=edit.actor,
                why=why,
                before=edit.new,
                after=self.draft.hub.values.get(field),
            )
        self._settle_base()
        self.draft.mark(self.replica, self.group, GroupState.DIRTY)
        self.draft.deliver(self.replica)

    def refuse(self, owner: str) -> None:
        """The system may not make this edit: keep it as a difference, or revert it (law 16)."""
        hub, replica = self.draft.hub, self.replica
        shown = {field: edit.new for field, edit in self.edits.items()}
        if self._is_hubs(shown):
            self._settle_base()
            return
        key = f"{replica.system}/{self.group}"
        before = hub.refused.get(key)
        hub.refused[key] = [digest(shown), self.draft.ctx.now.isoformat()]
        for field, edit in self.edits.items():
            self.draft.audit(
                "refused",
                source=replica.system,
                replica=replica,
                field=field,
                actor=edit.actor,
                why=f"{owner} owns {self.group}",
                before=edit.new,
                after=hub.values.get(field),
            )
        self._settle_base()
        if before and before[0] == digest(shown) and _within_a_day(before[1], self.draft):
            hit("law 16: same edit again, held")
            self._hold(f"{owner} owns {self.group}; the same edit came again within a day")
        elif self.draft.ctx.setting(hub, "on_refused", "keep") == "revert":
            hit("law 16: reverted")
            names = ", ".join(sorted(self.edits))
            text = f"{owner} owns {names} of this record; the change made here was taken back."
            add_own(self.draft, replica, text, now=self.draft.ctx.now)
            self.draft.mark(replica, self.group, GroupState.DIRTY)
            self.draft.deliver(replica)
        else:
            hit("law 16: kept")
            self.draft.mark(replica, self.group, GroupState.DIFFERS, note=f"{owner} owns it")

    def _is_hubs(self, shown: Mapping[str, Json]) -> bool:
        return all(self.draft.hub.values.get(field) == value for field, value in shown.items())

    def _hold(self, text: str) -> None:
        """Keep both candidates, one head per replica, and stop this group alone (law 19)."""
        draft = self.draft
        head = {
            field: self.shown.get(field) for field in members(self.group) if field in self.shown
        }
        self._settle_base()
        for other in draft.share.replicas:
            if other.id == self.replica.id or draft.state(other, self.group) is GroupState.HELD:
                continue
            fields = [f for f in members(self.group) if f in other.sent]
            if fields:
                draft.hold(
                    other, self.group, text, head={f: draft.hub.values.get(f) for f in fields}
                )
        actor = next((edit.actor for edit in self.edits.values()), None)
        draft.hold(self.replica, self.group, text, head=head, by=actor)

    def _replace_head(self) -> None:
        """A later edit replaces its own head; equal heads resolve the group (law 19)."""
        draft = self.draft
        row = self.replica.groups[self.group]
        row.head = dict(self.shown)
        row.head_at = draft.ctx.now
        actor = next((edit.actor for edit in self.edits.values()), None)
        draft.audit(
            "held",
            source=self.replica.system,
            replica=self.replica,
            field=self.group,
            actor=actor,
            why=row.cause,
            after=row.head,
        )
        self._settle_base()
        heads = [
            one.groups[self.group].head
            for one in draft.share.replicas
            if draft.state(one, self.group) is GroupState.HELD
        ]
        present = [head for head in heads if head is not None]
        # One by one, too: a system that has half of the group's fields agrees with everybody.
        if present and all(_agree(one, other) for one, other in combinations(present, 2)):
            hit("law 19: equal heads resolve")
            for one in draft.share.replicas:
                if draft.state(one, self.group) is GroupState.HELD:
                    draft.mark(one, self.group, GroupState.IN_STEP)
            self.accept("both sides agree")
            # Who waited for the hub's value when it was held waits for it still, and whoever
            # ends it lacks what a third changed meanwhile.
            spread(draft, self.group, but=None)

    # -- the other policies -----------------------------------------------------------
    def _union(self) -> None:
        """Sets merge by element, three-way; add beats remove (law 15)."""
        hub = self.draft.hub
        for field, edit in self.edits.items():
            now, old, new = (_set(v) for v in (hub.values.get(field), edit.old, edit.new))
            removed = old - new
            account = self.draft.ctx.systems[self.replica.system].account
            if field == "links" and edit.reaction and edit.actor == account:
                # What a product drops by itself (a relation to a new parent) nobody took
                # away; where we took it away at its other end, that one has it no more.
                removed = {one for one in removed if not still_tied(self.draft, one)}
            merged = sorted((now - removed) | (new - old))
            if merged != sorted(now):
                hit("law 15: set merged")
                self._write(field, merged, "union")
                self._spread()
        self._settle_base()
        if any(field in TIES and self._image(field) != self.replica.sent[field]
               for field in self.edits):  # fmt: skip
            self.draft.mark(self.replica, self.group, GroupState.DIRTY)
            self.draft.deliver(self.replica)

    def _max(self) -> None:
        heavier = {
            field: edit.new
            for field, edit in self.edits.items()
            if weight(edit.new) > weight(self.draft.hub.values.get(field))
        }
        hit("law 15: max")
        if heavier:
            self.accept("max")
        else:
            self.lose("max")

    def _append(self) -> None:
        for field, edit in self.edits.items():
            old, new = str(edit.old or ""), str(edit.new or "")
            if not new.startswith(old):
                (self.accept if self._edit_wins() else self.lose)("newest")
                return
            added = new[len(old) :].strip("\n")
            whole = f"{self.draft.hub.values.get(field) or ''}\n\n{added}".strip("\n")
            hit("law 15: appended")
            self._write(field, whole, "append")
        self._settle_base()
        self._spread()
        self.draft.mark(self.replica, self.group, GroupState.DIRTY)
        self.draft.deliver(self.replica)

    # -- the pieces ----------------------------------------------------------------
    def _whole_values(self) -> dict[str, Json] | None:
        """What the hub would hold: the full values behind a lossy view (law 8)."""
        values: dict[str, Json] = {}
        fields = members(self.group) if self._conflict() else tuple(self.edits)
        for field in fields:
            if field not in self.shown:
                continue
            value = self._whole(field)
            if value is _LOST:
                return None
            values[field] = value
        return self._capped(values)

    def _whole(self, field: str) -> Json:
        whole = self.draft.hub.values.get(field)
        new = self.shown[field]
        if field == "links" and field in self.edits:  # a system shows those alone that it knows
            return merge_sets(self.edits[field].old, new, whole)
        if whole is None or field not in self.edits:
            return new
        if self._projects(field, whole):
            return whole
        edit = self.edits[field]
        if edit.old == whole or self.replica.sent.get(field) != whole:
            return new
        hit("law 8: carried onto the whole")
        carried = self.mapping.carry(field, old_view=edit.old, new_view=new, whole=whole)
        return _LOST if carried is None else carried

    def _capped(self, values: dict[str, Json]) -> dict[str, Json]:
        """Only the side of birth closes, unless the sync lets any (law 24)."""
        hub = self.draft.hub
        may_close = (
            self.replica.system == hub.birth_system
            or self.draft.ctx.setting(hub, "closes", "birth") == "any"
        )
        if values.get("status") == "closed" and not may_close:
            hit("law 24: only the side of birth closes")
            values["status"] = "closed" if hub.values.get("status") == "closed" else "resolved"
        return values

    def _brake(self, changed: Mapping[str, Json]) -> bool:
        """Stop a war or a chain before it writes; True when the group was held (law 18)."""
        for field, value in changed.items():
            version = self._version(field, value)
            if len(version.hops) > HOPS:
                hit("law 18: hops cut")
                self._hold("the change came through too many systems")
                return True
            who = war(self.draft.hub, version, self.draft.ctx.now)
            if who:
                self._hold(f"{who} change it back and forth")
                return True
        return False

    def _write(self, field: str, value: Json, why: str) -> None:
        draft = self.draft
        before = draft.hub.values.get(field)
        version = self._version(field, value)
        draft.set_value(version)
        draft.audit(
            "edited",
            source=version.source,
            replica=self.replica,
            field=field,
            actor=version.changed_by,
            why=why,
            before=before,
            after=value,
        )
        if field == "status":
            remember_clock(draft.share, self.replica, before, value)

    def _version(self, field: str, value: Json) -> FieldVersion:
        edit = self.edits.get(field) or next(iter(self.edits.values()))
        before = self.draft.hub.versions.get(field)
        hops = self._hops(edit, before)
        source = f"reaction:{self.replica.system}" if edit.reaction else self.replica.system
        return FieldVersion(
            field=field,
            version=self.draft.next_version(field),
            value=value,
            source=source,
            source_ref=self.replica.native_id,
            changed_lo=edit.when.lo,
            changed_hi=edit.when.hi,
            changed_by=edit.actor,
            human=edit.human,
            hops=hops,
        )

    def _hops(self, edit: Edit, before: FieldVersion | None) -> tuple[str, ...]:
        """The chain goes on only when a machine answers another system's change (law 18)."""
        if edit.human or before is None or _system(before.source) == self.replica.system:
            return ()
        return (*before.hops, self.replica.system)

    def _settle_base(self) -> None:
        """*sent* becomes what the replica shows: the hub's value where it projects to it."""
        for field in members(self.group):
            if field not in self.shown:
                continue
            known = field in self.draft.hub.values
            whole = self._image(field)
            same = known and self._projects(field, whole)
            self.replica.sent[field] = whole if same else self.shown[field]
        if self.draft.state(self.replica, self.group) in (
            GroupState.DIRTY,
            GroupState.DIFFERS,
            GroupState.AWAITING_PLAN,
            GroupState.PARKED,
        ):
            self._restate()

    def _restate(self) -> None:
        behind = any(
            self._image(field) != self.replica.sent[field]
            for field in members(self.group)
            if field in self.replica.sent
        )
        self.draft.mark(
            self.replica, self.group, GroupState.DIRTY if behind else GroupState.IN_STEP
        )
        if behind:
            self.draft.deliver(self.replica)

    def _spread(self) -> None:
        """Everybody else has something to receive; a reaction does not travel back (law 20)."""
        spread(self.draft, self.group, but=self.replica, reaction=self._reaction())
        # A value that was capped or carried may have to come back here as well.
        if any(self._image(field) != self.replica.sent.get(field) for field in self.edits):
            self.draft.mark(self.replica, self.group, GroupState.DIRTY)
            self.draft.deliver(self.replica)

    def _image(self, field: str) -> Json:
        """The hub's value as the replica may show it: of links, those it knows."""
        whole = self.draft.hub.values.get(field)
        return desired(self.draft, self.replica, field) if field in TIES else whole

    def _projects(self, field: str, whole: Json) -> bool:
        if self.shown[field] == whole:
            return True
        put = self.draft.put(
            self.mapping, field, whole, seen=self.current, hub=self.draft.hub.values
        )
        return not put.values and put.refused is None and put.cut is None

    def _interval(self) -> Interval:
        """When the whole group changed: as late as its latest edit."""
        latest = max(self.edits.values(), key=lambda one: one.when.hi)
        return latest.when

    def _reaction(self) -> bool:
        return all(edit.reaction for edit in self.edits.values())


_LOST: Json = object()


def _set(value: Json) -> set[str]:
    return set(value) if isinstance(value, list) else set()


def _is_set(group: str) -> bool:
    return FIELDS.get(group) in SET_KINDS


def _system(source: str) -> str:
    return source.removeprefix("reaction:")


def _agree(left: Mapping[str, Json], right: Mapping[str, Json]) -> bool:
    return all(left[field] == right[field] for field in left.keys() & right.keys())


def _within_a_day(at: Json, draft: Draft) -> bool:
    from datetime import datetime

    return draft.ctx.now - datetime.fromisoformat(str(at)) < timedelta(days=1)
