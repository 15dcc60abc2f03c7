"""What the products keep, read from behind: births, notes and files by their tokens."""

from __future__ import annotations

import base64

from sdsync.sandbox import accounts
from sdsync.sandbox.redmine.seed import SERVICE
from sdsync.store.records import Json
from tests.crash.ledger import Kept, Sight, rows, tokens

#: Kinds of rows that tell of a birth; both of the desk's come in one moment.
TELLING = {"desk": ("transactions", "attachments"), "dev": ("issues",)}
SAID = frozenset({"Comment", "Correspond"})


def births(side: str, dump: Json) -> dict[str, list[int]]:
    """Numbers of the records that bear each birth's token."""
    return (_desk_births if side == "desk" else _dev_births)(dump)


def read(side: str, dump: Json) -> Kept:
    """Everything of one product."""
    return (_desk if side == "desk" else _dev)(dump)


def newest_transaction(dump: Json) -> int:
    """The last line of the desk's history; records of outgoing mail are hidden from accounts."""
    shown = (one["id"] for one in rows(dump, "transactions") if "EmailRecord" not in one["type"])
    return max(shown, default=0)


# -- the desk ---------------------------------------------------------------------------
def _desk_births(dump: Json) -> dict[str, list[int]]:
    parts: dict[int, list[Json]] = {}
    for part in rows(dump, "attachments"):
        parts.setdefault(part["transaction"], []).append(part)
    found: dict[str, list[int]] = {}
    for one in rows(dump, "transactions"):
        if one["type"] == "Create":
            text = " ".join(_text(part) for part in parts.get(one["id"], ()))
            for token in tokens(text, "b")[:1]:
                found.setdefault(token, []).append(one["ticket"])
    return found


def _text(part: Json) -> str:
    return base64.urlsafe_b64decode(part["content"]).decode("utf-8", "replace")


def _desk(dump: Json) -> Kept:
    kept = Kept(births=_desk_births(dump))
    kept.merged = {one["id"] for one in rows(dump, "tickets") if one["effective_id"] != one["id"]}
    said = {one["id"]: one for one in rows(dump, "transactions") if one["type"] in SAID}
    for part in rows(dump, "attachments"):
        one = said.get(part["transaction"])
        if one is None:
            continue
        table, text = (
            (kept.files, part["filename"]) if part["filename"] else (kept.notes, _text(part))
        )
        for token in tokens(text, "f" if part["filename"] else "n")[:1]:
            internal = one["type"] == "Comment"
            ours = one["creator"] == accounts.SERVICE_LOGIN
            kept.see(table, Sight(token, one["ticket"], internal, ours))
    for one in rows(dump, "transactions"):
        if one["field"] == "Subject" and one["creator"] == accounts.SERVICE_LOGIN:
            kept.replaced.update(tokens(one["old"], "t"))
    return kept


# -- the tracker ------------------------------------------------------------------------
def _dev_births(dump: Json) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for issue in rows(dump, "issues"):
        for token in tokens(issue["description"], "b")[:1]:
            found.setdefault(token, []).append(issue["id"])
    return found


def _dev(dump: Json) -> Kept:
    kept = Kept(births=_dev_births(dump))
    public = {one["id"] for one in rows(dump, "projects") if one["public"]}
    open_to_all = set()
    for issue in rows(dump, "issues"):
        if issue["project"] in public:
            open_to_all.add(issue["id"])
        for journal in issue["journals"]:
            ours = journal["user"] == SERVICE
            for token in tokens(journal["notes"], "n")[:1]:
                kept.see(kept.notes, Sight(token, issue["id"], journal["private"], ours))
            for detail in journal["details"] if ours else ():
                if detail["name"] == "subject":
                    kept.replaced.update(tokens(detail["old"], "t"))
    for one in rows(dump, "attachments"):
        for token in tokens(one["filename"], "f")[:1] if one["issue"] else ():
            internal = one["issue"] not in open_to_all
            kept.see(kept.files, Sight(token, one["issue"], internal, one["author"] == SERVICE))
    return kept
