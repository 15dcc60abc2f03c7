"""What the author of a connector tests it with: ``from sdsync.testing import …``."""

from __future__ import annotations

from sdsync.testing.conformance import ConnectorConformance
from sdsync.testing.misbehaving import Handler, Watching, whole
from sdsync.testing.rig import NOW, Rig, system
from sdsync.testing.serving import served

__all__ = [
    "NOW",
    "ConnectorConformance",
    "Handler",
    "Rig",
    "Watching",
    "served",
    "system",
    "whole",
]
