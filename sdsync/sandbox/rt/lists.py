"""Collections: filter, order, page; and how they go wrong on a switch."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from operator import attrgetter
from urllib.parse import urlencode

from sdsync.sandbox.call import Answer, Call, Json, answer
from sdsync.sandbox.owned import numbered_from
from sdsync.sandbox.rt import query
from sdsync.sandbox.rt.columns import CF, columns_of
from sdsync.sandbox.rt.render import Record, Renderer
from sdsync.sandbox.rt.state import (
    CUSTOM,
    EXACT,
    Queue,
    RtState,
    Ticket,
    Transaction,
    exact,
)

PER_PAGE = 20
MOST_PER_PAGE = 100
_NUMBER = attrgetter("id")


class Lists:
    """Answers list calls."""

    def __init__(self, state: RtState, renderer: Renderer) -> None:
        self._state = state
        self._world = state.world
        self._renderer = renderer

    def show(
        self, call: Call, records: Iterable[Record], *, sql: bool = False, key: str = "id"
    ) -> Answer:
        """A page of the records that fit the call's query, by ``key`` unless it orders.

        Transactions and attachments are counted for nobody but a SuperUser:
        ``total`` and ``pages`` are null, there is no next page, and what the
        viewer may not see leaves its page short, or empty.
        """
        as_of = self._world.lag(call)
        test = self._test(call, sql=sql)

        def fits(one: Record) -> bool:
            known = as_of is None or _known(one, as_of)
            return known and test(columns_of(self._state, one, as_of))

        keys, orders = _orders(call, key)
        if [one.lower() for one in keys] == ["id"]:
            by_number = sorted(records, key=_NUMBER, reverse=orders[0] == "DESC")
            return self._page(call, filter(fits, by_number))
        found = self._ordered(keys, orders, list(filter(fits, records)), as_of)
        return self._page(call, found)

    def _test(self, call: Call, *, sql: bool) -> query.Test:
        raw = asked(call)
        if raw.strip().startswith("["):
            return query.from_json(query.read_conditions(raw))
        return query.parse(raw) if sql else lambda _: True

    def _ordered(
        self, keys: list[str], orders: list[str], records: list[Record], as_of: datetime | None
    ) -> list[Record]:
        for key, order in reversed(list(zip(keys, orders, strict=False))):

            def sort_key(one: Record, key: str = key) -> tuple[float, str]:
                value = (columns_of(self._state, one, as_of)(key) or [""])[0]
                return (float(value), "") if value.isdigit() else (0.0, value.lower())

            records.sort(key=sort_key, reverse=order == "DESC")
        return records

    def _page(self, call: Call, found: Iterable[Record]) -> Answer:
        """Where nobody is told the total, nobody looks behind the page for it."""
        per_page = min(_positive(call.param("per_page"), PER_PAGE), MOST_PER_PAGE)
        page = _positive(call.param("page"), 1)
        start = (page - 1) * per_page
        counted = self._counted(call)
        records = list(found if counted else islice(found, start + per_page))
        shown = records[start : start + per_page]
        if start and (struck := self._world.switches.fires("repeated_pages", call)):
            back = int(str(struck["items"]))
            shown = records[max(0, start - back) : start + per_page - back]
        if struck := self._world.switches.fires("short_pages", call):
            shown = shown[: int(str(struck["items"]))]
        shown = [one for one in shown if self._visible(call, one)]
        return answer(self._frame(call, shown, len(records) if counted else None, page, per_page))

    def _counted(self, call: Call) -> bool:
        hidden = call.path.endswith(("/transactions", "/history", "/attachments"))
        return not hidden or self._state.rules(call.login or "")

    def _visible(self, call: Call, record: Record) -> bool:
        viewer = call.login or ""
        match record:
            case Transaction():
                return self._state.sees(viewer, record)
            case Ticket():
                return self._state.may(viewer, "ShowTicket")
            case Queue():
                return self._state.may(viewer, "SeeQueue")
        return True

    def _frame(
        self, call: Call, shown: list[Record], total: int | None, page: int, per_page: int
    ) -> dict[str, Json]:
        pages = None if total is None else math.ceil(total / per_page)
        frame: dict[str, Json] = {
            "count": len(shown), "total": total, "per_page": per_page, "page": page,
            "pages": pages, "items": [self._renderer.item(call, one) for one in shown],
        }  # fmt: skip
        if pages and page < pages:
            frame["next_page"] = _page_url(call, page + 1)
        if pages and page > 1:
            frame["prev_page"] = _page_url(call, min(page - 1, pages))
        return frame


def _known(record: Record, as_of: datetime) -> bool:
    """Whether an index of that instant has the record at all."""
    created = getattr(record, "created", None)
    return not isinstance(created, datetime) or created <= as_of


def asked(call: Call) -> str:
    """The query that counts: a list in the body before that of the address."""
    body = call.body.decode("utf-8", "replace").strip()
    return body if call.method == "POST" and body.startswith("[") else call.param("query")


def searchable(state: RtState, wanted: str) -> list[Ticket]:
    """Tickets that a query can find: neither merged nor deleted, and only what an index tells."""
    for name, operator, value in query.demands(wanted):
        kept = CUSTOM if CF.fullmatch(name) else name
        if operator == "=" and kept in (*EXACT, CUSTOM):
            return [one for one in state.tickets.of(exact(kept, value)) if _visible(one)]
    found = numbered_from(state.tickets, query.first_id(wanted))
    return [one for one in found if _visible(one)]


def _orders(call: Call, default: str) -> tuple[list[str], list[str]]:
    """The fields to order by, and for each ASC or DESC."""
    keys = [value for name, value in call.query if name == "orderby"] or [default]
    orders = [value.upper() for name, value in call.query if name == "order"]
    return keys, orders + ["ASC"] * (len(keys) - len(orders))


def _visible(ticket: Ticket) -> bool:
    return not ticket.merged and ticket.status != "deleted"


def _positive(value: str, default: int) -> int:
    return int(value) if value.isdigit() and int(value) > 0 else default


def _page_url(call: Call, page: int) -> str:
    others = [(name, value) for name, value in call.query if name != "page"]
    return f"{call.base}{call.path}?{urlencode([*others, ('page', str(page))])}"
