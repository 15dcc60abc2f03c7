"""The reference pages, made from the code when the site is built, so that they cannot be stale.

A hook of mkdocs. It imports the package as it is installed: the command tree,
the settings' model and what connectors declare.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Beside this file: mkdocs puts its folder on the path while it loads a hook.
import contract
import promises
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

COMMAND_LINE = """
Every command takes `--config FILE` (`-c`; or the variable `SDSYNC_CONFIG`) and `--json`. How
commands end: [exit codes](../words.md#exit-codes). In a pipe there are no colours, and lines have
at most 80 columns.
"""
CONFIGURATION = """
`sdsync.toml`, every key. `sdsync config` prints what is in force and where it comes from;
`sdsync schema` prints a JSON Schema for editors. Durations are written `30s`, `10m`, `1h`; sizes
`10 MB`; secrets as references: `env:NAME`, `file:PATH`, `keyring:SERVICE/USER`.
"""
SIDES = """\
| `SYSTEM.take` | nothing enters there | What enters from this system: an expression. |
| `SYSTEM.put` | nothing is born there | Where and as what a new one is born: one place (`queue`, \
`project` or `place`) and canonical fields; `= …` is an expression. |"""
CONNECTORS = """
What each declares. A *create handle* is by what something that we made is found again when the
answer got lost; the *landing time* is how long a call that we gave up may still take effect.
"""

_LAW = re.compile(r"test_law_(\d+)(?:_|$)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the page of measurements into the menu once there is one."""
    if config.nav and (ROOT / "docs/performance.md").exists():
        config.nav.append({"Performance": "performance.md"})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    pages = {
        "reference/command-line.md": command_line(),
        "reference/configuration.md": configuration(),
        "reference/connectors.md": connectors(),
        "reference/contract.md": contract.page(),
        "reference/promises.md": promises.page(),
    }
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Write each law's tests into the page of laws."""
    del config, files
    if page.file.src_uri != "laws.md":
        return markdown
    tests = law_tests()
    return re.sub(r"\{tests:(\d+)\}", lambda one: tests.get(int(one[1]), "-"), markdown)


# -- command line --------------------------------------------------------------------
def command_line() -> str:
    """Every command with its arguments and options."""
    from typer.main import get_command

    from sdsync.cli.app import app

    lines = ["# Command line", "", COMMAND_LINE, ""]
    root = get_command(app)
    for path, one in _commands(root, ("sdsync",)):
        lines += _command(path, one)
    return "\n".join(lines)


def _commands(one: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, child in getattr(one, "commands", {}).items():
        here = (*path, name)
        if getattr(child, "commands", None):
            yield from _commands(child, here)
        else:
            yield here, child


def _command(path: tuple[str, ...], one: Any) -> list[str]:
    shown = [p for p in one.params if p.name not in ("config", "as_json", "help")]
    arguments = [p for p in shown if p.param_type_name == "argument"]
    options = [p for p in shown if p.param_type_name == "option"]
    words = " ".join([*path, *(_word(p) for p in arguments)])
    lines = [f"## {' '.join(path[1:])}", "", f"`{words}`", "", _unwrapped(one.help or ""), ""]
    rows = [(f"`{_bare(p)}`", p.help or "") for p in arguments]
    rows += [(f"`{', '.join(p.opts)}`", p.help or "") for p in options]
    if rows:
        lines += [
            "| | |",
            "| --- | --- |",
            *(f"| {name} | {_cell(text)} |" for name, text in rows),
            "",
        ]
    return lines


def _bare(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper()).strip("[]")


def _word(argument: Any) -> str:
    return _bare(argument) if argument.required else f"[{_bare(argument)}]"


# -- configuration ---------------------------------------------------------------------
def configuration() -> str:
    """Every key of sdsync.toml, with its default and meaning."""
    from sdsync.config import alarms, evidence, model

    lines = ["# Configuration", "", CONFIGURATION, ""]
    sections: list[tuple[str, type[Any]]] = [
        ("store", model.StoreConfig),
        ("broker", model.BrokerConfig),
        ("server", model.ServerConfig),
        ("log", model.LogConfig),
        ("audit", evidence.AuditConfig),
        ("alarms", alarms.AlarmsConfig),
        ("alarms.webhook", alarms.WebhookConfig),
        ("alarms.mail", alarms.MailConfig),
        ("alarms.heartbeat", alarms.HeartbeatConfig),
        ("retention", evidence.RetentionConfig),
        ("systems.NAME", model.SystemConfig),
        ("systems.NAME.places.PLACE", model.PlaceConfig),
        ("syncs.NAME", model.SyncConfig),
    ]
    for title, section in sections:
        lines += [f"## {title}", "", "| key | left out | meaning |", "| --- | --- | --- |"]
        for name, field in section.model_fields.items():
            if name not in section.derived:
                key = str(field.validation_alias or field.alias or name)
                lines.append(
                    f"| `{key}` | {_default(name, field)} | {_cell(field.description or '')} |"
                )
        if title == "syncs.NAME":
            lines += SIDES.split("\n")
        lines.append("")
    lines += [
        "## lag",
        "",
        model.Config.model_fields["lag"].description or "",
        "",
        "| key | left out |",
        "| --- | --- |",
    ]
    lines += [f"| `{name}` | {seconds:g} s |" for name, seconds in model.LAGS.items()]
    lines += ["", "## tables", "", model.Config.model_fields["tables"].description or "", ""]
    return "\n".join(lines)


def _default(name: str, field: Any) -> str:
    if field.is_required():
        return "has to be given"
    value = field.get_default(call_default_factory=True)
    match value:
        case None:
            return "-"
        case True | False:
            return str(value).lower()
        case float() if name.endswith("_s"):
            return f"{value:g} s"
        case int() if name.endswith("_bytes"):
            return f"{value // 1_000_000} MB"
        case str() | int() | float():
            return f"`{value}`"
        case _:
            return "none" if not value else f"`{value}`"


# -- connectors --------------------------------------------------------------------------
def connectors() -> str:
    """What each connector declares, before any code of it runs."""
    from sdsync.connectors import registry

    lines = ["# Connectors", "", CONNECTORS, ""]
    for name in registry.BUILT_IN:
        one = registry.capabilities(name)
        tested = " to ".join(dict.fromkeys(one.tested))
        rows = [
            ("product", f"{one.product}, proved with {tested}"),
            ("records", ", ".join(one.record_kinds)),
            (
                "writes",
                "compare and set" if one.compare_and_set else "read, compare, write, read back",
            ),
            ("window that remains", one.window),
            ("resolution of its change times", f"{one.stamp_resolution_s:g} s"),
            ("edits notes", "yes" if one.edits_notes else "no: a follow-up note"),
            ("takes notes back", "yes" if one.removes_notes else "no: a follow-up note"),
            ("markup of notes", one.note_format),
            ("copied worklogs", _worklogs(one)),
            ("webhooks", "understood" if one.webhooks else "none"),
        ]
        rows += [
            (f"create handle, {kind}", f"{how.handle}, landing time {how.landing_s:g} s")
            for kind, how in one.create.items()
        ]
        lines += [f"## {name}", "", "| | |", "| --- | --- |"]
        lines += [f"| {key} | {_cell(text)} |" for key, text in rows] + [""]
        options = _options(registry.load(name).__doc__ or "")
        if options:
            lines += [f"Options (`[systems.NAME.options]`): {options}", ""]
        lines += _bells(name, one.product)
    return "\n".join(lines)


def _bells(name: str, product: str) -> Iterator[str]:
    """What makes a product send webhooks that sends none of its own, as it ships."""
    for file in sorted((ROOT / "sdsync/connectors" / name).glob("webhook_*")):
        what = file.stem.removeprefix("webhook_")
        yield from (f"### The {what} of {product}", "", "```", file.read_text().rstrip(), "```", "")


def _options(doc: str) -> str:
    found = re.search(r"Options: (.*?)(?:\n\s*\n|\Z)", doc, re.DOTALL)
    return _unwrapped(found[1]).replace("``", "`") if found else ""


# -- laws ------------------------------------------------------------------------------------
def law_tests() -> dict[int, str]:
    """Law number -> its tests, by the number that they bear."""
    found: dict[int, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (match := _LAW.match(node.name)):
                name = f"`{path.relative_to(ROOT / 'tests')}::{node.name}`"
                found.setdefault(int(match[1]), []).append(name)
    return {number: "<br>".join(names) for number, names in found.items()}


def _unwrapped(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _unwrapped(text).replace("|", "\\|")


def _worklogs(one: Any) -> str:
    if "worklog" not in one.create:
        return "none"
    return "changed in place" if one.edits_worklogs else "made up for by another entry"
