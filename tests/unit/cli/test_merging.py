"""Two texts as one to edit, beside each other, and as a diff."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from sdsync.cli.looks import held
from sdsync.cli.merging import Side, Undecided, mark_for, merged, read_back
from sdsync.cli.page import WIDTH, plain
from sdsync.cli.screens import held as screen
from sdsync.cli.screens import texts
from tests.unit.cli import scenes

#: U+2028 and the like divide no lines of a text; they are letters of it.
rows = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12)
bodies = st.lists(st.one_of(rows, st.sampled_from(["%% < x", "%% [a]", "%%%", "same"])), max_size=6)


def sides(left: list[str], right: list[str]) -> list[Side]:
    return [
        Side("desk, by ann", {"a": "\n".join(left)}),
        Side("dev, by bob", {"a": "\n".join(right), "b": "only here"}),
    ]


def choose(text: str, mark: str, number: int) -> str:
    """Keep one side of each part, as a person does in the editor."""
    kept, part = [], None
    for row in text.split("\n"):
        if row.startswith(f"{mark} <"):
            part = 0 if part is None else part + 1
        elif row.startswith(f"{mark} >"):
            part = None
        elif part in (None, number):
            kept.append(row)
    return "\n".join(kept)


@given(bodies, bodies)
def test_either_side_can_be_kept_whatever_the_texts_say(left: list[str], right: list[str]) -> None:
    both = sides(left, right)
    text, mark = merged("a of desk#1", both), mark_for(both)

    for number, body in enumerate((left, right)):
        found = read_back(choose(text, mark, number), both)
        assert found == {"a": "\n".join(body).strip("\n"), "b": "only here"}


@given(bodies, bodies)
def test_what_differs_is_decided_or_refused(left: list[str], right: list[str]) -> None:
    both = sides(left, right)

    if f"{mark_for(both)} < desk" not in merged("x", both):
        assert "\n".join(left).strip("\n") == "\n".join(right).strip("\n")
        assert read_back(merged("x", both), both)["a"] == "\n".join(left).strip("\n")
    else:
        with pytest.raises(Undecided, match="is not decided"):
            read_back(merged("x", both), both)


def test_equal_lines_stand_there_once() -> None:
    both = sides(["first", "mine", "last"], ["first", "theirs", "last"])

    assert merged('a of desk#1, "x"', both).splitlines()[3:] == [
        "%% [a]", "first", "%% < desk, by ann", "mine", "%% < dev, by bob", "theirs",
        "%% > end", "last", "%% [b]", "only here",
    ]  # fmt: skip


def test_lines_that_end_in_crlf_are_edited_as_any_other() -> None:
    both = [
        Side("desk, by ann", {"a": "first\r\nmine\r\nlast"}),
        Side("dev, by bob", {"a": "first\ntheirs\nlast"}),
    ]

    text = merged("a of desk#1", both)

    assert "\r" not in text
    assert text.splitlines()[3:] == [
        "%% [a]", "first", "%% < desk, by ann", "mine", "%% < dev, by bob", "theirs",
        "%% > end", "last",
    ]  # fmt: skip
    assert read_back(choose(text, "%%", 0).replace("\n", "\r\n"), both)["a"] == "first\nmine\nlast"


def test_a_line_of_ones_own_that_looks_like_ours_is_never_left_out() -> None:
    both = sides(["mine"], ["theirs"])

    with pytest.raises(Undecided, match="line 2 begins with %%, as only our own do: %% done"):
        read_back("%% [a]\n%% done\n%% [b]\n", both)


def test_texts_stand_beside_each_other_and_as_a_diff() -> None:
    (look,) = held.listing(scenes.busy())
    one = "The disk of db01 is full.\n\nIt was cleaned once, and fills again."
    other = "The disk of db01 is full.\n\nIt was cleaned twice by the night shift, and fills again."
    heads = [
        replace(head, values={"description": text})
        for head, text in zip(look.candidates, (one, other), strict=True)
    ]
    text = replace(look, group="description", candidates=heads, present={"description": one})

    shown = plain(screen.draw_detail([text], scenes.NOW))
    as_diff = plain(screen.draw_detail([text], scenes.NOW, as_diff=True))

    assert "\n" + shown == BESIDE
    assert DIFF in as_diff


BESIDE = """
desk#4712  printer on fire                                       description  P3
  changed on both sides
  desk, by desk-7, 02:51                  dev, by ops-2, 02:51
  The disk of db01 is full.               The disk of db01 is full.

  It was cleaned once, and fills again. | It was cleaned twice by the night
                                        | shift, and fills again.
> sdsync held choose desk#4712 description desk
> sdsync held choose desk#4712 description dev
> sdsync held choose desk#4712 description --edit
"""
DIFF = """
  - desk, by desk-7, 02:51, + dev, by ops-2, 02:51
  @@ -1,3 +1,3 @@
   The disk of db01 is full.

  -It was cleaned once, and fills again.
  +It was cleaned twice by the night shift, and fills again.
"""


@given(st.text(max_size=400), st.text(max_size=400))
def test_no_text_is_wider_than_the_page_or_drives_the_terminal(left: str, right: str) -> None:
    page = [
        *texts.beside(("desk", left), ("dev", right), WIDTH, indent=2),
        *texts.unified(left, right, WIDTH, indent=2),
    ]

    for row in page:
        assert cell_len(row.plain) <= WIDTH
        assert row.plain.isprintable()
