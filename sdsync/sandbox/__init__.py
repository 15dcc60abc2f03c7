"""Small products behind real HTTP that speak two dialects and misbehave on a switch.

``python -m sdsync.sandbox`` runs both; tests use :func:`serve`. They hold what
connectors need of Request Tracker 5 (REST 2) and Redmine 5 (REST JSON), no more,
and listen on loopback only.
"""

from sdsync.sandbox.server import Pair, SandboxServer, serve

__all__ = ["Pair", "SandboxServer", "serve"]
