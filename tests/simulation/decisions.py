"""Whether every deed of a person was decided, and every text reached who should have it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sdsync.config.vocabulary import FIELDS, group_of
from sdsync.mappings.contract import Put
from sdsync.store.records import AuditRow, Json, PlacementState, Ref, Replica, ReplicaState, Share
from sdsync.store.semantics import set_aside
from sdsync.testing.simulated.native import flat, nested
from tests.simulation.deeds import FieldDeed, TextDeed
from tests.simulation.directory import Directory
from tests.simulation.invariants import policy
from tests.simulation.undecidable import excuse

if TYPE_CHECKING:
    from tests.simulation.world import World

SETS = frozenset({"tags", "people"})
SLACK = timedelta(seconds=30)
#: Audit rows that take a whole record in, whatever its fields are just then.
WHOLE = frozenset({"entered", "linked", "moved", "merged", "absorbed", "gone", "left"})


class Decisions:
    """Looks up what became of each entry of the ledger."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people = Directory(world.store, tuple(world.products))
        self.rows: dict[str, list[AuditRow]] = defaultdict(list)
        self.excused: Counter[str] = Counter()
        for row in world.store.audit(limit=1_000_000):
            if row.hub_id is not None:
                self.rows[row.hub_id].append(row)

    def undecided(self) -> Iterator[str]:
        """Deeds that the engine was shown and that left no trace of a decision."""
        for deed in self.world.ledger.fields:
            share = self._share(deed.system, deed.record_id)
            if share is None or not self._must_be_decided(deed):
                continue
            if not self._decided(deed, share) and not self._excused(deed, share):
                yield (
                    f"deed {deed.number}: {deed.path} of {deed.system} #{deed.record_id} "
                    f"{deed.old!r} -> {deed.new!r} at {deed.at:%H:%M:%S} left no decision"
                )

    def _share(self, system: str, record_id: str) -> Share | None:
        return self.world.store.share_of(Ref(system, "ticket", record_id))

    def _must_be_decided(self, deed: FieldDeed) -> bool:
        """Seen by a process that lived on, or still standing on a record in reach."""
        record = self.world.products[deed.system].records[deed.record_id]
        if not deed.visible:
            return False
        if deed.gone_at is None:
            return not (record.deleted or record.forbidden or record.merged_into)
        if deed.looked_at is None:
            return self._covered(deed)
        return not any(
            deed.looked_at - SLACK <= crash <= deed.gone_at + SLACK for crash in self.world.crashes
        )

    def _covered(self, deed: FieldDeed) -> bool:
        """Our write stands where nobody saw the deed, and the product's history tells of it."""
        product = self.world.products[deed.system]
        return product.flavour.history and deed.gone_by == product.us

    def _decided(self, deed: FieldDeed, share: Share) -> bool:
        replica = _replica_of(share, deed)
        mapping = self.world.engine.core.systems[deed.system].mappings["ticket"]
        fields = {one for one in mapping.fields if deed.path in mapping.paths(one)}
        groups = {group_of(one) for one in fields}
        if replica is None or replica.state is not ReplicaState.LIVE or not fields:
            return True
        if set_aside(replica):
            return True  # a letter says so, for the whole record
        if groups & replica.groups.keys() or share.hub.state != "open":
            return True
        if self._was_held(deed, share, groups):
            return True
        if any(policy(self.world, share.hub, one) == "each" for one in groups):
            return True
        return self._traced(deed, share, fields | groups) or self._agrees(deed, share, fields)

    def _excused(self, deed: FieldDeed, share: Share) -> bool:
        """Whether nobody could know of it; counted by reason."""
        mapping = self.world.engine.core.systems[deed.system].mappings["ticket"]
        fields = {one for one in mapping.fields if deed.path in mapping.paths(one)}
        rows = [
            row
            for row in self.rows[share.hub.id]
            if (row.system, row.ref) == (deed.system, deed.record_id) and row.field in fields
        ]
        why = excuse(deed, self.world.products[deed.system], rows)
        if why is not None:
            self.excused[why] += 1
        return why is not None

    def _was_held(self, deed: FieldDeed, share: Share, groups: set[str]) -> bool:
        """A later edit of a held group is a new head of what is listed already (law 19)."""
        return any(
            row.action == "held" and row.system == deed.system and row.field in groups
            for row in self.rows[share.hub.id]
            if row.at <= deed.at
        )

    def _traced(self, deed: FieldDeed, share: Share, names: set[str]) -> bool:
        since = deed.at - SLACK
        for row in self.rows[share.hub.id]:
            if row.at < since or row.action == "written":
                continue
            if row.action in WHOLE or (row.system == deed.system and row.field in names):
                return True
        return False

    def _agrees(self, deed: FieldDeed, share: Share, fields: set[str]) -> bool:
        """The hub said the same when it was looked at, or a word changed and no meaning."""
        mapping = self.world.engine.core.systems[deed.system].mappings["ticket"]
        before, after = nested({deed.path: deed.old}), nested({deed.path: deed.new})
        for field in fields:
            old, new = (mapping.get(field, one, self.people) for one in (before, after))
            if old == new:
                continue
            held = self._hub_values(share, field, deed.looked_at or deed.at)
            if deed.gone_at is None:
                held.append(share.hub.values.get(field))
            held += self._on_the_way(deed, share, field)
            if FIELDS.get(field) in SETS and any(_holds(one, old, new) for one in held):
                continue
            puts = (
                mapping.put(field, one, seen=after, hub=share.hub.values, people=self.people)
                for one in held
            )
            if not any(self._shows(deed, put) for put in puts):
                return False
        return True

    def _shows(self, deed: FieldDeed, put: Put) -> bool:
        """Whether the record shows it already, cut as the product cuts it."""
        rule = self.world.products[deed.system].flavour.rules.get(deed.path)
        wanted: Json = flat(put.values).get(deed.path) if put.values else deed.new
        if rule is not None and rule.limit is not None and isinstance(wanted, str):
            wanted = wanted[: rule.limit].rstrip()
        return bool(wanted == deed.new)

    def _on_the_way(self, deed: FieldDeed, share: Share, field: str) -> Iterator[Json]:
        """What was on its way to that record while the deed stood unread.

        A value, a step of a trail, a write in doubt: who sets the same agrees with it,
        and is taken for us (law 5).
        """
        read_at = (deed.looked_at or deed.at) + SLACK
        values: list[Json] = []
        for row in self.rows[share.hub.id]:
            if row.field != field or row.at > read_at:
                continue
            if row.action == "edited":
                values.append(row.after)
            elif row.action == "written" and (row.system, row.ref) == (deed.system, deed.record_id):
                values = [*(values if row.at >= deed.at else ()), row.after]
        yield from values

    def _hub_values(self, share: Share, field: str, looked_at: datetime) -> list[Json]:
        """What the hub held around that look: the last value before it, and those just then."""
        values: list[Json] = [share.hub.values.get(field)]
        for row in self.rows[share.hub.id]:
            if row.field == field and row.action == "edited":
                if row.at <= looked_at - SLACK:
                    values = [row.after]
                elif row.at <= looked_at + SLACK:
                    values += [row.before, row.after]
                elif len(values) == 1:
                    return [row.before]
        return values

    # -- notes and files -----------------------------------------------------------------
    def lost_texts(self) -> Iterator[str]:
        """Notes and files that are not where they should be, and not listed either."""
        for deed in self.world.ledger.texts.values():
            share = self._share(deed.system, deed.record_id)
            source = self.world.products[deed.system].records[deed.record_id]
            if share is None or share.hub.state != "open" or source.deleted or source.forbidden:
                continue
            home = _replica_of(share, deed)
            if home is None or home.state is not ReplicaState.LIVE or set_aside(home):
                continue
            for replica in share.replicas:
                live = replica.state is ReplicaState.LIVE and not set_aside(replica)
                if replica is not home and live:
                    yield from self._at(deed, share, home, replica)

    def _at(self, deed: TextDeed, share: Share, home: Replica, replica: Replica) -> Iterator[str]:
        product = self.world.products[replica.system]
        record = product.records.get(replica.native_id or "")
        if record is None or record.deleted or record.forbidden or record.merged_into:
            return
        able = product.flavour.capabilities
        if deed.kind not in able.create:
            return  # the product has no worklogs
        truths = {
            "note": [one.truth for one in record.notes],
            "attachment": [one.truth for one in record.files],
            "worklog": [one.truth for one in record.logs],
        }
        there = truths[deed.kind].count(deed.token)
        where = f"{deed.token} of {deed.system} #{deed.record_id} in {product.name} #{record.id}"
        removes = able.edits_worklogs if deed.kind == "worklog" else able.removes_notes
        if deed.ended_at is not None:
            listed = {f"{deed.kind}s", "doubles"} & replica.groups.keys()
            if there and removes and not listed:
                yield f"{where}: taken back at its source, still there"
        elif there < deed.wanted and not self._listed(deed, share, home, replica):
            yield f"{where}: there {there} of {deed.wanted} times, and not listed"

    def _listed(self, deed: TextDeed, share: Share, home: Replica, replica: Replica) -> bool:
        joined = [one for one in (home.joined_at, replica.joined_at) if one is not None]
        first = self.world.ledger.texts.get(deed.token.partition("v")[0], deed)
        if any(first.at < one + timedelta(minutes=4) for one in joined):
            return True  # old notes and files count as seen (law 11)
        group = f"{deed.kind}s" in replica.groups
        for element in share.elements:
            told = (element.values.get(one) for one in ("body", "name", "text"))
            text = next((str(one) for one in told if one), "")
            mine = deed.token in text or deed.token.replace("f", "log-") in text
            place = share.placement(element.id, replica.id)
            if mine and place is not None:
                waits = place.state is PlacementState.PENDING and group
                if waits or place.state in (PlacementState.UNPLACEABLE, PlacementState.GONE):
                    return True
        return False


def _holds(held: Json, old: object, new: object) -> bool:
    """Whether a set has all that an edit added to it, and nothing that it removed (law 15)."""
    if not (isinstance(held, list) and isinstance(old, list) and isinstance(new, list)):
        return False
    added, removed = set(new) - set(old), set(old) - set(new)
    return added <= set(held) and not removed & set(held)


def _replica_of(share: Share, deed: FieldDeed | TextDeed) -> Replica | None:
    for one in share.replicas:
        if one.system == deed.system and one.native_id == deed.record_id:
            return one
    return None
