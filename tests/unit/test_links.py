"""What a page links to is there, and every page is linked to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
#: ``make docs`` makes them; it is strict, and fails where one of its menu is not made.
GENERATED = re.findall(r"\breference/[\w-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
_CODE = re.compile(r"^ *```.*?^ *```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_TARGET = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
#: A package by its name is looked for on an index, where ours is not.
_BY_NAME = re.compile(r"pip install [^\n`]*\bsdsync(?:\[|['\"\s])")


def targets(page: Path) -> Iterator[Path]:
    """Files that a page links to; addresses and its own headings are none."""
    for one in _TARGET.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        path = str(one).partition("#")[0]
        if path and "://" not in path and not path.startswith("mailto:"):
            yield (page.parent / path).resolve()


@pytest.mark.parametrize("page", PAGES, ids=lambda one: str(one.relative_to(ROOT)))
def test_what_a_page_links_to_is_there_or_generated(page: Path) -> None:
    made = {DOCS / one for one in GENERATED}

    assert [one for one in targets(page) if one not in made and not one.exists()] == []


def test_the_start_leads_to_every_guide_and_to_the_drills() -> None:
    wanted = {*(DOCS / "how-to").glob("*.md"), DOCS / "drills.md"}

    assert wanted - {*targets(DOCS / "index.md")} == set()
    assert DOCS / "drills.md" in targets(ROOT / "README.md")


def test_the_start_says_how_pages_are_made_that_no_checkout_has() -> None:
    assert "`make docs`" in (DOCS / "index.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "page", [*PAGES, DOCS / "generate" / "contract.py"], ids=lambda one: one.name
)
def test_no_page_installs_us_by_a_name_that_no_index_has(page: Path) -> None:
    assert _BY_NAME.findall(page.read_text(encoding="utf-8")) == []
