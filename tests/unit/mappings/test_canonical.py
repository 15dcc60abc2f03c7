"""The canonical models and audiences."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sdsync.mappings.canonical import (
    AUDIENCES,
    FIELDS,
    Audience,
    Note,
    Ticket,
    audience_of,
    fields_of,
    group_of,
    narrowest,
)


def test_law_45_audiences_are_ordered_and_unknown_is_internal() -> None:
    assert tuple(Audience) == AUDIENCES
    assert Audience.CUSTOMER.narrower(Audience.INTERNAL) is Audience.INTERNAL
    assert Audience.TEAM.within(Audience.INTERNAL)
    assert not Audience.PUBLIC.within(Audience.CUSTOMER)
    assert audience_of("everybody") is Audience.INTERNAL
    assert audience_of(None) is Audience.INTERNAL
    assert narrowest(["public", "team", "customer"]) is Audience.TEAM
    assert narrowest([]) is Audience.INTERNAL


def test_every_field_of_the_model_is_a_word_of_the_vocabulary() -> None:
    assert set(Ticket.model_fields) - {"ext"} <= set(FIELDS)
    assert set(Note.model_fields) == set(fields_of("note"))


def test_groups_are_found_by_their_members() -> None:
    assert group_of("status") == group_of("resolution") == "outcome"
    assert group_of("title") == "title"


def test_a_value_outside_the_vocabulary_is_refused() -> None:
    with pytest.raises(ValidationError):
        Ticket(status="open")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        Ticket(tags=[" x"])
