"""The reference page of the connector contract: each public name, from its own source."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

INTRODUCTION = """
What `from sdsync.connectors import …` gives. These names stay; how a connector is made of them:
[write a connector](../how-to/write-a-connector.md). Values that a connector answers are what was
asked for or a failure; none is raised.
"""
#: Module -> heading; a name stands under the module that it is defined in.
SECTIONS = {
    "sdsync.connectors.contract": "The contract",
    "sdsync.connectors.failures": "Failures",
    "sdsync.connectors.preparing": "Day one, which a connector may leave out",
    "sdsync.connectors.http": "Calls",
    "sdsync.connectors.replies": "Answers",
    "sdsync.connectors.bodies": "Bodies",
    "sdsync.connectors.common": "What connectors share",
    "sdsync.connectors.stamps": "Stamps",
    "sdsync.connectors.batches": "Batches",
    "sdsync.connectors.jobs": "Jobs",
    "sdsync.connectors.webhooks": "Webhooks",
    "sdsync.connectors.settings": "Settings",
    "sdsync.config.model": "Settings of a system",
    "sdsync.config.clock": "Clocks",
    "sdsync.store.records": "Records",
}
TESTING = """
What `from sdsync.testing import …` gives: the conformance kit, which needs pytest
(in the checkout of sdsync: `pip install '.[testing]'`).
"""
#: Of a model that has a page of its own, only the first line.
_ELSEWHERE = {"SystemConfig": "[its keys](configuration.md#systemsname)"}
_ROLE = re.compile(r":(?:class|meth|attr|func|mod):`([^`]+)`")

Definition = ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign


def page() -> str:
    """The whole page, in Markdown."""
    from sdsync.connectors import public
    from sdsync.testing import public as testing

    lines = ["# The connector contract", "", INTRODUCTION, ""]
    names = _by_module(public)
    assert names.keys() <= SECTIONS.keys(), names.keys() - SECTIONS.keys()
    for module, heading in SECTIONS.items():
        if module in names:
            lines += [f"## {heading}", "", *_section(module, names[module])]
    lines += ["## Testing", "", TESTING, ""]
    for module, found in sorted(_by_module(testing).items()):
        lines += _section(module, found)
    lines += ["## What the kit asks", "", *_asked(testing.ConnectorConformance), ""]
    lines += ["## What the living kit asks", "", *_asked(testing.LivingConformance), ""]
    return "\n".join(lines)


def _by_module(public: object) -> dict[str, dict[str, str]]:
    """Module -> name there -> public name, as the surface itself imports them."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(public)).body:  # type: ignore[arg-type] # a module
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("sdsync."):
            for alias in node.names:
                names = found.setdefault(str(node.module), {})
                names[alias.name] = alias.asname or alias.name
    return found


def _section(module: str, names: dict[str, str]) -> Iterator[str]:
    source = Path(str(importlib.import_module(module).__file__)).read_text(encoding="utf-8")
    lines = source.split("\n")
    body = ast.parse(source).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        name = _name(node)
        if name in names and isinstance(node, Definition):
            yield from _entry(names[name], node, after, lines)


def _name(node: ast.stmt) -> str | None:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return None


def _entry(name: str, node: Definition, after: ast.stmt | None, lines: list[str]) -> Iterator[str]:
    yield from (f"### {name}", "")
    match node:
        case ast.FunctionDef():
            yield from (f"`{_signature(node, name)}`", "", *_prose(ast.get_docstring(node)))
        case ast.ClassDef():
            yield from _prose(ast.get_docstring(node))
            if name in _ELSEWHERE:
                yield from (_ELSEWHERE[name], "")
            else:
                yield from _fields(node, lines)
                yield from _methods(node)
        case _:
            text = _after(after) or _above(node.lineno, lines)
            value = f"`{ast.unparse(node.value)}`" if node.value else ""
            yield from (" ".join(filter(None, [value, _cell(text)])), "")


def _fields(node: ast.ClassDef, lines: list[str]) -> Iterator[str]:
    rows = []
    for one in node.body:
        name = _name(one)
        if name is None or name.startswith("_") or not isinstance(one, ast.Assign | ast.AnnAssign):
            continue
        kind = ast.unparse(one.annotation) if isinstance(one, ast.AnnAssign) else ""
        if isinstance(one, ast.Assign):
            kind = ast.unparse(one.value)
        told = " ".join(filter(None, [_above(one.lineno, lines), _beside(one, lines)]))
        rows.append(f"| `{name}` | `{_cell(kind)}` | {_cell(told)} |")
    if rows:
        yield from ("| field | type | meaning |", "| --- | --- | --- |", *rows, "")


def _methods(node: ast.ClassDef) -> Iterator[str]:
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and not one.name.startswith(("_", "test_")):
            yield from ("", f"`{_signature(one, one.name)}`", "", *_prose(ast.get_docstring(one)))
    yield ""


def _signature(node: ast.FunctionDef, name: str) -> str:
    arguments = ast.unparse(node.args).removeprefix("self, ").removeprefix("self")
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    is_property = any(ast.unparse(one) == "property" for one in node.decorator_list)
    return f"{name}{returns}" if is_property else f"{name}({arguments}){returns}"


def _asked(kit: type) -> Iterator[str]:
    """What a kit asks of a connector, the inherited questions too."""
    for name, test in inspect.getmembers(kit, inspect.isfunction):
        if name.startswith("test_"):
            words = name.removeprefix("test_").replace("_", " ")
            yield f"- *{words}*: {_cell(inspect.getdoc(test) or '')}"


def _prose(doc: str | None) -> Iterator[str]:
    """A docstring as Markdown: its headings become words, its examples blocks."""
    if doc:
        text = re.sub(r"``([^`]+)``", r"`\1`", doc)
        text = _ROLE.sub(r"`\1`", text)
        text = re.sub(r"^(Args|Raises|Source): *\n", r"\n*\1*\n\n", text, flags=re.M)
        text = re.sub(r"^    (\w+): ", r"- `\1`: ", text, flags=re.M)
        text = re.sub(r"^ {8}(?=\S)", "  ", text, flags=re.M)
        yield from (re.sub(r"::$", ":", text, flags=re.M), "")


def _above(line: int, lines: list[str]) -> str:
    """The ``#:`` comment over a definition."""
    found: list[str] = []
    while line >= 2 and lines[line - 2].strip().startswith("#:"):
        found.insert(0, lines[line - 2].strip().removeprefix("#:").strip())
        line -= 1
    return " ".join(found)


def _beside(node: ast.stmt, lines: list[str]) -> str:
    """The comment at the end of a definition's line."""
    _, mark, told = lines[(node.end_lineno or node.lineno) - 1].partition("  # ")
    return told.strip() if mark else ""


def _after(node: ast.stmt | None) -> str:
    """The string under a definition that stands alone."""
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
        case _:
            return ""


def _cell(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|").replace("``", "`")
    return _ROLE.sub(r"`\1`", line)
