"""The way from one native status to another, through what the target allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence


def next_status(
    present: str,
    wanted: str,
    *,
    allowed: Sequence[str] | None,
    graph: Mapping[str, Sequence[str]] | None,
) -> str | None:
    """The status to write now; None when no way is known.

    Args:
        allowed: What may be written from ``present``, as the record itself said;
            None: the product does not tell, so the wanted status is tried.
        graph: What may follow each status in this place; None: not told.
    """
    if present == wanted or (allowed is None and graph is None):
        return wanted
    first = tuple(allowed) if allowed is not None else tuple((graph or {}).get(present, ()))
    if wanted in first:
        return wanted
    return _first_step(present, wanted, first, graph or {})


def _first_step(
    present: str, wanted: str, first: Sequence[str], graph: Mapping[str, Sequence[str]]
) -> str | None:
    """Breadth first: the first step of a shortest way."""
    waiting = deque((step, step) for step in first)
    seen = {present, *first}
    while waiting:
        status, step = waiting.popleft()
        for after in graph.get(status, ()):
            if after == wanted:
                return step
            if after not in seen:
                seen.add(after)
                waiting.append((after, step))
    return None
