"""The folder of a site's mapping files."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from sdsync.config.problems import Problem, nearest_name


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
