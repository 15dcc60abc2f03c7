"""The canonical fields and their groups agree with each other."""

from __future__ import annotations

import pytest

from sdsync.config.vocabulary import (
    CHOICES,
    FIELDS,
    GROUPS,
    group_of,
    is_field,
    kind_of,
    members_of,
)


def test_every_field_is_in_exactly_one_group() -> None:
    for name in FIELDS:
        assert name in members_of(group_of(name))
        assert sum(name in members for members in GROUPS.values()) <= 1


def test_every_member_of_a_group_is_a_field() -> None:
    for members in GROUPS.values():
        assert members
        assert set(members) <= set(FIELDS)


def test_a_field_without_a_group_is_a_group_of_one() -> None:
    assert (group_of("title"), members_of("title")) == ("title", ("title",))
    assert (group_of("ext.po_no"), members_of("ext.po_no")) == ("ext.po_no", ("ext.po_no",))


@pytest.mark.parametrize(
    ("field", "group"),
    [
        ("resolution", "outcome"),
        ("waiting_on", "outcome"),
        ("priority", "urgency"),
        ("urgency", "urgency"),
        ("owner_team", "assignment"),
        ("category_path", "category"),
    ],
)
def test_fields_that_only_make_sense_together_merge_together(field: str, group: str) -> None:
    assert group_of(field) == group


def test_choices_are_those_of_the_fields_of_that_kind() -> None:
    assert set(CHOICES) == {name for name, kind in FIELDS.items() if kind == "choice"}


def test_a_site_s_own_field_is_text() -> None:
    assert is_field("ext.po_no")
    assert kind_of("ext.po_no") == "text"
    assert not is_field("ext.")
    assert not is_field("titel")
    with pytest.raises(KeyError):
        kind_of("titel")
