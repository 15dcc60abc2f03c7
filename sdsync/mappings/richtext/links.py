"""Which addresses a text may carry across."""

from __future__ import annotations

from typing import Final

SCHEMES: Final = ("http", "https", "ftp", "mailto", "tel")


def absolute(url: str) -> str | None:
    """The address where it is one on the web: a relative one means nothing elsewhere."""
    return safe_url(url) if url.lower().startswith(("http://", "https://")) else None


def safe_url(url: str) -> str | None:
    """The address as CommonMark writes it; None for one that runs or embeds something."""
    # As in markdown_read: with the first text, not with the daemon.
    from markdown_it.common.normalize_url import normalizeLink

    cleaned = "".join(char for char in url.strip() if char.isprintable() and char != " ")
    scheme, colon, _ = cleaned.partition(":")
    named = colon and not {"/", "?", "#"} & set(scheme)
    if named and scheme.lower() not in SCHEMES:
        return None
    try:
        return normalizeLink(cleaned) or None
    except ValueError:  # a host that is none
        return None
