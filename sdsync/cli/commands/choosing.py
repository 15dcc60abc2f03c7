"""``held choose``: a person ends a conflict, with one candidate or what they made of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.session import Session

if TYPE_CHECKING:
    from sdsync.cli.asking import Asking
    from sdsync.cli.looks.held import HeldLook
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
) -> None:
    """End a conflict with one candidate, or with your own text.

    It becomes the value everywhere. Each side is read again first; what moved meanwhile is
    shown, and nothing is written.
    """
    from sdsync.cli.looks import held
    from sdsync.cli.page import clean, cure, line
    from sdsync.config.vocabulary import group_of
    from sdsync.sync import choosing
    from sdsync.sync.by_hand import Refused

    if edit == (system is not None):
        raise CommandError(
            "name the SYSTEM whose candidate it shall be, or say --edit", code=Code.USAGE
        )
    group, share = group_of(group), session.share(ref)
    look = _held(session, share, group, ref)
    saw = held.heads(look)
    made: dict[str, Json] = {}
    if system is None:
        made = _merged(session, look, ref)
    elif saw and system not in saw:
        raise CommandError(
            f"{system} has no candidate for {group}; {' and '.join(saw)} have",
            cure=f"sdsync held show {ref}",
        )
    with session.asking() as asking:
        unasked = list(_as_it_was(session, asking, share, group, ref, made))
        if system is None:
            _checked(session, asking, share, made)
    hub_id, by, now = share.hub.id, session.by, session.utc
    try:
        if system is None:
            choosing.settle(session.store, hub_id, group, made, by, now, saw=saw)
        else:
            choosing.choose(session.store, hub_id, group, system, by, now, saw=saw)
    except choosing.Moved as moved:
        raise _moved(moved.system, group, moved.values, ref, made) from None
    except Refused as error:
        raise CommandError(_kept(str(error), _text(made)), cure=f"sdsync held show {ref}") from None
    whose = f"what {system} says" if system else "what you made of it"
    told = {"ref": ref, "group": group, "system": system, "values": made or saw.get(system or ""),
            "by": by, "unread": unasked}  # fmt: skip
    page = [line(f"{group} of {ref} is {whose}")]
    page += [line(f"{clean(one)}; it is read before it is written") for one in unasked]
    session.show(told, [*page, cure(f"sdsync trace {ref}")])


def _held(session: Session, share: Share, group: str, ref: str) -> HeldLook:
    from sdsync.cli.looks import held

    for one in held.matching(session.store, share.hub.id, None):
        if one.group == group:
            return one
    raise CommandError(f"{group} of {ref} is not held", cure=f"sdsync held show {ref}")


# -- merged in an editor -----------------------------------------------------------------
def _merged(session: Session, look: HeldLook, ref: str) -> dict[str, Json]:
    """What the person made of the candidates, as values of the group's fields."""
    from sdsync.cli import editor, merging
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
        sides.append(merging.Side(label(head, session.now), known))
    if not sides:
        raise CommandError("there is nothing to merge", cure=f"sdsync held show {ref}")
    given = merging.merged(f'{look.group} of {ref}, "{look.title}"', sides)
    text = editor.edited(given, name=f"{look.group}.md")
    if text == given:
        raise CommandError("nothing was changed, and nothing is written")
    try:
        found = merging.read_back(text, sides)
    except merging.Undecided as error:
        raise CommandError(_kept(str(error), text), cure="the same command once more") from None
    return {name: _value(session, look, name, one) for name, one in found.items()}


def _value(session: Session, look: HeldLook, name: str, text: str) -> Json:
    """A candidate's own value where its text came back as it was, else what the text means."""
    from sdsync.cli.merging import same
    from sdsync.mappings.typed import Untyped, as_typed, typed

    for head in look.candidates:
        if name in head.values and same(text, as_typed(name, head.values[name]) or ""):
            return head.values[name]
    try:
        return typed(name, text, people=session.people, systems=tuple(session.systems))
    except Untyped as error:
        raise CommandError(_kept(str(error), text), cure="the same command once more") from None


def _checked(session: Session, asking: Asking, share: Share, made: Mapping[str, Json]) -> None:
    """Refuse what a target cannot hold; the person's text is not lost with it."""
    from sdsync.cli.commands.editing import checked

    changed = {name: one for name, one in made.items() if share.hub.values.get(name) != one}
    try:
        list(checked(session, asking, share, changed))
    except CommandError as error:
        raise CommandError(_kept(str(error), _text(made)), cure=error.cure) from None


# -- read again --------------------------------------------------------------------------
def _as_it_was(
    session: Session,
    asking: Asking,
    share: Share,
    group: str,
    ref: str,
    made: Mapping[str, Json],
) -> Iterator[str]:
    """Refuse when a side moved since its candidate was read; tells who could not be read."""
    from sdsync.cli.asking import Silent
    from sdsync.cli.looks import target
    from sdsync.store.records import ReplicaState
    from sdsync.sync import choosing

    for one in share.replicas:
        mapping = session.mappings.get(one.system)
        if group not in one.groups or one.state is not ReplicaState.LIVE or mapping is None:
            continue
        found = target.moved(asking, one, group, mapping, session.people)
        if isinstance(found, Silent):
            yield f"{one.system} {found.why}"
        elif found:
            choosing.look_again(session.store, share.hub.id, one.system, session.utc)
            raise _moved(one.system, group, found, ref, made)


def _moved(
    system: str, group: str, values: Mapping[str, Json], ref: str, made: Mapping[str, Json]
) -> CommandError:
    told = f"{group} was changed in {system} meanwhile; nothing was written. It is now:"
    shown = f"{told}\n{_indented(_text(values))}"
    return CommandError(
        _kept(shown, _text(made)), cure=f"sdsync held show {ref}", code=Code.NEEDS_YOU
    )


def _kept(told: str, text: str) -> str:
    """What is wrong, with the text that somebody would else have written for nothing."""
    return f"{told}\nyour text was:\n{_indented(text)}" if text.strip() else told


def _text(values: Mapping[str, Json]) -> str:
    from sdsync.cli.words import value

    if len(values) == 1:
        return value(next(iter(values.values())))
    return "\n".join(f"{name}: {value(one)}" for name, one in values.items())


def _indented(text: str) -> str:
    from sdsync.cli.screens.texts import bare

    return "\n".join(f"  {bare(row)}" for row in text.splitlines()) or "  -"
