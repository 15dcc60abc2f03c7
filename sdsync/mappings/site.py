"""The folder of a site's mapping files."""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection, Iterator
from pathlib import Path

from sdsync.config.problems import Problem, nearest_name
from sdsync.mappings.contract import Written


def file_of(folder: Path, name: str, kind: str) -> Path:
    """Where the site's own file of a mapping is, if there is one."""
    return folder / f"{name}-{kind}.yaml"


def written(file: Path, text: str) -> Written:
    """What a site's file said, and whose it is."""
    try:
        uid = file.stat().st_uid
    except OSError:
        return Written(text, None)
    try:
        return Written(text, pwd.getpwuid(uid).pw_name)
    except KeyError:
        return Written(text, f"uid {uid}")


def unread(folder: Path, wanted: Collection[str]) -> Iterator[Problem]:
    """Mapping files of a site that nobody reads, though one of nearly that name is looked for.

    Args:
        folder: Of the site's mapping files.
        wanted: Names of all files that are read there if they are there.
    """
    lacking = [one for one in sorted(wanted) if not os.path.lexists(folder / one)]
    for file in sorted(folder.glob("*.y*ml")):
        near = nearest_name(file.name, lacking)
        if near and file.name not in wanted:
            yield Problem(f"{folder.name}/{file.name}", 0, 0, "", "no system reads it", None, near)
