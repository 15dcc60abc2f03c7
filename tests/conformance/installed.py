"""What an installer leaves of a package that announces a connector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def announce(folder: Path, project: Mapping[str, object]) -> None:
    """The ``.dist-info`` of a package whose folder is on the path."""
    name, version = str(project["name"]), str(project["version"])
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = project["entry-points"]
    assert isinstance(groups, dict)
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
