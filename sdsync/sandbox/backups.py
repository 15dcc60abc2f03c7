"""A product's own backup: what its records were, put in their place again.

As with a real one, what was made since is gone and its numbers are given anew. Mails that
went out stay in the sink.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Protocol

from sdsync.sandbox.call import Json
from sdsync.sandbox.saving import Row
from sdsync.sandbox.world import World

_NOT_OF_IT = frozenset({"world"})


class State(Protocol):
    """The records of a product: everything that it holds, but the ground it stands on."""

    world: World


class Backup:
    """One copy of a product's records; it can be put back as often as one likes."""

    def __init__(self, state: State) -> None:
        kept = {name: one for name, one in vars(state).items() if name not in _NOT_OF_IT}
        self._kept: dict[str, Json] = deepcopy(kept)
        self._rows: list[Row] = state.world.saver.rows()

    def put_back(self, state: State) -> None:
        """Make the records what they were."""
        for name, one in deepcopy(self._kept).items():
            setattr(state, name, one)
        state.world.saver.put_rows(self._rows)
