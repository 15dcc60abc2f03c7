"""Images that a mail shows: it names them by Content-ID, a ticket by their files' names."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from urllib.parse import unquote

from sdsync.connectors.request_tracker.client import Row

_CID = re.compile(r"(?<=[\"'])cid:([^\"'\s<>]{1,500})")
_CONTENT_ID = re.compile(r"^Content-ID:\s*<([^<>\s]{1,500})>", re.IGNORECASE | re.MULTILINE)


def shows_pictures(part: Row) -> bool:
    """Whether a text shows an image that came beside it: mail names that by its Content-ID."""
    return "cid:" in str(part.get("Content") or "")


def picture(part: Row) -> tuple[str, str] | None:
    """An image's Content-ID and name; None where nothing can name it."""
    found = _CONTENT_ID.search(str(part.get("Headers") or ""))
    return (found[1], str(part["Filename"])) if found and part.get("Filename") else None


def with_pictures(body: str, names: Mapping[str, str]) -> str:
    """HTML that names its images as the files that they are of the ticket."""
    return _CID.sub(lambda one: html.escape(names.get(unquote(one[1]), one[0])), body)
