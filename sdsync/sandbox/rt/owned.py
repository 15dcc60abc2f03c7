"""Rows that belong to others: a desk of years has too many to look through at each call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


class Owned(dict[int, T]):
    """Rows by number. Whose one is stays as it was when it was put in.

    Only what is put and deleted one by one, or cleared, is found by its owner.
    """

    def __init__(self, owner: Callable[[T], int], rows: Mapping[int, T] | None = None) -> None:
        super().__init__()
        self._owner = owner
        self._of: defaultdict[int, dict[int, T]] = defaultdict(dict)
        for number, one in (rows or {}).items():
            self[number] = one

    def of(self, owner: int) -> list[T]:
        """The rows of one, in the order they were put in."""
        return list(self._of[owner].values()) if owner in self._of else []

    def __setitem__(self, number: int, one: T) -> None:
        super().__setitem__(number, one)
        self._of[self._owner(one)][number] = one

    def __delitem__(self, number: int) -> None:
        del self._of[self._owner(self[number])][number]
        super().__delitem__(number)

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self._of.clear()
