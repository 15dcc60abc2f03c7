"""Rows that belong to others: a desk of years has too many to look through at each call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from itertools import takewhile
from typing import TypeVar

T = TypeVar("T")


class Owned(dict[int, T]):
    """Rows by number, and by their owners: as ``owners`` tells them when a row is put in.

    A row that has others from now on is put in again. Only what is put and deleted one
    by one, or cleared, is found by its owners.
    """

    def __init__(
        self, owners: Callable[[T], tuple[Hashable, ...]], rows: Mapping[int, T] | None = None
    ) -> None:
        super().__init__()
        self._owners = owners
        self._had: dict[int, tuple[Hashable, ...]] = {}
        self._of: defaultdict[Hashable, set[int]] = defaultdict(set)
        for number, one in (rows or {}).items():
            self[number] = one

    def of(self, owner: Hashable) -> list[T]:
        """The rows of one, in the order of their numbers."""
        return [self[number] for number in sorted(self._of.get(owner, ()))]

    def __setitem__(self, number: int, one: T) -> None:
        super().__setitem__(number, one)
        self._belongs(number, self._owners(one))

    def __delitem__(self, number: int) -> None:
        super().__delitem__(number)
        self._belongs(number, ())
        del self._had[number]

    def _belongs(self, number: int, owners: tuple[Hashable, ...]) -> None:
        had = self._had.get(number, ())
        if owners != had:
            for owner in had:
                self._of[owner].discard(number)
            for owner in owners:
                self._of[owner].add(number)
        self._had[number] = owners

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self._had.clear()
        self._of.clear()


def numbered_from(rows: dict[int, T], first: int) -> list[T]:
    """Those of a number, or a higher one. Rows are put in by growing numbers."""
    if next(iter(rows), first) >= first:
        return list(rows.values())
    numbers = [*takewhile(lambda number: number >= first, reversed(rows))]
    return [rows[number] for number in reversed(numbers)]
