"""Which of two values weighs more, for the policy ``max``."""

from __future__ import annotations

from collections.abc import Sequence

from sdsync.store.records import Json

#: Words in order of weight, for ``max``; a word that is in none is compared as text.
WEIGHTS: Sequence[Sequence[str]] = (
    ("lowest", "low", "normal", "high", "critical"),
    ("new", "triage", "in_progress", "waiting", "resolved", "closed"),
)


def weight(value: Json) -> tuple[float, str]:
    """How heavy a value is for ``max``: numbers by size, words by their scale."""
    if isinstance(value, int | float):
        return (float(value), "")
    for scale in WEIGHTS:
        if value in scale:
            return (float(scale.index(value)), "")
    return (-1.0, str(value or ""))
