"""What README, docs and examples say is so."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sdsync
from sdsync.config.load import load, load_text
from sdsync.mappings.compile import compile_mapping
from tests.acceptance.conftest import Desk

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FIELDS = ("mark", "peer", "tags")  # custom fields: `sdsync mark` is no command
#: Distribution -> what is imported, where the two differ.
IMPORTS = {"beautifulsoup4": "bs4", "markdown-it-py": "markdown_it", "pyyaml": "yaml"}


def blocks(text: str, language: str) -> list[str]:
    """Fenced blocks of a language, those inside lists too."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


@pytest.mark.parametrize("page", ["README.md", "docs/first-sync.md"])
def test_the_first_configuration_is_the_example_and_is_complete(page: str) -> None:
    example = (ROOT / "examples/first/sdsync.toml").read_text(encoding="utf-8")

    (shown, *_) = blocks((ROOT / page).read_text(encoding="utf-8"), "toml")

    assert shown == example
    config = load_text(shown)
    assert config.syncs["escalations"].mode == "observe"


def test_the_configuration_at_the_root_is_fine() -> None:
    assert load(ROOT / "sdsync.toml").syncs["escalations"].mode == "live"


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.name)
def test_toml_blocks_are_toml(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "toml"):
        tomllib.loads(block)


def test_the_mapping_of_the_how_to_passes_its_own_example(empty_desk: Desk) -> None:
    page = (ROOT / "docs/how-to/write-a-mapping.md").read_text(encoding="utf-8")
    folder = empty_desk.folder / "mappings"
    folder.mkdir()
    (folder / "desk-ticket.yaml").write_text(blocks(page, "yaml")[0], encoding="utf-8")

    checked = empty_desk.type("mappings", "check")
    ran = empty_desk.type("mappings", "test", "desk", "--json")

    assert checked.code == 0, checked.err
    assert ran.code == 0, ran.out
    assert "PRD stays PRD until somebody changes it" in ran.out


def each_block(language: str) -> list[Any]:
    """Each block of the pages in a language, but of a connector: its own guide is built and run."""
    return [
        pytest.param(block, id=f"{page.name} {number}")
        for page in PAGES
        if page.name != "write-a-connector.md"
        for number, block in enumerate(blocks(page.read_text(encoding="utf-8"), language))
    ]


@pytest.mark.parametrize("block", each_block("yaml"))
def test_each_mapping_that_a_page_shows_is_one(tmp_path: Path, block: str) -> None:
    (tmp_path / "desk-ticket.yaml").write_text(block, encoding="utf-8")

    made = compile_mapping("desk", "request_tracker", "ticket", folder=tmp_path, tables={})

    assert [field for field in re.findall(r"^  ([a-z_]+):", block, re.M) if field in made.fields]


def laid_over(ground: dict[str, Any], piece: dict[str, Any]) -> dict[str, Any]:
    """Settings, and a piece of settings in their place."""
    both = {
        name: laid_over(ground[name], piece[name])
        for name in ground.keys() & piece.keys()
        if isinstance(piece[name], dict)
    }
    return {**ground, **piece, **both}


def inline(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(one)} = {inline(of)}' for one, of in value.items())}}}"
    return json.dumps(value)


@pytest.mark.parametrize("block", each_block("toml"))
def test_each_piece_of_settings_that_a_page_shows_can_be_laid_into_the_first(
    tmp_path: Path, block: str
) -> None:
    first = (ROOT / "examples/first/sdsync.toml").read_text(encoding="utf-8")
    (tmp_path / "teams.csv").write_text("team,desk,dev\n", encoding="utf-8")
    piece = tomllib.loads(block)

    whole = laid_over(tomllib.loads(first), piece)
    text = "\n".join(f"{name} = {inline(value)}" for name, value in whole.items())

    assert piece
    load_text(text, path=tmp_path / "sdsync.toml")


def commands(one: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, child in getattr(one, "commands", {}).items():
        yield " ".join((*path, name))
        yield from commands(child, (*path, name))


def test_every_command_that_a_page_names_exists() -> None:
    from typer.main import get_command

    from sdsync.cli.app import app

    known = set(commands(get_command(app)))
    groups = {one.split()[0] for one in known if " " in one}
    unknown = []
    for page in PAGES:
        for first, second in re.findall(
            r"(?:`|\$ )(?:\.venv/bin/)?sdsync ([a-z]+)(?: ([a-z]+))?", page.read_text("utf-8")
        ):
            name = f"{first} {second}" if first in groups and second else first
            if name not in known and first not in FIELDS:
                unknown.append(f"{page.name}: sdsync {name}")

    assert not unknown


def options(one: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, set[str]]]:
    """Each command with its options."""
    for name, child in getattr(one, "commands", {}).items():
        yield " ".join((*path, name)), {word for given in child.params for word in given.opts}
        yield from options(child, (*path, name))


def test_every_option_that_a_page_names_is_one_of_its_command() -> None:
    from typer.main import get_command

    from sdsync.cli.app import app

    known = dict(options(get_command(app)))
    told, unknown = 0, []
    for page in PAGES:
        for said in re.findall(r"(?:`|\$ |> |&& )sdsync ([^`\n&|]+)", page.read_text("utf-8")):
            words = re.split(r"\s#", said)[0].split()
            pair, first = " ".join(words[:2]), words[0]
            has = known.get(pair, known.get(first))
            given = [word.rstrip(".,;)") for word in words if re.match("--?[a-z]", word)]
            told += len(given)
            unknown += [f"{page.name}: {said}" for one in given if has and one not in has]

    assert told
    assert not unknown


def test_the_unit_file_of_the_how_to_is_the_example() -> None:
    page = (ROOT / "docs/how-to/run-under-systemd.md").read_text(encoding="utf-8")

    _, shown = blocks(page, "ini")[0].split("\n", 1)

    assert shown == (ROOT / "examples/systemd/sdsync.service").read_text(encoding="utf-8")


def test_every_law_of_the_page_has_a_test_that_bears_its_number() -> None:
    page = (ROOT / "docs/laws.md").read_text(encoding="utf-8")
    promised = set(re.findall(r"^\| (\d+) \| .* \| \{tests:\1\} \|$", page, re.MULTILINE))

    tests = "\n".join(one.read_text("utf-8") for one in (ROOT / "tests").rglob("test_*.py"))
    proved = set(re.findall(r"^ *def test_law_(\d+)_", tests, re.MULTILINE))

    assert promised
    assert proved == promised


def declared() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = re.compile(r"[a-z0-9-]+")
    return {
        "run": [name.match(one)[0] for one in project["dependencies"]],  # type: ignore[index]
        "check": [
            found[0]
            for one in (ROOT / "requirements/dev.in").read_text(encoding="utf-8").splitlines()
            if (found := re.match(r"[A-Za-z][A-Za-z0-9-]*", one))
        ],
    }


def test_every_dependency_has_its_reason() -> None:
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    told = {
        name.strip() for row in re.findall(r"^\| ([^|]+) \|", page, re.M) for name in row.split(",")
    }

    missing = [one for names in declared().values() for one in names if one not in told]

    assert not missing


def test_every_dependency_is_used() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in Path(sdsync.__file__).parent.rglob("*.py")
    )

    unused = [
        one
        for one in declared()["run"]
        if not re.search(rf"^\s*(?:import|from) {IMPORTS.get(one, one)}\b", source, re.M)
        and f'"{one}"' not in source
    ]

    assert not unused


@pytest.mark.parametrize("name", ["runtime.txt", "build.txt", "dev.txt"])
def test_requirements_are_locked_with_hashes_and_name_no_registry(name: str) -> None:
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    pins = [n for n, one in enumerate(lines) if re.match(r"[a-z0-9-]+==", one)]

    assert pins
    assert all("--hash=sha256:" in lines[n + 1] for n in pins)
    assert not [one for one in lines if "://" in one or one.startswith("-")]
