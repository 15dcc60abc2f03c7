"""A person whom a product does not know: made, stood in for, or told in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdsync.config.problems import ConfigError
from sdsync.mappings.authorship import add_reporter, reporter_line, strip_reporter
from sdsync.mappings.compile import CompiledMapping, compile_mapping
from sdsync.mappings.contract import Put
from sdsync.mappings.lenses.strangers import OUTSIDERS_READ
from sdsync.mappings.lenses.told import BORN_IN, CARRIED, REPORTED_BY
from sdsync.mappings.paths import merged
from sdsync.mappings.people import PeopleTable
from sdsync.mappings.richtext.convert import MARKUPS, canonical, from_native, to_native
from sdsync.mappings.richtext.inert import ALL
from sdsync.store.records import Json, PersonRow
from tests.unit.mappings.documents import ANY_TEXT
from tests.unit.mappings.helpers import mapping_of

PEOPLE = PeopleTable(
    [
        PersonRow("dev", "5", "", "abee", "ann@example.org", email_verified=True, name="Ann Bee"),
        PersonRow("dev", "6", "", "zoe", name="Zoe"),
        PersonRow("desk", "duty", "", "duty", "duty@example.org", email_verified=True),
        PersonRow("desk", "bob", "", "bob", name="Bob"),
    ]
)
ANN = "ann@example.org"
TEXT = "Disk full.\n\nSince noon."
LINE = "*Reported in dev by Ann Bee:*"


def desk(tmp_path: Path, unknown: str, way: str = "both") -> CompiledMapping:
    rule = f"{{ at: Requestor, as: person, direction: {way}, unknown: {unknown} }}"
    text = f"fields:\n  reporter: {rule}\n  description: {{ at: Content, as: markdown }}\n"
    return mapping_of(tmp_path, text)


def around(reporter: Json = ANN, **more: Json) -> dict[str, Json]:
    told: dict[str, Json] = {BORN_IN: "dev", CARRIED: True, OUTSIDERS_READ: False}
    return {"reporter": reporter} | told | more


def put(
    mapping: CompiledMapping, field: str, value: Json, hub: dict[str, Json], **seen: Json
) -> Put:
    return mapping.put(field, value, seen=seen, hub=hub, people=PEOPLE)


def test_create_names_the_address_that_somebody_proved(tmp_path: Path) -> None:
    mapping = desk(tmp_path, "create")

    assert put(mapping, "reporter", ANN, around()).values == {"Requestor": ANN}
    assert put(mapping, "reporter", ANN, around(), Requestor=[ANN]) == Put()
    assert put(mapping, "description", TEXT, around()).values == {"Content": TEXT}

    nowhere = put(mapping, "reporter", "login:zoe", around("login:zoe"))
    assert nowhere.values == {}
    assert nowhere.cut == "Zoe is not known in desk, and has no address to show"
    told = put(mapping, "description", TEXT, around("login:zoe"))
    assert told.values == {"Content": f"*Reported in dev by Zoe:*\n\n{TEXT}"}


def test_law_45_no_address_goes_where_people_from_outside_read(tmp_path: Path) -> None:
    mapping = desk(tmp_path, "create")
    outside = around(ANN, **{OUTSIDERS_READ: True})

    assert put(mapping, "reporter", ANN, outside).values == {}
    told = put(mapping, "description", TEXT, outside)
    assert told.values == {"Content": f"{LINE}\n\n{TEXT}"}
    assert "@" not in str(told.values)


def test_a_substitute_stands_in_and_the_text_says_for_whom(tmp_path: Path) -> None:
    mapping = desk(tmp_path, "{ substitute: duty@example.org }")

    wrote = put(mapping, "reporter", ANN, around())
    assert wrote.values == {"Requestor": "duty"}
    assert wrote.cut == "Ann Bee is not known in desk; duty@example.org stands in"
    assert put(mapping, "reporter", ANN, around(), Requestor=["duty"]) == Put()
    told = put(mapping, "description", TEXT, around())
    assert told.values == {"Content": f"{LINE}\n\n{TEXT}"}


def test_a_substitute_that_nobody_knows_is_no_guess(tmp_path: Path) -> None:
    mapping = desk(tmp_path, "{ substitute: nobody-here }")

    left = put(mapping, "reporter", ANN, around())

    assert left.values == {}
    assert left.cut == "Ann Bee is not known in desk, nor is nobody-here, who would stand in"


def test_text_names_nobody_and_tells_in_words(tmp_path: Path) -> None:
    mapping = desk(tmp_path, "text")

    assert put(mapping, "reporter", ANN, around()) == Put(cut="Ann Bee is not known in desk")
    told = put(mapping, "description", TEXT, around())
    assert told.values == {"Content": f"{LINE}\n\n{TEXT}"}
    assert mapping.get("description", told.values, PEOPLE) == TEXT
    assert put(mapping, "description", TEXT, around(), **told.values) == Put()


@pytest.mark.parametrize("unknown", ["create", "{ substitute: duty }", "text", "leave"])
def test_whoever_is_known_is_named_and_needs_no_line(tmp_path: Path, unknown: str) -> None:
    mapping, hub = desk(tmp_path, unknown), around("login:bob")

    assert put(mapping, "reporter", "login:bob", hub).values == {"Requestor": "bob"}
    assert put(mapping, "description", TEXT, hub).values == {"Content": TEXT}


def test_where_nobody_can_be_named_the_line_tells_everybody(tmp_path: Path) -> None:
    mapping = desk(tmp_path, "text", way="in")

    assert put(mapping, "reporter", "login:bob", around("login:bob")) == Put()
    told = put(mapping, "description", TEXT, around("login:bob"))
    assert told.values == {"Content": f"*Reported in dev by Bob:*\n\n{TEXT}"}


@pytest.mark.parametrize("shape", ["line", "markdown, max: 20"])
def test_a_line_that_could_not_be_told_from_the_text_is_left_out(
    tmp_path: Path, shape: str
) -> None:
    rule = "reporter: { at: R, as: person, unknown: text }"
    mapping = mapping_of(
        tmp_path, f"fields:\n  {rule}\n  description: {{ at: Content, as: {shape} }}\n"
    )

    told = put(mapping, "description", "Disk full.", around())

    assert told.values == {"Content": "Disk full."}
    assert told.cut == "no line above it can say who reported it"


def test_a_log_that_somebody_pasted_travels_without_a_line(tmp_path: Path) -> None:
    mapping, log = desk(tmp_path, "text"), canonical("at main.c:7 [ok]\n" * 8000)

    told = put(mapping, "description", log, around())

    assert told.cut == "no line above it can say who reported it"
    assert mapping.get("description", told.values, PEOPLE) == log


def test_a_text_without_markup_loses_nothing_by_the_line(tmp_path: Path) -> None:
    pack = compile_mapping("desk", "request_tracker", "ticket", folder=None, tables={})

    assert put(pack, "description", TEXT, around()).cut is None


def test_at_home_and_without_a_reporter_there_is_no_line(tmp_path: Path) -> None:
    mapping = desk(tmp_path, "text", way="in")

    for hub in (around(ANN, **{BORN_IN: "desk"}), around(None), {"reporter": ANN}):
        assert put(mapping, "description", TEXT, hub).values == {"Content": TEXT}


def test_where_the_sync_does_not_carry_the_reporter_the_line_does(tmp_path: Path) -> None:
    mapping = desk(tmp_path, "create")

    told = put(mapping, "description", TEXT, around(ANN, **{CARRIED: False}))
    assert told.values == {"Content": f"{LINE}\n\n{TEXT}"}


@pytest.mark.parametrize(
    ("word", "name"),
    [("greta@customer.example", "greta"), (["Paul"], "Paul"), ("17", None), ([], None), (7, None)],
)
def test_whom_nobody_has_met_is_told_in_the_word_of_their_system(
    tmp_path: Path, word: Json, name: str | None
) -> None:
    mapping, hub = desk(tmp_path, "text"), around(None, **{REPORTED_BY: word})

    told = put(mapping, "description", TEXT, hub).values["Content"]

    assert told == (f"*Reported in dev by {name}:*\n\n{TEXT}" if name else TEXT)


def test_a_line_that_a_person_edits_below_comes_back_without_it(tmp_path: Path) -> None:
    mapping = desk(tmp_path, "text")
    edited = {"Content": f"{LINE}\n\nDisk *very* full."}

    assert mapping.get("description", edited, PEOPLE) == "Disk *very* full."
    again = put(mapping, "description", "All is well.", around(), **edited)
    assert again.values == {"Content": f"{LINE}\n\nAll is well."}


@pytest.mark.parametrize("connector", ["request_tracker", "redmine"])
def test_the_shipped_packs_tell_and_mail_nobody(connector: str) -> None:
    pack = compile_mapping("dev", connector, "ticket", folder=None, tables={})
    hub = around("login:bob", **{BORN_IN: "desk"})

    assert put(pack, "reporter", "login:bob", hub) == Put()
    wrote = put(pack, "description", TEXT, hub).values
    assert "Reported in desk by Bob:" in str(wrote)
    assert pack.get("description", wrote, PEOPLE) == TEXT


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("reporter: { at: R, unknown: creat }",
         'found "creat", expected leave, create, substitute: LOGIN or text; did you mean'),
        ("reporter: { at: R, unknown: substitute }",
         'found "substitute", expected leave, create, substitute: LOGIN or text'),
        ("reporter: { at: R, unknown: 7 }",
         "desk-ticket.yaml:2:22: fields.reporter.unknown: found"),
        ("reporter: { at: R, unknown: { substitute: [] } }",
         "expected { substitute: LOGIN }"),
        ("reporter: { at: R, direction: in, unknown: create }",
         "found create in a rule that only reads, expected text, or direction: both"),
        ("owner_person: { at: O, unknown: text }",
         'fields.owner_person.unknown: found "text", expected leave or substitute: LOGIN'),
        ("requested_for: { at: O, unknown: { substitute: duty } }",
         "fields.requested_for.unknown: found"),
        ("watchers: { at: Cc, unknown: create }",
         "fields.watchers.unknown: found in a rule of watchers, expected as: person beside it"),
        ("title: { at: S, unknown: text }",
         "fields.title.unknown: found in a rule of title, expected as: person beside it"),
    ],
)  # fmt: skip
def test_a_wrong_policy_is_named_with_its_line(tmp_path: Path, rule: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        mapping_of(tmp_path, f"fields:\n  {rule}\n")

    assert told in str(refused.value)


# -- the line ------------------------------------------------------------------------------
def test_a_line_shows_a_name_and_never_an_address() -> None:
    assert (
        add_reporter("x", "greta@customer.example", "desk") == "*Reported in desk by greta:*\n\nx"
    )
    assert add_reporter("", "Ann <ann@x.org>", "desk") == r"*Reported in desk by Ann \<ann>:*"
    assert add_reporter("x", " \n\x00", "desk").startswith("*Reported in desk by somebody:*")


NAMES = st.text(max_size=200)


@settings(deadline=None)
@given(text=ANY_TEXT, name=NAMES, markup=st.sampled_from(MARKUPS))
def test_the_line_is_stripped_after_any_product(text: str, name: str, markup: str) -> None:
    form = next(one for one in MARKUPS if one == markup)
    body = canonical(text)
    with_line = add_reporter(body, name, "desk")

    back = from_native(to_native(with_line, form, dangers=ALL), form)

    first, _, rest = back.partition("\n\n")
    assert reporter_line(first) is not None
    plain = from_native(to_native(body, form, dangers=ALL), form)
    assert strip_reporter(back) == rest
    assert rest == plain


@settings(deadline=None)
@given(value=ANY_TEXT, reporter=st.sampled_from([ANN, "login:zoe", "login:bob", "ext:\\*_x", None]))
def test_what_was_put_is_got_and_a_second_put_has_nothing_to_do(
    value: str, reporter: str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mapping, hub = _markdown(tmp_path_factory), around(reporter)
    value = strip_reporter(canonical(value))
    wrote = put(mapping, "description", value, hub)
    after = merged([wrote.values])

    if after:
        assert mapping.get("description", after, PEOPLE) == value
        assert put(mapping, "description", value, hub, **after) == Put()


_MADE: list[CompiledMapping] = []


def _markdown(factory: pytest.TempPathFactory) -> CompiledMapping:
    if not _MADE:
        _MADE.append(desk(factory.mktemp("markdown"), "text"))
    return _MADE[0]
