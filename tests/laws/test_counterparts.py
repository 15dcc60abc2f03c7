"""Whom a record of one system may name in another: law 45's and law 49's part of it."""

from __future__ import annotations

from dataclasses import replace

from sdsync.store.records import Change, Ref, ReplicaState
from sdsync.sync.deliver.counterparts import counterpart, gap
from sdsync.sync.draft import Draft
from tests.laws.people import Ticket
from tests.laws.rig import House, shared


def named(house: House, writer: Ticket, ref: Ref, at: str = "dev") -> str | None:
    """What ``writer``'s copy at a system would call the record behind ``ref``."""
    ctx = house.engine.core.context()
    draft = Draft(writer.share, ctx)
    found = counterpart(draft, writer.replica(at), ctx.records.of(ref))
    return found.native_id if found else None


def why_not(house: House, writer: Ticket, ref: Ref, at: str = "dev") -> str | None:
    ctx = house.engine.core.context()
    return gap(Draft(writer.share, ctx), writer.replica(at), ctx.records.of(ref))


def test_a_record_is_named_by_its_copys_id_from_either_side() -> None:
    house = House()
    ticket, other = shared(house, "one"), shared(house, "two")
    copy = other.copy("dev")

    assert named(house, ticket, other.ref) == copy.record.id
    assert named(house, ticket, copy.ref, at="desk") == other.record.id
    assert named(house, ticket, copy.ref) == copy.record.id
    assert why_not(house, ticket, other.ref) is None


def test_what_is_not_shared_there_has_no_name_there() -> None:
    house = House()
    ticket = shared(house)
    stranger = house.desk.open("not ours", place="General")
    house.run()

    assert why_not(house, ticket, stranger.ref) == "not shared with dev yet"
    assert named(house, ticket, stranger.ref) is None


def test_a_copy_that_is_gone_or_unlinked_has_no_name() -> None:
    house = House()
    ticket, other = shared(house, "one"), shared(house, "two")

    ctx, share = house.engine.core.context(), other.share
    for one in share.replicas:
        one.state = ReplicaState.MISSING
    assert gap(Draft(ticket.share, ctx), ticket.replica("dev"), share) == "missing in dev"

    share.hub.state = "unlinked"
    house.store.commit(Change(shares=[share]))
    assert ctx.records.of(other.ref) is None
    assert ctx.records.named("ticket", share.hub.correlation) is None
    assert house.store.name_of(other.ref) is None


def test_law_45_a_public_record_does_not_name_a_private_one() -> None:
    house = House()
    ticket, other = shared(house, "one"), shared(house, "two")
    other.copy("dev").move("attic")
    house.run()
    ctx = house.engine.core.context()
    dev = ctx.systems["dev"]
    public = replace(dev.places["infra"], default_audience="public", public=True)
    open_ = replace(
        ctx, systems={**ctx.systems, "dev": replace(dev, places={**dev.places, "infra": public})}
    )

    def why(writer: Ticket, of: Ticket) -> str | None:
        return gap(Draft(writer.share, open_), writer.replica("dev"), open_.records.of(of.ref))

    assert why_not(house, ticket, other.ref) is None
    assert why(ticket, other) == 'more private than "infra" in dev'
    assert why(other, ticket) is None


def test_law_49_a_record_of_another_tenant_has_no_name() -> None:
    house = House(tenants={"dev": {"infra": "acme", "attic": "globex"}})
    ticket, other = shared(house, "one"), shared(house, "two")
    assert named(house, ticket, other.ref) is not None

    other.copy("dev").move("attic")
    house.run()

    assert why_not(house, ticket, other.ref) == "of another tenant"


def test_law_22_a_merged_record_is_named_by_its_survivor() -> None:
    house = House()
    ticket, lost, kept = shared(house, "one"), shared(house, "two"), shared(house, "three")
    name = lost.hub.correlation
    house.desk.product.merge(lost.record, kept.record, by=house.desk.who("ann"))
    house.run()

    assert named(house, ticket, lost.copy("dev").ref) == kept.copy("dev").record.id
    survivor = house.engine.core.context().records.named("ticket", name)
    assert survivor is not None
    assert survivor.hub.id == kept.hub.id
