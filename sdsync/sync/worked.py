"""What a look into a lane came to: the word between the engine and its runner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Worked:
    """``did``: look again at once. ``wake_at``: look again then (aware UTC), rung or not."""

    did: bool
    wake_at: datetime | None = None
