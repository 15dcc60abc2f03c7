"""The tree of commands, and how a command line ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from sdsync.cli import again, wrong
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
    as_json = "--json" in words
    try:
        app(args=words, prog_name="sdsync")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else Code.FAILED
    except CommandError as error:
        return _told(error, as_json=as_json)
    except BrokenPipeError:
        # The reader has had enough (`sdsync trace … | head`); that is no failure of ours.
        sys.stderr.close()
        return Code.FINE
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # to tell every room's own with a cure; others are raised again
        return _told(wrong.translated(error), error, as_json=as_json)
    return Code.FINE


def _told(error: CommandError, cause: Exception | None = None, *, as_json: bool = False) -> int:
    """Say what is wrong on standard error; a script that wants JSON gets it where it reads."""
    from sdsync.cli.output import Output
    from sdsync.config.problems import repeated

    if as_json:
        told = "\n".join(map(repeated, str(error).split("\n")))
        problems = getattr(cause, "problems", [])
        cure = "; then ".join(wrong.cures(error, cause)) or None
        Output(sys.stdout).json({"error": told, "cure": cure, "problems": problems})
    else:
        Output(sys.stderr).page(wrong.page(error, cause))
    return int(error.code)
