"""What the author of a connector tests it with: ``from sdsync.testing import …``."""

from __future__ import annotations

from sdsync.testing.conformance import ConnectorConformance
from sdsync.testing.conformance_living import LivingConformance
from sdsync.testing.misbehaving import Handler, Watching, whole
from sdsync.testing.rig import NOW, Rig, system
from sdsync.testing.serving import served

__all__ = [
    "NOW",
    "ConnectorConformance",
    "Handler",
    "LivingConformance",
    "Rig",
    "Watching",
    "served",
    "system",
    "whole",
]
