"""The conformance kit, and what stands in for products and stores in tests.

``from sdsync.testing import ConnectorConformance, Rig, …`` gives the names of
:mod:`sdsync.testing.public`; they need pytest, which ``sdsync[testing]`` brings.
The rest of the folder needs none, so they are looked up when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdsync.testing.public import *  # noqa: F403 - its __all__ is the one list
else:

    def __getattr__(name: str) -> Any:
        if not name.startswith("_"):
            # Not by ``from``: that would ask here for the module's own name first.
            public = import_module("sdsync.testing.public")
            if name in public.__all__:
                return getattr(public, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
