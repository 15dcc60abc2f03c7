"""Find the record that somebody typed: ``desk#4711``, ``infra#882``, a hub record's id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sdsync.config.problems import show
from sdsync.store.contract import Store
from sdsync.store.records import Ref, ReplicaState, Share
from sdsync.sync.watch.needs import name_of as name_of

#: Keys are searched one by one beyond the ids, so only so many records are read.
SEARCHED = 5_000
_PAGE = 500


class NotFoundError(LookupError):
    """Nothing has this name. The message is for a person."""


def find(store: Store, text: str, systems: Iterable[str], *, kind: str = "ticket") -> Share:
    """The share that ``text`` names.

    Args:
        store: Where to look.
        text: ``SYSTEM#ID``, ``SYSTEM#KEY``, a key as its product writes it
            (``infra#882``), or the id of a hub record or replica.
        systems: The configured systems, for the message and to tell a system
            from the first part of a key.
        kind: What it is.

    Raises:
        NotFoundError: Nothing has this name.
    """
    known = list(systems)
    for candidate in _refs(text, known, kind):
        found = store.share_of(candidate)
        if found is not None:
            return found
    found = store.share(text) or store.share_with_replica(text) or _by_key(store, text, known)
    if found is None:
        raise NotFoundError(
            f"no shared record is called {show(text)}; "
            f"write SYSTEM#ID, SYSTEM one of {', '.join(known)}"
        )
    return found


def ref(text: str, systems: Iterable[str], *, kind: str = "ticket") -> Ref:
    """The native record that ``text`` names, shared or not.

    Raises:
        NotFoundError: It does not begin with a configured system.
    """
    known = list(systems)
    system, mark, rest = text.partition("#")
    if system not in known or not mark or not rest:
        raise NotFoundError(
            f"{show(text)} names no record; write SYSTEM#ID, SYSTEM one of {', '.join(known)}"
        )
    return Ref(system, kind, rest.rpartition("#")[2])


def _refs(text: str, systems: list[str], kind: str) -> Iterator[Ref]:
    system, mark, rest = text.partition("#")
    number = text.rpartition("#")[2]
    if system in systems and mark:
        yield Ref(system, kind, rest)
        if number != rest:
            yield Ref(system, kind, number)


def _by_key(store: Store, text: str, systems: list[str]) -> Share | None:
    """By what people call it; moved records keep their old names as aliases."""
    system, _, rest = text.partition("#")
    wanted = {text, rest} if system in systems else {text}
    after, seen = "", 0
    while seen < SEARCHED:
        page = store.hubs(after=after, limit=_PAGE)
        for hub in page:
            share = store.share(hub.id)
            for one in share.replicas if share else ():
                if one.state is ReplicaState.UNLINKED and one.native_id is None:
                    continue  # it gave up its record, which another may have by now
                if wanted & {one.key, one.url, *one.aliases} and (
                    system not in systems or system == one.system
                ):
                    return share
        if len(page) < _PAGE:
            return None
        after, seen = page[-1].id, seen + len(page)
    return None
