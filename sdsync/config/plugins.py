"""Connectors that are installed beside sdsync, as their packages announce them.

Nothing of a plugin is imported here: a name, a target and a folder are read from
what the installer left. Its code runs when a system of its name is used.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

#: The entry point group; the name there is what ``connector = "…"`` says.
GROUP = "sdsync.connectors"


@dataclass(frozen=True)
class Plugin:
    """A connector that a package announces. ``package``: its name and version, for people."""

    name: str
    package: str
    point: EntryPoint
    #: packages that announce the same name; which of them wins would be chance
    rivals: tuple[str, ...] = ()

    @property
    def packs(self) -> Path | None:
        """The folder ``packs`` beside the announced module; None when there is none."""
        first, *rest = self.point.module.split(".")
        spec = PathFinder.find_spec(first, sys.path)
        for home in (spec and spec.submodule_search_locations) or ():
            module = Path(home, *rest)
            folder = (module if module.is_dir() else module.parent) / "packs"
            if folder.is_dir():
                return folder
        return None


def plugins() -> Mapping[str, Plugin]:
    """All of them by name; of several with one name the first, with the others' packages."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return {
        name: Plugin(
            name, _package(points[0]), points[0], tuple(_package(one) for one in points[1:])
        )
        for name, points in sorted(found.items())
    }


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
