"""Calls of Redmine's REST: translated answers, no decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sdsync.config.clock import Clock
from sdsync.connectors import jobs
from sdsync.connectors.bodies import MAX_BYTES
from sdsync.connectors.common import Refused, need
from sdsync.connectors.failures import Failure, Misconfigured, Rejected
from sdsync.connectors.http import Http
from sdsync.connectors.redmine import failures
from sdsync.connectors.replies import Reply

PAGE = 100  # Redmine takes no more, whatever is asked for, and does not say so

Row = dict[str, Any]
"""A JSON object of Redmine; a shape that is not its own ends the method (``answers``)."""


class Client:
    """One account at one Redmine; ``under`` are headers of each of its calls."""

    def __init__(self, http: Http, clock: Clock, under: Mapping[str, str] | None = None) -> None:
        self.http = http
        self.clock = clock
        self._under = under or {}
        #: their clock less ours, from the last answer's Date; its resolution is 1 s
        self.offset = timedelta()
        #: names of custom fields met so far, to read refusals by
        self.custom_fields: dict[str, int] = {}

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit_bytes: int = MAX_BYTES,
    ) -> Reply | Failure:
        """A 2xx, or the failure; Pending when a write was only accepted."""
        reply = self.http.call(
            method, path, params=params, json=json, content=content,
            headers={**self._under, **(headers or {})}, limit_bytes=limit_bytes,
        )  # fmt: skip
        if not isinstance(reply, Reply):
            return reply
        now = self.clock.now()
        if reply.date is not None:
            self.offset = reply.date - now
        if reply.ok:
            return jobs.accepted(reply, self.http, now=now) or reply
        return failures.failure(reply, now=now, custom_fields=self.custom_fields)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Row:
        """One object."""
        return self.read(path, params)[0]

    def read(self, path: str, params: Mapping[str, str] | None = None) -> tuple[Row, Reply]:
        """One object and its answer."""
        reply = need(self.call("GET", path, params=params))
        row = need(reply.json())
        if not isinstance(row, dict):
            raise Refused(Misconfigured("an answer is no object: is this Redmine?"))
        return row, reply

    def prove(self) -> None:
        """Ask who we are, where a stranger would have been answered the same.

        A key that was revoked, or whose account is locked, is refused by no look: it
        reads what anybody may read, with 200.
        """
        self.get("/users/current.json")

    def pages(
        self, path: str, name: str, params: Mapping[str, str] | None = None, *, most: int = 100
    ) -> Iterator[Row]:
        """All rows of a list, each once, up to a page that brings nothing new.

        Neither a total nor a short page is believed: between two pages the list
        changes, and rows are hidden.
        """
        met: set[str] = set()
        for number in range(most):
            asked = {**(params or {}), "limit": str(PAGE), "offset": str(number * PAGE)}
            answer = self.get(path, asked)
            rows = answer[name]
            fresh = [row for row in rows if str(row["id"]) not in met]
            met.update(str(row["id"]) for row in fresh)
            yield from fresh
            if not fresh or (len(rows) < PAGE and answer.get("total_count", 0) <= len(met)):
                return
        raise Refused(Rejected(detail=f"more than {most * PAGE} rows"))


def named(row: object) -> str | None:
    """The name in Redmine's ``{"id": …, "name": …}``."""
    return str(row["name"]) if isinstance(row, dict) and "name" in row else None


def number(row: object) -> str | None:
    """The id in Redmine's ``{"id": …, "name": …}``, as text."""
    return str(row["id"]) if isinstance(row, dict) and "id" in row else None
