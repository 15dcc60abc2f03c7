"""Orders among tags and in texts: found where they are meant, and carried nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsync.mappings.examples import SamePeople
from sdsync.mappings.lenses.base import Scene, Written
from sdsync.mappings.lenses.tags import TagsLens
from sdsync.mappings.orders import Word, mentions, order_of, standing, taken_out
from sdsync.mappings.paths import parse_path
from sdsync.mappings.richtext.document import Blocks, normal
from sdsync.mappings.richtext.markdown_write import write_markdown
from sdsync.mappings.rule import Rule
from tests.unit.mappings.documents import DOCUMENT

SCENE = Scene("desk", SamePeople(), "X", "f:1:1")
TAG = st.from_regex(r"[a-z:]{1,8}", fullmatch=True).filter(lambda one: order_of(one) is None)
ORDER = st.sampled_from(["sdsync:stop", "sdsync:retry", "SDSYNC:Go"])


@given(content=st.lists(TAG), shown=st.lists(TAG), said=st.lists(ORDER), as_list=st.booleans())
def test_an_order_is_not_shown_and_stays_where_it_stands(
    content: list[str], shown: list[str], said: list[str], as_list: bool
) -> None:
    lens = TagsLens()
    seen = [*shown, *said] if as_list else ", ".join([*said, *shown])

    outcome = lens.put(content, seen, SCENE)

    assert isinstance(outcome, Written)
    assert lens.get(outcome.value, SCENE) == sorted(set(content))
    assert lens.orders(outcome.value) == lens.orders(seen) == standing(said)
    assert lens.footprint(outcome.value) == (sorted(set(content)) or None)


def test_an_order_is_written_nowhere_and_needs_no_write_to_stay() -> None:
    rule = Rule("tags", "tags", TagsLens(), parse_path("X"))

    assert rule.put(["a", "sdsync:stop"], {}, {}, "desk", SamePeople()).values == {"X": "a"}
    assert rule.put(["a"], {"X": "a, sdsync:stop"}, {}, "desk", SamePeople()).values == {}
    assert rule.put([], {"X": "sdsync:stop"}, {}, "desk", SamePeople()).values == {}
    cleared = rule.put([], {"X": "a, sdsync:stop"}, {}, "desk", SamePeople())
    assert cleared.values == {"X": "sdsync:stop"}


@pytest.mark.parametrize(
    ("body", "rest", "said"),
    [
        ("sdsync:stop", "", ["stop"]),
        ("  SDSYNC:Retry  ", "", ["retry"]),
        ("wait\nsdsync:stop\nplease", "wait\nplease", ["stop"]),
        ("a\n\nsdsync:go\n\nb\n\nsdsync:go", "a\n\nb", ["go"]),
    ],
)
def test_a_line_of_its_own_is_taken_out(body: str, rest: str, said: list[Word]) -> None:
    assert taken_out(body) == (rest, said)


@pytest.mark.parametrize(
    "body",
    [
        "> sdsync:stop",
        "`sdsync:stop`",
        "```\nsdsync:stop\n```",
        "- sdsync:stop",
        "write sdsync:stop here",
        "**sdsync:stop**",
        "sdsync:stopp",
        "sdsync: stop",
        "# sdsync:stop",
    ],
)
def test_talk_about_an_order_stays_to_the_letter(body: str) -> None:
    assert taken_out(body) == (body, [])


@given(DOCUMENT)
def test_a_text_without_orders_is_left_alone(document: Blocks) -> None:
    body = write_markdown(normal(document))

    rest, said = taken_out(body)

    assert said or rest == body


@given(st.lists(st.sampled_from(["sdsync:stop", "text", "> sdsync:go", ""]), max_size=8))
def test_what_was_taken_out_is_not_found_again(lines: list[str]) -> None:
    rest, _ = taken_out("\n".join(lines))

    assert taken_out(rest) == (rest, [])


def test_a_line_of_history_names_its_order_in_any_form() -> None:
    assert mentions("a, sdsync:stop", "stop")
    assert mentions(["a", "sdsync:stop"], "stop")
    assert not mentions("xsdsync:stop, sdsync:stopper", "stop")
    assert not mentions(None, "stop")
