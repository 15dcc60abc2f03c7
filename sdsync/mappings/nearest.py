"""The nearest right name, for messages that are one sentence."""

from __future__ import annotations

from collections.abc import Iterable

from sdsync.config.problems import nearest_name


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?``, or nothing when no word is near."""
    near = nearest_name(found, known)
    return f'; did you mean "{near}"?' if near else ""
