"""Who is who."""

from __future__ import annotations

from sdsync.mappings.compile import compile_mapping
from sdsync.mappings.contract import Put, Unmapped
from sdsync.mappings.people import PeopleTable, person_key
from sdsync.mappings.tables import parse_table
from sdsync.store.records import PersonRow

ROWS = [
    PersonRow(
        "desk", "14", "", login="ann", email="Ann@Example.org", email_verified=True, name="Ann Bee"
    ),
    PersonRow(
        "dev", "5", "", login="abee", email="ann@example.org", email_verified=True, name="Ann B."
    ),
    PersonRow("desk", "15", "", login="bob", email="boss@example.org", name="Bob"),
    PersonRow("dev", "6", "", login="Bob", name="Bob Builder"),
    PersonRow("dev", "7", "", login="ci", name="CI", human=False),
    PersonRow("dev", "8", "", login="boss", email="boss@example.org", email_verified=True),
]
PEOPLE = PeopleTable(ROWS)


def test_a_verified_address_joins_and_an_unverified_one_does_not() -> None:
    assert person_key("ann", "Ann@Example.org", verified=True) == "ann@example.org"
    assert person_key("ann", "boss@example.org", verified=False) == "login:ann"
    assert person_key(None, "x@example.org", verified=False) is None
    assert PEOPLE.key("desk", "boss@example.org") is None
    assert PEOPLE.key("desk", "bob") == "login:bob"


def test_a_person_is_known_by_id_login_and_address() -> None:
    for native in ("14", "ann", "ANN@example.org", 14):
        assert PEOPLE.key("desk", native) == "ann@example.org"
    assert PEOPLE.native("dev", "ann@example.org") == "5"
    assert PEOPLE.native("dev", "login:bob") == "6"
    assert PEOPLE.native("dev", "zoe@example.org") is None
    assert PEOPLE.key("dev", None) is None


def test_the_explicit_table_goes_before_everything_else() -> None:
    table = parse_table("person,desk,dev\nann@example.org,bob,abee\n")

    people = PeopleTable(ROWS, {"desk": table, "dev": table})

    assert people.key("desk", "bob") == "ann@example.org"
    assert people.key("desk", "15") == "ann@example.org"
    assert people.key("dev", "abee") == "ann@example.org"


def test_who_stands_only_in_the_table_is_known_by_it() -> None:
    people = PeopleTable([], {"desk": parse_table("person,login\nzoe@example.org,zoe\n")})

    assert people.key("desk", "zoe") == "zoe@example.org"
    assert people.native("desk", "zoe@example.org") == "zoe"


def test_a_name_is_shown_where_one_is_known() -> None:
    assert PEOPLE.display("ann@example.org") in ("Ann Bee", "Ann B.")
    assert PEOPLE.display("login:zoe") == "zoe"


def test_law_18_whoever_is_not_known_counts_as_a_person() -> None:
    assert not PEOPLE.human("dev", "7")
    assert PEOPLE.human("dev", "999")


def test_an_active_account_goes_before_one_that_left() -> None:
    rows = [
        PersonRow("dev", "1", "a@x.org", active=False),
        PersonRow("dev", "2", "a@x.org"),
    ]

    assert PeopleTable(rows).native("dev", "a@x.org") == "2"


def test_somebody_who_is_locked_is_read_and_never_written() -> None:
    people = PeopleTable([PersonRow("dev", "5", "a@x.org", login="ann", active=False)])

    assert people.key("dev", "5") == "a@x.org"
    assert people.native("dev", "a@x.org") is None


def test_an_unknown_person_is_never_blanked_and_never_guessed() -> None:
    dev = compile_mapping("dev", "redmine", "ticket", folder=None, tables={})

    kept = dev.put(
        "owner_person", "zoe@example.org", seen={"assigned_to": "5"}, hub={}, people=PEOPLE
    )
    assert kept == Put(cut="zoe@example.org is not known in dev")
    assert isinstance(dev.get("owner_person", {"assigned_to": "99"}, PEOPLE), Unmapped)
    watchers = dev.put(
        "watchers", ["login:bob", "zoe"], seen={"watchers": ["5", "99"]}, hub={}, people=PEOPLE
    )
    assert watchers.values == {"watchers": ["99", "6"]}
    assert watchers.cut == "not known in dev: zoe"
    emptied = dev.put("watchers", [], seen={"watchers": ["5", "99"]}, hub={}, people=PEOPLE)
    assert emptied.values == {"watchers": ["99"]}
