"""Every promise of the manual names its test, and the list says what is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.listed import SILENT, Promise, forgotten, listed, pages, prose, wrong

PROMISES = listed()
PAGE = "docs/how-to/rotate-a-key.md"
PROOF = "tests/a.py::test_it"


@pytest.mark.parametrize("page", sorted({one.page for one in PROMISES}))
def test_what_is_listed_stands_on_its_page_and_has_its_test(page: str) -> None:
    assert not [what for one in PROMISES if one.page == page for what in wrong(one)]


def test_no_page_of_the_manual_is_forgotten() -> None:
    assert not list(forgotten(PROMISES))


def test_a_page_that_promises_nothing_is_there_and_is_not_listed() -> None:
    assert set(SILENT) <= set(pages())
    assert not set(SILENT) & {one.page for one in PROMISES}


def test_the_words_of_a_page_are_compared_without_its_markup() -> None:
    assert prose("- **Keep\n  the [key](rotate-a-key.md).** It") == "- Keep the key. It"


@pytest.fixture
def manual(tmp_path: Path) -> Path:
    """A manual of one page, and one test."""
    page = tmp_path / PAGE
    page.parent.mkdir(parents=True)
    page.write_text("# Rotate a key\n\nA `file:` is read\nagain by itself.\n", "utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/a.py").write_text(
        'CASES = ("dry",)\ndef test_it(): ...\ndef tested(): ...\n'
        "class TestKit:\n    def test_that(self): ...\n",
        "utf-8",
    )
    (tmp_path / "README.md").write_text("# sdsync\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize("test", [PROOF, f"{PROOF}[dry]", "tests/a.py::TestKit::test_that"])
def test_a_promise_with_its_test_is_fine(manual: Path, test: str) -> None:
    assert not list(wrong(Promise(PAGE, "is read again by itself", (test,)), manual))


@pytest.mark.parametrize(
    "promise",
    [
        Promise(PAGE, "is read twice", (PROOF,)),
        Promise("docs/no-page.md", "is read again", (PROOF,)),
        Promise(PAGE, "is read", (PROOF,)),
        Promise(PAGE, "", (PROOF,)),
        Promise(PAGE, "is read again", ()),
        Promise(PAGE, "is read again", ("tests/a.py::test_that",)),
        Promise(PAGE, "is read again", ("tests/a.py::tested",)),
        Promise(PAGE, "is read again", ("tests/a.py",)),
        Promise(PAGE, "is read again", ("tests/b.py::test_it",)),
        Promise(PAGE, "is read again", (f"{PROOF}[wet]",)),
    ],
    ids=lambda one: f"{one.says} {one.tests}",
)
def test_what_is_not_so_is_found(manual: Path, promise: Promise) -> None:
    assert len(list(wrong(promise, manual))) == 1


def test_a_page_without_promises_is_found(manual: Path) -> None:
    promises = [Promise("README.md", "sdsync", (PROOF,))]

    (missing,) = forgotten(promises, manual)

    assert missing.startswith(PAGE)
