"""What went wrong, in words for a person and with the command that cures it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdsync.cli import again
from sdsync.cli.codes import CommandError

if TYPE_CHECKING:
    from sdsync.cli.page import Page

#: Cure of what failed by chance; what was kept has a better one.
_ONCE_MORE = "the same command once more"


def translated(error: Exception) -> CommandError:
    """What other rooms raise, as a message with a cure; anything else goes on its way."""
    import sqlite3
    from pathlib import Path

    from sdsync.cli import rooms
    from sdsync.config.problems import ConfigError
    from sdsync.config.secrets import SecretMissingError
    from sdsync.store.contract import Stale, StoreFull
    from sdsync.store.dialect import StoreAway
    from sdsync.sync.persons.by_hand import Refused

    match error:
        case CommandError():
            return error
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
        case PermissionError() if isinstance(error.filename, str):
            return rooms.shut(Path(error.filename))
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
            return CommandError(str(error), cure=getattr(error, "cure", None))
    raise error


def cures(error: CommandError, cause: Exception | None = None) -> list[str]:
    """What to type next; what takes up a kept text comes in place of a blind repeat."""
    from sdsync.config.problems import repeated

    kept = _kept(cause or error)
    first = [again.here(repeated(error.cure))] if error.cure else []
    return [one for one in first if not (kept and one == _ONCE_MORE)] + kept


def page(error: CommandError, cause: Exception | None = None) -> Page:
    """The whole message, the cures last."""
    from sdsync.cli.page import BAD, CURE, line
    from sdsync.config.problems import repeated

    # What was typed may be repeated in it, and hold what no terminal and no log should see.
    first, *rest = (repeated(one) for one in str(error).split("\n"))
    told = [line((first, "" if rest else BAD)), *map(line, rest)]
    told += [line("what you wrote is kept")] if _kept(cause or error) else []
    return told + [line((f"> {one}", CURE)) for one in cures(error, cause)]


def _kept(error: BaseException) -> list[str]:
    """Commands that take up what a person wrote before it failed."""
    from sdsync.config.problems import repeated

    return [again.here(repeated(one)) for one in getattr(error, "__notes__", ())]
