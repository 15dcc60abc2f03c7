"""The daemon: webhooks, health, metrics, and the order in which all of it starts and stops.

structlog and httpx import rich and pygments where they are installed, to draw
tracebacks and a command line of their own. The daemon draws nothing, and would
keep 5 MiB of it for as long as it runs: both are hidden from them here, before
anybody of this folder imports them. Where a terminal is drawn on, rich is there
already, and nothing is hidden.
"""

import sys

_DRAWING = ("rich", "pygments")

if not any(name in sys.modules for name in _DRAWING):
    # None is Python's own way to say that a module is not there.
    sys.modules.update(dict.fromkeys(_DRAWING))  # type: ignore[arg-type]
    try:
        import httpx as httpx
        import structlog as structlog
    finally:
        for _name in _DRAWING:
            del sys.modules[_name]
