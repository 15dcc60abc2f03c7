"""The mapping files that ship: ours, and those in the folder ``packs`` of a plugin."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from sdsync.config.plugins import plugins

PACKS: Final = Path(__file__).parent / "packs"
_NAME: Final = re.compile(r"([\w-]+)/([\w-]+)")


def pack(name: str) -> tuple[Path, str] | None:
    """The file of a pack as ``extends`` names it (``redmine/ticket``), and its name for people.

    Plugins are looked through only for what is not ours: most installations have none.
    """
    parts = _NAME.fullmatch(name)
    if parts is None:
        return None
    connector, kind = parts.groups()
    if (PACKS / connector).is_dir():  # a plugin cannot put its files in the place of ours
        file = PACKS / connector / f"{kind}.yaml"
        return (file, f"packs/{name}.yaml") if file.is_file() else None
    plugin = plugins().get(connector)
    folder = plugin.packs if plugin else None
    if folder is None or not (folder / f"{kind}.yaml").is_file():
        return None
    return folder / f"{kind}.yaml", f"{folder.parent.name}/packs/{kind}.yaml"


def pack_names() -> list[str]:
    """All packs, as ``extends`` names them."""
    found = {file.relative_to(PACKS).with_suffix("").as_posix() for file in PACKS.glob("*/*.yaml")}
    for plugin in plugins().values():
        folder = plugin.packs
        files = folder.glob("*.yaml") if folder else ()
        found |= {name for one in files if pack(name := f"{plugin.name}/{one.stem}")}
    return sorted(found)
