"""What the console takes a line of a screen for."""

from __future__ import annotations

import pytest

from sdsync.cli.console.lines import (
    Kind,
    Known,
    Subject,
    about,
    command_of,
    kind_of,
    subjects,
    words_of,
)
from sdsync.cli.page import line

KNOWN = Known({"7f3", "9a1"}, {"desk", "dev", "escalations"}, {"9a1"})

LINES = {
    ' 7f3  412 records: dev refuses environment "prod2"   since 02:14  P1': Subject(cause="7f3"),
    "      mappings/dev-ticket.yaml:31   > sdsync dead show 7f3": Subject(
        ("dead", "show", "7f3"), cause="7f3"
    ),
    " 9a1  1 record: outcome of both sides changed   since Sat": Subject(cause="9a1", held=True),
    " dev#882  db01: disk full                   environment  P1": Subject(ref="dev#882"),
    " infra#882  In Progress  11 of 12": Subject(ref="infra#882"),
    "02:14:04  infra#882  born": Subject(),
    "desk    ok     2 s  3  1 s  2 at once  poll in 8 s": Subject(scope="desk"),
    "  desk  resolved   desk-7  02:51": Subject(),
    "escalations  live  2  32 h": Subject(scope="escalations"),
    "escal…  live  2  32 h": Subject(scope="escalations"),
    "de…  ok  2 s": Subject(),
    "> sdsync held choose desk#4712 outcome dev": Subject(
        ("held", "choose", "desk#4712", "outcome", "dev"), ref="desk#4712", scope="dev"
    ),
    "> renew env:REDMINE_KEY, then it drains by itself": Subject(),
    "> sdsync dead edit dev#882 FIELD=VALUE  (ends it for one)": Subject(),
    "> sdsync reload": Subject(("reload",)),
    "> sdsync check, then restart sdsync": Subject(),
    "the desk#4711 of old": Subject(),
    "NEEDS YOU": Subject(),
    "": Subject(),
}


@pytest.mark.parametrize("text", LINES, ids=lambda text: text.strip()[:40] or "empty")
def test_a_line_is_about_what_it_names(text: str) -> None:
    assert subjects([line(text)], KNOWN) == [LINES[text]]


WRAPPED = [
    ("NEEDS YOU", Subject()),
    (" 7f3  412 records: dev allows no way from New to Waiting       P1", Subject(cause="7f3")),
    ("      for customer; did you mean Waiting for the customer?", Subject(cause="7f3")),
    (
        "      > sdsync dead show 7f3",
        Subject(("dead", "show", "7f3"), cause="7f3"),
    ),
    (" dev refuses our credential; what waits for it is not lost", Subject()),
    (" > renew env:REDMINE_KEY, then it drains by itself", Subject()),
    (" dev#882  db01: disk full                                    P1", Subject(ref="dev#882")),
    ("   allowed: prod, stage, test", Subject(ref="dev#882")),
    ("   > sdsync dead edit dev#882 FIELD=VALUE", Subject()),
    ("12 records", Subject()),
]


def test_a_line_that_goes_on_below_another_is_about_the_same() -> None:
    page = [line(text) for text, _ in WRAPPED]

    assert subjects(page, KNOWN) == [one for _, one in WRAPPED]


def test_a_screen_is_about_what_its_command_names() -> None:
    assert about(("trace", "desk#4711"), KNOWN) == Subject(ref="desk#4711")
    assert about(("status",), KNOWN) == Subject()


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("status", Kind.LOOK),
        ("dead show 7f3", Kind.LOOK),
        ("dead replay 7f3 --dry-run", Kind.LOOK),
        ("dead replay 7f3", Kind.DEED),
        ("held choose desk#4712 outcome dev", Kind.DEED),
        ("held choose desk#4712 outcome --edit", Kind.OUTSIDE),
        ("dead edit dev#882 --edit", Kind.OUTSIDE),
        ("live escalations", Kind.OUTSIDE),
        ("plan approve p-1", Kind.DEED),
        ("apply p-1", Kind.OUTSIDE),
        ("run", Kind.OUTSIDE),
    ],
)
def test_only_a_look_is_run_unasked(command: str, kind: Kind) -> None:
    assert kind_of(command.split()) is kind


@pytest.mark.parametrize(
    "command",
    [
        "link desk#4711 SYSTEM#ID",
        "dead edit desk#1 FIELD=VALUE",
        "trace 'desk",
        "a, b",
        "plan approve p-1 && sdsync apply p-1",
    ],
)
def test_what_is_to_be_filled_in_is_run_by_nobody(command: str) -> None:
    assert command_of(f"> sdsync {command}") == command
    assert words_of(command) == ()
