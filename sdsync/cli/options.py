"""What all commands have in common: ``--config``, ``--json``, a session, an exit code."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.models import ArgumentInfo, OptionInfo

from sdsync.cli.codes import Code
from sdsync.cli.session import Session
from sdsync.cli.typed import refuse_bytes, refuse_empty

ConfigPath = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="SDSYNC_CONFIG",
        show_envvar=False,
        help="The configuration; sdsync.toml in this folder when left out.",
        dir_okay=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; it is kept with it.")]

AnchorFile = Annotated[
    Path | None,
    typer.Option(
        "--anchor",
        metavar="FILE",
        help="Heads noted elsewhere; audit.anchor when left out.",
        dir_okay=False,
    ),
]

Work = Callable[..., Code | None]


def command(
    app: typer.Typer, name: str | None = None, *, whole: bool = True
) -> Callable[[Work], Work]:
    """Register a function of a session (and more) as a command.

    The function's first parameter is the session; the command line gives
    ``--config`` and ``--json`` in its place. What the function returns is the
    exit code; None is fine. Texts that are no UTF-8 do not reach it, nor do empty ones,
    save a reason. ``whole`` is as :func:`sdsync.config.load.load` has it.
    """

    def register(work: Work) -> Work:
        hints = typing.get_type_hints(work, include_extras=True)
        hints.pop("return", None)
        own = list(inspect.signature(work).parameters.values())[1:]
        common = {"config": ConfigPath, "as_json": AsJson}

        @functools.wraps(work)
        def run(ctx: typer.Context, **given: Any) -> None:
            path = given.pop("config") or (ctx.obj if isinstance(ctx.obj, Path) else None)
            as_json = given.pop("as_json")
            for parameter, value in given.items():
                _checked(parameter, value, hints[parameter])
            made = functools.partial(Session, path, as_json=as_json, whole=whole)
            session = ctx.obj if isinstance(ctx.obj, Session) else made()
            with session.closing():
                code = work(session, **given)
            raise typer.Exit(int(code or Code.FINE))

        kind = inspect.Parameter.KEYWORD_ONLY
        # Typer reads the signature; the type of a function does not know that it can have one.
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter("ctx", kind, annotation=typer.Context),
                *(one.replace(kind=kind, annotation=hints[one.name]) for one in own),
                inspect.Parameter("config", kind, annotation=ConfigPath, default=None),
                inspect.Parameter("as_json", kind, annotation=AsJson, default=False),
            ]
        )
        run.__annotations__ = {
            "ctx": typer.Context,
            **{one.name: hints[one.name] for one in own},
            **common,
        }
        del run.__wrapped__  # or its signature would be read instead
        app.command(name)(run)
        return work

    return register


def _checked(parameter: str, value: object, hint: Any) -> None:
    name = _typed_as(parameter, hint)
    refuse_bytes(value, name)
    if parameter != "reason":  # it selects nothing; a pause goes before a reason for it
        refuse_empty(value, name, _meaning(hint))


def _meaning(hint: Any) -> str | None:
    """What the command's help says of a parameter."""
    infos = getattr(hint, "__metadata__", ())
    return next((one.help for one in infos if isinstance(one, ArgumentInfo | OptionInfo)), None)


def _typed_as(name: str, hint: Any) -> str:
    """What a parameter of a command is called where it is typed: ``REF``, ``--reason``."""
    for info in getattr(hint, "__metadata__", ()):
        if isinstance(info, OptionInfo):
            own = [one for one in info.param_decls or () if one.startswith("--")]
            return own[0] if own else f"--{name.replace('_', '-')}"
        if isinstance(info, ArgumentInfo) and info.metavar:
            return str(info.metavar).strip("[]")
    return name.upper()
