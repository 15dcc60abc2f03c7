"""The tree of commands, and how a command line ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from traceback import walk_tb
from typing import Annotated, TextIO

import typer

from sdsync.cli import again, usage, wrong
from sdsync.cli.codes import Code, CommandError
from sdsync.cli.commands import (
    alarms,
    audit,
    console,
    dayone,
    dead,
    held,
    looking,
    mappings,
    planning,
    plans,
    retention,
    running,
    settings,
    steering,
    store,
)
from sdsync.cli.options import ConfigPath
from sdsync.cli.output import Output, Unwritten, forgive, let_go

app = typer.Typer(
    name="sdsync",
    help="Keeps service desks, trackers and the tools beside them in step.",
    no_args_is_help=True,
    add_completion=False,  # `sdsync completion` prints it, without touching anybody's files
    rich_markup_mode=None,  # importing rich for --help would triple its time
    pretty_exceptions_enable=False,  # they print local variables, secrets included
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    config: ConfigPath = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Keeps service desks, trackers and the tools beside them in step."""
    ctx.obj = config or ctx.obj
    if version:
        from sdsync import __version__

        typer.echo(f"sdsync {__version__}")
        raise typer.Exit(0)


running.register(app)
dayone.register(app)
settings.register(app)
looking.register(app)
console.register(app)
mappings.register(app)
steering.register(app)
dead.register(app)
held.register(app)
planning.register(app)
plans.register(app)
alarms.register(app)
retention.register(app)
audit.register(app)
store.register(app)


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command line and say in one code how it ended."""
    if "_SDSYNC_COMPLETE" in os.environ:
        # Typer sets this up only where it may write into somebody's shell files.
        from typer._completion_classes import completion_init

        completion_init()
    words = list(sys.argv[1:] if argv is None else argv)
    again.remember(words)
    out = sys.stdout
    forgive(out)
    try:
        code = _ended(words)
        Output(out).flush()  # what cannot be written is told here, not when the process ends
    except Unwritten as stop:
        return _not_written(stop, out)
    return code


def _ended(words: list[str]) -> int:
    as_json, streams = "--json" in words, (sys.stdout, sys.stderr)
    try:
        code = app(args=words, prog_name="sdsync", standalone_mode=False)
    except SystemExit as ended:
        sys.stdout, sys.stderr = streams  # click puts others in place when a pipe is closed
        _echoed(ended.__context__)
        return ended.code if isinstance(ended.code, int) else Code.FAILED
    except CommandError as error:
        return _told(error, as_json=as_json)
    except usage.Unusable as error:
        if as_json:
            return _told(usage.error_of(error), as_json=True)
        Output(sys.stderr).write(usage.page_of(error))
        return Code.USAGE
    except typer.Abort:
        Output(sys.stderr).line("Aborted!")
        return Code.FAILED
    except KeyboardInterrupt:
        return 130
    except Unwritten:
        raise
    except Exception as error:  # to tell every room's own with a cure; others are raised again
        _echoed(error)
        return _told(wrong.translated(error), error, as_json=as_json)
    return code if isinstance(code, int) else Code.FINE


def _echoed(error: BaseException | None) -> None:
    """Raise what click itself could not write, such as a help; any other failure is no output's."""
    if not isinstance(error, OSError):
        return
    *_, (frame, _line) = walk_tb(error.__traceback__)
    if frame.f_code is typer.echo.__code__:
        raise Unwritten(error) from error


def _not_written(stop: Unwritten, out: TextIO) -> int:
    """End quietly when the reader has had enough (`sdsync trace … | head`); else say why."""
    let_go(out)
    if not stop.gone:
        with suppress(Unwritten):
            Output(sys.stderr).line(str(stop))
    let_go(sys.stderr)
    return Code.FINE if stop.gone else Code.FAILED


def _told(error: CommandError, cause: Exception | None = None, *, as_json: bool = False) -> int:
    """Say what is wrong on standard error; a script that wants JSON gets it where it reads."""
    from sdsync.config.problems import repeated

    if as_json:
        told = "\n".join(map(repeated, str(error).split("\n")))
        problems = getattr(cause, "problems", [])
        cure = "; then ".join(wrong.cures(error, cause)) or None
        Output(sys.stdout).json({"error": told, "cure": cure, "problems": problems})
    else:
        Output(sys.stderr).page(wrong.page(error, cause))
    return int(error.code)
