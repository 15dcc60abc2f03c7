"""Laws of loading: it never crashes, and no secret is ever in what it says."""

from __future__ import annotations

import traceback
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from sdsync.config.load import load_text
from sdsync.config.model import Config
from sdsync.config.problems import ConfigError

WORDS = [
    *("systems", "syncs", "desk", "dev", "store", "broker", "server", "lag", "log", "tables"),
    *("connector", "url", "token", "webhook", "poll", "options", "places", "people", "mapping"),
    *("take", "put", "fields", "match", "mode", "mail", "file_limit", "owner_silent", "context"),
    *("title", "outcome", "status", "ext", "P1", "key", "password", "name", "path", "a b", ""),
    *("calls_at_once", "per_minute", "insecure_until", "tenant", "audience", "level", "port"),
]
TEXTS = [
    *("env:X", "file:x", "keyring:x/y", "https://a.example", "http://a.example", "10s", "10 MB"),
    *("newest", "union", "live", "desk", "= x", "", "\x1b[0m", "https://[", "https://a:b", "://"),
    *("sqlite:///x", "postgresql://a:b@c/d", "title", "customers.csv", "a" * 100, "\u202e"),
]
SCALARS = st.one_of(
    st.sampled_from(TEXTS).map(lambda text: '"' + "".join(f"\\U{ord(c):08X}" for c in text) + '"'),
    st.sampled_from(["0", "-1", "10", "1.5", "inf", "nan", "true", "2020-01-01", "07:32:00"]),
    st.sampled_from(["2020-01-01T00:00:00Z", "[]", "{}", "9223372036854775808"]),
)
KEYS = st.sampled_from(WORDS).map(lambda word: f'"{word}"')


def tables(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.dictionaries(KEYS, inner, max_size=4).map(
        lambda table: "{" + ", ".join(f"{key} = {one}" for key, one in table.items()) + "}"
    )


def lists(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")


VALUES = st.recursive(SCALARS, lambda inner: tables(inner) | lists(inner), max_leaves=6)
HEADS = st.sampled_from(
    ["", "[systems.desk]", "[systems.dev]", "[syncs.s]", "[syncs.s.fields]", "[lag]", "[[syncs]]"]
)
BODIES = st.dictionaries(
    st.lists(KEYS, min_size=1, max_size=3).map(".".join), VALUES, max_size=5
).map(lambda body: "".join(f"{key} = {value}\n" for key, value in body.items()))
FILES = st.lists(st.tuples(HEADS, BODIES), max_size=4).map(
    lambda parts: "\n".join(f"{head}\n{body}" for head, body in parts)
)


@given(st.text() | st.text("[]{}=.\"'#\\\n aé1,", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refused(text)


@given(FILES)
def test_any_toml_is_read_or_refused(text: str) -> None:
    read_or_refused(text)


def read_or_refused(text: str) -> None:
    try:
        config = load_text(text)
    except ConfigError as error:
        problems = error.problems
    else:
        assert isinstance(config, Config)
        return

    assert problems
    assert all(str(problem).isprintable() for problem in problems)


SECRETS = st.text("abcdefgh0123456789-_", min_size=8, max_size=40).map(lambda text: f"s3cr{text}")
MISTAKES: st.SearchStrategy[Any] = st.lists(
    st.sampled_from(
        [
            'store.url = "{}"',
            'store.url = "postgresql://sdsync:{}@db/x"',
            'store.url = "postgresql://sdsync:{}@[db/x"',
            'store.url = ["{}"]',
            'store.key = "{}"',
            'broker.url = "amqp://guest:{}@mq"',
            'broker.url = "https://mq/?password={}"',
            '[systems.desk]\ntoken = "{}"',
            '[systems.desk]\ntoken = "enf:{}"',
            '[systems.desk]\ntoken = ["{}"]',
            '[systems.desk]\ntoken = {{ value = "{}" }}',
            '[systems.desk]\nwebhook = "{}"',
            '[systems.desk]\ntokn = "{}"',
            '[systems.desk]\nurl = "https://me:{}@rt.example.org"',
            '[systems.desk]\nurl = "https://rt.example.org/?token={}"',
            '[systems.desk]\nurl = "https://{}@rt.example.org:x/"',
            '[systems.desk]\noptions.password = "{}"',
            '[systems.desk]\noptions.login.api_key = "{}"',
            '[systems.desk]\noptions.token = ["{}"]',
            '[systems.desk]\ntoken = "{}',
            "[systems.desk]\ntoken = {}",
            '[systems.desk]\ntoken = "{}" "',
            '[systems.desk]\ntoken = "{}"\ntoken = "env:X"',
            '[systems]\ndesk = "{}"',
            '[syncs]\ns = "{}"',
            'token = "{}"',
        ]
    ),
    min_size=1,
    max_size=3,
)


@given(MISTAKES, SECRETS)
@example(['[systems]\ndesk = "{}"', 'store.url = "{}"'], "s3cr00000000")
def test_no_secret_is_ever_in_what_is_said(mistakes: list[str], secret: str) -> None:
    text = "\n".join(mistake.format(secret) for mistake in mistakes)

    try:
        said = repr(load_text(text))
    except ConfigError as error:
        said = "".join(traceback.format_exception(error)) + repr(error.problems)

    assert secret not in said
