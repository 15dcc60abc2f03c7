"""The numbered steps of the way, read from the source: a new one is covered at once.

Those of plans are left out: a command takes them, not the daemon, and its test kills it there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import sdsync

WAY = Path(sdsync.__file__).resolve().parent / "sync"


def numbered() -> tuple[str, ...]:
    """Every NAME of a call ``….step("NAME")`` in the engine, in order of file and line.

    Those of plans are a person's command, which has tests of its own.
    """
    way = sorted(path for path in WAY.rglob("*.py") if path.parent.name != "plans")
    return tuple(dict.fromkeys(name for path in way for name in _in(path)))


def _in(path: Path) -> Iterator[str]:
    calls = [one for one in ast.walk(ast.parse(path.read_text("utf-8"))) if _is_step(one)]
    for call in sorted(calls, key=lambda one: one.lineno):
        match call.args:
            case [ast.Constant(value=str(name))]:
                yield name
            case _:
                raise ValueError(f"{path}:{call.lineno}: a numbered step is named by a plain text")


def _is_step(node: ast.AST) -> TypeGuard[ast.Call]:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "step"
    )
