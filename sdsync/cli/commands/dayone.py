"""``init`` and ``prepare``: from nothing to two products that are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.options import Yes, command
from sdsync.cli.session import Session

if TYPE_CHECKING:
    from sdsync.config.secrets import SecretRef


def _answer(option: str, what: str) -> typer.models.OptionInfo:
    info: typer.models.OptionInfo = typer.Option(f"--{option}", help=what)
    return info


Text = str | None


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for work in (init, prepare):
        command(app)(work)


def init(
    session: Session,
    product: Annotated[Text, _answer("product", "The first system's connector.")] = None,
    name: Annotated[Text, _answer("name", "What the first system is called here.")] = None,
    url: Annotated[Text, _answer("url", "The first system's address.")] = None,
    token: Annotated[Text, _answer("token", "Its credential: env:NAME, file:PATH, …")] = None,
    other_product: Annotated[Text, _answer("other-product", "The second's connector.")] = None,
    other_name: Annotated[Text, _answer("other-name", "What it is called here.")] = None,
    other_url: Annotated[Text, _answer("other-url", "Its address.")] = None,
    other_token: Annotated[Text, _answer("other-token", "Its credential, by reference.")] = None,
    take: Annotated[Text, _answer("take", "Which place of the first system enters.")] = None,
    put: Annotated[Text, _answer("put", "In which place of the second one is born.")] = None,
    type_: Annotated[Text, _answer("type", "As what it is born, where it has types.")] = None,
    sync: Annotated[Text, _answer("sync", "What the sync is called.")] = None,
    untested: Annotated[
        bool, typer.Option("--untested", help="Do not ask the systems; take what is said.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over a file that is there.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Ask for two systems, try them, and write sdsync.toml.

    Each question is an option too; --yes takes what is proposed for the others.
    """
    from sdsync.cli import newfile
    from sdsync.cli.interview import interview
    from sdsync.cli.page import cure, line
    from sdsync.cli.questions import Asker

    given = {
        "product": product, "name": name, "url": url, "token": token,
        "other-product": other_product, "other-name": other_name, "other-url": other_url,
        "other-token": other_token, "take": take, "put": put, "type": type_, "sync": sync,
    }  # fmt: skip
    asker = Asker(session.out, given, yes=yes, mute=session.as_json)
    path = session.path
    if not path.parent.is_dir():
        raise CommandError(f"{path.parent} is no folder", cure=f"mkdir -p {path.parent}")
    if path.exists() and not overwrite:
        if not asker.confirm(f"{path} is there already; write over it in the end?"):
            raise newfile.exists(path)
        overwrite = True
    new = interview(asker, path.parent, tested=not untested)
    text = newfile.text_of(new)
    _proved(session, text, tested=not untested)
    newfile.write(path, text, overwrite=overwrite)
    asker.say("")
    page = [line(one) for one in text.splitlines()]
    page += [line(f"{path} is written; it observes: nothing is sent until you say live")]
    page += [cure("sdsync check --live")]
    page += [cure(f"sdsync prepare {one.name}") for one in (new.first, new.second)]
    session.show({"written": str(path), "text": text}, page)


def prepare(
    session: Session,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="A system of sdsync.toml.")],
    admin_token: Annotated[
        str | None,
        typer.Option(
            "--admin-token", metavar="REF", help="An administrator's credential, by reference."
        ),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Carry out what the product's API can do.")
    ] = False,
) -> Code:
    """Say what a product lacks, as steps for its administrator.

    Nothing is changed without --apply; a repeat does nothing more.
    """
    from sdsync.cli.looks import prepare as looks
    from sdsync.cli.screens import prepare as screen

    if system not in session.config.systems:
        known = ", ".join(session.config.systems)
        raise CommandError(
            f"{session.path} has no system {system}; it has {known}", cure="sdsync config"
        )
    if apply and admin_token is None:
        raise CommandError(
            "--apply needs an administrator's credential",
            cure=f"sdsync prepare {system} --admin-token env:NAME --apply",
            code=Code.USAGE,
        )
    admin = None if admin_token is None else _reference(session, admin_token)
    look = looks.look(session.config, system, admin, apply=apply)
    told = {
        "system": look.system, "places": look.places, "survey": look.survey, "made": look.made,
        "changes": look.changes, "needed": look.needed, "unseen": look.unseen,
    }  # fmt: skip
    session.show(told, screen.draw(look, admin_token, session.out.width))
    if look.unseen or any(one.failed for one in look.made):
        return Code.FAILED
    if look.changes and not apply:
        return Code.CHANGES
    return Code.NEEDS_YOU if look.needed else Code.FINE


def _reference(session: Session, text: str) -> SecretRef:
    """A credential that is there; what was typed is never repeated: it may be the secret."""
    from sdsync.cli import probing
    from sdsync.config.secrets import A_REFERENCE, SecretRef

    try:
        ref = SecretRef.parse(text, base=session.path.parent)
    except ValueError:
        raise CommandError(f"--admin-token: expected {A_REFERENCE}", code=Code.USAGE) from None
    if unsent := probing.unsendable(ref):
        raise CommandError(f"--admin-token: {unsent[0]}", cure=unsent[1])
    return ref


def _proved(session: Session, text: str, *, tested: bool) -> None:
    """The file passes ``check`` before it is one."""
    from sdsync.cli import translators
    from sdsync.config.load import load_text, missing_secrets
    from sdsync.config.problems import ConfigError

    config = load_text(text, path=session.path)
    missing = missing_secrets(config) if tested else ()
    if problems := [*missing, *translators.problems(config)]:
        raise ConfigError(problems)
