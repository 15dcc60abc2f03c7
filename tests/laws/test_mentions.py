"""What a text may name in another system: law 46's and law 49's part of it."""

from __future__ import annotations

from sdsync.mappings.compile import compile_mapping
from sdsync.mappings.contract import RecordNames
from sdsync.mappings.examples import SamePeople
from sdsync.store.records import Change, ReplicaState
from sdsync.sync.deliver.mentions import Named
from sdsync.sync.draft import Draft
from tests.laws.people import Ticket
from tests.laws.rig import House, shared


def names(house: House, writer: Ticket) -> RecordNames:
    """What ``writer``'s texts may name."""
    draft = Draft(writer.share, house.engine.core.context())
    return Named({"desk": "https://rt.example.org", "dev": "https://dev.example.org"}, draft)


def written(known: RecordNames, text: str, system: str = "dev") -> str:
    """A note's text as the shipped pack of Redmine writes it."""
    pack = compile_mapping(system, "redmine", "note", folder=None, tables={})
    put = pack.put("body", text, seen={}, hub={}, people=SamePeople(), names=known)
    return str(put.values["body"])


def test_a_record_has_one_name_and_a_number_in_each_system() -> None:
    house = House()
    ticket, other = shared(house, "one"), shared(house, "two")
    known, copy = names(house, ticket), other.copy("dev").record.id

    assert known.key("dev", copy) == known.key("desk", other.record.id) == ("desk", other.record.id)
    assert known.native("dev", ("desk", other.record.id)) == copy
    assert written(known, f"see desk#{other.record.id}, dev#{copy}") == f"see #{copy}, #{copy}"


def test_law_46_a_number_whose_pair_is_not_known_is_no_link_there() -> None:
    house = House()
    ticket = shared(house, "one")
    stranger = house.desk.open("not ours", place="General")
    house.run()
    known = names(house, ticket)

    text = written(known, f"see desk#{stranger.record.id} and #12")

    assert text == f"see desk#\u2060{stranger.record.id} and #\u206012"


def test_what_was_unlinked_or_is_gone_is_named_no_more() -> None:
    house = House()
    ticket, other = shared(house, "one"), shared(house, "two")
    share, number = other.share, other.record.id
    for one in share.replicas:
        one.state = ReplicaState.GONE if one.system == "dev" else one.state
    house.store.commit(Change(shares=[share]))

    assert written(names(house, ticket), f"see desk#{number}") == f"see desk#\u2060{number}"

    share = other.share
    share.hub.state = "unlinked"
    house.store.commit(Change(shares=[share]))
    copy = next(one.native_id for one in share.replicas if one.system == "dev")
    assert names(house, ticket).key("dev", str(copy)) == ("dev", copy)


def test_law_49_another_tenants_record_is_neither_found_nor_named() -> None:
    house = House(tenants={"dev": {"infra": "acme", "attic": "globex"}})
    ticket, other = shared(house, "one"), shared(house, "two")
    copy = other.copy("dev")
    assert names(house, ticket).key("dev", copy.record.id) == ("desk", other.record.id)

    for one, tenant in ((ticket, "acme"), (other, "globex")):
        share = one.share
        share.hub.tenant = tenant
        house.store.commit(Change(shares=[share]))

    known = names(house, ticket)
    assert known.key("dev", copy.record.id) == ("dev", copy.record.id)
    text = f"see desk#{other.record.id}"
    assert written(known, text) == text.replace("#", "#\u2060")
