"""Marks which branch of which law a run took, for the simulation's account.

In production :func:`hit` does nothing; the simulation puts a counter in its place.
"""

from __future__ import annotations

from collections.abc import Callable


def _nothing(name: str) -> None:
    return None


_counter: Callable[[str], None] = _nothing


def hit(name: str) -> None:
    """Note that the branch ``name`` ("law 12: joined") was taken."""
    _counter(name)


def count_with(counter: Callable[[str], None] | None) -> None:
    """Send every hit to ``counter``; None stops counting."""
    global _counter
    _counter = counter or _nothing
