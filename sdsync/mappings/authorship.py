"""One line that says who wrote a note elsewhere; the way back strips it (law 54)."""

from __future__ import annotations

import re

_LINE = re.compile(r"\A\*(?P<name>[^\n*]{1,120}) wrote in (?P<system>[^\n*:]{1,60}):\*\n\n")


def add_authorship(body: str, name: str, system: str) -> str:
    """``body`` under its author's line; adding it twice adds it once.

    Args:
        name: Display name; line breaks and stars in it would end the line, so they go.
        system: The system's name in ``sdsync.toml``.
    """
    clean = " ".join(name.replace("*", "").split())[:120] or "somebody"
    return f"*{clean} wrote in {system}:*\n\n{strip_authorship(body)}"


def strip_authorship(body: str) -> str:
    """``body`` without its author's line, if it has one."""
    return _LINE.sub("", body, count=1)
