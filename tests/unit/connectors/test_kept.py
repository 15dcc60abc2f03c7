"""What the connector of Request Tracker need not read again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sdsync.connectors.request_tracker.client import Row
from sdsync.connectors.request_tracker.kept import KEPT_ROWS, KEPT_S, Known, Lists


def rows(number: int) -> tuple[list[Row], list[Row]]:
    return [{"id": n} for n in range(number)], []


def clock() -> float:
    return 0.0


def version(lists: Lists, ticket: str) -> int | None:
    known = lists.get(ticket)
    return None if known is None else known.version


def test_of_each_ticket_the_newest_lists_are_known() -> None:
    lists = Lists(clock)
    lists.keep("1", 7, rows(1))
    lists.keep("1", 8, rows(2))

    assert lists.get("1") == Known(8, 0.0, rows(2))
    assert lists.get("2") is None


def test_rights_change_without_a_transaction_so_none_is_kept_for_long() -> None:
    now = [0.0]
    lists = Lists(lambda: now[0])
    lists.keep("1", 7, rows(1))

    now[0] = KEPT_S - 1
    assert version(lists, "1") == 7
    now[0] = KEPT_S
    assert version(lists, "1") is None


def test_what_was_used_last_stays_longest() -> None:
    lists = Lists(clock)
    for ticket in "1234":
        lists.keep(ticket, 7, rows(KEPT_ROWS // 4))
    assert version(lists, "1") == 7

    lists.keep("5", 7, rows(KEPT_ROWS // 4))

    assert [ticket for ticket in "12345" if lists.get(ticket)] == ["1", "3", "4", "5"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, KEPT_ROWS * 2))))
def test_it_never_keeps_more_rows_than_it_may(tickets: list[tuple[int, int]]) -> None:
    lists, latest = Lists(clock), dict[str, int]()
    for ticket, number in tickets:
        lists.keep(str(ticket), 7, rows(number))
        latest[str(ticket)] = number

    there = {one: known.rows for one in latest if (known := lists.get(one)) is not None}
    assert sum(there.values()) <= KEPT_ROWS
    assert there.items() <= latest.items()
