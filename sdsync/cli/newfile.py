"""The first ``sdsync.toml``: ten lines, and never over another file by accident."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sdsync.cli.codes import CommandError


@dataclass(frozen=True, slots=True)
class NewSystem:
    """A ``[systems.NAME]`` as it will be written."""

    name: str
    connector: str
    url: str
    token: str  # the reference


@dataclass(frozen=True, slots=True)
class NewFile:
    """What was answered. ``taken`` and ``put`` are keys of places; ``type`` a canonical word."""

    first: NewSystem
    second: NewSystem
    sync: str
    taken: str
    taken_word: str  # "queue"
    put: str
    put_word: str  # "project"
    type: str | None


def text_of(new: NewFile) -> str:
    """The file; comments stand where a person will come back to change something."""
    put = {new.put_word: _literal(new.put)} | ({"type": _quoted(new.type)} if new.type else {})
    inner = ", ".join(f"{key} = {value}" for key, value in put.items())
    rows = [
        (f"{new.first.name}.take", _expression(new), "what enters, from where"),
        (f"{new.second.name}.put", f"{{ {inner} }}", "where a new one is born"),
        ("# mode", '"live"', "left out: observe"),
    ]
    width = max(len(key) for key, _, _ in rows)
    said = [f"{key:<{width}} = {value}" for key, value, _ in rows]
    column = max(len(one) for one in said) + 3
    lines = [*_system(new.first), *_system(new.second), f"[syncs.{new.sync}]"]
    lines += [f"{one:<{column}}# {why}" for one, (_, _, why) in zip(said, rows, strict=True)]
    return "\n".join(lines) + "\n"


def _system(one: NewSystem) -> list[str]:
    rows = {"connector": one.connector, "url": one.url, "token": one.token}
    return [f"[systems.{one.name}]", *(f"{k:<9} = {_quoted(v)}" for k, v in rows.items())]


def _expression(new: NewFile) -> str:
    """``'queue == "Escalated"'``: a literal string where the name has no quote of its kind."""
    name = new.taken.replace("\\", "\\\\").replace('"', '\\"')
    told = f'{new.taken_word} == "{name}"'
    return f"'{told}'" if "'" not in told and told.isprintable() else _quoted(told)


def _literal(value: str) -> str:
    """A text; one that begins like an expression is written as the expression that yields it."""
    if not value.lstrip().startswith("="):
        return _quoted(value)
    name = value.replace("\\", "\\\\").replace('"', '\\"')
    return _quoted(f'= "{name}"')


def _quoted(value: str) -> str:
    """A basic string of TOML: its escapes are those of JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def write(path: Path, text: str, *, overwrite: bool) -> None:
    """All of it or nothing, also when the process dies; another file stays unless ``overwrite``.

    What is written over keeps its mode and, if we may, its owner; of a link what it leads to.

    Raises:
        CommandError: A file came there meanwhile, or the folder cannot be written.
    """
    path = Path(os.path.realpath(path)) if overwrite else path
    try:
        handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            _like(path if overwrite else None, made)
            if overwrite:
                Path(made).replace(path)
            else:
                os.link(made, path)
        finally:
            Path(made).unlink(missing_ok=True)
    except FileExistsError:
        raise exists(path) from None
    except OSError as error:
        told = (error.strerror or "it cannot be written").lower()
        raise CommandError(f"{path}: {told}", cure=f"ls -ld {path.parent}") from None


def _like(old: Path | None, made: str) -> None:
    """Who may read it: as of the file that it replaces."""
    if old is None or not old.exists():
        Path(made).chmod(0o644)  # it holds no secret, and a service reads it
        return
    before = old.stat()
    with suppress(OSError):  # only root may give a file away
        os.chown(made, before.st_uid, before.st_gid)
    Path(made).chmod(stat.S_IMODE(before.st_mode))


def exists(path: Path) -> CommandError:
    """A file is there, and nobody said that it may go."""
    return CommandError(
        f"{path} is there already; nothing was changed",
        cure=f"sdsync init --overwrite, or sdsync --config OTHER.toml init; now: cat {path}",
    )
