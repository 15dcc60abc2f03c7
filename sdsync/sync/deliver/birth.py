"""Bearing a record in a system: once, where it is allowed, with our mark (laws 25-29, 45, 49)."""

from __future__ import annotations

from datetime import timedelta

from sdsync.config.vocabulary import FIELDS, TIES, group_of
from sdsync.connectors.contract import Create, PlaceInfo
from sdsync.mappings.contract import Direction
from sdsync.store.records import GroupState, Intent, IntentState, Json, Replica
from sdsync.sync.audiences import apart, width
from sdsync.sync.branches import hit
from sdsync.sync.deliver.compute import NOBODY, Rest, Send, deep_merge, not_here, park_refused
from sdsync.sync.deliver.desired import PEOPLE_KINDS, desired, surroundings
from sdsync.sync.draft import BLOCKED, Draft, digest
from sdsync.sync.model import PUBLIC

BIRTH_GROUP = "birth"
MAX_STARTS = 5
#: A replay asks the system for its rights at once; what hangs on them looks again after this.
ASKED_SOON = timedelta(seconds=5)


def compute_birth(draft: Draft, replica: Replica) -> Send | Rest:
    """The create call of an unborn replica, or nothing when it may not be born."""
    if draft.state(replica, BIRTH_GROUP) in BLOCKED:
        return Rest()
    problem = _forbidden_place(draft, replica)
    if problem and asks_first(draft, replica, BIRTH_GROUP):
        return Rest()
    if problem:
        draft.park(
            replica,
            BIRTH_GROUP,
            problem,
            about=["place", replica.place, problem],
            remedy=_cure_of_place(draft, replica),
        )
        return Rest()
    values = _birth_values(draft, replica)
    if values is None:
        return Rest()
    patch, fields = values
    intent = open_intent(draft, replica, kind=replica.kind, element_id=None, content=patch)
    if intent.starts >= MAX_STARTS:
        draft.park(
            replica,
            BIRTH_GROUP,
            f"{replica.system} accepted {intent.starts} creates and shows none",
            about=["birth", intent.id],
        )
        return Rest()
    create = Create(replica.kind, intent.place, patch, intent.mark, intent.id)
    versions = draft.hub.versions.values()
    human = any(one.human and draft.is_of_now(one.changed_hi) for one in versions)
    return Send(create, fields=fields, intent_id=intent.id, human=human)


def _forbidden_place(draft: Draft, replica: Replica) -> str | None:
    """Why nothing may be born in the place; None: it may."""
    system = draft.ctx.systems[replica.system]
    place = system.places.get(replica.place or "")
    if system.places and place is None:
        return f'{replica.system} has no place "{replica.place}" that our account can see'
    wall = tenant_wall(draft, replica)
    if wall:
        return wall
    if place is not None and (place.archived or not place.may_create):
        return f'{replica.system}: nothing can be created in "{place.key}" (archived, or no right)'
    if place is not None and _too_public(draft, place):
        hit("law 45: not born in a public place")
        return f'{replica.system}: "{place.key}" is public, the record comes from customers'
    return None


def asks_first(draft: Draft, replica: Replica, group: str) -> bool:
    """Whether a refusal waits: the system has not told its rights since a person's replay.

    The cause may be mended there; what was told before says nothing of that.
    """
    row = replica.groups.get(group)
    if row is None or row.state is not GroupState.DIRTY or row.cause is None:
        return False
    told_at = draft.ctx.systems[replica.system].described_at
    if told_at is None or told_at >= row.since:
        return False
    draft.deliver(replica, due=draft.ctx.now + ASKED_SOON)
    return True


def _cure_of_place(draft: Draft, replica: Replica) -> str:
    """What a person can do about the place; what was decided keeps its place, new ones do not."""
    system = draft.ctx.systems[replica.system]
    place = system.places.get(replica.place or "")
    if tenant_wall(draft, replica) or place is None or not _too_public(draft, place):
        return f"sdsync check --live {replica.system}"
    return (
        f'make "{place.key}" private in {replica.system}; or, for new records, name another place '
        f"in {replica.system}.put, then sdsync reload"
    )


def tenant_wall(draft: Draft, replica: Replica) -> str | None:
    """Why the tenant forbids this place, else None; asked in deliver too (law 49)."""
    tenant = draft.ctx.systems[replica.system].tenants.get(replica.place or "")
    if not apart(draft.hub.tenant, tenant):
        return None
    hit("law 49: tenant wall")
    place, owner = f'{replica.system}: "{replica.place}"', draft.hub.tenant
    return f"{place} belongs to tenant {tenant}, the record to {owner}"


def _too_public(draft: Draft, place: PlaceInfo) -> bool:
    if not place.public:
        return False
    birth = next(
        (one for one in draft.share.replicas if one.system == draft.hub.birth_system), None
    )
    home = birth.place if birth else None
    return home not in (draft.ctx.row(draft.hub.birth_system).info.get(PUBLIC) or ())


def _birth_values(draft: Draft, replica: Replica) -> tuple[dict[str, Json], dict[str, Json]] | None:
    """Native values of a new record and the canonical ones they intend."""
    mapping, hub = draft.ctx.mapping(replica), surroundings(draft, replica)
    patch: dict[str, Json] = {}
    fields: dict[str, Json] = {}
    for name, direction in mapping.fields.items():
        given = replica.birth.get(name)
        value = given if given is not None else desired(draft, replica, name)
        each = draft.ctx.policy(draft.hub, group_of(name)) == "each"
        if name in TIES:
            continue  # written next: what a product thinks of a tie never keeps a record unborn
        if direction is Direction.IN or value in (None, []) or (each and given is None):
            continue
        if draft.state(replica, group_of(name)) in BLOCKED:
            continue
        gap = not_here(draft, replica, name)
        if gap:
            draft.fidelity(replica, name, gap)
            continue
        if name == "status" and value in ("closed", "resolved", "cancelled"):
            continue  # born open: the status follows as a transition
        put = draft.put(mapping, name, value, seen={}, hub=hub)
        if put.cut:
            draft.fidelity(replica, name, put.cut)
        lacking = put.refused or (put.cut if not put.values else None)
        if lacking is not None and FIELDS.get(name) in PEOPLE_KINDS:
            draft.fidelity(replica, name, lacking)
            draft.mark(replica, group_of(name), GroupState.DIFFERS, note=NOBODY)
            continue
        if put.refused is not None:
            park_refused(draft, replica, name, value, put)
            continue
        deep_merge(patch, put.values)
        fields[name] = value
    return (patch, fields)


def open_intent(
    draft: Draft, replica: Replica, *, kind: str, element_id: str | None, content: Json
) -> Intent:
    """The one intent for this thing: the stored decision to make it (law 25)."""
    for intent in draft.share.intents:
        if (
            intent.replica_id == replica.id
            and intent.kind == kind
            and intent.element_id == element_id
            and intent.state not in (IntentState.SETTLED, IntentState.ABANDONED)
        ):
            intent.digest = digest(content)
            return intent
    before = [
        one.generation
        for one in draft.share.intents
        if one.replica_id == replica.id and one.kind == kind and one.element_id == element_id
    ]
    intent = Intent(
        id=draft.ctx.new_id(),
        hub_id=draft.hub.id,
        replica_id=replica.id,
        kind=kind,
        place=replica.place or "",
        generation=max(before, default=0) + 1,
        mark=_mark(draft),
        element_id=element_id,
        digest=digest(content),
    )
    draft.share.intents.append(intent)
    hit("law 25: intent stored")
    return intent


def _mark(draft: Draft) -> str:
    """Random, and of one intent; it tells which store made it, and in which epoch (law 32)."""
    origin = draft.ctx.origin
    return f"{draft.ctx.new_id()}-{origin}" if origin else draft.ctx.new_id()


def narrower_than_proved(place: PlaceInfo | None, audience: str, *, flagged: bool) -> bool:
    """Whether a note of this audience may reach more people than it should here (law 45).

    The place's own default is always sure; anything narrower must be proved. Where the
    product has a flag for staff alone, that is proved whatever the place is said to be:
    without the right it stores the note for everybody there.
    """
    if place is None:
        return width(audience) > 0
    sure = width(place.default_audience) >= width(audience) and not place.public
    if sure and not (flagged and width(audience) >= width("internal")):
        return False
    return audience not in place.proved_audiences
