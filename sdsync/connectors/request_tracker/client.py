"""Calls of Request Tracker's REST 2.0: translated answers, no decisions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sdsync.config.clock import Clock
from sdsync.connectors import jobs
from sdsync.connectors.bodies import MAX_BYTES
from sdsync.connectors.common import Refused, need
from sdsync.connectors.failures import Failure, Misconfigured, Rejected
from sdsync.connectors.http import Http
from sdsync.connectors.replies import Reply
from sdsync.connectors.request_tracker import failures

PAGE = 100  # RT takes no more, whatever is asked for

Row = dict[str, Any]
"""A JSON object of RT; a shape that is not RT's own ends the method (``answers``)."""


class Client:
    """One account at one Request Tracker."""

    def __init__(self, http: Http, clock: Clock) -> None:
        self.http = http
        self.clock = clock
        #: their clock less ours, from the last answer's Date; its resolution is 1 s
        self.offset = timedelta()

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        limit_bytes: int = MAX_BYTES,
    ) -> Reply | Failure:
        """A 2xx, or the failure; Pending when a write was only accepted."""
        reply = self.http.call(
            method, "/REST/2.0" + path, params=params, json=json, headers=headers,
            limit_bytes=limit_bytes,
        )  # fmt: skip
        if not isinstance(reply, Reply):
            return reply
        now = self.clock.now()
        if reply.date is not None:
            self.offset = reply.date - now
        if reply.ok:
            return jobs.accepted(reply, self.http, now=now) or reply
        return failures.failure(reply, now=now)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Row:
        """One object."""
        return self.read(path, params)[0]

    def read(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        limit_bytes: int = MAX_BYTES,
    ) -> tuple[Row, Reply]:
        """One object and its answer, whose headers hold the version."""
        reply = need(self.call("GET", path, params=params, limit_bytes=limit_bytes))
        row = need(reply.json())
        if not isinstance(row, dict):
            raise Refused(Misconfigured("an answer is no object: is this Request Tracker 5?"))
        return row, reply

    def page(
        self, path: str, params: Mapping[str, str], number: int = 1, *, size: int = PAGE
    ) -> list[Row]:
        """One page of a collection: rows that our account may see.

        A short page is not the last: RT leaves hidden rows out of a page after
        cutting it, and then tells no total.
        """
        asked = {**params, "per_page": str(size), "page": str(number)}
        rows = self.get(path, asked)["items"]
        return [row for row in rows if isinstance(row, dict)]

    def pages(self, path: str, params: Mapping[str, str], *, most: int = 100) -> Iterator[Row]:
        """All rows up to the first empty page, each once.

        A page that repeats what came before ends it: some proxies ignore the
        page's number.
        """
        met: set[str] = set()
        for number in range(1, most + 1):
            fresh = [row for row in self.page(path, params, number) if str(row["id"]) not in met]
            if not fresh:
                return
            met.update(str(row["id"]) for row in fresh)
            yield from fresh
        raise Refused(Rejected(detail=f"more than {most * PAGE} rows"))


_PLAIN_NAME = re.compile(r"[\w .:/+-]+")


def quoted(text: str) -> str:
    """A literal of TicketSQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def custom(name: str) -> str:
    """A custom field's name in TicketSQL; it has no way to quote braces and quotes."""
    if not _PLAIN_NAME.fullmatch(name):
        raise Refused(Rejected((f"CustomFields.{name}",), "this name cannot be searched for"))
    return f"CF.{{{name}}}"


def uid(value: object) -> str | None:
    """The id in RT's ``{"type": …, "id": …}``; of people it is their login."""
    return str(value["id"]) if isinstance(value, dict) and "id" in value else None
