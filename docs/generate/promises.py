"""The reference page of promises: what each page of the manual says, and what proves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INTRODUCTION = """
What the manual says that sdsync does, in the manual's own words, and the tests that prove it. What
must hold whatever fails has a page of its own: [the laws](../laws.md). A test is run alone as
`python -m pytest NAME`.

A sentence that a page does not say, a test that is not there, and a page of which nothing is listed
fail the tests (`tests/promises`).
"""


def page() -> str:
    """The whole page, in Markdown; pages in the order of their paths."""
    from tests.promises.listed import listed

    lines = ["# Promises", INTRODUCTION]
    for path, promises in groupby(listed(), lambda one: one.page):
        lines += _section(path, list(promises))
    return "\n".join(lines)


def _section(path: str, promises: Sequence[Any]) -> Iterator[str]:
    yield from (f"## {_title(path)}", "", "| it says | proved by |", "| --- | --- |")
    for one in promises:
        tests = "<br>".join(f"`{test}`" for test in one.tests)
        yield f"| {one.says.replace('|', chr(92) + '|')} | {tests} |"
    yield ""


def _title(path: str) -> str:
    title = (ROOT / path).read_text("utf-8").splitlines()[0].removeprefix("# ")
    in_site = path.removeprefix("docs/")
    return title if in_site == path else f"[{title}](../{in_site})"
