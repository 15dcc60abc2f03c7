"""With which files a daemon started: what is edited since is not in force."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sdsync.config.model import Config

#: Enough to tell an edit; nobody picks these files to collide.
_DIGITS = 12


def files_of(config: Config) -> dict[str, str]:
    """The digest of each file that the settings are made of, by its name from their folder.

    A file that cannot be read has the digest "", so that it counts as changed later.
    """
    folder = config.path.parent
    files = {config.path.name: config.path}
    files.update((f"mappings/{one.name}", one) for one in sorted(folder.glob("mappings/*.y*ml")))
    files.update((one.name, one) for one in config.tables.values())
    return {name: _digest(path) for name, path in files.items()}


def changed(before: dict[str, str], now: dict[str, str]) -> tuple[str, ...]:
    """Names of files that were edited, came or went."""
    return tuple(
        sorted(one for one in before.keys() | now.keys() if before.get(one) != now.get(one))
    )


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]
    except OSError:
        return ""
