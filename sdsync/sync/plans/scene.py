"""What a plan is made of and carried out with: one sync, and a reader for each of its systems."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sdsync.config.vocabulary import PLACE_WORDS
from sdsync.connectors.contract import Audience, Description, NativeRecord, Operation
from sdsync.mappings.contract import UNKNOWN
from sdsync.store.contract import Store
from sdsync.store.records import Json
from sdsync.sync.core import Core
from sdsync.sync.decide.joining import as_if_live
from sdsync.sync.decide.looks import Looks
from sdsync.sync.decide.scope import environment
from sdsync.sync.model import Context, SyncPolicy
from sdsync.sync.persons.by_hand import Refused
from sdsync.sync.plans.reading import Reader

Told = Callable[[str, int, int], None]
"""Progress: what is done, how much of it, of how much in all (0: that is not known)."""


def nothing_told(_what: str, _done: int, _of: int) -> None:
    """Nobody watches."""


@dataclass(slots=True)
class Scene:
    """One command about one sync."""

    core: Core
    sync: SyncPolicy
    by: str
    readers: Mapping[str, Reader]
    told: Told = nothing_told
    _world: Context | None = field(init=False, default=None)

    @property
    def store(self) -> Store:
        """Where the plan is kept."""
        return self.core.store

    @property
    def looks(self) -> Looks:
        """What a daemon would decide of a record that it read."""
        return Looks(self.core)

    def context(self) -> Context:
        """The world now, as if the sync wrote: in ``observe`` a plan tells the same."""
        return as_if_live(self.core.context())

    @property
    def world(self) -> Context:
        """As :meth:`context` was at first: for reading thousands of records, not for deciding."""
        if self._world is None:
            self._world = self.context()
        return self._world

    def notifies(self, system: str, operation: Operation) -> Audience:
        """Whom an operation would mail."""
        return self.readers[system].notifies(operation)

    def takes(self, system: str) -> bool:
        """Whether records enter from this system."""
        return system in self.sync.take

    def enters(self, native: NativeRecord) -> Json:
        """Whether the record is one that the sync takes; UNKNOWN where a whole look must tell."""
        take = self.sync.take.get(native.ref.system)
        return take is None or take.value(environment(native, self.world))

    def places(self, system: str) -> Sequence[str]:
        """Places that may hold records of the sync, in order; archived ones are left out."""
        said = self.readers[system].system.description
        take = self.sync.take.get(system)
        found: list[str] = []
        for key, place in sorted(said.places.items() if said else ()):
            env: dict[str, Json] = dict.fromkeys(take.reads, UNKNOWN) if take else {}
            env |= dict.fromkeys(PLACE_WORDS, key)
            if not place.archived and (take is None or take.value(env) is not False):
                found.append(key)
        return found


@contextmanager
def opened(
    core: Core,
    sync: str,
    by: str,
    wait: Callable[[float], None],
    told: Told = nothing_told,
    systems: Sequence[str] = (),
) -> Iterator[Scene]:
    """Ask the sync's systems who they are, and close the connections in the end.

    Args:
        systems: Only these of the sync; all when left out.

    Raises:
        Refused: The sync never ran, the store is suspect, or a system does not answer.
    """
    policy = core.syncs[sync]
    known = core.store.identity()
    if known.suspect is not None:
        raise Refused(f"the store may not be the newest of its copies: {known.suspect}")
    names = tuple(systems) or policy.systems
    unwatched = [one for one in names if core.store.system(one).watched_since is None]
    if core.store.sync(sync) is None or unwatched:
        raise Refused(
            f"{sync} was never run: what is old and who is who is not known yet; "
            "run it in observe first"
        )
    core.remember_restored()
    readers: dict[str, Reader] = {}
    try:
        for name in names:
            readers[name] = Reader(core, name, wait)
            _same_instance(core, name, readers[name].describe())
        yield Scene(core, policy, by, readers, told)
    finally:
        for one in readers.values():
            one.close()


def _same_instance(core: Core, name: str, said: Description) -> None:
    """Ids of another instance mean other records (law 32)."""
    known = core.store.system(name).identity
    if known is not None and known != said.identity:
        raise Refused(f"{name} is not the instance that was read so far; is its url right?")
