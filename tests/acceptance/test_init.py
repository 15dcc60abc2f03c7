"""Day one: from nothing to a configuration that was tried on both products."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from sdsync.cli import probing
from sdsync.cli.newfile import NewFile, NewSystem, text_of
from sdsync.config.load import load, load_text
from sdsync.config.model import SystemConfig
from sdsync.connectors.contract import Description
from sdsync.mappings.expressions.nodes import Compare, Literal
from sdsync.mappings.expressions.parser import parse
from tests.acceptance.shops import Shop

ROOT = Path(__file__).resolve().parents[2]


def readme(shop: Shop) -> str:
    """The ten lines of the README, at these addresses."""
    text = (ROOT / "examples/first/sdsync.toml").read_text(encoding="utf-8")
    text = text.replace("https://rt.example.org", shop.pair.desk.url)
    return text.replace("https://redmine.example.org", shop.pair.dev.url)


def test_it_writes_the_lines_of_the_readme_and_they_pass_the_check(shop: Shop) -> None:
    ran = shop.init()

    assert ran.code == 0, ran.err
    assert shop.toml.read_text(encoding="utf-8") == readme(shop)
    assert load(shop.toml).syncs["escalations"].mode == "observe"
    assert "> sdsync check --live\n> sdsync prepare desk\n> sdsync prepare dev\n" in ran.out
    assert shop.type("check").code == 0
    assert shop.type("check", "--live").code == 0


def test_at_a_terminal_it_asks_and_empty_lines_take_what_is_proposed(shop: Shop) -> None:
    ran = shop.answer(
        "", "", shop.pair.desk.url, "", "", "", shop.pair.dev.url, "", "Escalated", "infra", "", ""
    )

    assert ran.code == 0, ran.err
    assert shop.toml.read_text(encoding="utf-8") == readme(shop)
    assert "  Request Tracker 5.0.3 as sdsync, 2 queues within reach\n" in ran.out
    assert "As what [bug]: " in ran.out


def test_at_a_terminal_a_wrong_answer_is_asked_again_with_what_is_wrong(shop: Shop) -> None:
    desk, dev = shop.pair.desk.url, shop.pair.dev.url
    shop.secret("OLD_KEY", "wrong")

    ran = shop.answer(
        "request-tracker", "", "Desk!", "", "rt.example.org", "http://rt.example.org", desk,
        "hunter2", "env:NOT_SET", "",
        "", "desk", "", "http://127.0.0.1:1", "", "address", dev, "env:OLD_KEY", "",
        "Escalatd", "Escalated", "infra", "bgu", "", "dev", "escalations",
    )  # fmt: skip

    assert ran.code == 0, ran.err
    assert shop.toml.read_text(encoding="utf-8") == readme(shop)
    for told in (
        'did you mean "request_tracker"?',
        "expected up to 32 of a-z",
        "did you mean https://rt.example.org?",
        "http:// would send the credential in clear text",
        "a secret is never written",
        "set the environment variable NOT_SET for sdsync",
        "desk is the name of another system",
        "http://127.0.0.1:1 cannot be reached",
        "refuses our credential",
        'desk has no queue "Escalatd"; did you mean "Escalated"?',
        "expected bug, change or request",
        "dev is the name of another system",
    ):
        assert told in " ".join(ran.out.split())  # wherever a line was broken
    assert "hunter2" not in ran.out


def test_when_the_answers_end_nothing_is_written(shop: Shop) -> None:
    ran = shop.answer("", "", shop.pair.desk.url)

    assert ran.code == 2
    assert "nothing was written" in ran.err
    assert list(shop.folder.iterdir()) == []


def test_in_a_pipe_all_missing_answers_are_named_at_once(shop: Shop) -> None:
    ran = shop.type("init", "--url", shop.pair.desk.url)

    assert ran.code == 2
    named = [one.strip() for one in ran.err.splitlines() if one.startswith("  --")]
    assert named == [
        "--product", "--token", "--name",
        "--other-product", "--other-url", "--other-token", "--other-name",
    ]  # fmt: skip
    assert not shop.toml.exists()


def test_with_yes_only_what_cannot_be_proposed_is_missing(shop: Shop) -> None:
    first = shop.type("init", "--yes")
    then = shop.type("init", "--yes", *shop.addresses)

    assert "  --url\n  --other-url\n" in first.err
    assert "  --take\n  --put\n" in then.err
    assert (first.code, then.code) == (2, 2)


def test_a_program_that_reads_json_is_never_asked(shop: Shop) -> None:
    assert shop.answer(words=("init", "--json")).code == 2

    ran = shop.init("--json")

    assert ran.json == {"written": "sdsync.toml", "text": readme(shop)}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--token", "s3cret"), 2, "--token: expected a reference"),
        (("--token", "file:nowhere"), 1, "write the secret into nowhere, then: chmod 600"),
        (("--url", "ftp://x"), 2, '--url: expected an address such as "https://rt.example.org"'),
        (("--url", "https://u:s3cret@rt.example.org"), 2, "without user and password"),
        (("--url", "http://127.0.0.1:1"), 1, "cannot be reached: nobody listens there"),
        (("--product", "jira"), 2, "--product: expected redmine or request_tracker"),
        (("--take", "Escalatd"), 1, 'desk has no queue "Escalatd"; did you mean "Escalated"?'),
        (("--put", "x"), 1, 'dev has no project "x"; our account sees infra, web'),
        (("--type", "bgu"), 2, "--type: expected bug, change or request"),
        (("--sync", "desk"), 2, "desk is the name of another system"),
    ],
)
def test_a_wrong_option_is_said_with_its_remedy_and_nothing_is_written(
    shop: Shop, words: tuple[str, str], code: int, told: str
) -> None:
    ran = shop.init(*words)

    assert ran.code == code
    assert told in ran.err
    assert "s3cret" not in ran.out + ran.err
    assert not shop.toml.exists()


def test_another_product_at_the_address_is_told_from_a_wrong_credential(shop: Shop) -> None:
    ran = shop.init("--url", shop.pair.dev.url)

    assert ran.code == 1
    assert "has no Request Tracker there" in ran.err
    assert "> the address is the one of RT's start page" in ran.err


def test_a_refused_credential_says_where_a_new_one_is_made(shop: Shop) -> None:
    shop.secret("REDMINE_KEY", "wrong")

    ran = shop.init()

    assert ran.code == 1
    assert "refuses our credential" in ran.err
    assert "> renew env:REDMINE_KEY: log in as the account, then My account" in ran.err


def test_a_place_in_which_our_account_may_make_nothing_is_refused(shop: Shop) -> None:
    shop.pair.dev.act("close", place="infra")

    ran = shop.init()

    assert ran.code == 1
    assert 'our account may not make new ones in it: "infra"' in ran.err


def test_a_file_that_is_there_stays(shop: Shop) -> None:
    shop.toml.write_text("server.port = 1\n", encoding="utf-8")

    refused = shop.init()
    declined = shop.answer("n")

    assert (refused.code, declined.code) == (1, 1)
    assert "sdsync.toml is there already; nothing was changed" in refused.err
    assert shop.toml.read_text(encoding="utf-8") == "server.port = 1\n"

    assert shop.init("--overwrite").code == 0
    assert shop.toml.read_text(encoding="utf-8") == readme(shop)


def test_a_person_may_let_it_be_written_over(shop: Shop) -> None:
    shop.toml.write_text("server.port = 1\n", encoding="utf-8")
    words = ("init", *shop.addresses, "--take", "Escalated", "--put", "infra")

    assert shop.answer("y", words=words).code == 2  # and then left
    assert shop.toml.read_text(encoding="utf-8") == "server.port = 1\n"

    ran = shop.answer("y", *[""] * 12, words=words)

    assert ran.code == 0, ran.err
    assert shop.toml.read_text(encoding="utf-8") == readme(shop)


def test_a_folder_that_is_not_there_is_said_before_anything_is_asked(shop: Shop) -> None:
    ran = shop.type("-c", "nowhere/sdsync.toml", *_words_of(shop))

    assert ran.code == 1
    assert ran.err == "nowhere is no folder\n> mkdir -p nowhere\n"


def test_one_instance_is_not_two_systems(shop: Shop) -> None:
    """By its address, and where that is written differently by what it says of itself."""
    dev = shop.pair.dev.url
    twice = ("--product", "redmine", "--token", "env:REDMINE_KEY")
    same = shop.init(*twice, "--url", f"{dev}/")
    ran = shop.answer(
        "redmine", "", dev, "",
        "redmine", "", dev, f"{dev}/", "http://127.0.0.1:1", "", "address", dev, "address",
    )  # fmt: skip

    assert same.code == 2
    assert "--other-url: that is the address of dev; a sync joins two systems" in same.err
    assert " ".join(ran.out.split()).count("that is the address of dev") == 3
    assert not shop.toml.exists()


def test_an_instance_behind_two_addresses_is_told_by_its_identity(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = probing.meet

    def as_one(name: str, system: SystemConfig) -> Description | probing.Probe:
        told = met(name, system)
        return replace(told, identity="one") if isinstance(told, Description) else told

    monkeypatch.setattr(probing, "meet", as_one)

    ran = shop.init()

    assert ran.code == 1
    assert f"{shop.pair.dev.url} is desk once more; a sync joins two systems" in ran.err


@pytest.mark.parametrize("words", [("--token", "address"), ("--other-token", "address")])
def test_the_word_that_goes_back_is_a_persons_alone(shop: Shop, words: tuple[str, str]) -> None:
    ran = shop.init(*words)

    assert ran.code == 2
    assert f"{words[0]}: expected a reference" in ran.err
    asked = shop.answer(*[""] * 6, words=("init", *shop.addresses, *words))
    assert (asked.code, "expected a reference" in asked.out) == (2, True)


@pytest.mark.parametrize("words", [("--name", "newest"), ("--other-name", "all")])
def test_a_word_of_the_file_is_refused_where_it_is_asked_for(
    shop: Shop, words: tuple[str, str]
) -> None:
    ran = shop.init(*words)

    assert ran.code == 2
    assert ran.err.startswith(f"{words[0]}: {words[1]} is a word of sdsync.toml")


@pytest.mark.parametrize(
    "words",
    [
        ("init", "--yes", "--url", "u:s3cret@rt.example.org", "--other-url", "https://x"),
        ("init", "--yes", "--url", "1-14-0a1b2c3d4e5fs3cret", "--other-url", "https://x"),
        ("prepare", "https://u:s3cret@rt.example.org"),
        ("prepare", "d\x1b[31mesk"),
        ("plan", "show", "p\x1b]0;s3cret\x07"),
    ],
)
def test_what_was_typed_is_never_said_back_raw(shop: Shop, words: tuple[str, ...]) -> None:
    if words[0] != "init":
        assert shop.init().code == 0

    ran = shop.type(*words)

    assert ran.code in {1, 2}
    assert "\x1b" not in ran.out + ran.err
    assert "u:s3cret" not in ran.err
    assert "4e5fs3cret" not in ran.err


def test_the_next_commands_name_the_file_that_was_named(shop: Shop) -> None:
    other = ("-c", "other one.toml")
    ran = shop.type(*other, *_words_of(shop))
    screen = shop.type("prepare", "desk", "--config=other one.toml")
    wrong = shop.type(*other, "prepare", "dsk")

    for told in (ran.out, screen.out):
        cures = [one for one in told.splitlines() if one.startswith("> ")]
        assert cures
        assert all(one.startswith("> sdsync -c 'other one.toml' ") for one in cures), told
    assert wrong.err.endswith("> sdsync -c 'other one.toml' config\n")


def test_what_is_written_over_stays_where_it_is_and_as_readable_as_it_was(shop: Shop) -> None:
    real = shop.folder / "kept" / "real.toml"
    real.parent.mkdir()
    real.write_text("server.port = 1\n", encoding="utf-8")
    real.chmod(0o640)
    shop.toml.symlink_to(real)

    assert shop.init("--overwrite").code == 0

    assert shop.toml.is_symlink()
    assert real.read_text(encoding="utf-8") == readme(shop)
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_untested_asks_no_system(shop: Shop) -> None:
    shop.secret("RT_TOKEN", None)
    words = ("--untested", "--yes", "--url", "https://rt.example.org")
    ran = shop.type(
        "init", *words, "--other-url", "https://redmine.example.org", "--take", "A", "--put", "b"
    )

    assert ran.code == 0, ran.err
    assert shop.toml.read_text(encoding="utf-8").count("example.org") == 2
    assert stat.S_IMODE(shop.toml.stat().st_mode) == 0o644


def _words_of(shop: Shop) -> tuple[str, ...]:
    return ("init", "--yes", *shop.addresses, "--take", "Escalated", "--put", "infra")


@pytest.mark.parametrize("name", ["it's", 'say "x"', "a\\b", "= x", "Ünï, \x7f", "'\""])
def test_a_name_means_itself_whatever_is_in_it(name: str) -> None:
    desk = NewSystem("desk", "request_tracker", "https://rt.example.org", "env:A")
    dev = NewSystem("dev", "redmine", "https://redmine.example.org", "env:B")

    config = load_text(text_of(NewFile(desk, dev, "s", name, "queue", name, "project", None)))

    taken = parse(config.syncs["s"].take["desk"])
    assert isinstance(taken, Compare)
    assert isinstance(taken.right, Literal)
    assert taken.right.value == name
    put = config.syncs["s"].put["dev"]["project"]
    assert isinstance(put, str)
    born = parse(put.lstrip()[1:]) if put.lstrip().startswith("=") else Literal(put, 0)
    assert isinstance(born, Literal)
    assert born.value == name
