"""The connector that one writes in an afternoon: it trusts what it is told."""

from __future__ import annotations

from typing import Any

import httpx

from sdsync.sandbox import accounts

DESK = {"Authorization": f"token {accounts.DESK_TOKEN}"}
DEV = {"X-Redmine-API-Key": accounts.DEV_KEY}


#: Only an answer that never comes takes so long.
PATIENCE_S = 60.0


class Naive:
    def __init__(self, desk: str, dev: str) -> None:
        self.desk, self.dev = f"{desk}/REST/2.0", dev
        self.http = httpx.Client(timeout=PATIENCE_S)
        self.links: dict[str, int] = {}  # ticket -> issue
        self.believed: dict[str, Any] = {}  # what it thinks it has written
        self.cursor = "1970-01-01 00:00:00"

    def call(self, method: str, url: str, **more: Any) -> httpx.Response:
        for _ in range(2):  # "the network is unreliable, so we retry"
            try:
                reply = self.http.request(
                    method, url, headers=DEV if self.dev in url else DESK, **more
                )
            except httpx.HTTPError:
                continue
            if reply.status_code < 500:
                break
        return reply

    def tickets(self) -> list[dict[str, Any]]:
        query = f"LastUpdated > '{self.cursor}'"
        fields = {"query": query, "fields": "Subject,LastUpdated,Priority"}
        found = self.call("GET", f"{self.desk}/tickets", params=fields).json()["items"]
        self.cursor = max([self.cursor, *(one["LastUpdated"] for one in found)])
        return list(found)

    def sync(self) -> None:
        for one in self.tickets():
            fields = {"subject": one["Subject"], "project_id": "infra"}
            if one["id"] in self.links:
                self.edit(self.links[one["id"]], **fields)
            else:
                reply = self.call("POST", f"{self.dev}/issues.json", json={"issue": fields})
                self.links[one["id"]] = reply.json()["issue"]["id"]

    def edit(self, issue: int, **fields: Any) -> None:
        reply = self.call("PUT", f"{self.dev}/issues/{issue}.json", json={"issue": fields})
        if reply.status_code < 300:
            self.believed.update(fields)

    def issues(self, limit: int = 100) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            params = {"status_id": "*", "sort": "id", "offset": len(found), "limit": limit}
            page = self.call("GET", f"{self.dev}/issues.json", params=params).json()["issues"]
            found += page
            if len(page) < limit:
                return found
