"""``dead edit``: a person gives a shared record another value, checked before it is sent."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.session import Session

if TYPE_CHECKING:
    from sdsync.cli.asking import Asking
    from sdsync.mappings.contract import Put
    from sdsync.store.records import Json, Replica, Share

#: A longer value is told by its beginning.
LINE = 120

NamedValues = Annotated[
    list[str], typer.Argument(metavar="FIELD=VALUE", help="A canonical field and its new value.")
]


def edit(
    session: Session,
    ref: Annotated[str, typer.Argument(metavar="REF", help="The record: desk#4711.")],
    given: NamedValues,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask the targets whether they have it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only check it.")] = False,
) -> Code:
    """Change a record by hand, in your name, and send it again.

    The value is checked against the field, the mappings, and what the targets have now.
    """
    from sdsync.cli.page import clean, cure, line
    from sdsync.sync.persons import editing

    share = session.share(ref)
    values = dict(_typed(session, share, one) for one in given)
    with session.asking(offline=offline) as asking:
        unasked = list(checked(session, asking, share, values))
    before = {name: share.hub.values.get(name) for name in values}
    if not dry_run:
        editing.edit(session.store, share.hub.id, values, session.by, session.utc)
    told = {"ref": ref, "hub": share.hub.id, "before": before, "after": values,
            "by": session.by, "unchecked": unasked, "dry_run": dry_run}  # fmt: skip
    page = [
        line(f"{name}: {_shown(before[name])} -> {_shown(one)}") for name, one in values.items()
    ]
    page += [line(f"not asked whether it has that: {clean(one)}") for one in unasked]
    words = " ".join(map(_quoted, given))
    again = f"sdsync dead edit {ref} {words}" if dry_run else f"sdsync trace {ref}"
    session.show(told, [*page, cure(again)])
    return Code.CHANGES if dry_run else Code.FINE


def _shown(value: Json) -> str:
    """A value on one line; of a long one its beginning, and how long it is."""
    from sdsync.cli.page import clean, clip
    from sdsync.cli.words import value as worded

    text = worded(value)
    told = clean(text)
    return told if len(told) <= LINE else f"{clip(told, LINE)} ({len(text):,} letters)"


def _quoted(word: str) -> str:
    """A word for a shell on one line, from which the shell makes the very same again."""
    from sdsync.cli.page import clean

    if clean(word) == word:
        return shlex.quote(word)
    told, before = "", " "
    for one in word:
        if one in "\\'":
            told += f"\\{one}"
        elif one.isprintable() and (one, before) != (" ", " "):
            told += one
        else:
            told += {"\n": "\\n", "\t": "\\t"}.get(one, f"\\U{ord(one):08x}")
        before = one
    return f"$'{told}'"


def _typed(session: Session, share: Share, given: str) -> tuple[str, Json]:
    from sdsync.config.problems import show
    from sdsync.mappings.typed import Untyped, ended_as, typed

    name, mark, text = given.partition("=")
    if not mark:
        raise CommandError(f"{show(given)} is no FIELD=VALUE", code=Code.USAGE)
    try:
        value = typed(name, text, people=session.people, systems=tuple(session.systems))
    except Untyped as error:
        raise CommandError(str(error), code=Code.USAGE) from None
    return name, ended_as(value, [share.hub.values.get(name)])


def checked(
    session: Session, asking: Asking, share: Share, values: Mapping[str, Json]
) -> Iterator[str]:
    """Refuse what a target cannot hold; tells of each that could not be asked why.

    Raises:
        CommandError: No side takes a field, or one has no such value.
    """
    from sdsync.cli.asking import Silent

    takes = {name: _takers(session, share, name) for name in values}
    for name, replicas in takes.items():
        if not _carried(session, share, name):
            raise CommandError(
                f"{name} is never carried: each side has its own", cure="sdsync config"
            )
        if not replicas:
            raise CommandError(f"no side of this record takes {name}", cure="sdsync mappings show")
    silent: dict[str, str] = {}
    for name, replicas in takes.items():
        for replica in replicas:
            put = _put(session, share, replica, name, values)
            place = asking.place(replica.system, replica.place) if put.values else None
            if isinstance(place, Silent):
                silent.setdefault(replica.system, f"{replica.system} {place.why}")
                continue
            _has_word(session, replica, name, put, place)
    yield from silent.values()


def _carried(session: Session, share: Share, name: str) -> bool:
    """Whether any sync of the record takes the field from one side to another."""
    from sdsync.config.vocabulary import group_of
    from sdsync.sync.model import DEFAULT_POLICIES

    group, syncs = group_of(name), session.config.syncs
    policies = {
        syncs[one].fields.get(group, DEFAULT_POLICIES.get(group, "newest"))
        for one in share.hub.syncs
        if one in syncs
    }
    return policies != {"each"}


def _takers(session: Session, share: Share, name: str) -> Sequence[Replica]:
    """The replicas that the field is written to."""
    from sdsync.mappings.contract import Direction
    from sdsync.sync.decide.spread import RECEIVING

    found = []
    for one in share.replicas:
        mapping = session.mappings.get(one.system)
        way = mapping.fields.get(name, Direction.IN) if mapping else Direction.IN
        if one.state in RECEIVING and way is not Direction.IN:
            found.append(one)
    return found


def _put(
    session: Session, share: Share, replica: Replica, name: str, values: Mapping[str, Json]
) -> Put:
    """What the value becomes there; raises when the mapping has no words for it."""
    hub = {**share.hub.values, **values}
    put = session.mappings[replica.system].put(
        name, values[name], seen=replica.seen, hub=hub, people=session.people
    )
    if put.refused is not None:
        where = (put.place or "").rpartition(":")[0]
        raise CommandError(
            f"{replica.system} cannot hold {name}: {put.refused}",
            cure=f"edit {where}, then sdsync reload" if where else "sdsync mappings check",
        )
    return put


def _has_word(session: Session, replica: Replica, name: str, put: Put, place: object) -> None:
    """Raises when the target's field does not have the word that would be written."""
    from sdsync.cli.looks.native import value_at
    from sdsync.connectors.contract import PlaceInfo
    from sdsync.sync.deliver.lacking import not_of

    if not isinstance(place, PlaceInfo):
        return
    for path in session.mappings[replica.system].paths(name):
        lacks = not_of(place, path, value_at(put.values, path))
        if lacks is not None:
            raise CommandError(f"{replica.system}: {lacks}", cure=_known(place, path))


def _known(place: object, path: str) -> str | None:
    """The words that it has, for the next try."""
    from sdsync.cli.page import clip
    from sdsync.connectors.contract import PlaceInfo

    info = place.fields.get(path) if isinstance(place, PlaceInfo) else None
    if info is None or not info.values:
        return None
    return clip(f"it has {', '.join(info.values)}", 200)
