"""Every markup through CommonMark and back."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sdsync.mappings.authorship import add_authorship, author_line, strip_authorship
from sdsync.mappings.richtext.convert import LIMIT, Markup, canonical, from_native, to_native
from sdsync.mappings.richtext.document import Blocks, Image, Para, Text, normal
from sdsync.mappings.richtext.inert import ALL, GUARD
from sdsync.mappings.richtext.markdown_read import read_markdown
from sdsync.mappings.richtext.markdown_write import write_markdown
from tests.unit.mappings.documents import ANY_TEXT, DOCUMENT, SIMPLE, TROUBLE

RICH: tuple[Markup, ...] = ("html", "textile", "markdown")
NONE: frozenset[str] = frozenset()


@given(ANY_TEXT)
@settings(max_examples=300, deadline=None)
@example("[a]: b")
@example("a\n===")
@example("* * *")
@example("&nbsp; &amp;nbsp;")
@example("\\")
@example(">" * 200 + " deep")
def test_the_canonical_form_of_a_canonical_text_is_itself(text: str) -> None:
    once = canonical(text)

    assert canonical(once) == once


@given(DOCUMENT)
@settings(max_examples=80, deadline=None)
def test_a_tree_written_as_markdown_reads_as_the_same_tree(blocks: Blocks) -> None:
    tree = normal(blocks)

    assert read_markdown(write_markdown(tree)) == tree


@pytest.mark.parametrize("markup", RICH)
@given(DOCUMENT)
@settings(max_examples=80, deadline=None)
def test_what_a_markup_can_say_comes_back_as_it_was(markup: Markup, blocks: Blocks) -> None:
    text = canonical(write_markdown(normal(blocks)))

    assert from_native(to_native(text, markup, dangers=ALL), markup) == text


@pytest.mark.parametrize("markup", ["plain", *RICH])
@given(text=ANY_TEXT)
@settings(max_examples=80, deadline=None)
def test_reading_what_was_written_settles_at_once(markup: Markup, text: str) -> None:
    shown = from_native(to_native(text, markup, dangers=ALL), markup)

    assert from_native(to_native(shown, markup, dangers=ALL), markup) == shown


@pytest.mark.parametrize("markup", ["plain", *RICH])
@given(text=TROUBLE)
@settings(max_examples=80, deadline=None)
def test_no_letter_or_digit_is_lost_on_the_way(markup: Markup, text: str) -> None:
    def letters(one: str) -> str:
        return "".join(char for char in one if char in "abé1")

    shown = from_native(text, "plain")

    assert letters(
        to_native(from_native(to_native(shown, markup, dangers=ALL), markup), "plain", dangers=ALL)
    ) == letters(text)


@pytest.mark.parametrize("markup", ["plain", *RICH])
@pytest.mark.parametrize(
    ("text", "active"),
    [
        ("ask @bob", "@bob"),
        ("fixes #12", "#12"),
        ("fixes #12", "fixes "),
        ("see r77 and commit:abc", "r77"),
        ("see r77 and commit:abc", "commit:"),
        ("{{include(Secret)}}", "{{"),
        ("[[Home]]", "[["),
        ("/close", "/close"),
        ("hello\n/assign me", "\n/assign"),
        ("Status: resolved", "Status:"),
        ("=HYPERLINK(1)", "\n=HYP"),
        ("user:ann", "user:"),
        ("closes org/repo#5", "repo#5"),
    ],
)
def test_law_46_nothing_in_a_text_acts_in_the_product(
    markup: Markup, text: str, active: str
) -> None:
    native = to_native(from_native(text, "plain"), markup, dangers=ALL)

    shown = "\n" + native.replace("<p>", "\n").replace("<br>\n", "\n").replace(
        "&#35;", "#"
    ).replace("&#64;", "@")
    assert active not in shown
    assert from_native(native, markup) == from_native(text, "plain")


@pytest.mark.parametrize("markup", ["plain", *RICH])
def test_what_the_mapping_allows_stays_alive(markup: Markup) -> None:
    native = to_native("ask @bob about #12", markup, dangers=ALL - {"mentions"})

    assert "@bob" in native
    assert "#12" not in native


@pytest.mark.parametrize("markup", ["plain", *RICH])
def test_a_word_joiner_that_somebody_wrote_survives(markup: Markup) -> None:
    text = f"a{GUARD}b @{GUARD}bob {GUARD}=1 `x{GUARD}`"

    shown = canonical(text) if markup != "plain" else canonical(text.replace("`", ""))
    assert from_native(to_native(shown, markup, dangers=ALL), markup) == shown


def test_scripts_and_styles_of_html_never_arrive() -> None:
    html = (
        '<style>p{}</style><p onclick="x()">a<script>alert(1)</script>'
        ' <a href="javascript:x()">b</a></p>'
    )

    assert from_native(html, "html") == "a b"


def test_redmine_shows_what_was_typed_and_quotes_stay_straight() -> None:
    textile = 'he said "yes" -- 3x4 (c) ...'

    assert from_native(textile, "textile") == textile
    assert to_native(textile, "textile", dangers=ALL) == textile


def test_lines_of_a_log_keep_their_indent() -> None:
    log = "Traceback:\n  File x\n    raise"

    shown = from_native(log, "plain")
    assert to_native(shown, "plain", dangers=ALL) == log
    assert "&nbsp;&nbsp;File x" in to_native(shown, "html", dangers=ALL)


def test_a_table_row_becomes_a_line() -> None:
    html = "<table><tr><th>host</th><th>state</th></tr><tr><td>db01</td><td>down</td></tr></table>"

    assert from_native(html, "html") == "host | state\n\ndb01 | down"


@pytest.mark.parametrize("markup", ["plain", *RICH])
@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 3000 + "x",
        "> " * 3000 + "x",
        "[" * 5000,
        "*" * 5000,
        "`" * 4999,
        "@" * 5000,
        '"' * 3000 + ":http://x",
        "- " * 2000,
        "<pre>" * 1000,
        "_a" * 3000,
        "!http://x" * 500,
        "a" * (LIMIT + 1),
    ],
)
def test_hostile_texts_come_back_at_all(markup: Markup, text: str) -> None:
    shown = from_native(text, markup)

    assert canonical(shown) == shown
    assert isinstance(to_native(shown, markup, dangers=ALL), str)


@given(ANY_TEXT, st.sampled_from(["Ann Bee", "O'Neil *x*", "a_b_c", "漢字", "<b>", "[x](y)"]))
@settings(max_examples=80, deadline=None)
def test_law_54_the_line_of_authorship_is_gone_on_the_way_back(text: str, name: str) -> None:
    body = canonical(text)

    signed = add_authorship(body, name, "desk")

    assert strip_authorship(signed) == body
    assert canonical(signed) == signed
    assert add_authorship(signed, "Zoe", "dev") == add_authorship(body, "Zoe", "dev")


@pytest.mark.parametrize("markup", ["plain", *RICH])
def test_the_line_is_known_in_every_markup(markup: Markup) -> None:
    signed = add_authorship("rebooted", "Ann Bee", "desk")

    shown = from_native(to_native(signed, markup, dangers=ALL), markup)

    assert author_line(shown.partition("\n\n")[0]) == ("Ann Bee", "desk")
    assert strip_authorship(shown) == "rebooted"


def test_a_note_that_merely_speaks_of_writing_keeps_its_first_line() -> None:
    body = "Ann wrote in anger: stop\n\nmore"

    assert strip_authorship(body) == body


@pytest.mark.parametrize("markup", ["textile", "markdown"])
@given(blocks=DOCUMENT, alt=SIMPLE)
@settings(max_examples=40, deadline=None)
def test_an_image_of_the_record_stays_where_it_stands(
    markup: Markup, blocks: Blocks, alt: str
) -> None:
    inner = (Text("see "), Image("shot-1.png", alt), Text(" and "), Image("a.JPG", ""))
    text = canonical(write_markdown(normal((*blocks, Para(inner)))))

    native = to_native(text, markup, dangers=ALL)

    assert from_native(native, markup) == text
    assert "shot-1.png" in native


@pytest.mark.parametrize(
    ("text", "markup", "shown"),
    [
        ("!shot.png!", "textile", "![](shot.png)"),
        ("!>shot.png(disk)!", "textile", "![disk](shot.png)"),
        ("!https://a.example/x.png!", "textile", "https://a.example/x.png"),
        ("!../secret.png!", "textile", "!../secret.png!"),
        ("!Übersicht.png!", "textile", "!Übersicht.png!"),
        ('<img src="a shot.png">', "html", "a shot.png"),
        ("![x](../secret.png)", "markdown", "x"),
        ('<img src="shot.png" alt="shot.png">', "html", "![](shot.png)"),
        ('<img src="cid:a@b" alt="a shot">', "html", "a shot"),
        ('<img src="javascript:x()">b', "html", "b"),
        ('<img src="//a.example/x.png">b', "html", "b"),
        ('<img src="https://a.example/x.png" alt="x">', "html", "[x](https://a.example/x.png)"),
    ],
)
def test_law_46_an_image_that_lies_elsewhere_is_never_fetched(
    text: str, markup: Markup, shown: str
) -> None:
    assert from_native(text, markup) == shown
    assert "<img" not in to_native(shown, "html", dangers=ALL)


def test_a_page_shows_no_file_by_its_name_so_the_name_stands_there() -> None:
    assert to_native("see ![disk](shot.png)", "html", dangers=ALL) == "<p>see <em>shot.png</em></p>"
    assert to_native("see ![disk](shot.png)", "plain", dangers=ALL) == "see shot.png"
