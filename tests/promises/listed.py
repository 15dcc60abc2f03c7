"""The promises of the manual as they are listed here, and what is wrong with the list.

One file per page, at the page's own path: the page's own words, and the tests that
prove them as pytest names them. The site's page of promises is made of these files.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTS = Path(__file__).parent

#: Pages that promise nothing of their own, each with the reason.
SILENT = {
    "docs/dependencies.md": "tests/acceptance/test_documents.py holds it against what is declared",
    "docs/index.md": "it leads to the other pages",
    "docs/laws.md": "each law names its tests there",
    "docs/misbehaviours.md": "of the sandboxes; each switch has a test of its own",
    "docs/performance.md": "figures, and the command that measures them",
}
#: A clause is read at a glance, which a paragraph is not; a bare word promises nothing.
SHORTEST, LONGEST = 10, 200


@dataclass(frozen=True, slots=True)
class Promise:
    """What a page says, and the tests that prove it."""

    page: str  # from the root of the repository
    says: str
    tests: tuple[str, ...]


def listed(folder: Path = LISTS) -> list[Promise]:
    """Every promise; those of one page in the order of its file."""
    return [
        Promise(f"{path.relative_to(folder).with_suffix('')}.md", says, tuple(tests))
        for path in sorted(folder.rglob("*.toml"))
        for says, tests in tomllib.loads(path.read_text("utf-8")).items()
    ]


def pages(root: Path = ROOT) -> list[str]:
    """The manual."""
    found = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    return [path.relative_to(root).as_posix() for path in found]


def prose(markdown: str) -> str:
    """The words of a page on one line, without targets of links and without bold."""
    words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", markdown).replace("**", "")
    return " ".join(words.split())


def forgotten(promises: Iterable[Promise], root: Path = ROOT) -> Iterator[str]:
    """Pages of which no promise is listed though they may well promise something."""
    told = {one.page for one in promises}
    for page in pages(root):
        if page not in told and page not in SILENT:
            yield f"{page}: none of its promises is listed in tests/promises"


def wrong(promise: Promise, root: Path = ROOT) -> Iterator[str]:
    """What is not so: a sentence that the page does not say, a test that is not there."""
    page = root / promise.page
    if not page.is_file() or prose(promise.says) not in _words(page):
        yield f"{promise.page} does not say: {promise.says}"
    if not SHORTEST <= len(promise.says) <= LONGEST:
        yield f"{promise.page}: {len(promise.says)} characters are no clause: {promise.says}"
    if not promise.tests:
        yield f"{promise.page}: nothing proves: {promise.says}"
    for test in promise.tests:
        if not _is_there(test, root):
            yield f"{promise.page}: no test {test}"


def _is_there(test: str, root: Path) -> bool:
    path, _, name = test.partition("::")
    name, _, case = name.partition("[")
    if not (root / path).is_file() or name not in _tests(root / path):
        return False
    # What a test is asked with stands in quotes in its file, or in one beside it.
    beside = (one.read_text("utf-8") for one in (root / path).parent.glob("*.py"))
    return not case or any(f'"{case.removesuffix("]")}"' in one for one in beside)


@cache
def _words(page: Path) -> str:
    return prose(page.read_text("utf-8"))


@cache
def _tests(path: Path) -> frozenset[str]:
    """Tests of a file; one of a class is named as ``Class::test``."""
    body = ast.parse(path.read_text("utf-8")).body
    found = {one.name for one in body if isinstance(one, ast.FunctionDef)}
    for home in body:
        if isinstance(home, ast.ClassDef):
            methods = (one for one in home.body if isinstance(one, ast.FunctionDef))
            found |= {f"{home.name}::{one.name}" for one in methods}
    return frozenset(one for one in found if one.split("::")[-1].startswith("test_"))
