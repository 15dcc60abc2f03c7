"""One contract, and a folder for each product that keeps it.

``from sdsync.connectors import Capabilities, Http, …`` gives what a connector
needs: the names of :mod:`sdsync.connectors.public`. They are looked up when they
are asked for, since a screen that reads one of the modules here needs no HTTP.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdsync.connectors.public import *  # noqa: F403 - its __all__ is the one list
else:

    def __getattr__(name: str) -> Any:
        if not name.startswith("_"):
            # Not by ``from``: that would ask here for the module's own name first.
            public = import_module("sdsync.connectors.public")
            if name in public.__all__:
                return getattr(public, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
