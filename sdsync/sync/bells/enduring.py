"""What threads that have to go on do instead of ending: tell what was raised, if it can be told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


def endure(event: str, chore: Callable[[], object]) -> None:
    """Do a chore; what it raises is logged as ``event`` and ends nothing.

    Chores look after what they raise themselves. This is for what nobody thought of: a
    thread that dies of it would be missed by nothing, and its work would wait for ever.
    """
    try:
        chore()
    except Exception:
        with contextlib.suppress(Exception):  # to tell it may be what fails
            log.exception(event)
