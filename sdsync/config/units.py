"""Durations and sizes as people write them: ``10s``, ``2m``, ``30d``, ``10 MB``."""

from __future__ import annotations

import re

A_DURATION = 'a duration such as "10s", "2m", "1h" or "30d"'
A_SIZE = 'a size such as "500 kB" or "10 MB"'

DURATION_PATTERN = r"^\d{1,6}(\.\d{1,3})? ?(ms|s|m|h|d)$"
SIZE_PATTERN = r"^\d{1,6}(\.\d{1,3})? ?(B|kB|MB|GB)$"

#: Keys of the file that hold one, beside those of ``lag``.
DURATIONS = frozenset(
    {"poll", "deadline", "owner_silent", "settle", "held", "every", "anchor_every"}
)
SIZES = frozenset({"file_limit", "store_free"})

_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_BYTES = {"gb": 1_000_000_000, "mb": 1_000_000, "kb": 1_000, "b": 1}
_NAMES = {"gb": "GB", "mb": "MB", "kb": "kB", "b": "B"}
_AMOUNT = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?([A-Za-z]{1,2})", re.ASCII)


def parse_duration(text: str) -> float | None:
    """Seconds; None when ``text`` is no duration. A unit is needed: "10" says too little."""
    found = _AMOUNT.fullmatch(text.strip())
    if not found or found[2] not in _SECONDS:
        return None
    return float(found[1]) * _SECONDS[found[2]]


def parse_size(text: str) -> int | None:
    """Bytes, a kB being 1,000; None when ``text`` is no size."""
    found = _AMOUNT.fullmatch(text.strip())
    if not found or found[2].lower() not in _BYTES:
        return None
    return round(float(found[1]) * _BYTES[found[2].lower()])


def render_duration(seconds: float) -> str:
    """The shortest way to write it: 90.0 is ``90s``, 120.0 is ``2m``."""
    for unit, length in _SECONDS.items():
        amount = seconds / length
        if amount >= 1 and amount == round(amount):
            return f"{round(amount)}{unit}"
    return f"{seconds:g}s"


def render_size(size_bytes: int) -> str:
    """The shortest way to write it: 10000000 is ``10 MB``."""
    for unit, length in _BYTES.items():
        if size_bytes >= length and size_bytes % length == 0:
            return f"{size_bytes // length} {_NAMES[unit]}"
    return f"{size_bytes} B"
