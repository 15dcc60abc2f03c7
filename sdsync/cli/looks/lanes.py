"""A lane as its holder stored it last: what a command may know without holding it."""

from __future__ import annotations

from datetime import datetime

from sdsync.config.model import SystemConfig
from sdsync.ratelimit import checkpoint, view
from sdsync.ratelimit.lanes import LaneBudget
from sdsync.store.contract import Store


def lane_of(store: Store, name: str, system: SystemConfig, now: datetime) -> view.LaneView:
    """Its state and budget at ``now``, an aware instant."""
    budget = LaneBudget(system.calls_at_once, system.per_minute)
    saved = store.lane(name).checkpoint
    return view.describe(checkpoint.restore(budget, saved, now=0.0, wall=now), 0.0)
