"""Records to JSON and back: nothing is lost, nothing is guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.store.codec import canonical, decode, encode, instant, load, micros
from sdsync.store.records import FieldVersion, GroupRow, GroupState, Hub, LaneRow, Replica

instants = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]))
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.text("ab").map(lambda text: f"{text}\ud800{text}")  # half a pair
    | st.floats(allow_nan=False, allow_infinity=False)
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


@given(instants)
def test_an_instant_survives_to_the_microsecond(at: datetime) -> None:
    assert instant(micros(at)) == at


def test_a_datetime_without_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="no zone"):
        micros(datetime(2026, 3, 29, 2, 30))  # noqa: DTZ001 - that is the mistake


@given(st.dictionaries(st.text(), json_values), instants)
def test_a_record_survives(values: dict[str, Any], at: datetime) -> None:
    version = FieldVersion("title", 1, values, "desk", None, at, at, hops=("desk", "dev"))
    hub = Hub("h", "ticket", ["a"], "c", "desk", at, values=values, versions={"title": version})

    assert decode(Hub, encode(hub)) == hub


@given(json_values)
def test_integers_and_lone_surrogates_of_any_size_survive(value: Any) -> None:
    assert load(encode(value)) == value


@given(json_values, json_values)
def test_canonical_bytes_are_equal_exactly_when_json_is(one: Any, two: Any) -> None:
    if canonical(one) == canonical(two):
        assert one == two


def test_the_order_of_keys_does_not_count() -> None:
    assert canonical({"a": 1, "b": [2]}) == canonical({"b": [2], "a": 1})
    assert canonical(True) != canonical(1)


def test_a_row_of_an_older_program_takes_the_defaults() -> None:
    assert decode(LaneRow, b'{"lane":"desk"}') == LaneRow("desk")


def test_what_only_a_newer_program_knows_is_passed_over() -> None:
    assert decode(LaneRow, b'{"lane":"desk","colour":"red"}') == LaneRow("desk")


def test_states_and_nested_rows_have_their_types_again() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    row = Replica("r", "h", "desk", "ticket", "live", groups={"a": GroupRow(GroupState.HELD, at)})  # type: ignore[arg-type]

    read = decode(Replica, encode(row))

    assert type(read.state).__name__ == "ReplicaState"
    assert read.groups["a"].state is GroupState.HELD
    assert read.groups["a"].since == at
