"""``held choose``: a person ends a conflict, with one candidate or what they made of both."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.session import Session

if TYPE_CHECKING:
    from datetime import datetime

    from sdsync.cli.asking import Asking
    from sdsync.cli.looks.held import HeldLook
    from sdsync.cli.merging import Side
    from sdsync.store.records import Json, Share


def choose(
    session: Session,
    ref: Annotated[str, typer.Argument(metavar="REF", help="The record: desk#4711.")],
    group: Annotated[str, typer.Argument(metavar="GROUP", help="The field group, as listed.")],
    system: Annotated[
        str | None, typer.Argument(metavar="[SYSTEM]", help="Whose candidate it shall be.")
    ] = None,
    edit: Annotated[
        bool, typer.Option("--edit", help="Merge the candidates in $VISUAL or $EDITOR.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Take up a text that --edit kept."),
    ] = None,
) -> None:
    """End a conflict with one candidate, or with your own text.

    It becomes the value everywhere. Each side is read again first; what moved meanwhile is
    shown, and nothing is written.
    """
    from sdsync.cli.looks import held
    from sdsync.cli.page import clean, cure, line
    from sdsync.config.vocabulary import group_of

    if (system is not None) + edit + (file is not None) != 1:
        raise CommandError(
            "name the SYSTEM whose candidate it shall be, or say --edit", code=Code.USAGE
        )
    group, share = group_of(group), session.share(ref)
    look = _held(session, share, group, ref)
    made: dict[str, Json] = {}
    if system is None:
        with _own_text(look, ref, file, session.now) as (text, sides):
            made = _values(session, look, text, sides)
            unasked = _end(session, share, look, ref, made)
    else:
        unasked = _end(session, share, look, ref, system)
    whose = f"what {system} says" if system else "what you made of it"
    values = made or held.heads(look).get(system or "")
    told = {"ref": ref, "group": group, "system": system, "values": values,
            "by": session.by, "unread": unasked}  # fmt: skip
    page = [line(f"{group} of {ref} is {whose}")]
    page += [line(f"{clean(one)}; it is read before it is written") for one in unasked]
    session.show(told, [*page, cure(f"sdsync trace {ref}")])


def _held(session: Session, share: Share, group: str, ref: str) -> HeldLook:
    from sdsync.cli.looks import held

    for one in held.matching(session.store, share.hub.id, None):
        if one.group == group:
            return one
    raise CommandError(f"{group} of {ref} is not held", cure=f"sdsync held show {ref}")


def _end(
    session: Session, share: Share, look: HeldLook, ref: str, chosen: str | Mapping[str, Json]
) -> Sequence[str]:
    """End the conflict with a system's candidate or these values; tells who was not asked."""
    from sdsync.cli.looks import held
    from sdsync.sync.persons import choosing
    from sdsync.sync.persons.by_hand import Refused

    group, saw = look.group, held.heads(look)
    if isinstance(chosen, str) and saw and chosen not in saw:
        raise CommandError(
            f"{chosen} has no candidate for {group}; {' and '.join(saw)} have",
            cure=f"sdsync held show {ref}",
        )
    with session.asking() as asking:
        unasked = list(_as_it_was(session, asking, share, group, ref))
        if not isinstance(chosen, str):
            _checked(session, asking, share, chosen)
    store, hub_id, by, now = session.store, share.hub.id, session.by, session.utc
    try:
        if isinstance(chosen, str):
            choosing.choose(store, hub_id, group, chosen, by, now, saw=saw)
        else:
            choosing.settle(store, hub_id, group, chosen, by, now, saw=saw)
    except choosing.Moved as moved:
        raise _moved(moved.system, group, moved.values, ref) from None
    except Refused as error:
        raise CommandError(str(error), cure=f"sdsync held show {ref}") from None
    return unasked


# -- merged in an editor -----------------------------------------------------------------
@contextmanager
def _own_text(
    look: HeldLook, ref: str, file: Path | None, now: datetime
) -> Iterator[tuple[str, Sequence[Side]]]:
    """What the person made of the candidates, from their editor or a file, and these."""
    from sdsync.cli import editor, merging

    sides = _sides(look, ref, now)
    if file is not None:
        yield editor.read(file, f"{file} is not there"), sides
        return
    given = merging.merged(f'{look.group} of {ref}, "{look.title}"', sides)
    words = f"sdsync held choose {shlex.quote(ref)} {look.group} --from"
    name = f"{look.group}.md"
    with editor.edited(given, name=name, again=lambda path: f"{words} {path}") as text:
        if text == given:
            raise CommandError("nothing was changed, and nothing is written")
        yield text, sides


def _sides(look: HeldLook, ref: str, now: datetime) -> Sequence[Side]:
    from sdsync.cli import merging
    from sdsync.cli.screens.held import label
    from sdsync.mappings.typed import as_typed

    sides = []
    for head in look.candidates:
        texts = {name: as_typed(name, value) for name, value in head.values.items()}
        if None in texts.values() or not texts:
            raise CommandError(
                f"{look.group} cannot be written as text; choose a side",
                cure=f"sdsync held show {ref}",
            )
        known = {name: text for name, text in texts.items() if text is not None}
        sides.append(merging.Side(label(head, now), known))
    if not sides:
        raise CommandError("there is nothing to merge", cure=f"sdsync held show {ref}")
    return sides


def _values(session: Session, look: HeldLook, text: str, sides: Sequence[Side]) -> dict[str, Json]:
    """The text as values of the group's fields."""
    from sdsync.cli import merging

    try:
        found = merging.read_back(text, sides)
    except merging.Undecided as error:
        raise CommandError(str(error)) from None
    return {name: _value(session, look, name, one) for name, one in found.items()}


def _value(session: Session, look: HeldLook, name: str, text: str) -> Json:
    """A candidate's own value where its text came back as it was, else what the text means."""
    from sdsync.cli.merging import same
    from sdsync.mappings.typed import Untyped, as_typed, ended_as, typed

    known = [head.values[name] for head in look.candidates if name in head.values]
    for one in known:
        if same(text, as_typed(name, one) or ""):
            return one
    try:
        made = typed(name, text, people=session.people, systems=tuple(session.systems))
    except Untyped as error:
        raise CommandError(str(error)) from None
    return ended_as(made, known)


def _checked(session: Session, asking: Asking, share: Share, made: Mapping[str, Json]) -> None:
    """Refuse what a target cannot hold."""
    from sdsync.cli.commands.editing import checked

    changed = {name: one for name, one in made.items() if share.hub.values.get(name) != one}
    list(checked(session, asking, share, changed))


# -- read again --------------------------------------------------------------------------
def _as_it_was(
    session: Session,
    asking: Asking,
    share: Share,
    group: str,
    ref: str,
) -> Iterator[str]:
    """Refuse when a side moved since its candidate was read; tells who could not be read."""
    from sdsync.cli.asking import Silent
    from sdsync.cli.looks import target
    from sdsync.store.records import ReplicaState
    from sdsync.sync.persons import choosing

    for one in share.replicas:
        mapping = session.mappings.get(one.system)
        if group not in one.groups or one.state is not ReplicaState.LIVE or mapping is None:
            continue
        found = target.moved(asking, one, group, mapping, session.people)
        if isinstance(found, Silent):
            yield f"{one.system} {found.why}"
        elif found:
            choosing.look_again(session.store, share.hub.id, one.system, session.utc)
            raise _moved(one.system, group, found, ref)


def _moved(system: str, group: str, values: Mapping[str, Json], ref: str) -> CommandError:
    told = f"{group} was changed in {system} meanwhile; nothing was written. It is now:"
    return CommandError(
        f"{told}\n{_indented(_text(values))}",
        cure=f"sdsync held show {ref}",
        code=Code.NEEDS_YOU,
    )


def _text(values: Mapping[str, Json]) -> str:
    from sdsync.cli.words import value

    if len(values) == 1:
        return value(next(iter(values.values())))
    return "\n".join(f"{name}: {value(one)}" for name, one in values.items())


def _indented(text: str) -> str:
    from sdsync.cli.screens.texts import bare

    return "\n".join(f"  {bare(row)}" for row in text.splitlines()) or "  -"
