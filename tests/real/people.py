"""People at work in the two products, and what the products themselves tell of it."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from email.policy import default as decoded
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from tests.real.conftest import Product

OURS = "sdsync"
TIMEOUT_S = 300  # a machine that is busy answers late
#: On SQLite a write of somebody's that meets another is undone with 500: they try once more.
TRIES = 3
#: RT's server closes a connection that rests, sometimes just as it is used again.
ONE_CALL = httpx.Limits(max_keepalive_connections=0)
_REQUEST = re.compile(r"Started (?:POST|PUT|PATCH|DELETE) .*")


@dataclass(frozen=True)
class Note:
    """A note as its product shows it."""

    by: str
    text: str
    internal: bool


@dataclass(frozen=True)
class Mail:
    """One mail: whom it reached, and by whose change."""

    to: frozenset[str]
    by: str
    subject: str


class _Person:
    def __init__(self, product: Product, who: str = "agent1") -> None:
        self.product = product
        headers = {}
        if who != "anonymous":
            headers[product.header] = product.prefix + product.facts[f"{who.upper()}_TOKEN"]
        base = product.base_url + self.path
        self._http = httpx.Client(
            base_url=base, headers=headers, timeout=TIMEOUT_S, trust_env=False, limits=ONE_CALL
        )

    path = ""

    def leaves(self) -> None:
        """Close the connections."""
        self._http.close()


class Agent(_Person):
    """Somebody at the desk: Request Tracker by its REST interface."""

    path = "/REST/2.0"

    def opens(self, subject: str, *, queue: str = "Escalated", **more: Any) -> str:
        """A new ticket of a customer; its number."""
        told = {
            "Queue": queue, "Subject": subject, "Requestor": "customer1@example.org",
            "Content": "The <b>disk</b> is full.", "ContentType": "text/html", **more,
        }  # fmt: skip
        return str(_good(self._http.post("/ticket", json=told))["id"])

    def edits(self, ticket: str, **fields: Any) -> None:
        told = _good(self._http.put(f"/ticket/{ticket}", json=fields))
        said = ("changed", "added", "set", "already the current value")
        assert all(any(word in one for word in said) for one in told), told

    def comments(self, ticket: str, text: str) -> None:
        self._says("comment", ticket, text)

    def replies(self, ticket: str, text: str) -> None:
        self._says("correspond", ticket, text)

    def _says(self, how: str, ticket: str, text: str) -> None:
        _good(self._http.post(f"/ticket/{ticket}/{how}",
                              json={"Content": text, "ContentType": "text/plain"}))  # fmt: skip

    def attaches(self, ticket: str, name: str, content: bytes) -> None:
        file = {
            "FileName": name, "FileType": "application/octet-stream",
            "FileContent": base64.b64encode(content).decode(),
        }  # fmt: skip
        _good(self._http.post(f"/ticket/{ticket}/comment",
                              json={"Content": f"see {name}", "ContentType": "text/plain",
                                    "Attachments": [file]}))  # fmt: skip

    # -- what the product tells ----------------------------------------------------------
    def ticket(self, ticket: str) -> dict[str, Any]:
        row: dict[str, Any] = _good(self._http.get(f"/ticket/{ticket}"))
        return row

    def history(self, ticket: str) -> list[Mapping[str, Any]]:
        fields = "Type,Creator,Field,OldValue,NewValue,Created"
        return self._all(f"/ticket/{ticket}/history", fields=fields)

    def transactions(self, *, above: str) -> list[Mapping[str, Any]]:
        """Every transaction of every ticket, by anybody, with a higher number."""
        query = f"ObjectType = 'RT::Ticket' AND id > {above}"
        return self._all("/transactions", query=query, fields="Type,Creator,ObjectId,Field")

    def notes(self, ticket: str) -> list[Note]:
        """Comments and replies, also those that only carry a file."""
        told = {str(one["id"]): one for one in self.history(ticket)}
        notes = []
        for part in self._parts(ticket):
            row = told.get(str(part["TransactionId"]))  # None: it came after the history was read
            text = part["ContentType"].startswith("text/") and not part.get("Filename")
            if row and text and row["Type"] in ("Comment", "Correspond"):
                body = _plain(part["Content"])
                notes.append(Note(row["Creator"]["id"], body, row["Type"] == "Comment"))
        return notes

    def files(self, ticket: str) -> list[tuple[str, bytes]]:
        ids = (part["id"] for part in self._parts(ticket) if part.get("Filename"))
        parts = (_good(self._http.get(f"/attachment/{one}")) for one in ids)
        return [(part["Filename"], base64.b64decode(part["Content"])) for part in parts]

    def _parts(self, ticket: str) -> list[Mapping[str, Any]]:
        fields = "TransactionId,ContentType,Filename,Content"
        return self._all(f"/ticket/{ticket}/attachments", fields=fields)

    def _all(self, path: str, **query: str) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        for page in range(1, 1000):
            told = _good(
                self._http.get(path, params={**query, "per_page": "100", "page": str(page)})
            )
            rows += told["items"]
            if len(told["items"]) < 100:
                break
        return rows

    def mails(self) -> list[Mail]:
        """What it mailed, by whose change."""
        files = (one for one in self.product.mail_dir.iterdir() if one.is_file())
        pieces = (piece for file in files for piece in re.split(r"(?m)^===$", _text(file)))
        return [_rt_mail(piece) for piece in pieces if piece.strip()]


class Developer(_Person):
    """Somebody who works on issues: Redmine by its REST interface."""

    @cached_property
    def _ids(self) -> dict[str, dict[str, int]]:
        paths = {"status": "/issue_statuses", "priority": "/enumerations/issue_priorities"}
        rows = {
            name: next(iter(_good(self._http.get(f"{path}.json")).values()))
            for name, path in paths.items()
        }
        return {name: {row["name"]: row["id"] for row in told} for name, told in rows.items()}

    def opens(self, subject: str, *, project: str) -> str:
        """A new issue; its number."""
        told = {"issue": {"project_id": project, "subject": subject}}
        return str(_good(self._http.post("/issues.json", json=told))["issue"]["id"])

    def edits(self, issue: str, **fields: Any) -> None:
        """Status and priority by their names."""
        told = {
            f"{name}_id" if name in self._ids else name: (
                self._ids[name][value] if name in self._ids else value
            )
            for name, value in fields.items()
        }
        for _ in range(TRIES):
            reply = self._http.put(f"/issues/{issue}.json", json={"issue": told})
            if reply.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
                break
        _good(reply)

    def notes_down(self, issue: str, text: str, *, private: bool = False) -> None:
        self.edits(issue, notes=text, private_notes=private)

    def attaches(self, issue: str, name: str, content: bytes) -> None:
        headers = {"Content-Type": "application/octet-stream"}
        told = self._http.post(
            "/uploads.json", params={"filename": name}, content=content, headers=headers
        )
        token = _good(told)["upload"]["token"]
        file = {"token": token, "filename": name, "content_type": "application/octet-stream"}
        self.edits(issue, uploads=[file])

    # -- what the product tells ----------------------------------------------------------
    def issue(self, issue: str) -> dict[str, Any]:
        query = {"include": "journals,attachments,watchers"}
        row: dict[str, Any] = _good(self._http.get(f"/issues/{issue}.json", params=query))["issue"]
        return row

    def group(self, project: str, name: str) -> int:
        """The number of a group that is a member of a project."""
        told = _good(self._http.get(f"/projects/{project}/memberships.json"))["memberships"]
        (found,) = [one["group"] for one in told if one.get("group", {}).get("name") == name]
        return int(found["id"])

    def refused(self, issue: str) -> int:
        """The status that a look gets; 200 when it is shown."""
        return self._http.get(f"/issues/{issue}.json").status_code

    def called(self, text: str) -> list[dict[str, Any]]:
        """Issues of every project and status with this in their subject."""
        return [one for one in self.all_issues() if text in one["subject"]]

    def all_issues(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for offset in range(0, 100_000, 100):
            query = {"status_id": "*", "limit": "100", "offset": str(offset), "sort": "id"}
            told = _good(self._http.get("/issues.json", params=query))["issues"]
            rows += told
            if len(told) < 100:
                break
        return rows

    def notes(self, issue: str) -> list[Note]:
        return [
            Note(one["user"]["name"], one["notes"], bool(one["private_notes"]))
            for one in self.issue(issue)["journals"]
            if one.get("notes")
        ]

    def files(self, issue: str) -> list[tuple[str, bytes]]:
        return [
            (one["filename"], _good_bytes(self._http.get(_path(one["content_url"]))))
            for one in self.issue(issue)["attachments"]
        ]

    def writes_asked_for(self) -> list[str]:
        """Each request in its own log that was no look, also those that changed nothing."""
        folder = Path(self.product.facts["DATA_DIR"])
        return _REQUEST.findall(_text(folder / "app/instances/default/log/production.log"))

    def mails(self) -> list[Mail]:
        """What it mailed, by whose change; a file for each recipient."""
        return [
            Mail(frozenset({file.name}), told.get("X-Redmine-Sender", ""), told.get("Subject", ""))
            for file in self.product.mail_dir.iterdir()
            for piece in re.split(r"(?m)^(?=Date: )", _text(file))
            if (told := HeaderParser(policy=decoded).parsestr(piece)).get("Subject")
        ]


def _good(reply: httpx.Response) -> Any:
    if not reply.is_success:
        raise RuntimeError(f"{reply.request.method} {reply.request.url}: {reply.text[:500]}")
    return reply.json() if reply.content else None


def _good_bytes(reply: httpx.Response) -> bytes:
    reply.raise_for_status()
    return reply.content


def _path(url: str) -> str:
    return httpx.URL(url).raw_path.decode()


def _plain(content: str) -> str:
    return re.sub(r"<[^>]+>", "", content)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def _rt_mail(piece: str) -> Mail:
    """One mail of RT's "testfile": the envelope, two empty lines, the mail."""
    envelope, _, mail = piece.partition("\n\n\n")
    told = HeaderParser(policy=decoded).parsestr(mail.lstrip("\n"))
    to = re.search(r"(?m)^to: (.*)$", envelope)
    people = frozenset(re.findall(r"[\w.+-]+@[\w.-]+", to[1] if to else ""))
    cause = told.get("X-RT-Originator", "").partition("@")[0]
    return Mail(people, cause, told.get("Subject", ""))
