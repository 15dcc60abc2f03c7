"""The tree of commands, and how a command line ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.commands import (
    audit,
    dead,
    held,
    looking,
    mappings,
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
settings.register(app)
looking.register(app)
mappings.register(app)
steering.register(app)
dead.register(app)
held.register(app)
audit.register(app)
store.register(app)


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command line and say in one code how it ended."""
    try:
        app(args=list(argv) if argv is not None else None, prog_name="sdsync")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else Code.FAILED
    except CommandError as error:
        return _told(error)
    except BrokenPipeError:
        # The reader has had enough (`sdsync trace … | head`); that is no failure of ours.
        sys.stderr.close()
        return Code.FINE
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        # Every room's own errors are told with a cure; what is none of them is raised again.
        return _told(_translated(error))
    return Code.FINE


def _translated(error: Exception) -> CommandError:
    """What other rooms raise, as a message with a cure; anything else goes on its way."""
    from sdsync.config.problems import ConfigError
    from sdsync.config.secrets import SecretMissingError
    from sdsync.store.contract import Stale, StoreFull
    from sdsync.sync.commands import Refused

    match error:
        case ConfigError():
            return CommandError(str(error))
        case SecretMissingError():
            return CommandError(str(error), cure="sdsync check")
        case Stale():
            return CommandError(
                "the daemon changed the same record meanwhile; nothing was written",
                cure="the same command once more",
            )
        case StoreFull():
            return CommandError(f"the store cannot be written: {error}", cure="df -h")
        case Refused():
            return CommandError(str(error))
        case _ if type(error).__module__.startswith("sdsync."):
            # Ours are written for a person; a bug shows its traceback.
            return CommandError(str(error))
    raise error


def _told(error: CommandError) -> int:
    from sdsync.cli.output import Output
    from sdsync.cli.page import BAD, CURE, line

    out = Output(sys.stderr)
    first, *rest = str(error).split("\n")
    out.line(line((first, BAD if not rest else "")))
    for one in rest:
        out.line(one)
    if error.cure:
        out.line(line((f"> {error.cure}", CURE)))
    return int(error.code)
