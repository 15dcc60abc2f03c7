"""The package that the guide "write a connector" builds, made from its code blocks alone."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.conformance.installed import announce

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/write-a-connector.md"
_BLOCK = re.compile(
    r"^```(?:python|toml|yaml)\n(# (\S+\.\w+)(?: \([^\n]*\))?\n.*?)^```$", re.S | re.M
)


def files() -> dict[str, str]:
    """Path -> content; blocks of one file in the order of the page, named once."""
    found: dict[str, list[str]] = {}
    for text, path in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        _, rest = text.split("\n", 1)
        found.setdefault(path, []).append(rest if path in found else text)
    return {path: "\n".join(parts) for path, parts in found.items()}


def build(folder: Path) -> Path:
    """Write the package into a folder, and beside it what an installer would have left."""
    for path, text in files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    announce(folder, tomllib.loads(files()["pyproject.toml"])["project"])
    return folder
