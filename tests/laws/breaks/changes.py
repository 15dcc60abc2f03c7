"""What ``breaks.toml`` names, and which tests the laws have."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LAWS_FOLDER = ROOT / "tests" / "laws"

#: Laws that have code: the others of the list have nothing yet that could break.
LAWS = (*range(1, 38), *range(39, 43), *range(44, 50), *range(53, 57))
_CAUGHT = Path(__file__).parent / "caught.toml"
_CAUGHT_HEAD = (
    "# Which test catches a break: asked first, then the others. `python -m tests.laws --remember`."
)
_NUMBER = re.compile(r"test_law_(\d+)_\w+")


@dataclass(frozen=True, slots=True)
class Break:
    """One change: where ``old`` stands in ``file``, ``new`` breaks the law."""

    law: int
    what: str
    file: str  # below sdsync/
    old: str
    new: str

    @property
    def name(self) -> str:
        """What it is known by."""
        return f"law {self.law}: {self.what}"

    def applied(self, text: str) -> str:
        """The broken text of the file.

        Raises:
            ValueError: ``old`` is not there exactly once, so nothing was proved.
        """
        if (times := text.count(self.old)) != 1:
            raise ValueError(f"old text stands {times} times in sdsync/{self.file}, expected once")
        return text.replace(self.old, self.new)


def all_breaks() -> Sequence[Break]:
    """Every change, in the order of the file."""
    found = tomllib.loads((Path(__file__).parent / "breaks.toml").read_text("utf-8"))
    return [Break(**one) for one in found["break"]]


def law_tests() -> Mapping[int, Mapping[str, str]]:
    """By law the tests that bear its number, each with the file that it stands in."""
    found: dict[int, dict[str, str]] = {}
    for path in sorted(LAWS_FOLDER.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            match = _NUMBER.fullmatch(node.name) if isinstance(node, ast.FunctionDef) else None
            if match:
                found.setdefault(int(match[1]), {})[match[0]] = path.name
    return found


def caught() -> Mapping[str, str]:
    """By the name of a break the test that was red the last time that all were asked."""
    return tomllib.loads(_CAUGHT.read_text("utf-8")) if _CAUGHT.exists() else {}


def remember(found: Mapping[str, str]) -> None:
    """Keep what :func:`caught` tells, in order of the breaks."""
    lines = (f"{json.dumps(name)} = {json.dumps(test)}" for name, test in found.items())
    _CAUGHT.write_text("\n".join([_CAUGHT_HEAD, *lines, ""]), "utf-8")
