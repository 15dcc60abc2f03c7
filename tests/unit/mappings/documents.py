"""Generated texts: trees that every markup can say, and texts made of trouble."""

from __future__ import annotations

from hypothesis import strategies as st

from sdsync.mappings.richtext.document import (
    Block,
    Break,
    Code,
    CodeBlock,
    Em,
    Heading,
    Items,
    Line,
    Link,
    Para,
    Quote,
    Strong,
    Text,
)

#: Words of people, markup that means nothing here, and what products act on.
WORDS = st.sampled_from(
    [
        "disk",
        "full",
        "db01",
        "a_b_c",
        "3",
        "*",
        "x",
        "@bob",
        "#12",
        "r77",
        "{{toc}}",
        "[[Home]]",
        "[INC]",
        "<b>",
        "&",
        "&amp;",
        "C:\\temp",
        "50%",
        "-1",
        "=1+1",
        "h2.",
        "bq.",
        "1.",
        "2)",
        "-",
        "+",
        ">",
        "#",
        "~~~",
        "```",
        "**",
        "__",
        "==",
        "user:ann",
        "fixes",
        "AT&T",
        '"so"',
        "it's",
        "(c)",
        "...",
        "|",
        "é",
        "漢",
        "🙂",
        "http://a.example/x_y",
    ]
)
LINE = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
SIMPLE = st.sampled_from(["disk", "full", "db01", "see", "the log", "back up", "ok"])

INLINE = st.one_of(
    SIMPLE.map(Text),
    SIMPLE.map(Code),
    SIMPLE.map(lambda word: Strong((Text(word),))),
    SIMPLE.map(lambda word: Em((Text(word),))),
    SIMPLE.map(lambda word: Link("https://log.example.org/7?a=1", (Text(word),))),
    st.just(Break()),
)


def _spaced(parts: list[object]) -> tuple[object, ...]:
    result: list[object] = []
    for part in parts:
        result += [Text(" "), part] if result else [part]
    return tuple(result)


INLINES = st.lists(INLINE, min_size=1, max_size=5).map(_spaced)
PARA = INLINES.map(lambda inner: Para(inner))  # type: ignore[arg-type]
ITEMS = st.builds(
    Items,
    st.lists(st.tuples(PARA), min_size=1, max_size=3).map(tuple),
    st.sampled_from([None, 1]),
)
NESTED = st.builds(lambda word, inner: Items(((Para((Text(word),)), inner),)), SIMPLE, ITEMS)
BLOCK: st.SearchStrategy[Block] = st.one_of(
    PARA,
    st.builds(Heading, st.integers(1, 6), SIMPLE.map(lambda word: (Text(word),))),
    st.builds(
        CodeBlock,
        st.sampled_from(["x = 1 *a*", "a\n\n  b", "# @bob {{toc}}"]),
        st.sampled_from(["", "ruby"]),
    ),
    ITEMS,
    NESTED,
    st.just(Line()),
    st.lists(PARA, min_size=1, max_size=2).map(lambda blocks: Quote(tuple(blocks))),
)
DOCUMENT = st.lists(BLOCK, min_size=1, max_size=5).map(tuple)

TROUBLE = st.text(
    alphabet=st.sampled_from("ab1 \n\n\t#*_`[]()<>!&;\\-+=.:~@|\"'{}/é\u00a0\u2060\u200d"),
    max_size=60,
)
LINES = st.lists(LINE, min_size=1, max_size=6).map("\n".join)
ANY_TEXT = st.one_of(TROUBLE, LINES, st.text(max_size=60))
