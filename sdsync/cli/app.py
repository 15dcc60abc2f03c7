"""The tree of commands, and how a command line ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from sdsync.cli import again
from sdsync.cli.codes import Code, CommandError
from sdsync.cli.commands import (
    audit,
    dayone,
    dead,
    held,
    looking,
    mappings,
    plans,
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
    ctx.obj = config
    if version:
        from sdsync import __version__

        typer.echo(f"sdsync {__version__}")
        raise typer.Exit(0)


running.register(app)
dayone.register(app)
settings.register(app)
looking.register(app)
mappings.register(app)
steering.register(app)
dead.register(app)
held.register(app)
plans.register(app)
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
        return _told(_translated(error), error, as_json=as_json)
    return Code.FINE


def _translated(error: Exception) -> CommandError:
    """What other rooms raise, as a message with a cure; anything else goes on its way."""
    import sqlite3

    from sdsync.config.problems import ConfigError
    from sdsync.config.secrets import SecretMissingError
    from sdsync.store.contract import Stale, StoreFull
    from sdsync.store.dialect import StoreAway
    from sdsync.sync.by_hand import Refused

    match error:
        case ConfigError():
            return CommandError(str(error))
        case SecretMissingError():
            return CommandError(str(error), cure="sdsync check")
        case Stale():
            return CommandError(
                "the daemon changed the same record meanwhile; nothing was written",
                cure=_ONCE_MORE,
            )
        case StoreFull() | sqlite3.OperationalError() if "readonly" in str(error):
            text = "the store is a file that this user may not write, or on a read-only disk"
            return CommandError(text, cure="sdsync config, and ls -l store.url")
        case StoreFull():
            return CommandError(f"the store cannot be written: {error}", cure="df -h")
        case Refused():
            return CommandError(str(error))
        case sqlite3.OperationalError() if "locked" in str(error):
            text = "the store is busy: another process has been writing to it for ten seconds"
            return CommandError(text, cure=_ONCE_MORE)
        case sqlite3.OperationalError():
            return CommandError(f"the store cannot be used: {error}", cure="sdsync config")
        case StoreAway():
            return CommandError(str(error), cure="sdsync config; the address is store.url")
        case _ if type(error).__module__.startswith("sdsync."):
            # Ours are written for a person; a bug shows its traceback.
            return CommandError(str(error))
    raise error


#: Cure of what failed by chance; what was kept has a better one.
_ONCE_MORE = "the same command once more"


def _kept(error: BaseException) -> list[str]:
    """Commands that take up what a person wrote before it failed."""
    from sdsync.config.problems import repeated

    return [again.here(repeated(one)) for one in getattr(error, "__notes__", ())]


def _told(error: CommandError, cause: Exception | None = None, *, as_json: bool = False) -> int:
    """Say what is wrong on standard error; a script that wants JSON gets it where it reads."""
    from sdsync.cli.output import Output
    from sdsync.cli.page import BAD, CURE, line
    from sdsync.config.problems import repeated

    # What was typed may be repeated in it, and hold what no terminal and no log should see.
    first, *rest = (repeated(one) for one in str(error).split("\n"))
    kept = _kept(cause or error)
    cures = [again.here(repeated(error.cure))] if error.cure else []
    cures = [one for one in cures if not (kept and one == _ONCE_MORE)] + kept
    if as_json:
        told, problems = "\n".join((first, *rest)), getattr(cause, "problems", [])
        cure = "; then ".join(cures) or None
        Output(sys.stdout).json({"error": told, "cure": cure, "problems": problems})
        return int(error.code)
    out = Output(sys.stderr)
    out.line(line((first, BAD if not rest else "")))
    for one in [*rest, *(["what you wrote is kept"] if kept else [])]:
        out.line(one)
    for one in cures:
        out.line(line((f"> {one}", CURE)))
    return int(error.code)
