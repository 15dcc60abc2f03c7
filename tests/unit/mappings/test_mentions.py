"""Records that a text names: which one is meant, wherever it is read."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sdsync.config.problems import ConfigError
from sdsync.mappings.compile import CompiledMapping, compile_mapping
from sdsync.mappings.contract import NO_NAMES
from sdsync.mappings.examples import SamePeople
from sdsync.mappings.richtext.convert import Markup, canonical, from_native, settled, to_native
from sdsync.mappings.richtext.inert import ALL, GUARD
from sdsync.mappings.richtext.mentions import Mentions, MentionStyle
from tests.unit.mappings.documents import SIMPLE, TROUBLE, WORDS

MARKUPS: tuple[Markup, ...] = ("plain", "html", "textile", "markdown")
RICH = MARKUPS[1:]


class Pairs:
    """desk#4711, born there, is dev#882; nothing else is shared."""

    addresses: ClassVar = {
        "desk": "https://rt.example.org/",
        "dev": "https://dev.example.org",
        "other": "",
    }

    def key(self, system: str, native: str) -> tuple[str, str]:
        return ("desk", "4711") if (system, native) == ("dev", "882") else (system, native)

    def native(self, system: str, key: tuple[str, str]) -> str | None:
        if key[0] == system:
            return key[1]
        return "882" if system == "dev" and key == ("desk", "4711") else None


DESK = Mentions(MentionStyle("#{id}", "Ticket/Display.html?id={id}"), "desk", Pairs())
DEV = Mentions(MentionStyle("#{id}", "issues/{id}"), "dev", Pairs())
PAGE = "https://rt.example.org/Ticket/Display.html?id="
NAMES = st.sampled_from(
    [
        "#882", "#4711", "#12", "#882-3", "#4711-2", "(#882)", "#882.", "#882,", "#0012", "#88.2",
        "dev#882", "desk#4711", "desk#12", "dev#882-3", "other#7", "nobody#7", "xdev#882",
        "desk#4711 (dev#882-3)", "#4711 (dev#882-3)", "fixes #882", "fixes: dev#882", "`#882`",
        "https://dev.example.org/issues/882", "https://dev.example.org/issues/882#note-3",
        f"{PAGE}4711", f"({PAGE}4711)", f"{GUARD}#882", f"#{GUARD}882", f"dev#{GUARD}882",
        "user#882", "commit:#882", "!882", "**dev#882**", "[dev#882](https://a.example)",
    ]
)  # fmt: skip


def lines(words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    line = st.lists(st.one_of(NAMES, NAMES, words), min_size=1, max_size=5).map(" ".join)
    return st.lists(line, min_size=1, max_size=4).map("\n".join)


@pytest.mark.parametrize("mentions", [DESK, DEV], ids=["desk", "dev"])
@pytest.mark.parametrize("markup", RICH)
@given(text=lines(SIMPLE))
@settings(max_examples=80, deadline=None)
@example("desk#4711 (dev#882-3)")
@example("- dev#882\n- `dev#882`\n\n> #882")
def test_what_was_put_is_got_under_the_one_name_of_each_record(
    mentions: Mentions, markup: Markup, text: str
) -> None:
    whole = canonical(text)

    native = to_native(whole, markup, dangers=ALL, mentions=mentions)

    assert from_native(native, markup, mentions) == settled(whole, mentions)


@pytest.mark.parametrize("mentions", [DESK, DEV], ids=["desk", "dev"])
@pytest.mark.parametrize("markup", MARKUPS)
@given(text=st.one_of(lines(WORDS), TROUBLE))
@settings(max_examples=80, deadline=None)
def test_what_a_product_shows_settles_at_once(
    mentions: Mentions, markup: Markup, text: str
) -> None:
    shown = from_native(text, markup, mentions)

    assert settled(shown, mentions) == shown
    again = from_native(to_native(shown, markup, dangers=ALL, mentions=mentions), markup, mentions)
    once = from_native(to_native(again, markup, dangers=ALL, mentions=mentions), markup, mentions)
    assert once == again


@pytest.mark.parametrize("markup", MARKUPS)
@given(text=lines(WORDS))
@settings(max_examples=80, deadline=None)
def test_law_46_a_number_of_another_product_names_nothing(markup: Markup, text: str) -> None:
    native = to_native(from_native(text, "plain", DESK), markup, dangers=ALL, mentions=DEV)

    shown = re.sub(r"https?://[^\s<>\"]+", "", html.unescape(native))
    alive = set(re.findall(r"#(\d+)", shown))
    # "dev#882" that somebody wrote in RT means that issue, and "#4711" its ticket.
    assert alive <= {"882"}
    assert not re.search(r"(?i)fix\w* #882", shown)


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("see #4711", "see #882"),
        ("ticket #4711, please", "ticket #882, please"),
        ("see #12", f"see desk#{GUARD}12"),
        (f"see {PAGE}4711.", "see #882."),
        ("see dev#882-3", "see #882-3"),
        ("see #4711-2", f"see #882 (desk#{GUARD}4711-2)"),
        ("see #0012 and a#4711", f"see #{GUARD}0012 and a#{GUARD}4711"),
        ("resolves #4711", f"resolv{GUARD}es #882"),
    ],
)
def test_a_mail_to_rt_is_read_in_redmine(text: str, there: str) -> None:
    whole = from_native(text, "plain", DESK)

    native = to_native(whole, "textile", dangers=ALL, mentions=DEV)

    assert native == there
    assert from_native(native, "textile", DEV) == whole
    assert (
        from_native(to_native(whole, "plain", dangers=ALL, mentions=DESK), "plain", DESK) == whole
    )


def test_rt_makes_no_links_of_numbers_so_they_come_as_links() -> None:
    whole = from_native(
        'see #882, #883 and "#882":https://dev.example.org/issues/882', "textile", DEV
    )

    native = to_native(whole, "html", dangers=ALL, mentions=DESK)

    link = f'<a href="{PAGE}4711">#4711</a>'
    assert native == f"<p>see {link}, dev#{GUARD}883 and {link}</p>"
    assert from_native(native, "html", DESK) == whole == "see desk#4711, dev#883 and desk#4711"


def test_a_link_with_words_of_its_own_stays_what_it_is() -> None:
    text = f"[the outage]({PAGE}4711)"

    assert from_native(text, "markdown", DESK) == text
    assert to_native(text, "markdown", dangers=ALL, mentions=DEV) == text


def test_a_list_of_numbers_that_somebody_pasted_names_nothing() -> None:
    text = " ".join(f"#{n}" for n in range(1, 1000))

    assert from_native(text, "plain", DESK) == text
    assert "#1" not in to_native(text, "textile", dangers=ALL, mentions=DEV)


def compiled(tmp_path: Path, text: str) -> CompiledMapping:
    (tmp_path / "dev-ticket.yaml").write_text(text)
    return compile_mapping("dev", "redmine", "ticket", folder=tmp_path, tables={})


def test_the_packs_name_records_and_a_site_may_switch_it_off(tmp_path: Path) -> None:
    pack = compile_mapping("dev", "redmine", "ticket", folder=None, tables={})
    off = compiled(tmp_path, "fields:\n  description: { mentions: off }\n")
    native = {"description": "as in #7"}

    assert pack.get("description", native, SamePeople(), NO_NAMES) == "as in dev#7"
    assert off.get("description", native, SamePeople(), NO_NAMES) == "as in #7"


@pytest.mark.parametrize(
    "value",
    [
        "yes",
        "{ link: 'x{id}' }",
        "{ text: '{id}' }",
        "{ text: 'a' }",
        "{ text: '#{id}{id}' }",
        "{ text: '#{id}', url: 'x' }",
    ],
)
def test_a_style_that_says_no_number_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError) as told:
        compiled(tmp_path, f"fields:\n  description: {{ mentions: {value} }}\n")

    assert 'text: "#{id}"' in str(told.value)
