"""Canonical values as a person types them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sdsync.config.vocabulary import CHOICES, FIELDS
from sdsync.mappings.people import PeopleTable
from sdsync.mappings.typed import Untyped, typed
from sdsync.store.records import Json, PersonRow

PEOPLE = PeopleTable(
    [
        PersonRow("desk", "14", "ann@example.org", "ann", "ann@example.org", email_verified=True),
        PersonRow("dev", "5", "ann@example.org", "aa", "ann@example.org", email_verified=True),
        PersonRow("desk", "15", "login:bob", "bob"),
        PersonRow("dev", "6", "login:robert", "bob"),
    ]
)


def read(field: str, text: str) -> Json:
    return typed(field, text, people=PEOPLE, systems=("desk", "dev"))


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("environment", " prod ", "prod"),
        ("ext.po_no", "4711", "4711"),
        ("title", "two\n lines", "two lines"),
        ("title", "two  blanks", "two  blanks"),
        ("description", "\nfirst\n\nsecond\n", "first\n\nsecond"),
        ("description", "first\r\nsecond\rthird", "first\nsecond\nthird"),
        ("ext.plan", " first\r\n  then two  blanks\n", "first\n  then two  blanks"),
        ("status", "In_Progress", "in_progress"),
        ("tags", "vip, env:prod,vip", ["env:prod", "vip"]),
        ("tags", "", []),
        ("environment", "", None),
        ("category_path", "infra/storage", ["infra", "storage"]),
        ("due_at", "2026-12-01", "2026-12-01"),
        ("due_at", "2026-12-01T09:00+01:00", "2026-12-01T08:00:00Z"),
        ("escalation.level", "-2", -2),
        ("owner_person", "ann", "ann@example.org"),
        ("owner_person", "aa", "ann@example.org"),
        ("owner_person", "login:bob", "login:bob"),
        ("watchers", "ann, ann@example.org", ["ann@example.org"]),
    ],
)
def test_a_value_is_read_by_the_kind_of_its_field(field: str, text: str, value: Json) -> None:
    assert read(field, text) == value


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("statsu", "new", 'did you mean "status"?'),
        ("ext.", "x", "is no field"),
        ("status", "open", "new, triage"),
        ("priority", "hihg", 'did you mean "high"?'),
        ("due_at", "2026-12-01T09:00", "with its zone"),
        ("due_at", "2026-02-30", "write a day"),
        ("escalation.level", "1.5", "whole number"),
        ("escalation.level", "9" * 20, "whole number"),
        ("owner_person", "zoe", "nobody that sdsync knows"),
        ("owner_person", "bob", "more than one person: login:bob, login:robert"),
        ("participants", "ann", "list of tables"),
        ("tenant", "acme", "not changed by hand"),
        ("description", "x" * 100_001, "longer than"),
        ("title", "red \x1b[31m", "title holds control characters, which no text has: U\\+001B"),
        ("description", "a\x85b\x00", "U\\+0000, U\\+0085"),
        ("status", "new\x7f", "U\\+007F"),
    ],
)
def test_what_means_no_value_is_told_with_what_would(field: str, text: str, told: str) -> None:
    with pytest.raises(Untyped, match=told.replace("?", r"\?")):
        read(field, text)


@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=40))
@example("due_at", "0\n0")
def test_whatever_is_typed_is_a_value_or_one_sentence(field: str, text: str) -> None:
    told, value = "", None
    try:
        value = read(field, text)
    except Untyped as error:
        told = str(error)

    assert "\n" not in told
    assert value is None or isinstance(value, str | int | list)
    assert FIELDS[field] != "choice" or value is None or value in CHOICES[field]
